//! ParallelConfig 0x1006: which functions of a contract may run in parallel (execution §2.10).
//!
//! Anyone may register for any contract. What is registered is read by the scheduler as of the block before.

use std::sync::Arc;

use bytes::Bytes;
use hansa_crypto::Suite;
use hansa_evm::Address;
use hansa_state::{Access, Condition, Created, Table};

use super::abi;
use super::gas::MemoryRule;
use super::{Call, Exception, Interface};
use crate::schedule::registered::{table_name, FIELDS, KEY};
use crate::text::decimal;

pub(crate) fn parallel_config(suite: Suite) -> Interface<()> {
    let methods: [(_, super::Handler<()>); 2] = [
        ("registerParallelFunctionInternal(address,string,uint256)", |call, (), arguments| {
            let (contract, function, size) = (arguments.address(), arguments.text(), arguments.uint());
            let table = open_or_create(call, &contract)?;
            let selector = selector_of(call.suite(), &function);
            let is_known = of_selector(&selector);
            let is_new = call.world.session.select(&table, KEY.as_bytes(), &is_known)?.is_empty();
            let values = [selector, function, decimal(size)];
            let fields = FIELDS.into_iter().zip(values);
            call.as_origin(|session, access| match is_new {
                true => session.insert(&table, KEY.as_bytes(), fields, access),
                false => session.update(&table, KEY.as_bytes(), fields, &is_known, access),
            })?;
            Ok(abi::code(0))
        }),
        ("unregisterParallelFunctionInternal(address,string)", |call, (), arguments| {
            let (contract, function) = (arguments.address(), arguments.text());
            if let Some(table) = call.open(table_name(&contract).as_bytes())? {
                let condition = of_selector(&selector_of(call.suite(), &function));
                call.as_origin(|session, access| session.remove(&table, KEY.as_bytes(), &condition, access))?;
            }
            Ok(abi::code(0))
        }),
    ];
    Interface::new(suite, MemoryRule::ResultOnly, abi::nothing, &methods)
}

fn open_or_create(call: &mut Call<'_, '_>, contract: &Address) -> Result<Arc<Table>, Exception> {
    let name = table_name(contract);
    if let Some(table) = call.open(name.as_bytes())? {
        return Ok(table);
    }
    match call.world.session.create(&name, KEY, &FIELDS.join(","), Access::System)? {
        Created::Table(table) => Ok(table),
        Created::Exists | Created::Denied => Err(Exception::unspecified()),
    }
}

/// A selector as the table holds it: the decimal of its four bytes.
fn selector_of(suite: Suite, function: &Bytes) -> Bytes {
    let [a, b, c, d, ..] = suite.hash(function);
    u32::from_be_bytes([a, b, c, d]).to_string().into()
}

fn of_selector(selector: &Bytes) -> Condition {
    let mut condition = Condition::all();
    condition.equal("selector", selector.clone());
    condition
}
