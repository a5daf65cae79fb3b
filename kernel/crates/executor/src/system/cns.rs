//! CNS 0x1004: names of contracts (execution §2.8, §5).

use std::sync::Arc;

use bytes::Bytes;
use hansa_state::{names, Condition, Table};

use super::abi::{self, Value};
use super::call::written_code;
use super::gas::{MemoryRule, Operation};
use super::naming::check_value_length;
use super::object::{capacity, fields_of, Fields};
use super::{codes, json, Call, Exception, Interface};
use crate::text::from_hex;

const EXISTS: i64 = -51_200;
const VERSION_TOO_LONG: i64 = -51_201;

const NAME_LENGTH_MAX: usize = 128;
const VERSION_LENGTH_MAX: usize = 128;

pub(crate) fn cns() -> Interface<()> {
    let methods: [(_, super::Handler<()>); 4] = [
        ("insert(string,string,string,string)", |call, (), arguments| {
            let [name, version, address, abi_text] = [(); 4].map(|()| arguments.text());
            if name.len() > NAME_LENGTH_MAX {
                return Err(Exception::thrown(format!("size of value/key greater than{NAME_LENGTH_MAX}")));
            }
            check_value_length(&abi_text)?;
            let (table, rows) = open(call, &name)?;
            call.gas.charge(Operation::Select, rows.len());
            call.gas.raise_memory(rows.iter().map(capacity).max().unwrap_or_default());
            if version.len() > VERSION_LENGTH_MAX {
                return Ok(abi::code(VERSION_TOO_LONG));
            }
            if rows.iter().any(|row| row.get(&b"version"[..]) == Some(&version)) {
                return Ok(abi::code(EXISTS));
            }
            if from_hex(&address).is_none() {
                return Ok(abi::code(codes::BAD_ADDRESS));
            }
            let fields = [("version", version), ("address", address), ("abi", abi_text)];
            let size = fields.iter().map(|(field, value)| field.len() + value.len()).sum::<usize>();
            let written = call.as_origin(|session, access| session.insert(&table, &name, fields, access))?;
            let code = written_code(written);
            if code > 0 {
                call.gas.charge(Operation::Insert, 1);
                call.gas.raise_memory("name".len() + name.len() + size);
            }
            Ok(abi::code(code))
        }),
        ("selectByName(string)", |call, (), arguments| {
            let (_, rows) = open(call, &arguments.text())?;
            call.gas.charge(Operation::Set, rows.len());
            Ok(listed(&rows))
        }),
        ("selectByNameAndVersion(string,string)", |call, (), arguments| {
            let (name, version) = (arguments.text(), arguments.text());
            let (_, rows) = open(call, &name)?;
            call.gas.charge(Operation::Select, rows.len());
            let first = rows.iter().find(|row| row.get(&b"version"[..]) == Some(&version));
            Ok(listed(first.map_or(&[], std::slice::from_ref)))
        }),
        ("getContractAddress(string,string)", |call, (), arguments| {
            let (name, version) = (arguments.text(), arguments.text());
            let (_, rows) = open(call, &name)?;
            call.gas.charge(Operation::Select, rows.len());
            let Some(row) = rows.iter().find(|row| row.get(&b"version"[..]) == Some(&version)) else {
                return Err(Exception::thrown("Entries no exists: 0"));
            };
            let bytes = row.get(&b"address"[..]).and_then(|text| from_hex(text)).unwrap_or_default();
            Ok(abi::encode(&[Value::Address(bytes.try_into().unwrap_or_default())]))
        }),
    ];
    Interface::new(MemoryRule::CallData, abi::nothing, &methods)
}

/// The table, and all that is registered under a name.
fn open(call: &mut Call<'_, '_>, name: &[u8]) -> Result<(Arc<Table>, Vec<Fields>), Exception> {
    call.gas.charge(Operation::OpenTable, 1);
    let table = call.system_table(names::CNS)?;
    let rows = call.world.session.select(&table, name, &Condition::all())?;
    let rows = rows.iter().map(|row| fields_of(&table, row)).collect();
    Ok((table, rows))
}

fn listed(rows: &[Fields]) -> Vec<u8> {
    let field = |row: &Fields, name: &str| row.get(name.as_bytes()).cloned().unwrap_or_default();
    let object = |row: &Fields| {
        let values = ["abi", "address", "name", "version"].map(|name| (name, field(row, name)));
        json::object(values.iter().map(|(name, value)| (*name, value.as_ref())))
    };
    let text: Bytes = json::line(json::array(&rows.iter().map(object).collect::<Vec<_>>()));
    abi::encode(&[Value::Text(text)])
}
