//! Whatever is sent ends in a receipt, and in the same one every time.

use hansa_evm::Address;
use proptest::prelude::*;

use super::assembler::deploying;
use super::fixture::{run, Chain};
use crate::block::BlockRun;
use crate::transaction::Executed;

const ALICE: Address = [0xa1; 20];

/// Code that is likely to run for a while: random opcodes, with pushes that keep the stack filled.
fn code() -> impl Strategy<Value = Vec<u8>> {
    let push = any::<[u8; 2]>().prop_map(|value| vec![0x61, value[0], value[1]]);
    let small = (0u8..64).prop_map(|value| vec![0x60, value]);
    let opcode = any::<u8>().prop_map(|opcode| vec![opcode]);
    let state = prop::sample::select(vec![
        0x20u8, 0x3b, 0x3c, 0x51, 0x52, 0x54, 0x55, 0x5a, 0xa1, 0xf0, 0xf1, 0xf5, 0xfa,
    ])
    .prop_map(|opcode| {
        vec![0x60, 0x02, 0x60, 0x01, 0x60, 0x04, 0x60, 0x02, 0x60, 0x00, 0x60, 0x04, 0x60, 0xff, opcode]
    });
    prop::collection::vec(prop_oneof![3 => push, 4 => small, 4 => opcode, 2 => state], 1..60)
        .prop_map(|parts| parts.concat())
}

fn system_contract() -> impl Strategy<Value = Address> {
    let numbers: Vec<u16> = (1..=9).chain(0x1000..=0x1011).chain(0x5002..=0x5006).collect();
    prop::sample::select(numbers).prop_map(|number| {
        let mut address = [0; 20];
        address[18..].copy_from_slice(&number.to_be_bytes());
        address
    })
}

/// Call data with words that look like offsets and lengths, after a selector that may be known.
fn call_data() -> impl Strategy<Value = Vec<u8>> {
    let known = [
        "setValueByKey(string,string)",
        "createTable(string,string,string)",
        "openTable(string)",
        "insert(string,string,string,string)",
        "select(string,string,string,string)",
        "update(string,string,string,string,string)",
        "addSealer(string)",
        "selectByName(string)",
        "insert(string,string)",
        "grantWrite(address,address)",
        "registerParallelFunctionInternal(address,string,uint256)",
        "freeze(address)",
        "grantCommitteeMember(address)",
        "updateThreshold(int256)",
        "charge(address,uint256)",
        "userTransfer(string,string,uint256)",
    ];
    let selector = prop_oneof![
        prop::sample::select(known.to_vec())
            .prop_map(|signature| crate::system::abi::selector(hansa_codec::Suite::Standard, signature)),
        any::<[u8; 4]>()
    ];
    let word = prop_oneof![
        (0u8..0xff).prop_map(|value| {
            let mut word = [0; 32];
            word[31] = value;
            word
        }),
        any::<[u8; 32]>(),
        Just([0xff; 32]),
    ];
    (selector, prop::collection::vec(word, 0..8), 0usize..260).prop_map(|(selector, words, length)| {
        let mut data = [&selector[..], &words.concat()].concat();
        data.truncate(length);
        data
    })
}

fn summary(executed: &Executed) -> impl PartialEq + std::fmt::Debug {
    let Executed { status, gas_used, output, contract, logs, .. } = executed;
    (*status, *gas_used, output.clone(), *contract, logs.clone())
}

/// Deploy the code as creation code and as a contract, and call it; twice, on chains of their own.
fn run_twice(work: impl Fn(&BlockRun<'_>) -> Vec<Executed>) -> Result<(), TestCaseError> {
    let run = || {
        let chain = Chain::new(false);
        let block = chain.block(0);
        let outcomes: Vec<_> = work(&block).iter().map(summary).collect();
        let changes = block.state.changes(1).unwrap();
        let mut rows = changes.encoded().to_vec();
        rows.sort();
        (outcomes, block.state.root(), rows)
    };
    prop_assert_eq!(run(), run());
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, ..ProptestConfig::default() })]

    #[test]
    fn random_code_ends_the_same_way_twice(code in code(), data in prop::collection::vec(any::<u8>(), 0..70)) {
        run_twice(|block| {
            let mut outcomes = vec![run(block, ALICE, None, code.clone())];
            if code.len() < 256 {
                let contract = run(block, ALICE, None, deploying(&code)).contract;
                outcomes.extend(contract.map(|contract| run(block, ALICE, Some(contract), data.clone())));
            }
            outcomes
        })?;
    }

    #[test]
    fn random_calls_of_system_contracts_end_the_same_way_twice(
        calls in prop::collection::vec((system_contract(), call_data()), 1..6)
    ) {
        run_twice(|block| {
            calls.iter().map(|(to, data)| run(block, ALICE, Some(*to), data.clone())).collect()
        })?;
    }
}
