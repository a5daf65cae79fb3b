//! The Entry and Entries objects (execution §2.5). All values are text.
//!
//! An Entry that was found is a copy: setting its fields does not change the row it was found in.

use std::cell::RefCell;

use bytes::Bytes;
use hansa_crypto::Suite;
use hansa_evm::U256;

use super::abi::{self, Arguments, Value};
use super::gas::{MemoryRule, Operation};
use super::object::Fields;
use super::{Answer, Exception, Interface, Object};
use crate::text::{decimal, from_hex, hex, number};

pub(crate) fn entry(suite: Suite) -> Interface<RefCell<Fields>> {
    let methods: [(_, super::Handler<RefCell<Fields>>); 10] = [
        ("getInt(string)", |call, fields, arguments| {
            call.gas.charge(Operation::GetNumber, 1);
            integer(&field(fields, arguments))
        }),
        ("getUInt(string)", |call, fields, arguments| {
            call.gas.charge(Operation::GetNumber, 1);
            let value = number(&field(fields, arguments)).ok_or_else(Exception::unspecified)?;
            Ok(abi::encode(&[Value::Uint(value)]))
        }),
        ("getAddress(string)", |call, fields, arguments| {
            call.gas.charge(Operation::GetAddress, 1);
            let bytes = from_hex(&field(fields, arguments)).ok_or_else(Exception::unspecified)?;
            Ok(abi::encode(&[Value::Address(bytes.try_into().unwrap_or_default())]))
        }),
        ("getBytes64(string)", |call, fields, arguments| {
            call.gas.charge(Operation::GetBytes64, 1);
            Ok(padded(&field(fields, arguments), 64))
        }),
        ("getBytes32(string)", |call, fields, arguments| {
            call.gas.charge(Operation::GetBytes32, 1);
            Ok(padded(&field(fields, arguments), 32))
        }),
        ("getString(string)", |call, fields, arguments| {
            call.gas.charge(Operation::GetText, 1);
            Ok(abi::encode(&[Value::Text(field(fields, arguments))]))
        }),
        ("set(string,int256)", |call, fields, arguments| {
            call.gas.charge(Operation::Set, 1);
            let name = arguments.text();
            set(fields, name, arguments.int().decimal())
        }),
        ("set(string,uint256)", |call, fields, arguments| {
            call.gas.charge(Operation::Set, 1);
            let name = arguments.text();
            set(fields, name, decimal(arguments.uint()))
        }),
        ("set(string,address)", |call, fields, arguments| {
            call.gas.charge(Operation::Set, 1);
            let name = arguments.text();
            set(fields, name, hex(&arguments.address()).into())
        }),
        ("set(string,string)", |call, fields, arguments| {
            call.gas.charge(Operation::Set, 1);
            let name = arguments.text();
            set(fields, name, arguments.text())
        }),
    ];
    Interface::new(suite, MemoryRule::CallData, abi::nothing, &methods)
}

pub(crate) fn entries(suite: Suite) -> Interface<Vec<Fields>> {
    let methods: [(_, super::Handler<Vec<Fields>>); 2] = [
        ("get(int256)", |call, rows, arguments| {
            let index = arguments.int();
            let row = usize::try_from(index.saturated()).ok().and_then(|index| rows.get(index));
            let Some(row) = row else {
                return Err(Exception::Thrown([b"Entries no exists: ", &index.decimal()[..]].concat()));
            };
            let address = call.register(Object::entry(row.clone()));
            Ok(abi::encode(&[Value::Address(address)]))
        }),
        ("size()", |_, rows, _| Ok(abi::encode(&[Value::Uint(U256::from(rows.len()))]))),
    ];
    Interface::new(suite, MemoryRule::CallData, abi::nothing, &methods)
}

/// A field that is not there reads as no text.
fn field(fields: &RefCell<Fields>, arguments: &mut Arguments<'_>) -> Bytes {
    fields.borrow().get(&arguments.text()).cloned().unwrap_or_default()
}

fn set(fields: &RefCell<Fields>, name: Bytes, value: Bytes) -> Answer {
    fields.borrow_mut().insert(name, value);
    Ok(Vec::new())
}

/// A decimal with an optional sign, as one word.
fn integer(text: &[u8]) -> Answer {
    let (negative, digits) = match text.strip_prefix(b"-") {
        Some(digits) => (true, digits),
        None => (false, text),
    };
    let magnitude = number(digits).ok_or_else(Exception::unspecified)?;
    Ok(abi::encode(&[Value::Uint(if negative { magnitude.wrapping_neg() } else { magnitude })]))
}

/// The first bytes of a text, filled up with zeros.
fn padded(text: &[u8], length: usize) -> Vec<u8> {
    let mut bytes = text.get(..length).unwrap_or(text).to_vec();
    bytes.resize(length, 0);
    bytes
}
