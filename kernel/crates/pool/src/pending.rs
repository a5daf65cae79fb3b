//! The pooled transactions, by order of admission, by hash and by nonce.

use std::collections::{BTreeMap, HashMap};
use std::ops::RangeFrom;
use std::sync::Arc;

use hansa_codec::{Hash, Transaction, U256};

/// A place in the order of admission; never given twice.
pub type Ticket = u64;

/// A pooled transaction.
#[derive(Debug)]
pub struct Entry {
    pub transaction: Arc<Transaction>,
    pub admitted_ms: u64,
    pub from_client: bool,
}

/// Three views of the same transactions; only these methods change them, all at once.
#[derive(Debug, Default)]
pub struct Pending {
    order: BTreeMap<Ticket, Entry>,
    by_hash: HashMap<Hash, Ticket>,
    by_nonce: HashMap<U256, Ticket>,
    next_ticket: Ticket,
    byte_size: usize,
}

impl Pending {
    pub fn len(&self) -> usize {
        self.order.len()
    }

    /// What the transactions take in memory.
    pub fn byte_size(&self) -> usize {
        self.byte_size
    }

    pub fn contains(&self, hash: &Hash) -> bool {
        self.by_hash.contains_key(hash)
    }

    pub fn contains_nonce(&self, nonce: &U256) -> bool {
        self.by_nonce.contains_key(nonce)
    }

    pub fn get(&self, hash: &Hash) -> Option<&Arc<Transaction>> {
        let ticket = self.by_hash.get(hash)?;
        Some(&self.order.get(ticket)?.transaction)
    }

    /// All in order of admission.
    pub fn iter(&self) -> impl Iterator<Item = &Arc<Transaction>> {
        self.order.values().map(|entry| &entry.transaction)
    }

    /// Those admitted from a ticket on, in order.
    pub fn since(&self, tickets: RangeFrom<Ticket>) -> impl Iterator<Item = (Ticket, &Entry)> {
        self.order.range(tickets).map(|(ticket, entry)| (*ticket, entry))
    }

    /// Add one whose hash and nonce are new.
    pub fn insert(&mut self, entry: Entry) {
        let ticket = self.next_ticket;
        self.next_ticket += 1;
        self.byte_size += entry.transaction.memory_size();
        self.by_hash.insert(*entry.transaction.hash(), ticket);
        self.by_nonce.insert(*entry.transaction.nonce(), ticket);
        self.order.insert(ticket, entry);
    }

    pub fn remove(&mut self, ticket: Ticket) -> Option<Entry> {
        let entry = self.order.remove(&ticket)?;
        self.byte_size -= entry.transaction.memory_size();
        self.by_hash.remove(entry.transaction.hash());
        self.by_nonce.remove(entry.transaction.nonce());
        Some(entry)
    }

    /// Remove the one that uses this nonce.
    pub fn remove_nonce(&mut self, nonce: &U256) -> Option<Entry> {
        let ticket = *self.by_nonce.get(nonce)?;
        self.remove(ticket)
    }

    /// Remove all; tickets go on where they were.
    pub fn clear(&mut self) {
        *self = Self { next_ticket: self.next_ticket, ..Self::default() };
    }
}
