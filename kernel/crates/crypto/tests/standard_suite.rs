//! The standard suite against vectors of others.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use hansa_crypto::{ecdsa, keccak256, keccak256_of, InvalidSecret, Suite};
use proptest::prelude::*;
use serde_json::Value;

const SUITE: Suite = Suite::Standard;

fn vectors(name: &str) -> Vec<Value> {
    let all: Value = serde_json::from_str(include_str!("vectors/standard.json")).unwrap();
    all[name].as_array().unwrap().clone()
}

fn bytes(value: &Value) -> Vec<u8> {
    let text = value.as_str().unwrap().trim_start_matches("0x");
    (0..text.len()).step_by(2).map(|at| u8::from_str_radix(&text[at..at + 2], 16).unwrap()).collect()
}

fn fixed<const N: usize>(value: &Value) -> [u8; N] {
    bytes(value).try_into().unwrap()
}

#[test]
fn keccak_is_the_original_one() {
    for vector in vectors("hashes") {
        let input = bytes(&vector["inputHex"]);
        assert_eq!(keccak256(&input), fixed(&vector["digest"]));
        let (left, right) = input.split_at(input.len() / 2);
        assert_eq!(keccak256_of(&[left, right]), fixed(&vector["digest"]));
    }
}

#[test]
fn keys_and_addresses_follow_from_secrets() {
    for vector in vectors("keys") {
        let key = ecdsa::public_key(&fixed(&vector["privateKey"])).unwrap();
        assert_eq!(key, fixed(&vector["publicKey"]));
        assert_eq!(SUITE.address(&key), fixed(&vector["address"]));
    }
}

#[test]
fn signatures_recover_unless_s_is_high() {
    for vector in vectors("signatures") {
        let digest = fixed(&vector["hash"]);
        let recovered = ecdsa::recover(&digest, &fixed(&vector["signature"]));
        let expected = vector["valid"].as_bool().unwrap().then(|| fixed(&vector["publicKey"]));
        assert_eq!(recovered, expected, "{vector}");
        if let Some(secret) = vector.get("privateKey") {
            assert_eq!(ecdsa::sign(&fixed(secret), &digest).unwrap(), fixed(&vector["signature"]));
        }
    }
}

#[test]
fn secrets_outside_the_order_are_refused() {
    assert_eq!(ecdsa::public_key(&[0; 32]), Err(InvalidSecret));
    assert_eq!(ecdsa::sign(&[0xff; 32], &[1; 32]), Err(InvalidSecret));
}

#[test]
fn zero_r_zero_s_and_other_recovery_ids_are_not_valid() {
    let digest = [7; 32];
    let good = ecdsa::sign(&[1; 32], &digest).unwrap();
    let with = |change: &dyn Fn(&mut [u8; 65])| {
        let mut changed = good;
        change(&mut changed);
        ecdsa::recover(&digest, &changed)
    };
    assert!(with(&|_| ()).is_some());
    assert_eq!(with(&|signature| signature[..32].fill(0)), None);
    assert_eq!(with(&|signature| signature[32..64].fill(0)), None);
    assert_eq!(with(&|signature| signature[..32].fill(0xff)), None);
    assert_eq!(with(&|signature| signature[64] += 2), None);
    assert_eq!(with(&|signature| signature[64] = 27), None);
    assert_eq!(SUITE.recover(&digest, &good[..64]), None);
}

#[test]
fn batches_answer_in_order() {
    let digests: Vec<_> = (0..40u8).map(|number| keccak256(&[number])).collect();
    let keys: Vec<_> = (1..=40u8).map(|secret| ecdsa::public_key(&[secret; 32]).unwrap()).collect();
    let mut signatures: Vec<_> = digests
        .iter()
        .zip(1..=40u8)
        .map(|(digest, secret)| ecdsa::sign(&[secret; 32], digest).unwrap())
        .collect();
    signatures[3][64] = 9;
    let items: Vec<_> =
        digests.iter().zip(&signatures).map(|(digest, signature)| (*digest, &signature[..])).collect();
    let recovered = SUITE.recover_batch(&items);
    let triples: Vec<_> =
        keys.iter().zip(&items).map(|(key, (digest, signature))| (*key, *digest, *signature)).collect();
    let verified = SUITE.verify_batch(&triples);
    for index in 0..40 {
        assert_eq!(recovered[index], (index != 3).then_some(keys[index]));
        assert_eq!(verified[index], index != 3);
    }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn what_a_secret_signs_recovers_its_key(secret: [u8; 32], digest: [u8; 32]) {
        if let Ok(key) = ecdsa::public_key(&secret) {
            let signature = ecdsa::sign(&secret, &digest).unwrap();
            prop_assert!(signature[64] <= 1);
            prop_assert_eq!(ecdsa::recover(&digest, &signature), Some(key));
        }
    }

    #[test]
    fn no_signature_panics(digest: [u8; 32], r: [u8; 32], s: [u8; 32], v in 0u8..4) {
        let signature = [&r[..], &s[..], &[v]].concat();
        let _ = SUITE.recover(&digest, &signature);
    }
}
