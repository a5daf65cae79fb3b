//! The pool of a group: one lock around nonces and pending transactions, held briefly.

use std::collections::{HashSet, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use hansa_codec::rlp::Item;
use hansa_codec::{Block, DecodeError, Hash, Reason, Status, Suite, Transaction, TransactionList, U256};
use rayon::prelude::*;

use crate::chain_nonces::ChainNonces;
use crate::pending::{Entry, Pending, Ticket};
use crate::recent_set::RecentSet;

/// How many dropped transactions are remembered, so that they are not taken in again at once.
const DROPPED_MAX: usize = 16_384;

/// How many committed transactions are remembered, so that late announcements are not followed.
const COMMITTED_MAX: usize = 32_768;

/// Below this many, a second thread costs more than it saves.
const PARALLEL_MIN: usize = 4;

/// What a pool is for and how much it holds.
#[derive(Debug, Clone, Copy)]
pub struct Rules {
    /// What the chain hashes and signs with.
    pub suite: Suite,
    /// The chain's id.
    pub chain_id: U256,
    /// The group's id.
    pub group_id: U256,
    /// Transactions at most.
    pub count_limit: usize,
    /// Bytes of memory at most.
    pub byte_limit: usize,
}

/// The transactions of one group that are not committed yet. All methods may be called from any thread.
#[derive(Debug)]
pub struct Pool {
    rules: Rules,
    state: Mutex<State>,
}

#[derive(Debug)]
struct State {
    chain: ChainNonces,
    pending: Pending,
    dropped: RecentSet,
    /// Peers may still announce these.
    committed: RecentSet,
    /// Lost their nonce to a committed transaction; told by the next [`Pool::evict_expired`].
    displaced: VecDeque<Hash>,
    /// Up to here client transactions were handed out.
    unsent_from: Ticket,
    /// Up to here hashes were handed out.
    unannounced_from: Ticket,
}

impl Pool {
    /// An empty pool at height 0.
    #[must_use]
    pub fn new(rules: Rules) -> Self {
        let state = State {
            chain: ChainNonces::default(),
            pending: Pending::default(),
            dropped: RecentSet::new(DROPPED_MAX),
            committed: RecentSet::new(COMMITTED_MAX),
            displaced: VecDeque::new(),
            unsent_from: 0,
            unannounced_from: 0,
        };
        Self { rules, state: Mutex::new(state) }
    }

    /// Set the head: `blocks` are heights with the RLP list of that block's nonces, in ascending order.
    ///
    /// # Errors
    /// An entry is not a list of integers; the pool is unchanged.
    pub fn reset_head<Nonces: AsRef<[u8]>>(
        &self,
        head: u64,
        blocks: &[(u64, Nonces)],
    ) -> Result<(), DecodeError> {
        let decoded: Vec<_> = blocks
            .iter()
            .enumerate()
            .map(|(index, (height, nonces))| {
                let nonces = decode_nonces(nonces.as_ref());
                Ok((
                    *height,
                    nonces.map_err(|reason| DecodeError { item: "nonces", index: Some(index), reason })?,
                ))
            })
            .collect::<Result<_, DecodeError>>()?;
        self.lock().chain = ChainNonces::new(head, decoded);
        Ok(())
    }

    /// Decode, recover and admit; for each, `Ok` with the hash or why not. Bytes that are no transaction have no
    /// hash.
    pub fn submit<Raw: AsRef<[u8]> + Sync>(
        &self,
        raws: &[Raw],
        now_ms: u64,
        from_client: bool,
    ) -> Vec<(Status, Option<Hash>)> {
        let decode = |raw: &Raw| Transaction::decode(self.rules.suite, raw.as_ref()).ok().map(Arc::new);
        let decoded: Vec<_> = if raws.len() < PARALLEL_MIN {
            raws.iter().map(decode).collect()
        } else {
            raws.par_iter().map(decode).collect()
        };
        let transactions: Vec<_> = decoded.iter().flatten().cloned().collect();
        let mut statuses = self.submit_decoded(&transactions, now_ms, from_client).into_iter();
        decoded
            .iter()
            .map(|transaction| match transaction {
                None => (Status::MalformedTx, None),
                Some(transaction) => {
                    (statuses.next().unwrap_or(Status::TransactionRefused), Some(*transaction.hash()))
                }
            })
            .collect()
    }

    /// Recover and admit, in this order; [`Status::None`] for each that is in.
    pub fn submit_decoded(
        &self,
        transactions: &[Arc<Transaction>],
        now_ms: u64,
        from_client: bool,
    ) -> Vec<Status> {
        self.recover_admissible(transactions);
        let mut state = self.lock();
        transactions
            .iter()
            .map(|transaction| match self.check(&state, transaction) {
                Ok(()) => {
                    let transaction = Arc::clone(transaction);
                    state.pending.insert(Entry { transaction, admitted_ms: now_ms, from_client });
                    Status::None
                }
                Err(status) => status,
            })
            .collect()
    }

    /// Recover, without the lock, the senders of those that fail no cheaper check.
    fn recover_admissible(&self, transactions: &[Arc<Transaction>]) {
        let unknown: Vec<_> = {
            let state = self.lock();
            let needed = |transaction: &&Arc<Transaction>| {
                !transaction.has_known_sender() && self.check_before_signature(&state, transaction).is_ok()
            };
            transactions.iter().filter(needed).collect()
        };
        let recover = |transaction: &Arc<Transaction>| {
            let _known_from_now_on = transaction.sender();
        };
        if unknown.len() < PARALLEL_MIN {
            unknown.into_iter().for_each(recover);
        } else {
            unknown.into_par_iter().for_each(recover);
        }
    }

    /// All checks, in the order in which clients see them: a node of the reference recovers the sender when it
    /// decodes a request, before it looks at nonce and block limit.
    fn check(&self, state: &State, transaction: &Transaction) -> Result<(), Status> {
        self.check_before_signature(state, transaction)?;
        if transaction.sender().is_none() {
            return Err(Status::MalformedTx);
        }
        if transaction.nonce() == &U256::MAX || state.chain.is_used(transaction.nonce()) {
            return Err(Status::NonceCheckFail);
        }
        if !state.chain.admits_block_limit(transaction.block_limit()) {
            return Err(Status::BlockLimitCheckFail);
        }
        if state.pending.contains_nonce(transaction.nonce()) {
            return Err(Status::NonceCheckFail);
        }
        if transaction.chain_id() != &self.rules.chain_id {
            return Err(Status::InvalidChainId);
        }
        if transaction.group_id() != &self.rules.group_id {
            return Err(Status::InvalidGroupId);
        }
        Ok(())
    }

    fn check_before_signature(&self, state: &State, transaction: &Transaction) -> Result<(), Status> {
        if state.pending.byte_size() + transaction.memory_size() > self.rules.byte_limit {
            return Err(Status::OverGroupMemoryLimit);
        }
        if state.pending.len() >= self.rules.count_limit {
            return Err(Status::TxPoolIsFull);
        }
        if state.pending.contains(transaction.hash()) {
            return Err(Status::AlreadyKnown);
        }
        if state.dropped.contains(transaction.hash()) {
            return Err(Status::AlreadyInChain);
        }
        Ok(())
    }

    /// The oldest transactions that may be in the next block, without the excluded. They stay.
    #[must_use]
    pub fn seal(&self, count_limit: usize, excluded: &HashSet<Hash>) -> TransactionList {
        let state = self.lock();
        let sealable = |transaction: &&Arc<Transaction>| {
            !excluded.contains(transaction.hash())
                && state.chain.admits_block_limit(transaction.block_limit())
        };
        state.pending.iter().filter(sealable).take(count_limit).cloned().collect::<Vec<_>>().into()
    }

    /// Those that are here, in the order given, and the positions of those that are not.
    #[must_use]
    pub fn lookup(&self, hashes: &[Hash]) -> (TransactionList, Vec<usize>) {
        let state = self.lock();
        let mut missing = Vec::new();
        let mut found = Vec::with_capacity(hashes.len());
        for (index, hash) in hashes.iter().enumerate() {
            match state.pending.get(hash) {
                Some(transaction) => found.push(Arc::clone(transaction)),
                None => missing.push(index),
            }
        }
        (found.into(), missing)
    }

    /// The position of the first transaction that no block on this head may hold: its signature is not valid, its
    /// nonce stands in the chain's window or earlier in the list, its block limit is out of the window, or it is
    /// for another chain or group. A leader that proposes one is not honest.
    #[must_use]
    pub fn first_unfit(&self, transactions: &[Arc<Transaction>]) -> Option<usize> {
        let recover = |transaction: &Arc<Transaction>| transaction.sender().is_some();
        let signed: Vec<_> = transactions.par_iter().with_min_len(PARALLEL_MIN).map(recover).collect();
        let state = self.lock();
        let mut nonces = HashSet::with_capacity(transactions.len());
        transactions.iter().zip(signed).position(|(transaction, is_signed)| {
            !is_signed
                || !nonces.insert(transaction.nonce())
                || transaction.nonce() == &U256::MAX
                || state.chain.is_used(transaction.nonce())
                || !state.chain.admits_block_limit(transaction.block_limit())
                || transaction.chain_id() != &self.rules.chain_id
                || transaction.group_id() != &self.rules.group_id
        })
    }

    /// For each: is it here, or was it committed lately?
    #[must_use]
    pub fn contains(&self, hashes: &[Hash]) -> Vec<bool> {
        let state = self.lock();
        hashes.iter().map(|hash| state.pending.contains(hash) || state.committed.contains(hash)).collect()
    }

    /// A block became durable: its transactions leave, and so do those that lost their nonce to one of them.
    pub fn commit(&self, block: &Block) {
        let nonces: Vec<_> = block.nonces().copied().collect();
        let mut state = self.lock();
        for transaction in block.transactions().iter() {
            state.committed.insert(*transaction.hash());
            let removed = state.pending.remove_nonce(transaction.nonce());
            if let Some(displaced) = removed.filter(|entry| entry.transaction.hash() != transaction.hash()) {
                state.displaced.push_back(*displaced.transaction.hash());
            }
        }
        // Whoever does not ask for them gets the latest only.
        while state.displaced.len() > DROPPED_MAX {
            state.displaced.pop_front();
        }
        state.chain.extend(block.header().number, nonces);
    }

    /// Drop what is older than `age_ms_max` or past its block limit, looking at the oldest `count_max`; their hashes,
    /// and those of transactions that lost their nonce since the last call.
    pub fn evict_expired(&self, now_ms: u64, age_ms_max: u64, count_max: usize) -> Vec<Hash> {
        let mut state = self.lock();
        let expired: Vec<_> = state
            .pending
            .since(0..)
            .take(count_max)
            .filter(|(_, entry)| {
                now_ms.saturating_sub(entry.admitted_ms) > age_ms_max
                    || !state.chain.admits_block_limit(entry.transaction.block_limit())
            })
            .map(|(ticket, entry)| (ticket, *entry.transaction.hash()))
            .collect();
        let mut gone: Vec<_> = state.displaced.drain(..).collect();
        for (ticket, hash) in expired {
            state.pending.remove(ticket);
            state.dropped.insert(hash);
            gone.push(hash);
        }
        gone
    }

    /// The next transactions from clients that this call has not handed out yet.
    #[must_use]
    pub fn take_unsent(&self, count_max: usize) -> TransactionList {
        let mut state = self.lock();
        let mut from = state.unsent_from;
        let mut taken = Vec::new();
        for (ticket, entry) in state.pending.since(from..) {
            if taken.len() == count_max {
                break;
            }
            from = ticket + 1;
            if entry.from_client {
                taken.push(Arc::clone(&entry.transaction));
            }
        }
        state.unsent_from = from;
        taken.into()
    }

    /// The next hashes admitted at least `age_ms_min` ago that this call has not handed out yet.
    #[must_use]
    pub fn take_unannounced(&self, now_ms: u64, age_ms_min: u64, count_max: usize) -> Vec<Hash> {
        let mut state = self.lock();
        let mut from = state.unannounced_from;
        let mut taken = Vec::new();
        for (ticket, entry) in state.pending.since(from..).take(count_max) {
            if now_ms.saturating_sub(entry.admitted_ms) < age_ms_min {
                break;
            }
            from = ticket + 1;
            taken.push(*entry.transaction.hash());
        }
        state.unannounced_from = from;
        taken
    }

    /// All in order of admission.
    #[must_use]
    pub fn all(&self) -> TransactionList {
        self.lock().pending.iter().cloned().collect::<Vec<_>>().into()
    }

    /// Drop all; head and nonces stay.
    pub fn clear(&self) {
        self.lock().pending.clear();
    }

    /// What the transactions take in memory.
    #[must_use]
    pub fn byte_size(&self) -> usize {
        self.lock().pending.byte_size()
    }

    /// How many there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.lock().pending.len()
    }

    /// Are there none?
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// No method leaves the state half changed, so a lock is usable even after a panic.
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn decode_nonces(list: &[u8]) -> Result<Vec<U256>, Reason> {
    Item::parse(list)?.list()?.map(|nonce| nonce?.u256()).collect()
}
