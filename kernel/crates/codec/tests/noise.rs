//! What strangers may send: round trips of anything we write, and no panic on anything else.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use std::sync::Arc;

use hansa_codec::rlp::{encode_list, Item};
use hansa_codec::{
    decode_proposal, Block, BlockSignature, Bloom, Header, LogEntry, Reason, Receipt, Suite, Transaction,
    TransactionList, UnsignedTransaction, U256,
};
use proptest::collection::vec;
use proptest::prelude::*;

fn suite() -> impl Strategy<Value = Suite> {
    prop_oneof![Just(Suite::Standard), Just(Suite::Sm)]
}

prop_compose! {
    fn u256()(bytes: [u8; 32], zeros in 0usize..=32) -> U256 {
        let mut bytes = bytes;
        bytes[..zeros].fill(0);
        U256(bytes)
    }
}

prop_compose! {
    fn transaction(suite: Suite)(
        numbers in prop::array::uniform7(u256()), to: Option<[u8; 20]>, data in vec(any::<u8>(), 0..300),
        extra_data in vec(any::<u8>(), 0..70), secret in 1u8..0xff
    ) -> Arc<Transaction> {
        let [nonce, gas_price, gas, block_limit, value, chain_id, group_id] = numbers;
        let unsigned = UnsignedTransaction {
            nonce, gas_price, gas, block_limit, to, value, data, chain_id, group_id, extra_data,
        };
        Arc::new(unsigned.sign(suite, &[secret; 32]).unwrap())
    }
}

prop_compose! {
    fn log()(address: [u8; 20], topics in vec(any::<[u8; 32]>(), 0..5), data in vec(any::<u8>(), 0..80)) -> LogEntry {
        LogEntry { address, topics, data }
    }
}

prop_compose! {
    fn receipt(suite: Suite)(
        state_root: [u8; 32], gas_used: [u8; 32], contract_address: [u8; 20], status: u32,
        output in vec(any::<u8>(), 0..100), remain_gas in u256(), logs in vec(log(), 0..3)
    ) -> Receipt {
        Receipt { state_root, gas_used: U256(gas_used), contract_address, bloom: Bloom::of(suite, &logs), status, output, remain_gas, logs }
    }
}

prop_compose! {
    fn header()(
        hashes: [[u8; 32]; 3], number in 0..=i64::MAX as u64, timestamp: u64, sealer in u256(),
        extra_data in vec(vec(any::<u8>(), 0..60), 0..3), keys in vec(any::<u8>(), 0..4)
    ) -> Header {
        Header {
            parent_hash: hashes[0], state_root: hashes[1], db_hash: hashes[2], number, timestamp, sealer, extra_data,
            sealer_list: keys.iter().map(|key| [*key; 64]).collect(), ..Default::default()
        }
    }
}

prop_compose! {
    fn block()(suite in suite())(
        header in header(), pairs in vec((transaction(suite), receipt(suite)), 0..4), runs in any::<bool>(),
        indices in vec(any::<u64>(), 0..3), suite in Just(suite)
    ) -> Block {
        let (transactions, receipts): (Vec<_>, Vec<_>) = pairs.into_iter().unzip();
        let proposed = Block::propose(suite, header, Arc::new(transactions.into()));
        let ran = if runs { proposed.with_receipts((**proposed.header()).clone(), receipts).unwrap() } else { proposed };
        ran.with_signatures(indices.into_iter().map(|sealer_index| BlockSignature { sealer_index, signature: vec![1; suite.signature_size()] }).collect())
    }
}

/// Run all decoders; what one accepts must survive being asked everything.
fn decode_all(data: &[u8]) {
    decode_all_of(Suite::Standard, data);
    decode_all_of(Suite::Sm, data);
}

fn decode_all_of(suite: Suite, data: &[u8]) {
    if let Ok(transaction) = Transaction::decode(suite, data) {
        let again = Transaction::decode(suite, transaction.raw()).unwrap();
        assert_eq!(again.hash(), transaction.hash());
        let _ = (transaction.sender(), transaction.to_json());
    }
    if let Ok(header) = Header::decode(data) {
        assert_eq!(Header::decode(&header.encode()).unwrap(), header);
    }
    if let Ok(receipt) = Receipt::decode(data) {
        assert_eq!(Receipt::decode(&receipt.encode()).unwrap(), receipt);
    }
    if let Ok(list) = TransactionList::decode_blob(suite, data) {
        assert_eq!(list.encode_blob().unwrap(), data);
    }
    if let Ok(proposal) = decode_proposal(suite, data) {
        assert_eq!(proposal.header.hash(suite), proposal.hash);
    }
    if let Ok(block) = Block::decode(suite, data) {
        assert_eq!(Block::decode(suite, &block.encode().unwrap()).unwrap().hash(), block.hash());
        let _ = (block.receipts_json(true), block.batch_receipts_json(0, usize::MAX));
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 128, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn noise_panics_no_decoder(data in vec(any::<u8>(), 0..400)) {
        decode_all(&data);
    }

    #[test]
    fn lists_of_noise_panic_no_decoder(items in vec(vec(any::<u8>(), 0..70), 0..16)) {
        decode_all(&encode_list(64, |list| items.iter().for_each(|item| list.bytes(item))));
    }

    #[test]
    fn damaged_blocks_panic_no_decoder(block in block(), at: prop::sample::Index, byte: u8, cut: prop::sample::Index) {
        let mut data = block.encode().unwrap();
        let index = at.index(data.len());
        data[index] = byte;
        decode_all(&data);
        decode_all(&data[..cut.index(data.len())]);
    }

    #[test]
    fn damaged_transactions_panic_no_decoder(transaction in suite().prop_flat_map(transaction), at: prop::sample::Index, byte: u8) {
        let mut data = transaction.raw().to_vec();
        let index = at.index(data.len());
        data[index] = byte;
        decode_all(&data);
    }

    #[test]
    fn damaged_blobs_panic_no_decoder(list in suite().prop_flat_map(|suite| vec(transaction(suite), 1..4)), at: prop::sample::Index, byte: u8) {
        let mut data = TransactionList::from(list).encode_blob().unwrap();
        let index = at.index(data.len());
        data[index] = byte;
        decode_all(&data);
    }

    #[test]
    fn blocks_survive_the_wire(block in block()) {
        let encoded = block.encode().unwrap();
        let decoded = Block::decode(block.suite(), &encoded).unwrap();
        prop_assert_eq!(decoded.encode().unwrap(), encoded);
        prop_assert_eq!(decoded.receipts(), block.receipts());
        prop_assert_eq!(decoded.signatures(), block.signatures());
        let proposal = decode_proposal(block.suite(), &block.encode_proposal()).unwrap();
        prop_assert_eq!(proposal.transaction_hashes, block.transactions().hashes());
        for index in 0..block.receipts().len() {
            let with_proofs: serde_json::Value = serde_json::from_slice(&block.receipt_json(index, true).unwrap()).unwrap();
            let proof: serde_json::Value = serde_json::from_slice(&block.receipt_proof_json(index).unwrap()).unwrap();
            prop_assert_eq!(&with_proofs["receiptProof"], &proof);
            // Names are in byte order and nothing is between them: another writer makes the same text.
            prop_assert_eq!(serde_json::to_vec(&with_proofs).unwrap(), block.receipt_json(index, true).unwrap());
        }
    }

    #[test]
    fn transactions_survive_the_wire(transaction in suite().prop_flat_map(transaction)) {
        let decoded = Transaction::decode(transaction.suite(), transaction.raw()).unwrap();
        prop_assert_eq!(decoded.hash(), transaction.hash());
        prop_assert!(decoded.sender().is_some());
        let json: serde_json::Value = serde_json::from_slice(&decoded.to_json()).unwrap();
        prop_assert_eq!(serde_json::to_vec(&json).unwrap(), decoded.to_json());
    }

    #[test]
    fn numbers_are_shortest(number in u256()) {
        let encoded = encode_list(40, |list| list.u256(&number));
        let item = Item::parse(&encoded).unwrap().list().unwrap().expect_item().unwrap();
        prop_assert_eq!(item.u256(), Ok(number));
    }
}

#[test]
fn other_spellings_of_rlp_are_refused() {
    let refused = |bytes: &[u8]| Item::parse(bytes).map(|_| ()).unwrap_err();
    assert_eq!(refused(&[]), Reason::Truncated);
    assert_eq!(refused(&[0x81, 0x7f]), Reason::NotShortest);
    assert_eq!(refused(&[0xb8, 0x01, 0xff]), Reason::NotShortest);
    assert_eq!(refused(&[0xb9, 0x00, 0x40]), Reason::NotShortest);
    assert_eq!(refused(&[0xf8, 0x37]), Reason::NotShortest);
    assert_eq!(refused(&[0x82, 0x01]), Reason::Truncated);
    assert_eq!(refused(&[0xbf, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff]), Reason::Truncated);
    assert_eq!(refused(&[0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff]), Reason::Truncated);
    assert_eq!(refused(&[0x01, 0x02]), Reason::TrailingBytes);
    assert_eq!(Item::parse(&[0x00]).unwrap().u256(), Err(Reason::LeadingZero));
    assert_eq!(Item::parse(&[0xc0]).unwrap().u256(), Err(Reason::NotBytes));
    assert_eq!(Item::parse(&[0x80]).unwrap().list().map(|_| ()), Err(Reason::NotList));
}

#[test]
fn a_blob_describes_all_of_its_bytes() {
    let raw = UnsignedTransaction::default().sign(Suite::Standard, &[1; 32]).unwrap().raw().to_vec();
    let size = u32::try_from(raw.len()).unwrap();
    let blob = |words: &[u32], body: &[u8]| {
        let table: Vec<_> = words.iter().flat_map(|word| word.to_le_bytes()).collect();
        TransactionList::decode_blob(Suite::Standard, &[table, body.to_vec()].concat()).map(|list| list.len())
    };
    assert_eq!(blob(&[1, 0, size], &raw), Ok(1));
    assert_eq!(TransactionList::decode_blob(Suite::Standard, &[]).map(|list| list.len()), Ok(0));
    for words in [
        &[0, 0][..],
        &[1, 0, size - 1],
        &[1, 0, size + 1],
        &[1, 1, size],
        &[2, 0, size],
        &[u32::MAX, 0, size],
    ] {
        assert!(blob(words, &raw).is_err(), "{words:?}");
    }
    assert!(blob(&[2, 0, size + 1, size], &raw).is_err());
    assert!(TransactionList::decode_blob(Suite::Standard, &[1, 0, 0]).is_err());
}

#[test]
fn errors_say_where() {
    let error = TransactionList::decode(Suite::Standard, &[b"\xc0".to_vec()]).unwrap_err();
    assert_eq!(error.to_string(), "entry 0: transaction nonce: the item is missing");
}
