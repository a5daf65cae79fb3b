//! Objects with temporary addresses (execution §2.0).
//!
//! The counter belongs to the block and is never taken back, so an address depends on what ran before it in the block.
//! The objects themselves live as long as the transaction that made them.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::Arc;

use bytes::Bytes;
use hansa_evm::Address;
use hansa_state::{Condition, Selected, Table};

use super::{Answer, Call, Registry};

/// The last number that is not given to an object.
const COUNTER_START: u64 = 0x10000;

/// Fields of a row that is being made or was found.
pub(crate) type Fields = BTreeMap<Bytes, Bytes>;

/// What can be at a temporary address.
pub(crate) enum Object {
    Table(Arc<Table>),
    KvTable(Arc<Table>),
    Entry(RefCell<Fields>),
    Entries(Vec<Fields>),
    Condition(RefCell<Condition>),
}

impl Object {
    pub(crate) fn entry(fields: Fields) -> Self {
        Self::Entry(RefCell::new(fields))
    }

    pub(crate) fn answer(&self, registry: &Registry, call: &mut Call<'_, '_>, input: &[u8]) -> Answer {
        match self {
            Self::Table(table) => registry.table.answer(call, table, input),
            Self::KvTable(table) => registry.kv_table.answer(call, table, input),
            Self::Entry(fields) => registry.entry.answer(call, fields, input),
            Self::Entries(rows) => registry.entries.answer(call, rows, input),
            Self::Condition(condition) => registry.condition.answer(call, condition, input),
        }
    }
}

/// The named fields of a row.
pub(crate) fn fields_of(table: &Table, row: &Selected) -> Fields {
    let named = table.schema().fields().zip(row.values().iter());
    named.filter_map(|(field, value)| Some((Bytes::from(field.to_owned()), value.clone()?))).collect()
}

/// The size of a row: names and values (§2.0).
pub(crate) fn capacity(fields: &Fields) -> usize {
    fields.iter().map(|(field, value)| field.len() + value.len()).sum()
}

/// Gives temporary addresses to the transactions of a block.
pub(crate) struct TemporaryObjects {
    last: AtomicU64,
}

impl TemporaryObjects {
    pub(crate) fn new() -> Self {
        Self { last: AtomicU64::new(COUNTER_START) }
    }

    pub(crate) fn next_address(&self) -> Address {
        let number = self.last.fetch_add(1, Ordering::Relaxed) + 1;
        let mut address = Address::default();
        address[12..].copy_from_slice(&number.to_be_bytes());
        address
    }
}
