//! Published EVM vectors (execution §14).

use bytes::Bytes;
use hansa_codec::{Status, Suite};
use hansa_evm::{precompiles, Kind, Message, U256};

use super::assembler::deploying;
use super::fixture::{address, run, transaction, unhex, vectors, Chain};
use crate::schedule::Turn;
use crate::system::abi;
use crate::transaction::execute;
use crate::world::created_address;

const ALICE: [u8; 20] = [0xa1; 20];

fn creation(kind: Kind, sender: [u8; 20], input: Vec<u8>) -> Message {
    Message {
        kind,
        depth: 0,
        is_static: false,
        gas: 0,
        sender,
        recipient: [0; 20],
        code_address: [0; 20],
        value: U256::ZERO,
        input: input.into(),
    }
}

#[test]
fn contract_addresses() {
    let vectors = vectors();
    for case in vectors["create_address"].as_array().unwrap() {
        let message = creation(Kind::Create, address(&case["sender"]), Vec::new());
        let nonce = U256::from(case["nonce"].as_u64().unwrap());
        assert_eq!(created_address(Suite::Standard, &message, nonce), address(&case["keccak"]), "{case}");
        assert_eq!(created_address(Suite::Sm, &message, nonce), address(&case["sm3"]), "{case}");
    }
    for case in vectors["create2_address"].as_array().unwrap() {
        let salt = U256::from_be_slice(&unhex(&case["salt"]));
        let message = creation(Kind::Create2 { salt }, address(&case["sender"]), unhex(&case["init_code"]));
        let nonce = U256::ZERO;
        assert_eq!(created_address(Suite::Standard, &message, nonce), address(&case["keccak"]), "{case}");
        assert_eq!(created_address(Suite::Sm, &message, nonce), address(&case["sm3"]), "{case}");
    }
}

#[test]
fn ethereum_precompiles() {
    for case in vectors()["ethereum_precompiles"].as_array().unwrap() {
        let contract = precompiles::at(&address(&case["address"])).unwrap();
        let (input, cost) = (unhex(&case["input"]), case["gas"].as_u64().unwrap());
        let answer = contract(&input, cost).unwrap();
        assert_eq!((answer.output.to_vec(), answer.cost), (unhex(&case["output"]), cost), "{case}");
        if cost > 0 {
            assert_eq!(contract(&input, cost - 1), Err(precompiles::Failure::OutOfGas), "{case}");
        }
    }
}

#[test]
fn error_outputs() {
    for case in vectors()["error_outputs"].as_array().unwrap() {
        let text = case["message"].as_str().unwrap().as_bytes();
        assert_eq!(abi::error(Suite::Standard, text).to_vec(), unhex(&case["output"]), "{case}");
        assert_eq!(abi::error(Suite::Sm, text).to_vec(), unhex(&case["sm3"]), "{case}");
    }
}

#[test]
fn selectors_are_hashed_with_the_suite_of_the_chain() {
    for case in vectors()["selectors"].as_array().unwrap() {
        let signature = case["signature"].as_str().unwrap();
        assert_eq!(abi::selector(Suite::Standard, signature).to_vec(), unhex(&case["keccak"]), "{signature}");
        assert_eq!(abi::selector(Suite::Sm, signature).to_vec(), unhex(&case["sm3"]), "{signature}");
    }
}

/// A contract is deployed, called in five ways and destroyed; then it is not there.
fn hello_world(free_storage: bool, expected: &str) {
    let vectors = vectors();
    let hello = &vectors["helloworld"];
    let expected = &hello[expected];
    let chain = Chain::new(free_storage);
    let block = chain.block(0);
    let deployed = run(&block, ALICE, None, unhex(&hello["init_code"]));
    assert_eq!(deployed.status, Status::None);
    assert_eq!(deployed.gas_used, U256::from(expected["deploy"].as_u64().unwrap()));
    let contract = deployed.contract.unwrap();
    for step in hello["order"].as_array().unwrap().iter().skip(1) {
        let step = step.as_str().unwrap();
        let data = unhex(&hello["calls"][step.trim_end_matches(" again")]);
        let called = run(&block, ALICE, Some(contract), data);
        assert_eq!(called.status, Status::None, "{step}");
        assert_eq!(called.gas_used, U256::from(expected[step]["gas_used"].as_u64().unwrap()), "{step}");
        assert_eq!(called.output.to_vec(), unhex(&expected[step]["output"]), "{step}");
    }
    let gone = run(&block, ALICE, Some(contract), unhex(&hello["calls"]["get()"]));
    assert_eq!(gone.status, Status::CallAddressError);
}

#[test]
fn hello_world_with_ordinary_prices() {
    hello_world(false, "normal");
}

#[test]
fn hello_world_with_free_storage() {
    hello_world(true, "free_storage");
}

/// Deploy this code, which is at most 255 bytes long, and call it.
fn run_code(code: &[u8]) -> crate::transaction::Executed {
    let chain = Chain::new(false);
    let block = chain.block(0);
    let contract = run(&block, ALICE, None, deploying(code)).contract.unwrap();
    run(&block, ALICE, Some(contract), Bytes::new())
}

const LIMIT: u64 = 300_000_000;

#[test]
fn opcodes_after_istanbul_are_not_there() {
    for opcode in [0x1e, 0x48, 0x49, 0x4a, 0x5c, 0x5d, 0x5e, 0x5f, 0xe6, 0xfe, 0x0c] {
        let outcome = run_code(&[opcode]);
        assert_eq!(
            (outcome.status, outcome.gas_used),
            (Status::BadInstruction, U256::from(LIMIT)),
            "{opcode:#x}"
        );
    }
}

#[test]
fn failures_take_all_gas_but_running_out_of_it_takes_none() {
    for (code, status, gas_used) in [
        (&[0x60, 0x03, 0x56][..], Status::BadJumpDestination, LIMIT),
        (&[0x01], Status::StackUnderflow, LIMIT),
        (&[0x5b, 0x60, 0x01, 0x60, 0x00, 0x56], Status::OutOfStack, LIMIT),
        // RETURNDATACOPY beyond the end
        (&[0x60, 0x01, 0x60, 0x00, 0x60, 0x00, 0x3e], Status::Unknown, LIMIT),
        // an endless loop; MLOAD far out
        (&[0x5b, 0x60, 0x00, 0x56], Status::OutOfGas, 21_000),
        (&[0x60, 0x00, 0x19, 0x51], Status::OutOfGas, 21_000),
        // REVERT keeps what is left
        (&[0x60, 0x00, 0x60, 0x00, 0xfd], Status::RevertInstruction, 21_006),
    ] {
        let outcome = run_code(code);
        assert_eq!((outcome.status, outcome.gas_used), (status, U256::from(gas_used)), "{code:x?}");
    }
}

/// A contract that calls itself until it may not: 1024 frames on the heap, none on the native stack.
#[test]
fn the_deepest_call_is_refused_without_a_native_frame() {
    // slot0 += 1; CALL(gas, self, 0, 0, 0, 0, 0)
    let code = [
        0x60, 0x00, 0x54, 0x60, 0x01, 0x01, 0x60, 0x00, 0x55, // SSTORE(0, SLOAD(0) + 1)
        0x60, 0x00, 0x60, 0x00, 0x60, 0x00, 0x60, 0x00, 0x60, 0x00, 0x30, 0x5a, 0xf1, // CALL
        0x60, 0x00, 0x54, 0x60, 0x00, 0x52, 0x60, 0x20, 0x60, 0x00, 0xf3, // RETURN(SLOAD(0))
    ];
    let outcome = std::thread::Builder::new().stack_size(256 << 10).spawn(move || {
        let outcome = run_code(&code);
        (outcome.status, U256::from_be_slice(&outcome.output))
    });
    let (status, frames) = outcome.unwrap().join().unwrap();
    assert_eq!(status, Status::None);
    assert!(frames > U256::from(300) && frames <= U256::from(1025), "{frames}");
}

#[test]
fn a_call_that_bears_value_pushes_zero_and_gives_the_stipend_back() {
    // RETURN(CALL(gas, 4, value 1, 0, 0, 0, 0))
    let code = [
        0x60, 0x00, 0x60, 0x00, 0x60, 0x00, 0x60, 0x00, 0x60, 0x01, 0x60, 0x04, 0x5a, 0xf1, // CALL
        0x60, 0x00, 0x52, 0x60, 0x20, 0x60, 0x00, 0xf3,
    ];
    let outcome = run_code(&code);
    assert_eq!((outcome.status, outcome.output.to_vec()), (Status::None, vec![0; 32]));
    let (before, after) = (6 * 3 + 2, 5 * 3);
    assert_eq!(outcome.gas_used, U256::from(21_000 + before + 700 + 9_000 - 2_300 + after));
}

#[test]
fn a_creation_with_value_is_refused() {
    let chain = Chain::new(false);
    let request = crate::transaction::Request { value: U256::ONE, ..transaction(ALICE, None, Bytes::new()) };
    let outcome = execute(&chain.block(0), &request, Turn::ONLY).unwrap();
    assert_eq!((outcome.status, outcome.contract), (Status::NotEnoughCash, None));
}

#[test]
fn too_little_gas_for_the_data_is_refused_by_the_formula() {
    let rows = [("key", "tx_gas_limit"), ("value", "100000"), ("enable_num", "0")];
    let rows = rows.map(|(field, value)| (field.to_owned(), value.to_owned())).to_vec();
    let chain = Chain::with_rows(true, &[("_sys_config_".to_owned(), rows)]);
    let outcome = run(&chain.block(0), ALICE, None, vec![1; 692]);
    assert_eq!((outcome.status, outcome.gas_used), (Status::OutOfGasIntrinsic, U256::from(100_000)));
}

#[test]
fn the_same_sender_makes_other_addresses_even_after_a_failure() {
    let chain = Chain::new(false);
    let block = chain.block(0);
    let failed = run(&block, ALICE, None, vec![0x60, 0x00, 0x60, 0x00, 0xfd]);
    assert_eq!((failed.status, failed.contract), (Status::RevertInstruction, None));
    let made = run(&block, ALICE, None, Bytes::new());
    let message = creation(Kind::Create, ALICE, Vec::new());
    assert_eq!(made.contract, Some(created_address(Suite::Standard, &message, U256::ONE)));
    // It has no code: later calls find nothing.
    assert_eq!(run(&block, ALICE, made.contract, Bytes::new()).status, Status::CallAddressError);
}

/// Four slots are cleared by a transaction whose gas field says little: the refund is larger than what it used, and the
/// receipt bears the difference modulo 2²⁵⁶.
#[test]
fn a_refund_beyond_what_was_used_wraps() {
    // SSTORE(slot, ISZERO(CALLDATASIZE)) for slots 0 to 3
    let code: Vec<u8> = (0..4).flat_map(|slot| [0x36, 0x15, 0x60, slot, 0x55]).collect();
    let chain = Chain::new(false);
    let block = chain.block(0);
    let contract = run(&block, ALICE, None, deploying(&code)).contract;
    assert_eq!(run(&block, ALICE, contract, Bytes::new()).gas_used, U256::from(21_000 + 4 * 20_008));

    let clearing =
        crate::transaction::Request { gas: U256::from(100_000), ..transaction(ALICE, contract, vec![1]) };
    let receipt = execute(&block, &clearing, Turn::ONLY).unwrap().into_receipt(Suite::Standard);
    let used = U256::from(21_068 + 4 * 5_008);
    assert_eq!(U256::from_be_bytes(receipt.gas_used.0), used.wrapping_sub(U256::from(4 * 15_000)));
    assert_eq!(receipt.gas_used.significant_bytes().len(), 32);
    assert_eq!(hansa_codec::Receipt::decode(&receipt.encode()), Ok(receipt));
}
