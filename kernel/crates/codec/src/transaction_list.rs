//! Many transactions, and the blob that carries them in blocks and on the wire (data model §6.2).
//!
//! The blob is the only little-endian thing: `count`, then `count + 1` offsets (the first 0, the last the total),
//! each 32 bits, then the transactions as received. No transactions are an empty blob.

use std::sync::Arc;

use hansa_crypto::Suite;
use rayon::prelude::*;

use crate::error::{At, DecodeError, Reason};
use crate::{Hash, Transaction};

const WORD: usize = 4;

/// Below this many, a second thread costs more than it saves.
const PARALLEL_MIN: usize = 32;

/// Transactions with a shared life.
#[derive(Debug, Clone, Default)]
pub struct TransactionList(Vec<Arc<Transaction>>);

impl TransactionList {
    /// Decode each; the error names the first that is not a transaction.
    pub fn decode<Raw: AsRef<[u8]> + Sync>(suite: Suite, raws: &[Raw]) -> Result<Self, DecodeError> {
        let decode = |(index, raw): (usize, &Raw)| {
            Transaction::decode(suite, raw.as_ref()).map(Arc::new).map_err(|error| error.of_entry(index))
        };
        if raws.len() < PARALLEL_MIN {
            return raws.iter().enumerate().map(decode).collect::<Result<_, _>>().map(Self);
        }
        let decoded: Vec<_> = raws.par_iter().enumerate().map(decode).collect();
        decoded.into_iter().collect::<Result<_, _>>().map(Self)
    }

    /// Decode the blob form.
    pub fn decode_blob(suite: Suite, blob: &[u8]) -> Result<Self, DecodeError> {
        Self::decode(suite, &split_blob(blob).at("transactions")?)
    }

    /// The blob form.
    ///
    /// # Errors
    /// The transactions together do not fit 32-bit offsets.
    pub fn encode_blob(&self) -> Result<Vec<u8>, DecodeError> {
        if self.0.is_empty() {
            return Ok(Vec::new());
        }
        let total = u32::try_from(self.byte_size()).map_err(|_| Reason::TooLong).at("transactions")?;
        let mut blob = Vec::with_capacity((self.0.len() + 2) * WORD + total as usize);
        blob.extend_from_slice(&(self.0.len() as u32).to_le_bytes());
        let mut offset = 0u32;
        blob.extend_from_slice(&offset.to_le_bytes());
        for transaction in &self.0 {
            // Bounded by the total.
            offset += transaction.raw().len() as u32;
            blob.extend_from_slice(&offset.to_le_bytes());
        }
        for transaction in &self.0 {
            blob.extend_from_slice(transaction.raw());
        }
        Ok(blob)
    }

    /// How many there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Are there none?
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The transaction at a position.
    #[must_use]
    pub fn get(&self, index: usize) -> Option<&Arc<Transaction>> {
        self.0.get(index)
    }

    /// In order.
    pub fn iter(&self) -> std::slice::Iter<'_, Arc<Transaction>> {
        self.0.iter()
    }

    /// All as a slice.
    #[must_use]
    pub fn as_slice(&self) -> &[Arc<Transaction>] {
        &self.0
    }

    /// Their hashes, in order.
    #[must_use]
    pub fn hashes(&self) -> Vec<Hash> {
        self.0.iter().map(|transaction| *transaction.hash()).collect()
    }

    /// The bytes of all transactions as received.
    #[must_use]
    pub fn byte_size(&self) -> usize {
        self.0.iter().map(|transaction| transaction.raw().len()).sum()
    }

    /// Recover all senders that are not known yet, on all cores; the positions of invalid signatures.
    #[must_use]
    pub fn recover_senders(&self) -> Vec<usize> {
        let unknown: Vec<_> = self.0.iter().filter(|transaction| !transaction.has_known_sender()).collect();
        unknown.par_iter().for_each(|transaction| {
            let _known_from_now_on = transaction.sender();
        });
        self.0
            .iter()
            .enumerate()
            .filter(|(_, transaction)| transaction.sender().is_none())
            .map(|(index, _)| index)
            .collect()
    }
}

impl From<Vec<Arc<Transaction>>> for TransactionList {
    fn from(transactions: Vec<Arc<Transaction>>) -> Self {
        Self(transactions)
    }
}

impl<'a> IntoIterator for &'a TransactionList {
    type Item = &'a Arc<Transaction>;
    type IntoIter = std::slice::Iter<'a, Arc<Transaction>>;

    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}

/// The encoded transactions of a blob. The table must describe all of the bytes that follow it.
fn split_blob(blob: &[u8]) -> Result<Vec<&[u8]>, Reason> {
    if blob.is_empty() {
        return Ok(Vec::new());
    }
    let (count, table) = read_word(blob).ok_or(Reason::Truncated)?;
    let table_size =
        count.checked_add(1).and_then(|offsets| offsets.checked_mul(WORD)).ok_or(Reason::BadOffsets)?;
    if table.len() <= table_size {
        return Err(Reason::BadOffsets);
    }
    let (mut table, body) = table.split_at(table_size);
    let mut parts = Vec::with_capacity(count);
    let mut start = None;
    while let Some((end, rest)) = read_word(table) {
        match start {
            None if end != 0 => return Err(Reason::BadOffsets),
            None => {}
            Some(start) => parts.push(body.get(start..end).ok_or(Reason::BadOffsets)?),
        }
        start = Some(end);
        table = rest;
    }
    if start == Some(body.len()) {
        Ok(parts)
    } else {
        Err(Reason::BadOffsets)
    }
}

fn read_word(bytes: &[u8]) -> Option<(usize, &[u8])> {
    let (word, rest) = bytes.split_first_chunk::<WORD>()?;
    Some((u32::from_le_bytes(*word) as usize, rest))
}
