//! TableFactory 0x1001 and KVTableFactory 0x1010 (execution §2.2).

use hansa_crypto::Suite;
use hansa_state::{Access, Created};

use super::abi::{self, Arguments, Value};
use super::gas::{MemoryRule, Operation};
use super::naming::{full_name, new_table, Wording};
use super::{codes, Answer, Call, Exception, Interface, Object};
use crate::text::hex;

const CREATE: &str = "createTable(string,string,string)";
const OPEN: &str = "openTable(string)";

pub(crate) fn table_factory(suite: Suite) -> Interface<()> {
    let methods: [(_, super::Handler<()>); 2] = [
        (CREATE, |call, (), arguments| create(Wording::Table, call, arguments)),
        (OPEN, |call, (), arguments| {
            call.gas.charge(Operation::OpenTable, 1);
            let name = full_name(&arguments.text());
            let address = match call.open(&name)? {
                Some(table) => call.register(Object::Table(table)),
                None => [0; 20],
            };
            Ok(abi::encode(&[Value::Address(address)]))
        }),
    ];
    Interface::new(suite, MemoryRule::CallData, abi::nothing, &methods)
}

pub(crate) fn kv_table_factory(suite: Suite) -> Interface<()> {
    let methods: [(_, super::Handler<()>); 2] = [
        (CREATE, |call, (), arguments| create(Wording::KvTable, call, arguments)),
        (OPEN, |call, (), arguments| {
            call.gas.charge(Operation::OpenTable, 1);
            let name = full_name(&arguments.text());
            let Some(table) = call.open(&name)? else {
                return Err(Exception::Thrown([&name[..], b" does not exist"].concat()));
            };
            let address = call.register(Object::KvTable(table));
            Ok(abi::encode(&[Value::Address(address)]))
        }),
    ];
    Interface::new(suite, MemoryRule::CallData, abi::nothing, &methods)
}

fn create(wording: Wording, call: &mut Call<'_, '_>, arguments: &mut Arguments<'_>) -> Answer {
    let (name, key_field, value_fields) = (arguments.text(), arguments.text(), arguments.text());
    let table = new_table(wording, &name, &key_field, &value_fields)?;
    call.require_writable_caller()?;
    let created = call.as_origin(|session, access: Access<'_>| {
        session.create(&table.name, &table.key_field, &table.value_fields, access)
    })?;
    Ok(abi::code(match (created, wording) {
        (Created::Table(_), _) => {
            call.gas.charge(Operation::CreateTable, 1);
            0
        }
        (Created::Exists, _) => codes::TABLE_EXISTS,
        (Created::Denied, Wording::Table) => codes::NO_AUTHORIZED,
        (Created::Denied, Wording::KvTable) => {
            let (origin, name) = (hex(call.world.origin()), table.name);
            let text = format!("Permission denied. {origin} can't create table {name}.");
            return Err(Exception::thrown(text));
        }
    }))
}
