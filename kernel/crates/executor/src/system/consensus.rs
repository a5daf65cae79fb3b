//! Consensus 0x1003: the list of sealers and observers (execution §2.7). A change is in force from the next block.

use std::sync::Arc;

use bytes::Bytes;
use hansa_state::{names, Condition, Table};

use super::abi::{self, Arguments};
use super::call::written_code;
use super::gas::MemoryRule;
use super::{Answer, Call, Exception, Interface};

const BAD_NODE_ID: i64 = -51_100;
const LAST_SEALER: i64 = -51_101;

const NODE_ID_DIGITS: usize = 128;

/// The one key under which all nodes are.
const KEY: &[u8] = b"node";

const SEALER: &str = "sealer";
const WORKING_SEALER: &str = "wSealer";
const OBSERVER: &str = "observer";

pub(crate) fn consensus() -> Interface<()> {
    let methods: [(_, super::Handler<()>); 3] = [
        ("addSealer(string)", |call, (), arguments| {
            let Some(node) = node_id(arguments) else { return Ok(abi::code(BAD_NODE_ID)) };
            set_type(call, &node, SEALER)
        }),
        ("addObserver(string)", |call, (), arguments| {
            let Some(node) = node_id(arguments) else { return Ok(abi::code(BAD_NODE_ID)) };
            if is_last_sealer(call, &node)? {
                return Ok(abi::code(LAST_SEALER));
            }
            set_type(call, &node, OBSERVER)
        }),
        ("remove(string)", |call, (), arguments| {
            let Some(node) = node_id(arguments) else { return Ok(abi::code(BAD_NODE_ID)) };
            if is_last_sealer(call, &node)? {
                return Ok(abi::code(LAST_SEALER));
            }
            let table = call.system_table(names::CONSENSUS)?;
            let written =
                call.as_origin(|session, access| session.remove(&table, KEY, &of_node(&node), access))?;
            Ok(abi::code(written_code(written)))
        }),
    ];
    Interface::new(MemoryRule::ResultOnly, || abi::code(0), &methods)
}

/// 128 hex digits, in lower case.
fn node_id(arguments: &mut Arguments<'_>) -> Option<Bytes> {
    let text = arguments.text().to_ascii_lowercase();
    let is_id = text.len() == NODE_ID_DIGITS && text.iter().all(u8::is_ascii_hexdigit);
    is_id.then(|| text.into())
}

fn of_node(node: &Bytes) -> Condition {
    let mut condition = Condition::all();
    condition.equal("node_id", node.clone());
    condition
}

fn set_type(call: &mut Call<'_, '_>, node: &Bytes, kind: &'static str) -> Answer {
    let table = call.system_table(names::CONSENSUS)?;
    let is_new = call.world.session.select(&table, KEY, &of_node(node))?.is_empty();
    let fields: [(&str, Bytes); 3] =
        [("type", kind.into()), ("node_id", node.clone()), ("enable_num", call.current_number())];
    let written = call.as_origin(|session, access| match is_new {
        true => session.insert(&table, KEY, fields, access),
        false => session.update(&table, KEY, fields, &of_node(node), access),
    })?;
    Ok(abi::code(written_code(written)))
}

/// Nobody could seal without it: the only sealer where none works by turns, or the only one whose turn it is.
fn is_last_sealer(call: &Call<'_, '_>, node: &Bytes) -> Result<bool, Exception> {
    let table = call.system_table(names::CONSENSUS)?;
    let working = nodes_of_type(call, &table, WORKING_SEALER)?;
    let waiting = nodes_of_type(call, &table, SEALER)?;
    Ok(match working.is_empty() {
        true => waiting == [node],
        false => working == [node],
    })
}

fn nodes_of_type(
    call: &Call<'_, '_>,
    table: &Arc<Table>,
    kind: &'static str,
) -> Result<Vec<Bytes>, Exception> {
    let mut condition = Condition::all();
    condition.equal("type", kind);
    let rows = call.world.session.select(table, KEY, &condition)?;
    Ok(rows.iter().filter_map(|row| row.get(table.schema(), "node_id").cloned()).collect())
}
