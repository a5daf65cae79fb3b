//! A set that remembers the latest of its entries.

use std::collections::{HashSet, VecDeque};

use hansa_codec::Hash;

/// At most `capacity` hashes; the oldest makes room for a new one.
#[derive(Debug)]
pub struct RecentSet {
    capacity: usize,
    order: VecDeque<Hash>,
    members: HashSet<Hash>,
}

impl RecentSet {
    pub fn new(capacity: usize) -> Self {
        Self { capacity, order: VecDeque::new(), members: HashSet::new() }
    }

    pub fn contains(&self, hash: &Hash) -> bool {
        self.members.contains(hash)
    }

    pub fn insert(&mut self, hash: Hash) {
        if !self.members.insert(hash) {
            return;
        }
        self.order.push_back(hash);
        if self.order.len() > self.capacity {
            if let Some(oldest) = self.order.pop_front() {
                self.members.remove(&oldest);
            }
        }
    }
}
