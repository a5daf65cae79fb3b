//! Which logs a filter is after (client protocol §8.2).

#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use std::sync::Arc;

use hansa_codec::{
    Block, Bloom, BloomBits, Header, LogEntry, LogFilter, Receipt, Suite, Transaction, TransactionList,
    UnsignedTransaction,
};

const GREETED: [u8; 32] = [0xa1; 32];
const MOVED: [u8; 32] = [0xa2; 32];
const ALICE: [u8; 32] = [0xb1; 32];

fn log(contract: u8, topics: &[[u8; 32]]) -> LogEntry {
    LogEntry { address: [contract; 20], topics: topics.to_vec(), data: vec![contract, 0xff] }
}

fn filter(addresses: &[u8], topics: &[&[[u8; 32]]]) -> LogFilter {
    LogFilter::new(
        Suite::Standard,
        addresses.iter().map(|contract| [*contract; 20]).collect(),
        topics.iter().map(|position| position.to_vec()).collect(),
    )
}

fn transaction(nonce: u64) -> Transaction {
    let fields = UnsignedTransaction {
        nonce: nonce.into(),
        chain_id: 1.into(),
        group_id: 1.into(),
        ..Default::default()
    };
    fields.sign(Suite::Standard, &[1; 32]).unwrap()
}

/// A block at height 12 whose transactions left these logs.
fn block(logs: &[Vec<LogEntry>]) -> Block {
    let transactions: Vec<_> = (0..logs.len() as u64).map(|nonce| Arc::new(transaction(nonce))).collect();
    let header = Header { number: 12, ..Default::default() };
    let proposed =
        Block::propose(Suite::Standard, header.clone(), Arc::new(TransactionList::from(transactions)));
    let receipts = logs
        .iter()
        .map(|logs| Receipt {
            bloom: Bloom::of(Suite::Standard, logs),
            logs: logs.clone(),
            ..Default::default()
        })
        .collect();
    proposed.with_receipts(header, receipts).unwrap()
}

#[test]
fn an_empty_filter_matches_every_log() {
    assert!(filter(&[], &[]).matches(&log(1, &[])));
    assert!(filter(&[], &[&[], &[]]).matches(&log(1, &[GREETED])));
}

#[test]
fn alternatives_are_or_and_conditions_are_and() {
    let wanted = filter(&[1, 2], &[&[GREETED, MOVED], &[], &[ALICE]]);
    assert!(wanted.matches(&log(1, &[GREETED, GREETED, ALICE])));
    assert!(wanted.matches(&log(2, &[MOVED, ALICE, ALICE])));
    assert!(!wanted.matches(&log(3, &[MOVED, ALICE, ALICE])), "another contract");
    assert!(!wanted.matches(&log(2, &[ALICE, ALICE, ALICE])), "another event");
    assert!(!wanted.matches(&log(2, &[MOVED, ALICE, MOVED])), "another third topic");
}

#[test]
fn a_log_with_fewer_topics_than_asked_for_does_not_match() {
    assert!(!filter(&[], &[&[GREETED]]).matches(&log(1, &[])));
    assert!(!filter(&[], &[&[], &[ALICE]]).matches(&log(1, &[GREETED])));
}

#[test]
fn a_bloom_never_excludes_what_is_in_it() {
    let logs = [log(1, &[GREETED, ALICE]), log(2, &[MOVED])];
    for suite in [Suite::Standard, Suite::Sm] {
        let bloom = Bloom::of(suite, &logs);
        for log in &logs {
            assert!(bloom.may_hold(&BloomBits::of(suite, &log.address)));
            assert!(log.topics.iter().all(|topic| bloom.may_hold(&BloomBits::of(suite, topic))));
        }
        assert!(!Bloom::default().may_hold(&BloomBits::of(suite, &GREETED)));
    }
}

#[test]
fn matching_logs_say_where_they_are() {
    let block = block(&[
        vec![log(1, &[MOVED])],
        vec![],
        vec![log(3, &[GREETED]), log(1, &[GREETED, ALICE]), log(1, &[GREETED])],
    ]);
    let found = block.event_logs_json(&filter(&[1], &[&[GREETED]]));
    let found: Vec<serde_json::Value> =
        found.iter().map(|text| serde_json::from_slice(text).unwrap()).collect();
    assert_eq!(found.len(), 2);
    assert_eq!(found[0]["address"], format!("0x{}", "01".repeat(20)));
    assert_eq!(found[0]["blockNumber"], "12");
    assert_eq!(found[0]["data"], "0x01ff");
    assert_eq!(found[0]["topics"].as_array().unwrap().len(), 2);
    assert_eq!((&found[0]["transactionIndex"], &found[0]["logIndex"]), (&"0x2".into(), &"0x1".into()));
    assert_eq!((&found[1]["transactionIndex"], &found[1]["logIndex"]), (&"0x2".into(), &"0x2".into()));
    assert_eq!(block.event_logs_json(&filter(&[], &[])).len(), 4);
    assert_eq!(block.event_logs_json(&filter(&[9], &[])), Vec::<Vec<u8>>::new());
}

#[test]
fn a_block_that_did_not_run_has_no_logs() {
    let transactions = TransactionList::from(vec![Arc::new(transaction(1))]);
    let proposed = Block::propose(Suite::Standard, Header::default(), Arc::new(transactions));
    assert!(proposed.event_logs_json(&filter(&[], &[])).is_empty());
}
