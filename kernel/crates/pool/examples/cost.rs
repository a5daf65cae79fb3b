//! What a transaction costs on its way into a block: `cargo run --release -p hansa-pool --example cost`, with
//! `-- sm` on a guomi chain.

#![allow(clippy::unwrap_used, reason = "a measurement that cannot go on has failed")]

use std::collections::HashSet;
use std::hint::black_box;
use std::sync::Arc;
use std::time::Instant;

use hansa_codec::{Block, Header, Suite, Transaction, TransactionList, UnsignedTransaction};
use hansa_pool::{Pool, Rules};

const COUNT: u32 = 2000;

fn measure<Answer>(what: &str, work: impl FnOnce() -> Answer) -> Answer {
    let start = Instant::now();
    let answer = black_box(work());
    println!("{what:42} {:8.2} µs", start.elapsed().as_secs_f64() * 1e6 / f64::from(COUNT));
    answer
}

fn pool(suite: Suite) -> Pool {
    let (count_limit, byte_limit) = (100_000, 1 << 30);
    Pool::new(Rules { suite, chain_id: 1.into(), group_id: 1.into(), count_limit, byte_limit })
}

fn main() {
    let suite = if std::env::args().any(|argument| argument == "sm") { Suite::Sm } else { Suite::Standard };
    let unsigned = |nonce: u32| UnsignedTransaction {
        nonce: u64::from(nonce).into(),
        block_limit: 500.into(),
        to: Some([2; 20]),
        data: vec![7; 100],
        chain_id: 1.into(),
        group_id: 1.into(),
        ..Default::default()
    };
    println!("per transaction, {COUNT} transactions, {} cores", rayon::current_num_threads());
    let raws: Vec<_> = measure("sign", || {
        (0..COUNT).map(|nonce| unsigned(nonce).sign(suite, &[1; 32]).unwrap().raw().to_vec()).collect()
    });
    let alone: Vec<_> = measure("decode, one core", || {
        raws.iter().map(|raw| Transaction::decode(suite, &raw[..]).unwrap()).collect()
    });
    measure("recover, one core", || {
        alone.iter().filter(|transaction| transaction.sender().is_some()).count()
    });
    let list = measure("decode, all cores", || TransactionList::decode(suite, &raws).unwrap());
    measure("recover, all cores", || list.recover_senders());
    measure("submit bytes, all cores", || pool(suite).submit(&raws, 0, true));
    let pool = pool(suite);
    measure("submit with known senders", || pool.submit_decoded(list.as_slice(), 0, true));
    let sealed = measure("seal", || pool.seal(COUNT as usize, &HashSet::new()));
    let header = Header { number: 1, ..Default::default() };
    let block = measure("propose", || Block::propose(suite, header, Arc::new(sealed)));
    let encoded = measure("encode block", || block.encode().unwrap());
    measure("decode block", || Block::decode(suite, &encoded).unwrap());
    measure("commit", || pool.commit(&block));
}
