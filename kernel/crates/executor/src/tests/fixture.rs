//! A chain in memory, on which transactions of anybody run without signatures.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};

use bytes::Bytes;
use hansa_codec::{Header, Suite};
use hansa_evm::{Address, BlockContext, Hash, U256};
use hansa_state::{BlockChanges, StateError, StateReader};
use serde_json::Value;

use crate::block::BlockRun;
use crate::schedule::Turn;
use crate::transaction::{execute, Executed, Request};
use crate::{BlockHashes, Executor, GenesisRow, Settings};

#[derive(Clone, Default)]
struct Store(Arc<Mutex<HashMap<Vec<u8>, Vec<u8>>>>);

impl StateReader for Store {
    fn read_many(&self, keys: &[Vec<u8>]) -> Result<Vec<Option<Vec<u8>>>, StateError> {
        let rows = self.0.lock().unwrap();
        Ok(keys.iter().map(|key| rows.get(key).cloned()).collect())
    }
}

struct NoBlocks;

impl BlockHashes for NoBlocks {
    fn hash_of(&self, _number: u64) -> Result<Option<Hash>, StateError> {
        Ok(None)
    }
}

pub(super) struct Chain {
    pub(super) executor: Executor,
    store: Store,
}

impl Chain {
    pub(super) fn new(free_storage: bool) -> Self {
        Self::with_rows(free_storage, &[])
    }

    /// A chain that starts with these rows.
    pub(super) fn with_rows(free_storage: bool, rows: &[GenesisRow]) -> Self {
        let store = Store::default();
        let suite = Suite::Standard;
        let settings = Settings { suite, cache_bytes: 1 << 20, free_storage, parallel: true };
        let executor = Executor::new(Box::new(store.clone()), Box::new(NoBlocks), settings);
        let genesis = executor.genesis(Header::default(), rows).unwrap();
        let mut chain = Self { executor, store };
        chain.commit(genesis.changes());
        chain
    }

    /// What a block leaves is what the next one finds.
    pub(super) fn commit(&mut self, changes: &BlockChanges) {
        self.store.0.lock().unwrap().extend(changes.encoded().iter().cloned());
        self.executor.apply_changes(changes);
    }

    /// A block above `parent` that has just begun.
    pub(super) fn block(&self, parent: u64) -> BlockRun<'_> {
        let context = BlockContext { number: parent + 1, timestamp: 1_000 };
        self.executor.run(context, parent + 1).unwrap()
    }
}

pub(super) fn transaction(origin: Address, to: Option<Address>, data: impl Into<Bytes>) -> Request {
    Request {
        origin,
        to,
        value: U256::ZERO,
        gas: U256::from(100_000_000),
        gas_price: U256::ZERO,
        data: data.into(),
        is_call: false,
    }
}

pub(super) fn run(
    block: &BlockRun<'_>,
    origin: Address,
    to: Option<Address>,
    data: impl Into<Bytes>,
) -> Executed {
    execute(block, &transaction(origin, to, data), Turn::ONLY).unwrap()
}

pub(crate) fn vectors() -> Value {
    serde_json::from_str(include_str!("../../vectors/execution.json")).unwrap()
}

pub(super) fn unhex(value: &Value) -> Vec<u8> {
    crate::text::from_hex(value.as_str().unwrap().as_bytes()).unwrap()
}

pub(super) fn address(value: &Value) -> Address {
    unhex(value).try_into().unwrap()
}
