//! The pool as its users see it: one test for each rule, and a walk of random steps that keeps the invariants.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use std::collections::HashSet;
use std::sync::Arc;

use hansa_codec::rlp::encode_list;
use hansa_codec::{
    Block, Hash, Header, Status, Suite, Transaction, TransactionList, UnsignedTransaction, U256,
};
use hansa_pool::{Pool, Rules};
use proptest::prelude::*;

const SECRET: [u8; 32] = [1; 32];

fn rules() -> Rules {
    Rules {
        suite: Suite::Standard,
        chain_id: 1.into(),
        group_id: 2.into(),
        count_limit: 100,
        byte_limit: 1 << 20,
    }
}

fn pool() -> Pool {
    Pool::new(rules())
}

/// A valid transaction but for what `change` does to it.
fn transaction(nonce: u64, change: impl FnOnce(&mut UnsignedTransaction)) -> Arc<Transaction> {
    let mut unsigned = UnsignedTransaction {
        nonce: nonce.into(),
        block_limit: 500.into(),
        chain_id: 1.into(),
        group_id: 2.into(),
        ..Default::default()
    };
    change(&mut unsigned);
    Arc::new(unsigned.sign(Suite::Standard, &SECRET).unwrap())
}

fn valid(nonce: u64) -> Arc<Transaction> {
    transaction(nonce, |_| ())
}

fn submit(pool: &Pool, transactions: &[Arc<Transaction>]) -> Vec<Status> {
    pool.submit_decoded(transactions, 0, false)
}

fn submit_one(pool: &Pool, transaction: &Arc<Transaction>) -> Status {
    submit(pool, std::slice::from_ref(transaction))[0]
}

fn block(number: u64, transactions: &[Arc<Transaction>]) -> Block {
    let header = Header { number, ..Default::default() };
    Block::propose(Suite::Standard, header, Arc::new(TransactionList::from(transactions.to_vec())))
}

fn hashes(transactions: &[Arc<Transaction>]) -> Vec<Hash> {
    transactions.iter().map(|transaction| *transaction.hash()).collect()
}

/// The same fields with a signature that recovers nobody.
fn with_broken_signature(nonce: u64) -> Arc<Transaction> {
    let mut raw = valid(nonce).raw().to_vec();
    // The last 33 bytes are the header of s and s: make s high.
    let s = raw.len() - 32;
    raw[s..].fill(0xee);
    let broken = Transaction::decode(Suite::Standard, raw).unwrap();
    assert_eq!(broken.sender(), None);
    Arc::new(broken)
}

#[test]
fn admits_what_is_valid_and_knows_it() {
    let pool = pool();
    let (one, other) = (valid(1), valid(2));
    assert_eq!(submit(&pool, &[Arc::clone(&one), Arc::clone(&other)]), [Status::None; 2]);
    assert_eq!(submit_one(&pool, &one), Status::AlreadyKnown);
    assert_eq!(pool.len(), 2);
    assert_eq!(pool.byte_size(), one.memory_size() + other.memory_size());
    assert_eq!(pool.contains(&[*one.hash(), [0; 32]]), [true, false]);
    let (found, missing) = pool.lookup(&[[0; 32], *other.hash(), *one.hash()]);
    assert_eq!(found.hashes(), [*other.hash(), *one.hash()]);
    assert_eq!(missing, [0]);
}

#[test]
fn raw_bytes_are_decoded_on_the_way_in() {
    let pool = pool();
    let raws: Vec<_> =
        (0..10).map(|nonce| if nonce == 4 { vec![0xc0] } else { valid(nonce).raw().to_vec() }).collect();
    let answers = pool.submit(&raws, 0, true);
    for (nonce, answer) in answers.iter().enumerate() {
        let expected = if nonce == 4 {
            (Status::MalformedTx, None)
        } else {
            (Status::None, Some(*valid(nonce as u64).hash()))
        };
        assert_eq!(*answer, expected);
    }
}

#[test]
fn a_pool_of_a_guomi_chain_takes_its_transactions_only() {
    let pool = Pool::new(Rules { suite: Suite::Sm, ..rules() });
    let unsigned = UnsignedTransaction {
        nonce: 1.into(),
        block_limit: 500.into(),
        chain_id: 1.into(),
        group_id: 2.into(),
        ..Default::default()
    };
    let signed = unsigned.sign(Suite::Sm, &SECRET).unwrap();
    let mut forged = signed.raw().to_vec();
    *forged.last_mut().unwrap() ^= 1;
    let raws = [valid(1).raw().to_vec(), forged, signed.raw().to_vec()];
    let statuses: Vec<_> = pool.submit(&raws, 0, true).into_iter().map(|(status, _)| status).collect();
    assert_eq!(statuses, [Status::MalformedTx, Status::MalformedTx, Status::None]);
    assert_eq!(pool.byte_size(), signed.memory_size());
}

#[test]
fn each_refusal_has_its_code() {
    let pool = pool();
    pool.reset_head(100, &[(100, encode_list(8, |list| list.u64(7)))]).unwrap();
    assert_eq!(submit_one(&pool, &valid(1)), Status::None);
    let cases = [
        (valid(7), Status::NonceCheckFail),
        (transaction(2, |fields| fields.nonce = U256::MAX), Status::NonceCheckFail),
        (transaction(3, |fields| fields.block_limit = 100.into()), Status::BlockLimitCheckFail),
        (transaction(3, |fields| fields.block_limit = 1101.into()), Status::BlockLimitCheckFail),
        (transaction(3, |fields| fields.block_limit = U256::MAX), Status::BlockLimitCheckFail),
        (with_broken_signature(4), Status::MalformedTx),
        (transaction(1, |fields| fields.data = vec![1]), Status::NonceCheckFail),
        (transaction(5, |fields| fields.chain_id = 9.into()), Status::InvalidChainId),
        (transaction(6, |fields| fields.group_id = 9.into()), Status::InvalidGroupId),
    ];
    for (transaction, expected) in cases {
        assert_eq!(submit_one(&pool, &transaction), expected);
    }
    assert_eq!(submit_one(&pool, &transaction(8, |fields| fields.block_limit = 101.into())), Status::None);
    assert_eq!(submit_one(&pool, &transaction(9, |fields| fields.block_limit = 1100.into())), Status::None);
}

#[test]
fn a_block_may_hold_only_what_the_chain_has_room_for() {
    let pool = pool();
    pool.reset_head(100, &[(100, encode_list(8, |list| list.u64(7)))]).unwrap();
    let good = || vec![valid(1), valid(2), valid(3)];
    assert_eq!(pool.first_unfit(&good()), None);
    submit_one(&pool, &valid(1));
    assert_eq!(pool.first_unfit(&good()), None, "what waits in the pool may be in a block");
    let unfit = [
        valid(7),
        valid(2),
        transaction(4, |fields| fields.nonce = U256::MAX),
        transaction(4, |fields| fields.block_limit = 100.into()),
        transaction(4, |fields| fields.block_limit = 1101.into()),
        transaction(4, |fields| fields.chain_id = 9.into()),
        transaction(4, |fields| fields.group_id = 9.into()),
        with_broken_signature(4),
    ];
    for transaction in unfit {
        let mut block = good();
        block.push(transaction);
        assert_eq!(pool.first_unfit(&block), Some(3));
    }
}

#[test]
fn the_first_failing_check_answers() {
    let pool = pool();
    pool.reset_head(100, &[(100, encode_list(8, |list| list.u64(7)))]).unwrap();
    let nonce_before_limit = transaction(7, |fields| fields.block_limit = 1.into());
    assert_eq!(submit_one(&pool, &nonce_before_limit), Status::NonceCheckFail);
    let limit_before_chain = transaction(8, |fields| {
        fields.block_limit = 1.into();
        fields.chain_id = 9.into();
    });
    assert_eq!(submit_one(&pool, &limit_before_chain), Status::BlockLimitCheckFail);
    let chain_before_group = transaction(8, |fields| {
        fields.chain_id = 9.into();
        fields.group_id = 9.into();
    });
    assert_eq!(submit_one(&pool, &chain_before_group), Status::InvalidChainId);
    submit_one(&pool, &valid(1));
    let pool_nonce_before_chain = transaction(1, |fields| fields.chain_id = 9.into());
    assert_eq!(submit_one(&pool, &pool_nonce_before_chain), Status::NonceCheckFail);
    let signature_before_pool_nonce = with_broken_signature(1);
    assert_eq!(submit_one(&pool, &signature_before_pool_nonce), Status::MalformedTx);
    let signature_before_chain_nonce = with_broken_signature(7);
    assert_eq!(submit_one(&pool, &signature_before_chain_nonce), Status::MalformedTx);
}

#[test]
fn a_full_pool_refuses_before_anything_else() {
    let full = Pool::new(Rules { count_limit: 2, ..rules() });
    assert_eq!(
        submit(&full, &[valid(1), valid(2), valid(3)]),
        [Status::None, Status::None, Status::TxPoolIsFull]
    );
    assert_eq!(submit_one(&full, &valid(1)), Status::TxPoolIsFull);

    let size = valid(1).memory_size();
    let small = Pool::new(Rules { byte_limit: 2 * size, count_limit: 2, ..rules() });
    assert_eq!(submit(&small, &[valid(1), valid(2)]), [Status::None; 2]);
    assert_eq!(submit_one(&small, &valid(1)), Status::OverGroupMemoryLimit);
    small.commit(&block(1, &[valid(1)]));
    assert_eq!(small.byte_size(), size);
    assert_eq!(submit_one(&small, &valid(3)), Status::None);
}

#[test]
fn a_batch_that_repeats_itself_is_admitted_once() {
    let batch: Vec<_> = (0..8).map(|number| valid(number % 2)).collect();
    let statuses = submit(&pool(), &batch);
    assert_eq!(statuses.iter().filter(|status| **status == Status::None).count(), 2);
    assert!(statuses[2..].iter().all(|status| *status == Status::AlreadyKnown));
}

#[test]
fn seals_in_order_of_admission_without_the_excluded() {
    let pool = pool();
    let all: Vec<_> = [5, 3, 9, 1].map(valid).into();
    submit(&pool, &all);
    assert_eq!(pool.seal(3, &HashSet::new()).hashes(), hashes(&all[..3]));
    assert_eq!(
        pool.seal(3, &HashSet::from([*all[1].hash()])).hashes(),
        hashes(&[all[0].clone(), all[2].clone(), all[3].clone()])
    );
    assert_eq!(pool.all().hashes(), hashes(&all));
}

#[test]
fn seals_nothing_past_its_block_limit() {
    let pool = pool();
    let (short, long) = (transaction(1, |fields| fields.block_limit = 2.into()), valid(2));
    submit(&pool, &[Arc::clone(&short), Arc::clone(&long)]);
    pool.commit(&block(1, &[]));
    assert_eq!(pool.seal(9, &HashSet::new()).hashes(), hashes(&[Arc::clone(&short), Arc::clone(&long)]));
    pool.commit(&block(2, &[]));
    assert_eq!(pool.seal(9, &HashSet::new()).hashes(), hashes(&[Arc::clone(&long)]));
    assert_eq!(pool.evict_expired(0, 1000, 10), hashes(&[Arc::clone(&short)]));
    assert_eq!(pool.all().hashes(), hashes(&[long]));
}

#[test]
fn a_committed_nonce_is_used_for_a_thousand_blocks() {
    let pool = pool();
    let committed = valid(1);
    submit_one(&pool, &committed);
    pool.commit(&block(10, &[Arc::clone(&committed)]));
    assert!(pool.is_empty());
    assert_eq!(submit_one(&pool, &committed), Status::NonceCheckFail);
    pool.commit(&block(1010, &[]));
    let again = transaction(1, |fields| fields.block_limit = 1500.into());
    assert_eq!(submit_one(&pool, &again), Status::NonceCheckFail);
    pool.commit(&block(1011, &[]));
    assert_eq!(submit_one(&pool, &again), Status::None);
}

#[test]
fn nonces_of_stored_blocks_count_from_the_start() {
    let pool = pool();
    let list = |nonce: u64| encode_list(8, |list| list.u64(nonce));
    pool.reset_head(1200, &[(199, list(1)), (200, list(2)), (1200, list(3))]).unwrap();
    let now = |nonce| transaction(nonce, |fields| fields.block_limit = 1300.into());
    assert_eq!(submit_one(&pool, &now(1)), Status::None);
    assert_eq!(submit_one(&pool, &now(2)), Status::NonceCheckFail);
    assert_eq!(submit_one(&pool, &now(3)), Status::NonceCheckFail);
    let error = pool.reset_head(5, &[(1, list(1)), (2, vec![0x80])]).unwrap_err();
    assert_eq!(error.to_string(), "entry 1: nonces: bytes where a list belongs");
    assert_eq!(submit_one(&pool, &now(4)), Status::None);
}

#[test]
fn who_loses_its_nonce_to_a_block_is_told() {
    let pool = pool();
    let loser = valid(1);
    submit_one(&pool, &loser);
    let winner = transaction(1, |fields| fields.data = vec![1]);
    pool.commit(&block(1, &[winner]));
    assert!(pool.is_empty());
    assert_eq!(pool.evict_expired(0, 1000, 10), hashes(&[loser]));
    assert!(pool.evict_expired(0, 1000, 10).is_empty());
}

#[test]
fn the_old_leave_and_do_not_come_back() {
    let pool = pool();
    let (old, young) = (valid(1), valid(2));
    pool.submit_decoded(&[Arc::clone(&old)], 1_000, false);
    pool.submit_decoded(&[Arc::clone(&young)], 2_000, false);
    assert!(pool.evict_expired(1_600, 600, 10).is_empty());
    assert!(pool.evict_expired(1_601, 600, 0).is_empty());
    assert_eq!(pool.evict_expired(1_601, 600, 10), hashes(&[Arc::clone(&old)]));
    assert_eq!(submit_one(&pool, &old), Status::AlreadyInChain);
    assert_eq!(pool.len(), 1);
    pool.clear();
    assert_eq!((pool.len(), pool.byte_size()), (0, 0));
}

#[test]
fn client_transactions_are_handed_out_once() {
    let pool = pool();
    pool.submit_decoded(&[valid(1)], 0, true);
    pool.submit_decoded(&[valid(2)], 0, false);
    pool.submit_decoded(&[valid(3), valid(4)], 0, true);
    assert!(pool.take_unsent(0).is_empty());
    assert_eq!(pool.take_unsent(2).hashes(), hashes(&[valid(1), valid(3)]));
    assert_eq!(pool.take_unsent(2).hashes(), hashes(&[valid(4)]));
    assert!(pool.take_unsent(2).is_empty());
}

#[test]
fn hashes_are_announced_once_and_not_at_once() {
    let pool = pool();
    pool.submit_decoded(&[valid(1), valid(2)], 1_000, true);
    pool.submit_decoded(&[valid(3)], 1_500, false);
    assert!(pool.take_unannounced(1_099, 100, 9).is_empty());
    assert_eq!(pool.take_unannounced(1_100, 100, 1), hashes(&[valid(1)]));
    assert_eq!(pool.take_unannounced(1_100, 100, 9), hashes(&[valid(2)]));
    assert_eq!(pool.take_unannounced(1_600, 100, 9), hashes(&[valid(3)]));
    assert!(pool.take_unannounced(9_000, 100, 9).is_empty());
}

#[test]
fn many_threads_admit_each_transaction_once() {
    let pool = Pool::new(Rules { count_limit: 1000, ..rules() });
    let all: Vec<_> = (0..60).map(valid).collect();
    let admitted: usize = std::thread::scope(|scope| {
        let workers: Vec<_> = (0..4).map(|_| scope.spawn(|| submit(&pool, &all))).collect();
        let statuses = workers.into_iter().flat_map(|worker| worker.join().unwrap());
        statuses.filter(|status| *status == Status::None).count()
    });
    assert_eq!(admitted, 60);
    assert_eq!(pool.len(), 60);
}

#[derive(Debug, Clone)]
enum Step {
    Submit(u64, u64),
    Seal(usize),
    Evict(u64),
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        4 => (0u64..30, 1u64..40).prop_map(|(nonce, limit)| Step::Submit(nonce, limit)),
        2 => (0usize..4).prop_map(Step::Seal),
        1 => (0u64..60).prop_map(Step::Evict),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn whatever_happens_no_nonce_commits_twice(steps in proptest::collection::vec(step(), 1..80)) {
        let pool = Pool::new(Rules { count_limit: 12, ..rules() });
        let mut committed = HashSet::new();
        for (now, step) in steps.into_iter().enumerate() {
            match step {
                Step::Submit(nonce, limit) => {
                    let candidate = transaction(nonce, |fields| fields.block_limit = limit.into());
                    let status = pool.submit_decoded(&[candidate], now as u64, true)[0];
                    prop_assert!(status != Status::None || !committed.contains(&U256::from(nonce)));
                }
                Step::Seal(count) => {
                    let sealed = pool.seal(count, &HashSet::new());
                    let height = committed.len() as u64 + 1 + now as u64;
                    let header = Header { number: height, ..Default::default() };
                    let next = Block::propose(Suite::Standard, header, Arc::new(sealed));
                    for nonce in next.nonces() {
                        prop_assert!(committed.insert(*nonce), "{nonce:?} twice");
                    }
                    pool.commit(&next);
                }
                Step::Evict(age) => {
                    for hash in pool.evict_expired(now as u64, age, 5) {
                        prop_assert_eq!(pool.contains(&[hash]), vec![false]);
                    }
                }
            }
            let all = pool.all();
            prop_assert!(all.len() <= 12);
            prop_assert_eq!(all.len(), pool.len());
            prop_assert_eq!(all.iter().map(|entry| entry.memory_size()).sum::<usize>(), pool.byte_size());
            let nonces: HashSet<_> = all.iter().map(|entry| *entry.nonce()).collect();
            prop_assert_eq!(nonces.len(), all.len());
        }
    }
}
