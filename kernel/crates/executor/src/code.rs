//! Analysed code, kept between calls: finding the jump destinations takes longer than many calls run.

use bytes::Bytes;
use hansa_evm::{analyse, Address, Bytecode};
use quick_cache::sync::Cache;
use quick_cache::Weighter;

/// What analysed code may take, in bytes.
const CAPACITY_BYTES: u64 = 64 << 20;

/// Roughly the size of a contract, in bytes.
const CODE_BYTES_TYPICAL: u64 = 8 << 10;

#[derive(Clone)]
struct BySize;

impl Weighter<Address, (Bytes, Bytecode)> for BySize {
    fn weight(&self, _address: &Address, (code, _): &(Bytes, Bytecode)) -> u64 {
        // The code itself, a padded copy and a bit per byte.
        256 + code.len() as u64 * 2 + code.len() as u64 / 8
    }
}

/// Analysed code by the address it was last seen at.
pub(crate) struct CodeCache {
    cache: Cache<Address, (Bytes, Bytecode), BySize>,
}

impl CodeCache {
    pub(crate) fn new() -> Self {
        let typical = (CAPACITY_BYTES / CODE_BYTES_TYPICAL) as usize;
        Self { cache: Cache::with_weighter(typical, CAPACITY_BYTES, BySize) }
    }

    /// The analysis of `code`, which is what `address` has now.
    pub(crate) fn analysed(&self, address: &Address, code: Bytes) -> Bytecode {
        if let Some((known, analysed)) = self.cache.get(address) {
            // The cached copy keeps its bytes alive, so the same place means the same bytes.
            if known.as_ptr() == code.as_ptr() && known.len() == code.len() || known == code {
                return analysed;
            }
        }
        let analysed = analyse(code.clone());
        self.cache.insert(*address, (code, analysed.clone()));
        analysed
    }
}
