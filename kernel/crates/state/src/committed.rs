//! The rows every node agrees on, behind a cache.

use std::sync::Arc;

use ahash::RandomState;
use hansa_crypto::Suite;
use parking_lot::RwLock;
use quick_cache::sync::{Cache, DefaultLifecycle};
use quick_cache::Weighter;

use crate::encoding::{decode_rows, storage_key};
use crate::row::Row;
use crate::schema::Schema;
use crate::{BlockChanges, Bytes, StateError};

/// What the cache itself takes per entry, in bytes: keys, links, counters.
const ENTRY_OVERHEAD_BYTES: usize = 96;

/// Roughly how many bytes an entry has; decides how many the cache prepares for.
const ENTRY_BYTES_TYPICAL: usize = 256;

/// Answers committed rows by storage key. Implemented by whoever owns the storage.
pub trait StateReader: Send + Sync {
    /// The encoded rows under each key, in order; `None` where there are none.
    fn read_many(&self, keys: &[Vec<u8>]) -> Result<Vec<Option<Vec<u8>>>, StateError>;
}

/// Decoded rows of one key, shared with everyone who reads them.
pub(crate) type SharedRows = Arc<Vec<Row>>;

#[derive(Clone)]
struct BySize;

impl Weighter<Vec<u8>, SharedRows> for BySize {
    fn weight(&self, key: &Vec<u8>, rows: &SharedRows) -> u64 {
        (ENTRY_OVERHEAD_BYTES + key.len() + rows.iter().map(Row::memory_size).sum::<usize>()) as u64
    }
}

/// The world state as of the committed head.
pub struct CommittedState {
    suite: Suite,
    reader: Box<dyn StateReader>,
    cache: Cache<Vec<u8>, SharedRows, BySize, RandomState>,
    /// Counts applied blocks. A reader that started before a block was applied must not put what it read into the
    /// cache afterwards: it may be older than what the block wrote.
    generation: RwLock<u64>,
}

impl CommittedState {
    /// `suite` is what the chain hashes with; `cache_bytes` bounds what decoded rows may take.
    #[must_use]
    pub fn new(suite: Suite, reader: Box<dyn StateReader>, cache_bytes: usize) -> Self {
        let (count, hasher) = (cache_bytes / ENTRY_BYTES_TYPICAL, RandomState::new());
        let cache = Cache::with(count, cache_bytes as u64, BySize, hasher, DefaultLifecycle::default());
        Self { suite, reader, cache, generation: RwLock::new(0) }
    }

    pub(crate) fn suite(&self) -> Suite {
        self.suite
    }

    /// The rows of one key, by id.
    pub(crate) fn rows(&self, schema: &Schema, key: &[u8]) -> Result<SharedRows, StateError> {
        let storage_key = storage_key(schema.name(), key);
        if let Some(rows) = self.cache.get(&storage_key) {
            return Ok(rows);
        }
        let generation = *self.generation.read();
        let answers = self.reader.read_many(std::slice::from_ref(&storage_key))?;
        let bytes = answers.into_iter().next().flatten();
        let rows = Arc::new(bytes.map_or(Ok(Vec::new()), |bytes| decode_rows(schema, Bytes::from(bytes)))?);
        self.remember(generation, storage_key, &rows);
        Ok(rows)
    }

    /// Read what is not cached in one go. Only a hint: what is wrong with a row shows when it is used.
    pub(crate) fn prefetch(&self, wanted: &[(&Schema, &[u8])]) -> Result<(), StateError> {
        let missing: Vec<(&Schema, Vec<u8>)> = wanted
            .iter()
            .map(|(schema, key)| (*schema, storage_key(schema.name(), key)))
            .filter(|(_, key)| self.cache.peek(key).is_none())
            .collect();
        if missing.is_empty() {
            return Ok(());
        }
        let generation = *self.generation.read();
        let keys: Vec<Vec<u8>> = missing.iter().map(|(_, key)| key.clone()).collect();
        let answers = self.reader.read_many(&keys)?;
        for ((schema, key), bytes) in missing.into_iter().zip(answers) {
            if let Ok(rows) = bytes.map_or(Ok(Vec::new()), |bytes| decode_rows(schema, Bytes::from(bytes))) {
                self.remember(generation, key, &Arc::new(rows));
            }
        }
        Ok(())
    }

    fn remember(&self, generation: u64, storage_key: Vec<u8>, rows: &SharedRows) {
        let current = self.generation.read();
        if *current == generation {
            self.cache.insert(storage_key, Arc::clone(rows));
        }
    }

    /// The changes became durable: from now on they are what is read.
    pub fn apply(&self, changes: &BlockChanges) {
        let mut generation = self.generation.write();
        *generation += 1;
        for (key, rows) in changes.decoded() {
            self.cache.insert(key.clone(), Arc::clone(rows));
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use super::*;

    struct Counting(Arc<AtomicUsize>);

    impl StateReader for Counting {
        fn read_many(&self, keys: &[Vec<u8>]) -> Result<Vec<Option<Vec<u8>>>, StateError> {
            self.0.fetch_add(1, Ordering::Relaxed);
            Ok(vec![None; keys.len()])
        }
    }

    #[test]
    fn absence_is_cached_too_and_prefetched_in_one_read() {
        let reads = Arc::new(AtomicUsize::new(0));
        let committed = CommittedState::new(Suite::Standard, Box::new(Counting(Arc::clone(&reads))), 1 << 20);
        let schema = Schema::new("u_t", "name", "price");
        committed.prefetch(&[(&schema, b"a"), (&schema, b"b")]).unwrap();
        for key in [b"a", b"b", b"a"] {
            assert!(committed.rows(&schema, key).unwrap().is_empty());
        }
        assert_eq!(reads.load(Ordering::Relaxed), 1);
        committed.rows(&schema, b"c").unwrap();
        assert_eq!(reads.load(Ordering::Relaxed), 2);
    }

    #[test]
    fn damaged_rows_are_an_error() {
        struct Damaged;
        impl StateReader for Damaged {
            fn read_many(&self, keys: &[Vec<u8>]) -> Result<Vec<Option<Vec<u8>>>, StateError> {
                Ok(vec![Some(vec![0xff]); keys.len()])
            }
        }
        let committed = CommittedState::new(Suite::Standard, Box::new(Damaged), 1 << 20);
        let error = committed.rows(&Schema::new("u_t", "name", "price"), b"a").unwrap_err();
        assert!(matches!(error, StateError::Corrupt { table, .. } if table == "u_t"));
    }
}
