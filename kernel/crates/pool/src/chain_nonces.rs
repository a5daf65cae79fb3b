//! The nonces of the blocks in which a transaction that is still valid could have been.

use std::collections::{HashSet, VecDeque};

use hansa_codec::U256;

/// How many heights a transaction may be ahead of, and for how many blocks its nonce is remembered.
pub const BLOCK_LIMIT_WINDOW: u64 = 1000;

/// The head and the nonces of the last [`BLOCK_LIMIT_WINDOW`] blocks.
#[derive(Debug, Default)]
pub struct ChainNonces {
    head: u64,
    blocks: VecDeque<(u64, Vec<U256>)>,
    used: HashSet<U256>,
}

impl ChainNonces {
    /// Start anew from a head and blocks in ascending order.
    pub fn new(head: u64, blocks: impl IntoIterator<Item = (u64, Vec<U256>)>) -> Self {
        let mut chain = Self { head, ..Self::default() };
        for (height, nonces) in blocks {
            chain.remember(height, nonces);
        }
        chain.forget_old();
        chain
    }

    pub fn is_used(&self, nonce: &U256) -> bool {
        self.used.contains(nonce)
    }

    /// The head moved to a block with these nonces. A head that is not higher changes nothing.
    pub fn extend(&mut self, height: u64, nonces: Vec<U256>) {
        if height <= self.head {
            return;
        }
        self.head = height;
        self.remember(height, nonces);
        self.forget_old();
    }

    /// May a transaction with this block limit be in one of the next blocks?
    pub fn admits_block_limit(&self, block_limit: &U256) -> bool {
        // 2²⁵⁶ − 1, which is refused by name elsewhere, has no 64 bits.
        block_limit.to_u64().is_some_and(|limit| limit > self.head && limit - self.head <= BLOCK_LIMIT_WINDOW)
    }

    fn remember(&mut self, height: u64, nonces: Vec<U256>) {
        self.used.extend(&nonces);
        self.blocks.push_back((height, nonces));
    }

    fn forget_old(&mut self) {
        while let Some((height, nonces)) = self.blocks.pop_front() {
            if height.saturating_add(BLOCK_LIMIT_WINDOW) >= self.head {
                self.blocks.push_front((height, nonces));
                return;
            }
            for nonce in nonces {
                self.used.remove(&nonce);
            }
        }
    }
}
