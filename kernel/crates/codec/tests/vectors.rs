//! The codec against vectors of others.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use std::sync::Arc;

use hansa_codec::rlp::{encode_list, Item};
use hansa_codec::{
    decode_proposal, merkle, status_text, Block, BlockSignature, Bloom, Header, LogEntry, Receipt, Status,
    Suite, Transaction, TransactionList, UnsignedTransaction, U256,
};
use serde_json::Value;

fn vectors(file: &str, name: &str) -> Vec<Value> {
    let text = match file {
        "transactions" => include_str!("vectors/transactions.json"),
        "receipts" => include_str!("vectors/receipts.json"),
        "merkle" => include_str!("vectors/merkle.json"),
        "headers" => include_str!("vectors/headers.json"),
        _ => include_str!("vectors/blocks.json"),
    };
    let all: Value = serde_json::from_str(text).unwrap();
    all[name].as_array().unwrap().clone()
}

fn bytes(value: &Value) -> Vec<u8> {
    let text = value.as_str().unwrap().trim_start_matches("0x");
    (0..text.len()).step_by(2).map(|at| u8::from_str_radix(&text[at..at + 2], 16).unwrap()).collect()
}

fn fixed<const N: usize>(value: &Value) -> [u8; N] {
    bytes(value).try_into().unwrap()
}

/// The suite of the chain that a vector is of.
fn suite(vector: &Value) -> Suite {
    match vector.get("mode").and_then(Value::as_str) {
        None => Suite::Standard,
        Some(mode) => {
            assert_eq!(mode, "sm");
            Suite::Sm
        }
    }
}

/// A quantity: a number, or hexadecimal without leading zeros.
fn number(value: &Value) -> U256 {
    if let Some(number) = value.as_u64() {
        return U256::from(number);
    }
    let digits = value.as_str().unwrap().trim_start_matches("0x");
    let padded = format!("{digits:0>64}");
    U256(fixed(&Value::String(padded)))
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[test]
fn transactions_decode_to_their_fields_hashes_and_sender() {
    for vector in vectors("transactions", "valid") {
        let transaction = Transaction::decode(suite(&vector), bytes(&vector["rlp"])).unwrap();
        let fields = &vector["fields"];
        assert_eq!(transaction.nonce(), &number(&fields["nonce"]));
        assert_eq!(transaction.gas_price(), &number(&fields["gasPrice"]));
        assert_eq!(transaction.gas(), &number(&fields["gas"]));
        assert_eq!(transaction.block_limit(), &number(&fields["blockLimit"]));
        assert_eq!(transaction.to().map_or(vec![], |to| to.to_vec()), bytes(&fields["to"]));
        assert_eq!(transaction.value(), &number(&fields["value"]));
        assert_eq!(transaction.data(), bytes(&fields["data"]));
        assert_eq!(transaction.chain_id(), &number(&fields["chainId"]));
        assert_eq!(transaction.group_id(), &number(&fields["groupId"]));
        assert_eq!(transaction.extra_data(), bytes(&fields["extraData"]));
        assert_eq!(transaction.signing_hash(), fixed(&vector["signingHash"]));
        assert_eq!(transaction.hash(), &fixed(&vector["hash"]));
        assert_eq!(transaction.suite(), suite(&vector));
        assert_eq!(transaction.signature()[..], bytes(&vector["signature"]));
        assert_eq!(transaction.sender(), Some(fixed(&vector["sender"])));
        assert_eq!(transaction.raw(), bytes(&vector["rlp"]));
    }
}

#[test]
fn signing_makes_the_same_bytes_as_the_sdk() {
    let mut count = 0;
    for vector in vectors("transactions", "valid").iter().filter(|vector| vector.get("privateKey").is_some())
    {
        let fields = &vector["fields"];
        let unsigned = UnsignedTransaction {
            nonce: number(&fields["nonce"]),
            gas_price: number(&fields["gasPrice"]),
            gas: number(&fields["gas"]),
            block_limit: number(&fields["blockLimit"]),
            to: bytes(&fields["to"]).try_into().ok(),
            value: number(&fields["value"]),
            data: bytes(&fields["data"]),
            chain_id: number(&fields["chainId"]),
            group_id: number(&fields["groupId"]),
            extra_data: bytes(&fields["extraData"]),
        };
        assert_eq!(
            unsigned.sign(Suite::Standard, &fixed(&vector["privateKey"])).unwrap().raw(),
            bytes(&vector["rlp"])
        );
        count += 1;
    }
    assert!(count >= 6);
}

#[test]
fn transactions_the_chain_refuses_do_not_decode_or_have_no_sender() {
    for vector in vectors("transactions", "invalid") {
        let sender = Transaction::decode(Suite::Standard, bytes(&vector["rlp"]))
            .map(|transaction| transaction.sender());
        assert!(matches!(sender, Err(_) | Ok(None)), "{}", vector["why"]);
    }
}

#[test]
fn another_spelling_of_a_transaction_keeps_its_bytes_but_has_the_canonical_hash() {
    let unsigned = UnsignedTransaction { nonce: 5.into(), block_limit: 9.into(), ..Default::default() };
    let canonical = unsigned.sign(Suite::Standard, &[1; 32]).unwrap();
    let items: Vec<_> = Item::parse(canonical.raw())
        .unwrap()
        .list()
        .unwrap()
        .map(|item| item.unwrap().encoded().to_vec())
        .collect();
    // `to` and `extraData` as empty lists, and a 14th item.
    let mut spelled = items.clone();
    spelled[4] = vec![0xc0];
    spelled[9] = vec![0xc0];
    spelled.push(vec![0x01]);
    let payload = spelled.concat();
    let raw = [vec![0xf8, u8::try_from(payload.len()).unwrap()], payload].concat();

    let transaction = Transaction::decode(Suite::Standard, raw.clone()).unwrap();
    assert_eq!(transaction.raw(), raw);
    assert_eq!(transaction.hash(), canonical.hash());
    assert_eq!(transaction.signing_hash(), canonical.signing_hash());
    assert_eq!(transaction.to(), None);
    assert_eq!(transaction.sender(), canonical.sender());
}

#[test]
fn a_short_key_stands_for_the_padded_one() {
    let short = vectors("transactions", "valid")
        .into_iter()
        .find(|vector| vector["note"].as_str().is_some_and(|note| note.contains("integer")))
        .unwrap();
    let transaction = Transaction::decode(Suite::Sm, bytes(&short["rlp"])).unwrap();
    assert_eq!(transaction.raw(), bytes(&short["rlp"]), "it is forwarded as received");
    assert_ne!(transaction.hash(), &Suite::Sm.hash(transaction.raw()), "and known by its full form");
    let full =
        UnsignedTransaction { nonce: 5.into(), ..Default::default() }.sign(Suite::Sm, &[1; 32]).unwrap();
    assert_eq!(full.hash(), &Suite::Sm.hash(full.raw()));
}

#[test]
fn a_key_of_another_or_of_no_account_signs_nothing() {
    let sign = |secret: u8| UnsignedTransaction::default().sign(Suite::Sm, &[secret; 32]).unwrap();
    let (one, other) = (sign(1), sign(2));
    let with_key = |key: &[u8]| {
        let items: Vec<_> = Item::parse(one.raw()).unwrap().list().unwrap().map(Result::unwrap).collect();
        let raw = encode_list(256, |list| {
            for (index, item) in items.iter().enumerate() {
                if index == 10 {
                    list.bytes(key);
                } else {
                    list.encoded(item.encoded());
                }
            }
        });
        Transaction::decode(Suite::Sm, raw)
    };
    assert_eq!(with_key(&one.signature()[64..]).unwrap().sender(), one.sender());
    assert!(one.sender().is_some());
    assert_eq!(with_key(&other.signature()[64..]).unwrap().sender(), None);
    assert_eq!(with_key(&[]).unwrap().sender(), None);
    assert_eq!(with_key(&[7; 65]).unwrap_err().to_string(), "transaction v: the value is too long");
    let of_the_other_suite = UnsignedTransaction::default().sign(Suite::Standard, &[1; 32]).unwrap();
    assert_eq!(Transaction::decode(Suite::Sm, of_the_other_suite.raw()).unwrap().sender(), None);
    assert!(Transaction::decode(Suite::Standard, one.raw()).is_err());
}

#[test]
fn transaction_json_is_what_clients_were_shown() {
    let mut count = 0;
    for vector in vectors("transactions", "valid").iter().filter(|vector| vector.get("rpcJson").is_some()) {
        let transaction = Transaction::decode(suite(vector), bytes(&vector["rlp"])).unwrap();
        let shown: Value = serde_json::from_slice(&transaction.to_json()).unwrap();
        let expected = vector["rpcJson"].as_object().unwrap();
        for (name, value) in shown.as_object().unwrap() {
            assert_eq!(expected.get(name), Some(value), "{name}");
        }
        count += 1;
    }
    assert!(count >= 3);
}

#[test]
fn blooms_cover_address_and_topics() {
    for vector in vectors("receipts", "blooms") {
        let log = LogEntry {
            address: fixed(&vector["address"]),
            topics: vector["topics"].as_array().unwrap().iter().map(fixed).collect(),
            data: b"not covered".to_vec(),
        };
        assert_eq!(hex(&Bloom::of(suite(&vector), &[log]).0), vector["bloom"].as_str().unwrap());
    }
}

#[test]
fn receipts_have_eight_items() {
    for vector in vectors("receipts", "receipts") {
        let fields = &vector["fields"];
        let logs: Vec<_> = fields["logs"]
            .as_array()
            .unwrap()
            .iter()
            .map(|log| LogEntry {
                address: fixed(&log["address"]),
                topics: log["topics"].as_array().unwrap().iter().map(fixed).collect(),
                data: bytes(&log["data"]),
            })
            .collect();
        let receipt = Receipt {
            state_root: fixed(&fields["stateRoot"]),
            gas_used: number(&fields["gasUsed"]),
            contract_address: fixed(&fields["contractAddress"]),
            bloom: Bloom::of(suite(&vector), &logs),
            status: u32::try_from(fields["status"].as_u64().unwrap()).unwrap(),
            output: bytes(&fields["output"]),
            remain_gas: number(&fields["remainGas"]),
            logs,
        };
        assert_eq!(receipt.encode(), bytes(&vector["rlp"]));
        assert_eq!(receipt.hash(suite(&vector)), fixed(&vector["hash"]));
        assert_eq!(Receipt::decode(&bytes(&vector["rlp"])).unwrap(), receipt);
    }
}

#[test]
fn roots_of_any_number_of_leaves() {
    for vector in vectors("merkle", "roots") {
        let count = vector["count"].as_u64().unwrap();
        let leaves: Vec<_> =
            (0..count).map(|index| suite(&vector).hash(index.to_string().as_bytes())).collect();
        assert_eq!(merkle::root(suite(&vector), &leaves), fixed(&vector["root"]), "{count} leaves");
    }
}

#[test]
fn proofs_name_the_siblings_of_each_level() {
    for vector in vectors("merkle", "proofs") {
        let Some(count) = vector.get("leafCount").and_then(Value::as_u64) else { continue };
        let leaves: Vec<_> =
            (0..count).map(|index| suite(&vector).hash(index.to_string().as_bytes())).collect();
        let tree = merkle::Tree::new(suite(&vector), &leaves);
        let index = usize::try_from(vector["index"].as_u64().unwrap()).unwrap();
        let nodes = |nodes: &[&[u8]]| nodes.iter().map(|node| Value::String(hex(node))).collect::<Vec<_>>();
        let proof: Vec<_> = tree
            .proof(index)
            .unwrap()
            .iter()
            .map(|siblings| serde_json::json!({"left": nodes(&siblings.left), "right": nodes(&siblings.right)}))
            .collect();
        assert_eq!(Value::Array(proof), vector["proof"]);
        assert_eq!(tree.root(), fixed(&vector["root"]));
        assert_eq!(tree.proof(leaves.len()), None);
    }
}

#[test]
fn headers_hash_and_their_signatures_recover_the_sealers() {
    for vector in vectors("headers", "headers") {
        let encoded = bytes(&vector["rlp"]);
        let header = Header::decode(&encoded).unwrap();
        assert_eq!(header.encode(), encoded);
        let hash = header.hash(suite(&vector));
        assert_eq!(hash, fixed(&vector["hash"]));
        assert_eq!(header.number, vector["number"].as_u64().unwrap());
        assert_eq!(header.timestamp, vector["timestamp"].as_u64().unwrap());
        assert_eq!(header.sealer_list.len(), vector["sealerList"].as_array().unwrap().len());
        for entry in vector.get("signatureList").and_then(Value::as_array).into_iter().flatten() {
            let index = usize::try_from(entry["index"].as_u64().unwrap()).unwrap();
            let sealer = header.sealer_list[index];
            assert!(suite(&vector).verify(&sealer, &hash, &bytes(&entry["signature"])));
        }
    }
}

#[test]
fn blocks_decode_and_encode_in_both_forms() {
    for vector in vectors("blocks", "blocks") {
        let encoded = bytes(&vector["blockRlp"]);
        let block = Block::decode(suite(&vector), &encoded).unwrap();
        assert_eq!(block.encode().unwrap(), encoded);
        assert_eq!(block.hash(), &fixed(&vector["hash"]));
        assert_eq!(block.header().encode(), bytes(&vector["headerRlp"]));
        assert_eq!(block.transactions().encode_blob().unwrap(), bytes(&vector["txsBlob"]));
        let raws: Vec<_> = vector["transactions"].as_array().unwrap().iter().map(bytes).collect();
        assert_eq!(
            block.transactions().iter().map(|transaction| transaction.raw().to_vec()).collect::<Vec<_>>(),
            raws
        );
        let receipts: Vec<_> = vector["receipts"].as_array().unwrap().iter().map(bytes).collect();
        assert_eq!(block.receipts().iter().map(Receipt::encode).collect::<Vec<_>>(), receipts);
        assert_eq!(block.transaction_tree().root(), block.header().transactions_root);
        assert_eq!(block.receipt_tree().root(), block.header().receipts_root);
        for entry in block.signatures() {
            let sealer = block.header().sealer_list[usize::try_from(entry.sealer_index).unwrap()];
            assert!(suite(&vector).verify(&sealer, block.hash(), &entry.signature));
        }

        assert_eq!(block.encode_proposal(), bytes(&vector["partialBlockRlp"]));
        let proposal = decode_proposal(suite(&vector), &bytes(&vector["partialBlockRlp"])).unwrap();
        assert_eq!(&proposal.header, &**block.header());
        assert_eq!(proposal.transaction_hashes, block.transactions().hashes());
        assert_eq!(&proposal.hash, block.hash());
    }
}

#[test]
fn a_block_goes_through_its_stages() {
    let transaction = UnsignedTransaction { nonce: 1.into(), ..Default::default() };
    let transaction = transaction.sign(Suite::Standard, &[1; 32]).unwrap();
    let transactions = TransactionList::from(vec![Arc::new(transaction)]);
    let proposed =
        Block::propose(Suite::Standard, Header { number: 3, ..Default::default() }, Arc::new(transactions));
    assert_eq!(
        proposed.header().transactions_root,
        merkle::root(Suite::Standard, &proposed.transactions().hashes())
    );
    assert!(proposed.receipts().is_empty());
    assert!(proposed.with_receipts(Header::default(), vec![]).is_err());

    let failed = Receipt { status: Status::RevertInstruction.code(), ..Default::default() };
    let executed = proposed.with_receipts((**proposed.header()).clone(), vec![failed]).unwrap();
    assert_eq!(executed.failed_count(), 1);
    let signed = executed.with_signatures(vec![BlockSignature { sealer_index: 2, signature: vec![7; 65] }]);
    assert_eq!(signed.hash(), executed.hash());
    let decoded = Block::decode(Suite::Standard, &signed.encode().unwrap()).unwrap();
    assert_eq!(decoded.signatures(), signed.signatures());
    assert_eq!(decoded.receipts(), signed.receipts());
    assert_eq!(decoded.index_of(&signed.transactions().hashes()[0]), Some(0));
    assert_eq!(decoded.index_of(&[0; 32]), None);
}

#[test]
fn a_status_has_the_text_clients_know() {
    assert_eq!(Status::None.text(), "None");
    assert_eq!(status_text(22), "RevertInstruction");
    assert_eq!(status_text(10000), "StackUnderflow");
    assert_eq!(status_text(10001), "AlreadyInChain");
    assert_eq!(status_text(33), "Unknown");
}
