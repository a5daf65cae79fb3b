//! Where the time of a block goes, stage by stage, in one process and in memory.
//!
//! `blocks ARTIFACT LOAD SIZE COUNT`: the artifact of Transfer.sol; the load `dag` (DagTransfer), `parallel` (the
//! Solidity contract, its function registered as parallel) or `serial` (not registered); transactions per block; blocks.
//! Transfers are between accounts of their own, so that none waits for another. Prints JSON: the best block's
//! microseconds of wall time per transaction, for each stage. RAYON_NUM_THREADS says on how many cores; `benchmarks/execution.py` compares.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a benchmark stops where it fails"
)]

use std::collections::HashMap;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use hansa_codec::{Address, Block, Hash, Header, Suite, TransactionList, UnsignedTransaction, U256};
use hansa_crypto::keccak256;
use hansa_executor::{BlockHashes, Durations, ExecutedBlock, Executor, Settings, StateError, StateReader};

/// To recover takes longest and says the same every time.
const RECOVERIES_MAX: usize = 5;

const SECRET: [u8; 32] = [7; 32];

const DAG_TRANSFER: Address = system_contract(0x5002);
const PARALLEL_CONFIG: Address = system_contract(0x1006);

const fn system_contract(number: u16) -> Address {
    let mut address = [0; 20];
    [address[18], address[19]] = number.to_be_bytes();
    address
}

#[derive(Clone, Default)]
struct Store {
    rows: Arc<Mutex<HashMap<Vec<u8>, Vec<u8>>>>,
    hashes: Arc<Mutex<Vec<Hash>>>,
}

impl StateReader for Store {
    fn read_many(&self, keys: &[Vec<u8>]) -> Result<Vec<Option<Vec<u8>>>, StateError> {
        let rows = self.rows.lock().unwrap();
        Ok(keys.iter().map(|key| rows.get(key).cloned()).collect())
    }
}

impl BlockHashes for Store {
    fn hash_of(&self, number: u64) -> Result<Option<Hash>, StateError> {
        Ok(self.hashes.lock().unwrap().get(number as usize).copied())
    }
}

struct Chain {
    store: Store,
    executor: Executor,
    nonce: u64,
}

impl Chain {
    fn new() -> Self {
        let store = Store::default();
        let settings =
            Settings { suite: Suite::Standard, cache_bytes: 512 << 20, free_storage: false, parallel: true };
        let executor = Executor::new(Box::new(store.clone()), Box::new(store.clone()), settings);
        let mut chain = Self { store, executor, nonce: 0 };
        let genesis = chain.executor.genesis(Header::default(), &[]).unwrap();
        chain.commit(&genesis);
        chain
    }

    fn sign(&mut self, to: Option<Address>, data: Vec<u8>) -> Vec<u8> {
        self.nonce += 1;
        let transaction = UnsignedTransaction {
            nonce: U256::from(self.nonce),
            gas_price: U256::from(1),
            gas: U256::from(300_000_000),
            block_limit: U256::from(500),
            to,
            data,
            chain_id: U256::from(1),
            group_id: U256::from(1),
            ..UnsignedTransaction::default()
        };
        transaction.sign(Suite::Standard, &SECRET).unwrap().raw().to_vec()
    }

    fn propose(&self, transactions: TransactionList) -> Block {
        let hashes = self.store.hashes.lock().unwrap();
        let header = Header {
            number: hashes.len() as u64,
            parent_hash: *hashes.last().unwrap(),
            timestamp: 1_000,
            ..Header::default()
        };
        Block::propose(Suite::Standard, header, Arc::new(transactions))
    }

    fn commit(&mut self, executed: &ExecutedBlock) {
        self.store.rows.lock().unwrap().extend(executed.changes().encoded().iter().cloned());
        self.store.hashes.lock().unwrap().push(*executed.block().hash());
        self.executor.apply(executed);
    }

    /// Run and commit a block that is not measured.
    fn extend(&mut self, raws: &[Vec<u8>]) -> ExecutedBlock {
        let executed = self
            .executor
            .execute(&self.propose(TransactionList::decode(Suite::Standard, raws).unwrap()))
            .unwrap();
        assert_eq!(executed.block().failed_count(), 0);
        self.commit(&executed);
        executed
    }
}

fn call(signature: &str, words: &[Word<'_>]) -> Vec<u8> {
    let mut data = keccak256(signature.as_bytes())[..4].to_vec();
    let mut tail = Vec::new();
    for word in words {
        match word {
            Word::Number(number) => data.extend_from_slice(&U256::from(*number).0),
            Word::Address(address) => {
                data.extend_from_slice(&[0; 12]);
                data.extend_from_slice(*address);
            }
            Word::Text(text) => {
                data.extend_from_slice(&U256::from((words.len() * 32 + tail.len()) as u64).0);
                tail.extend_from_slice(&U256::from(text.len() as u64).0);
                tail.extend_from_slice(text.as_bytes());
                tail.resize(tail.len().next_multiple_of(32), 0);
            }
        }
    }
    data.extend(tail);
    data
}

enum Word<'a> {
    Number(u64),
    Address(&'a Address),
    Text(&'a str),
}

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [artifact, load, size, count] = &arguments[..] else { panic!("ARTIFACT LOAD SIZE COUNT") };
    let (size, count): (usize, usize) = (size.parse().unwrap(), count.parse().unwrap());
    let mut chain = Chain::new();

    let name = |index: usize| format!("account-{index:06}");
    let (target, opening, moving) = match load.as_str() {
        "dag" => (DAG_TRANSFER, "userAdd(string,uint256)", "userTransfer(string,string,uint256)"),
        "parallel" | "serial" => {
            let artifact: serde_json::Value =
                serde_json::from_str(&std::fs::read_to_string(artifact).unwrap()).unwrap();
            let code = artifact["bin"].as_str().unwrap();
            let code =
                (0..code.len()).step_by(2).map(|at| u8::from_str_radix(&code[at..at + 2], 16).unwrap());
            let creation = chain.sign(None, code.collect());
            let contract = chain.extend(&[creation]).block().receipts()[0].contract_address;
            (contract, "open(string,uint256)", "transfer(string,string,uint256)")
        }
        other => panic!("no load {other}"),
    };
    if load == "parallel" {
        let words = [Word::Address(&target), Word::Text(moving), Word::Number(2)];
        let data = call("registerParallelFunctionInternal(address,string,uint256)", &words);
        let registration = chain.sign(Some(PARALLEL_CONFIG), data);
        chain.extend(&[registration]);
    }
    let openings: Vec<_> = (0..2 * size)
        .map(|index| {
            let data = call(opening, &[Word::Text(&name(index)), Word::Number(1_000_000)]);
            chain.sign(Some(target), data)
        })
        .collect();
    chain.extend(&openings);

    let mut stages: Vec<(&str, Vec<Duration>)> = Vec::new();
    let mut add = |stage: &'static str, time: Duration| {
        match stages.iter_mut().find(|(known, _)| *known == stage) {
            Some((_, times)) => times.push(time),
            None => stages.push((stage, vec![time])),
        };
    };
    let raws: Vec<_> = (0..size)
        .map(|index| {
            let (from, to) = (name(2 * index), name(2 * index + 1));
            let data = call(moving, &[Word::Text(&from), Word::Text(&to), Word::Number(1)]);
            chain.sign(Some(target), data)
        })
        .collect();
    let mut transactions = TransactionList::default();
    for _ in 0..count.min(RECOVERIES_MAX) {
        let start = Instant::now();
        transactions = TransactionList::decode(Suite::Standard, &raws).unwrap();
        add("decode", start.elapsed());
        let start = Instant::now();
        assert!(transactions.recover_senders().is_empty());
        add("recover", start.elapsed());
    }
    let block = chain.propose(transactions);
    // The same block again and again: what is committed stays as it is.
    for _ in 0..count {
        let start = Instant::now();
        let executed = chain.executor.execute(&block).unwrap();
        add("execute in all", start.elapsed());
        assert_eq!(executed.block().failed_count(), 0);
        let Durations { plan, run, root, receipts, .. } = *executed.durations();
        for (stage, time) in [("plan", plan), ("run", run), ("root", root), ("receipts", receipts)] {
            add(stage, time);
        }
    }
    let best: serde_json::Map<_, _> = stages
        .into_iter()
        .map(|(stage, mut times)| {
            let best = times.drain(..).min().unwrap().as_secs_f64() * 1e6 / size as f64;
            (stage.to_owned(), ((best * 100.0).round() / 100.0).into())
        })
        .collect();
    println!("{}", serde_json::Value::Object(best));
}
