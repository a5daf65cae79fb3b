//! Published sequences of calls of system contracts (execution §14): each runs on a fresh chain, in one block.

use std::cell::RefCell;

use bytes::Bytes;
use hansa_evm::{Address, Host, Kind, Message, TransactionContext, U256};
use serde_json::Value;

use super::fixture::{address, run, unhex, vectors, Chain};
use crate::account::Account;
use crate::block::BlockRun;
use crate::schedule::Turn;
use crate::system::Object;
use crate::world::World;

/// Who calls when a sequence does not say.
const ANYBODY: Address = [0x42; 20];

/// Sequences on objects, which live within one transaction, run apart.
const OF_OBJECTS: [&str; 2] = ["Entry object", "Condition object"];

fn sequences() -> Vec<Value> {
    let Value::Object(mut vectors) = vectors() else { panic!() };
    let Some(Value::Array(sequences)) = vectors.remove("sequences") else { panic!() };
    sequences
}

/// What a sequence finds on its chain.
fn prepared(name: &str) -> Chain {
    if name != "GasChargeManage" {
        return Chain::new(false);
    }
    let charger = "1000000000000000000000000000000000000001,";
    let fields = [("key", "charger_list"), ("value", charger), ("enable_num", "0")];
    let fields = fields.map(|(field, value)| (field.to_owned(), value.to_owned())).to_vec();
    Chain::with_rows(false, &[("_sys_config_".to_owned(), fields)])
}

fn prepare_block(name: &str, block: &BlockRun<'_>) {
    if name != "ContractLifeCycle" {
        return;
    }
    let contract = address(&"0xa4adafef4c989e17675479565b9abb5821d81f2c".into());
    let manager = Bytes::from_static(b"1000000000000000000000000000000000000001");
    let mut world = World::new(block, TransactionContext::default(), Turn::ONLY);
    let account = Account::open_or_create(&mut world.session, &contract).unwrap();
    account.set_code(&mut world.session, Bytes::from_static(&[0x00])).unwrap();
    account.add_authority(&mut world.session, manager).unwrap();
}

#[test]
fn published_sequences() {
    let mut steps = 0;
    for sequence in sequences() {
        let name = sequence["name"].as_str().unwrap();
        if OF_OBJECTS.contains(&name) {
            continue;
        }
        let chain = prepared(name);
        let mut block = chain.block(sequence["parent_number"].as_u64().unwrap_or(0));
        prepare_block(name, &block);
        for step in sequence["steps"].as_array().unwrap() {
            if let Some(parent) = step["parent_number"].as_u64() {
                block.current_number = parent + 1;
            }
            let to = if step["to"].is_string() { &step["to"] } else { &sequence["to"] };
            let origin = if step["origin"].is_string() { address(&step["origin"]) } else { ANYBODY };
            let called = run(&block, origin, Some(address(to)), unhex(&step["data"]));
            let what = format!("{name}: {}", step["name"]);
            assert_eq!(u64::from(called.status.code()), step["status"].as_u64().unwrap_or(0), "{what}");
            assert_eq!(called.output.to_vec(), unhex(&step["output"]), "{what}");
            steps += 1;
        }
    }
    assert!(steps >= 120, "{steps} steps");
}

#[test]
fn published_sequences_on_objects() {
    let fields = [("keyInt", "100"), ("k1000", "1000")];
    let fields = fields.map(|(field, value)| (Bytes::from(field), Bytes::from(value))).into();
    for (name, object) in
        [("Entry object", Object::entry(fields)), ("Condition object", Object::Condition(RefCell::default()))]
    {
        let sequence = sequences().into_iter().find(|sequence| sequence["name"] == name).unwrap();
        let chain = Chain::new(false);
        let block = chain.block(0);
        let mut world = World::new(&block, TransactionContext::default(), Turn::ONLY);
        let object = world.register(object);
        for step in sequence["steps"].as_array().unwrap() {
            let outcome = call(&mut world, object, unhex(&step["data"]));
            assert_eq!(outcome.output.to_vec(), unhex(&step["output"]), "{}", step["name"]);
        }
    }
}

fn call(world: &mut World<'_>, to: Address, data: Vec<u8>) -> hansa_evm::Outcome {
    let message = Message {
        kind: Kind::Call,
        depth: 0,
        is_static: false,
        gas: 1_000_000,
        sender: ANYBODY,
        recipient: to,
        code_address: to,
        value: U256::ZERO,
        input: data.into(),
    };
    match world.enter(&message).unwrap() {
        hansa_evm::Entrance::Over(outcome) => outcome,
        hansa_evm::Entrance::Code { .. } => panic!("an object has no code"),
    }
}

#[test]
fn unknown_selectors() {
    let vectors = vectors();
    let unknown = &vectors["unknown_selector"];
    for (contract, output) in unknown["results"].as_object().unwrap() {
        let contract = address(&contract.as_str().into());
        let chain = Chain::new(false);
        for data in [unhex(&unknown["data"]), Vec::new(), vec![1, 2, 3]] {
            let called = run(&chain.block(0), ANYBODY, Some(contract), data);
            assert_eq!((called.status.code(), called.output.to_vec()), (0, unhex(output)), "{contract:x?}");
        }
    }
}
