//! The Condition object (execution §2.5); what it matches is decided by the state (§3).

use std::cell::RefCell;

use bytes::Bytes;
use hansa_crypto::Suite;
use hansa_state::Condition;

use super::abi::{self, Arguments};
use super::gas::{MemoryRule, Operation};
use super::{Answer, Call, Interface};
use crate::text::hex;

type Target = RefCell<Condition>;

pub(crate) fn interface(suite: Suite) -> Interface<Target> {
    let methods: [(_, super::Handler<Target>); 11] = [
        ("EQ(string,int256)", |call, condition, arguments| {
            compare(call, condition, arguments, Operation::Equal, int, Condition::equal)
        }),
        ("EQ(string,string)", |call, condition, arguments| {
            compare(call, condition, arguments, Operation::Equal, text, Condition::equal)
        }),
        ("EQ(string,address)", |call, condition, arguments| {
            compare(call, condition, arguments, Operation::Equal, address, Condition::equal)
        }),
        ("NE(string,int256)", |call, condition, arguments| {
            compare(call, condition, arguments, Operation::NotEqual, int, Condition::not_equal)
        }),
        ("NE(string,string)", |call, condition, arguments| {
            compare(call, condition, arguments, Operation::NotEqual, text, Condition::not_equal)
        }),
        ("GT(string,int256)", |call, condition, arguments| {
            compare(call, condition, arguments, Operation::Order, int, Condition::greater)
        }),
        ("GE(string,int256)", |call, condition, arguments| {
            compare(call, condition, arguments, Operation::Order, int, Condition::greater_or_equal)
        }),
        ("LT(string,int256)", |call, condition, arguments| {
            compare(call, condition, arguments, Operation::Order, int, Condition::less)
        }),
        ("LE(string,int256)", |call, condition, arguments| {
            compare(call, condition, arguments, Operation::Order, int, Condition::less_or_equal)
        }),
        ("limit(int256)", |call, condition, arguments| {
            call.gas.charge(Operation::Limit, 1);
            condition.borrow_mut().limit(0, arguments.int().saturated());
            Ok(Vec::new())
        }),
        ("limit(int256,int256)", |call, condition, arguments| {
            call.gas.charge(Operation::Limit, 1);
            let offset = arguments.int().saturated();
            condition.borrow_mut().limit(offset, arguments.int().saturated());
            Ok(Vec::new())
        }),
    ];
    Interface::new(suite, MemoryRule::CallData, abi::nothing, &methods)
}

fn compare(
    call: &mut Call<'_, '_>,
    condition: &Target,
    arguments: &mut Arguments<'_>,
    operation: Operation,
    read: fn(&mut Arguments<'_>) -> Bytes,
    set: fn(&mut Condition, Bytes, Bytes),
) -> Answer {
    call.gas.charge(operation, 1);
    let field = arguments.text();
    set(&mut condition.borrow_mut(), field, read(arguments));
    Ok(Vec::new())
}

fn text(arguments: &mut Arguments<'_>) -> Bytes {
    arguments.text()
}

fn int(arguments: &mut Arguments<'_>) -> Bytes {
    arguments.int().decimal()
}

fn address(arguments: &mut Arguments<'_>) -> Bytes {
    hex(&arguments.address()).into()
}
