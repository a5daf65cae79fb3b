//! What the transactions of one block share.

use hansa_crypto::Suite;
use hansa_evm::{BlockContext, Hash, Machine};
use hansa_state::BlockState;

use crate::code::CodeCache;
use crate::executor::BlockHashes;
use crate::parameters::Parameters;
use crate::system::{Registry, TemporaryObjects};
use crate::ExecutionError;

/// The rules of a chain, and what is kept between blocks.
pub(crate) struct Rules {
    pub(crate) suite: Suite,
    pub(crate) machine: Machine,
    pub(crate) registry: Registry,
    pub(crate) codes: CodeCache,
    pub(crate) hashes: Box<dyn BlockHashes>,
}

/// A block that runs, or the world of one read-only call.
pub(crate) struct BlockRun<'a> {
    pub(crate) rules: &'a Rules,
    pub(crate) state: BlockState,
    /// What instructions see.
    pub(crate) context: BlockContext,
    /// What system contracts call the current block: one above the committed head, in a read-only call too (§2.0).
    pub(crate) current_number: u64,
    pub(crate) parameters: Parameters,
    pub(crate) objects: TemporaryObjects,
}

impl BlockRun<'_> {
    /// The hash of a committed block; zeros if it is not known.
    pub(crate) fn block_hash(&self, number: u64) -> Result<Hash, ExecutionError> {
        Ok(self.rules.hashes.hash_of(number)?.unwrap_or_default())
    }
}
