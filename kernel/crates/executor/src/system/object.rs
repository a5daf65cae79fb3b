//! Objects with temporary addresses (execution §2.0).
//!
//! The counter belongs to the block and is never taken back, so an address depends on what ran before it in the block.
//! Transactions that may run beside each other must not tell who was faster: each of them counts on from where the last
//! one stood that ran alone. The objects themselves live as long as the transaction that made them.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::Arc;

use bytes::Bytes;
use hansa_evm::Address;
use hansa_state::{Condition, Selected, Table};

use super::{Answer, Call, Registry};
use crate::schedule::Turn;

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

/// How many temporary addresses a block has given.
pub(crate) struct TemporaryObjects {
    given: AtomicU64,
    /// The same, when the last transaction that ran alone was done.
    given_in_order: AtomicU64,
}

impl TemporaryObjects {
    pub(crate) fn new() -> Self {
        Self { given: AtomicU64::new(COUNTER_START), given_in_order: AtomicU64::new(COUNTER_START) }
    }

    /// A transaction begins: its own counter.
    pub(crate) fn begin(&self, turn: Turn) -> TemporaryAddresses {
        let start = if turn.alone { &self.given } else { &self.given_in_order }.load(Ordering::Acquire);
        TemporaryAddresses { start, last: start }
    }

    /// It is done.
    pub(crate) fn end(&self, turn: Turn, addresses: &TemporaryAddresses) {
        let count = addresses.last - addresses.start;
        if count == 0 && !turn.alone {
            return;
        }
        let given = self.given.fetch_add(count, Ordering::AcqRel) + count;
        if turn.alone {
            self.given_in_order.store(given, Ordering::Release);
        }
    }
}

/// Gives temporary addresses to the objects of one transaction.
pub(crate) struct TemporaryAddresses {
    start: u64,
    last: u64,
}

impl TemporaryAddresses {
    pub(crate) fn next(&mut self) -> Address {
        self.last += 1;
        let mut address = Address::default();
        address[12..].copy_from_slice(&self.last.to_be_bytes());
        address
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_runs_beside_others_counts_from_the_last_that_ran_alone() {
        let objects = TemporaryObjects::new();
        let run = |alone: bool, count: usize| {
            let turn = Turn { position: 0, alone };
            let mut addresses = objects.begin(turn);
            let given: Vec<u8> = (0..count).map(|_| addresses.next()[19]).collect();
            objects.end(turn, &addresses);
            given
        };
        assert_eq!(run(true, 2), [1, 2]);
        assert_eq!(run(false, 3), [3, 4, 5]);
        assert_eq!(run(false, 1), [3]);
        assert_eq!(run(true, 1), [7]);
        assert_eq!(run(false, 1), [8]);
    }
}
