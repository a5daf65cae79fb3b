//! The KVTable object: one row per key (execution §2.4).

use std::sync::Arc;

use hansa_crypto::Suite;
use hansa_state::{Condition, Table, Written};

use super::abi::{self, Value};
use super::call::written_code;
use super::gas::{MemoryRule, Operation};
use super::naming::check_lengths;
use super::object::{capacity, fields_of, Fields};
use super::table::{fields_at, insert, update, with_key};
use super::{Exception, Interface, Object};
use crate::text::hex;

pub(crate) fn interface(suite: Suite) -> Interface<Arc<Table>> {
    let methods: [(_, super::Handler<Arc<Table>>); 3] = [
        ("get(string)", |call, table, arguments| {
            let rows = call.world.session.select(table, &arguments.text(), &Condition::all())?;
            call.gas.charge(Operation::Select, rows.len());
            let Some(row) = rows.first() else {
                return Ok(abi::encode(&[Value::Bool(false), Value::Address([0; 20])]));
            };
            let largest = rows.iter().map(|row| capacity(&fields_of(table, row))).max();
            call.gas.raise_memory(largest.unwrap_or_default());
            let address = call.register(Object::entry(fields_of(table, row)));
            Ok(abi::encode(&[Value::Bool(true), Value::Address(address)]))
        }),
        ("set(string,address)", |call, table, arguments| {
            call.require_writable_caller()?;
            let key = arguments.text();
            let fields = fields_at(call, &arguments.address())?;
            check_lengths(&key, fields.values())?;
            let known = call.world.session.select(table, &key, &Condition::all())?;
            call.gas.charge(Operation::Select, known.len());
            let (written, operation) = match known.is_empty() {
                true => (insert(call, table, &key, &fields)?, Operation::Insert),
                false => (update(call, table, &key, &fields, &Condition::all())?, Operation::Update),
            };
            match written {
                Written::Denied => {
                    let (origin, name) = (hex(call.world.origin()), table.schema().name());
                    let text = format!("Permission denied. {origin} can't write {name}");
                    return Err(Exception::thrown(text));
                }
                Written::Rows(count) => {
                    call.gas.charge(operation, count);
                    call.gas.set_memory(capacity(&with_key(table, &key, &fields)) * count);
                }
            }
            Ok(abi::code(written_code(written)))
        }),
        ("newEntry()", |call, _, _| {
            let address = call.register(Object::entry(Fields::new()));
            Ok(abi::encode(&[Value::Address(address)]))
        }),
    ];
    Interface::new(suite, MemoryRule::CallData, abi::nothing, &methods)
}
