//! Roots and proofs of a block's transactions and receipts: a hash tree of sixteen branches (data model §5).
//!
//! A leaf is `rlp(index) ‖ hash`, itself not hashed. A parent is the hash of up to sixteen children next to each
//! other. The root is the hash of the last node that remains, so a single leaf is hashed once; no leaf is the hash
//! of nothing.

use hansa_crypto::Suite;

use crate::rlp::Encoder;
use crate::Hash;

const BRANCHES: usize = 16;

/// All levels of a tree; more than [`root`] only when proofs are wanted.
#[derive(Debug, Clone)]
pub struct Tree {
    suite: Suite,
    leaves: Vec<Vec<u8>>,
    /// From the parents of the leaves up to the level of one node; empty if there is at most one leaf.
    levels: Vec<Vec<Hash>>,
}

/// What stands beside the node on the way from a leaf to the root, at one level.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Siblings<'a> {
    /// Before the node.
    pub left: Vec<&'a [u8]>,
    /// After it.
    pub right: Vec<&'a [u8]>,
}

impl Tree {
    /// The tree over hashes, each with its position.
    #[must_use]
    pub fn new(suite: Suite, hashes: &[Hash]) -> Self {
        let leaves: Vec<_> = hashes.iter().enumerate().map(|(index, hash)| leaf(index, hash)).collect();
        let mut levels: Vec<Vec<Hash>> = Vec::new();
        if leaves.len() > 1 {
            levels.push(leaves.chunks(BRANCHES).map(|group| hash_group(suite, group)).collect());
        }
        while let Some(next) =
            levels.last().filter(|level| level.len() > 1).map(|level| parents(suite, level))
        {
            levels.push(next);
        }
        Self { suite, leaves, levels }
    }

    /// The root.
    #[must_use]
    pub fn root(&self) -> Hash {
        match (self.levels.last().and_then(|level| level.first()), self.leaves.first()) {
            (Some(top), _) => self.suite.hash(top),
            (None, Some(leaf)) => self.suite.hash(leaf),
            (None, None) => self.suite.hash(&[]),
        }
    }

    /// The siblings from the leaf's level upward, ending with an empty pair for the last hash; `None` if there is
    /// no such leaf.
    #[must_use]
    pub fn proof(&self, index: usize) -> Option<Vec<Siblings<'_>>> {
        if index >= self.leaves.len() {
            return None;
        }
        let mut proof = Vec::with_capacity(self.levels.len() + 1);
        if self.leaves.len() > 1 {
            proof.push(siblings(&self.leaves, index));
        }
        let mut index = index / BRANCHES;
        for level in self.levels.iter().filter(|level| level.len() > 1) {
            proof.push(siblings(level, index));
            index /= BRANCHES;
        }
        proof.push(Siblings::default());
        Some(proof)
    }
}

/// The root over hashes, each with its position.
#[must_use]
pub fn root(suite: Suite, hashes: &[Hash]) -> Hash {
    Tree::new(suite, hashes).root()
}

fn leaf(index: usize, hash: &Hash) -> Vec<u8> {
    let mut encoder = Encoder::with_capacity(hash.len() + 4);
    encoder.u64(index as u64);
    encoder.encoded(hash);
    encoder.finish()
}

fn hash_group<Node: AsRef<[u8]>>(suite: Suite, group: &[Node]) -> Hash {
    let parts: Vec<&[u8]> = group.iter().map(AsRef::as_ref).collect();
    suite.hash_of(&parts)
}

fn parents(suite: Suite, level: &[Hash]) -> Vec<Hash> {
    level.chunks(BRANCHES).map(|group| hash_group(suite, group)).collect()
}

fn siblings<Node: AsRef<[u8]>>(level: &[Node], index: usize) -> Siblings<'_> {
    let group = level.chunks(BRANCHES).nth(index / BRANCHES).unwrap_or_default();
    let (left, rest) = group.split_at((index % BRANCHES).min(group.len()));
    Siblings {
        left: left.iter().map(AsRef::as_ref).collect(),
        right: rest.iter().skip(1).map(AsRef::as_ref).collect(),
    }
}
