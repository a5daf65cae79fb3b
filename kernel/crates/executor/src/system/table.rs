//! The Table object (execution §2.3).

use std::cell::RefCell;
use std::rc::Rc;
use std::sync::Arc;

use bytes::Bytes;
use hansa_crypto::Suite;
use hansa_evm::Address;
use hansa_state::{Condition, Table, Written};

use super::abi::{self, Value};
use super::call::{require_fields, written_code};
use super::gas::{MemoryRule, Operation};
use super::naming::check_lengths;
use super::object::{capacity, fields_of, Fields};
use super::{Call, Exception, Interface, Object};

pub(crate) fn interface(suite: Suite) -> Interface<Arc<Table>> {
    let methods: [(_, super::Handler<Arc<Table>>); 6] = [
        ("select(string,address)", |call, table, arguments| {
            let key = arguments.text();
            let condition = condition_at(call, &arguments.address())?;
            let rows = call.world.session.select(table, &key, &condition)?;
            let rows: Vec<Fields> = rows.iter().map(|row| fields_of(table, row)).collect();
            call.gas.charge(Operation::Select, rows.len());
            call.gas.raise_memory(rows.iter().map(capacity).max().unwrap_or_default());
            let address = call.register(Object::Entries(rows));
            Ok(abi::encode(&[Value::Address(address)]))
        }),
        ("insert(string,address)", |call, table, arguments| {
            call.require_writable_caller()?;
            let key = arguments.text();
            let fields = fields_at(call, &arguments.address())?;
            check_lengths(&key, fields.values())?;
            let written = insert(call, table, &key, &fields)?;
            if let Written::Rows(count) = written {
                call.gas.charge(Operation::Insert, count);
                call.gas.raise_memory(capacity(&with_key(table, &key, &fields)) * count);
            }
            Ok(abi::code(written_code(written)))
        }),
        ("update(string,address,address)", |call, table, arguments| {
            call.require_writable_caller()?;
            let key = arguments.text();
            let fields = fields_at(call, &arguments.address())?;
            let condition = condition_at(call, &arguments.address())?;
            check_lengths(&key, fields.values())?;
            let written = update(call, table, &key, &fields, &condition)?;
            if let Written::Rows(count @ 1..) = written {
                call.gas.charge(Operation::Update, count);
                call.gas.set_memory(capacity(&fields) * count);
            }
            Ok(abi::code(written_code(written)))
        }),
        ("remove(string,address)", |call, table, arguments| {
            call.require_writable_caller()?;
            let key = arguments.text();
            let condition = condition_at(call, &arguments.address())?;
            let written =
                call.as_origin(|session, access| session.remove(table, &key, &condition, access))?;
            if let Written::Rows(count) = written {
                call.gas.charge(Operation::Remove, count);
            }
            Ok(abi::code(written_code(written)))
        }),
        ("newCondition()", |call, _, _| {
            let address = call.register(Object::Condition(RefCell::default()));
            Ok(abi::encode(&[Value::Address(address)]))
        }),
        ("newEntry()", |call, _, _| {
            let address = call.register(Object::entry(Fields::new()));
            Ok(abi::encode(&[Value::Address(address)]))
        }),
    ];
    Interface::new(suite, MemoryRule::CallData, abi::nothing, &methods)
}

/// Add a row with the rights of the origin.
pub(crate) fn insert(
    call: &mut Call<'_, '_>,
    table: &Arc<Table>,
    key: &[u8],
    fields: &Fields,
) -> Result<Written, Exception> {
    let origin = call.world.origin_text();
    if table.is_writable(hansa_state::Access::Origin(origin)) {
        require_fields(table, fields.keys())?;
    }
    call.as_origin(|session, access| session.insert(table, key, named(fields), access))
}

/// Change rows with the rights of the origin.
pub(crate) fn update(
    call: &mut Call<'_, '_>,
    table: &Arc<Table>,
    key: &[u8],
    fields: &Fields,
    condition: &Condition,
) -> Result<Written, Exception> {
    let origin = call.world.origin_text();
    if table.is_writable(hansa_state::Access::Origin(origin)) {
        require_fields(table, fields.keys())?;
    }
    call.as_origin(|session, access| session.update(table, key, named(fields), condition, access))
}

fn named(fields: &Fields) -> impl Iterator<Item = (&str, Bytes)> {
    fields.iter().filter_map(|(field, value)| Some((std::str::from_utf8(field).ok()?, value.clone())))
}

/// A row as it is stored: its key field is the key, whatever was set.
pub(crate) fn with_key(table: &Table, key: &[u8], fields: &Fields) -> Fields {
    let mut fields = fields.clone();
    fields.insert(Bytes::from(table.schema().key_field().to_owned()), Bytes::copy_from_slice(key));
    fields
}

/// The fields of an Entry object.
pub(crate) fn fields_at(call: &Call<'_, '_>, address: &Address) -> Result<Fields, Exception> {
    let object: Rc<Object> = call.object(address)?;
    match &*object {
        Object::Entry(fields) => Ok(fields.borrow().clone()),
        _ => Err(Exception::thrown("not an entry")),
    }
}

fn condition_at(call: &Call<'_, '_>, address: &Address) -> Result<Condition, Exception> {
    let object: Rc<Object> = call.object(address)?;
    match &*object {
        Object::Condition(condition) => Ok(condition.borrow().clone()),
        _ => Err(Exception::thrown("not a condition")),
    }
}
