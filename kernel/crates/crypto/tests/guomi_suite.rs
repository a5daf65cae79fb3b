//! The guomi suite against vectors of others.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use hansa_crypto::{sm2, sm3, sm3_of, InvalidSecret, Suite};
use proptest::prelude::*;
use serde_json::Value;

const SUITE: Suite = Suite::Sm;

fn vectors(name: &str) -> Vec<Value> {
    let all: Value = serde_json::from_str(include_str!("vectors/sm.json")).unwrap();
    all[name].as_array().unwrap().clone()
}

fn bytes(value: &Value) -> Vec<u8> {
    let text = value.as_str().unwrap().trim_start_matches("0x");
    (0..text.len()).step_by(2).map(|at| u8::from_str_radix(&text[at..at + 2], 16).unwrap()).collect()
}

fn fixed<const N: usize>(value: &Value) -> [u8; N] {
    bytes(value).try_into().unwrap()
}

/// r ‖ s ‖ public key of a vector.
fn signature(vector: &Value) -> sm2::Signature {
    [bytes(&vector["r"]), bytes(&vector["s"]), bytes(&vector["publicKey"])].concat().try_into().unwrap()
}

#[test]
fn sm3_is_that_of_the_standard() {
    for vector in vectors("hashes") {
        let input = bytes(&vector["input"]);
        assert_eq!(sm3(&input), fixed(&vector["digest"]));
        let (left, right) = input.split_at(input.len() / 2);
        assert_eq!(sm3_of(&[left, right]), fixed(&vector["digest"]));
    }
}

#[test]
fn keys_and_addresses_follow_from_secrets() {
    for vector in vectors("keys") {
        let key = SUITE.public_key(&fixed(&vector["privateKey"])).unwrap();
        assert_eq!(key, fixed(&vector["publicKey"]));
        assert_eq!(SUITE.address(&key), fixed(&vector["address"]));
    }
}

#[test]
fn signatures_of_others_give_the_key_and_address_of_the_signer() {
    for vector in [vectors("recordedSignatures"), vectors("computedSignatures")].concat() {
        let key = SUITE.recover(&fixed(&vector["message"]), &signature(&vector)).unwrap();
        assert_eq!(key, fixed(&vector["publicKey"]));
        assert_eq!(SUITE.address(&key), fixed(&vector["address"]));
    }
}

#[test]
fn a_change_of_any_part_is_noticed() {
    let vector = &vectors("recordedSignatures")[0];
    let (digest, good) = (fixed(&vector["message"]), signature(vector));
    for at in [0, 31, 32, 63, 64, 95, 96, 127] {
        let mut changed = good;
        changed[at] ^= 1;
        assert_eq!(SUITE.recover(&digest, &changed), None, "byte {at}");
    }
    let mut other = digest;
    other[31] ^= 1;
    assert_eq!(SUITE.recover(&other, &good), None);
    assert_eq!(SUITE.recover(&digest, &good[..64]), None, "without its key");
}

#[test]
fn r_and_s_are_between_zero_and_the_order_and_there_is_no_mirrored_s() {
    let vector = &vectors("recordedSignatures")[0];
    let order: [u8; 32] =
        fixed(&Value::from("fffffffeffffffffffffffffffffffff7203df6b21c6052b53bbf40939d54123"));
    let (digest, good) = (fixed(&vector["message"]), signature(vector));
    let mut mirrored = [0; 32];
    let mut borrow = 0;
    for at in (0..32).rev() {
        let difference = i16::from(order[at]) - i16::from(good[32 + at]) - borrow;
        mirrored[at] = u8::try_from(difference.rem_euclid(256)).unwrap();
        borrow = i16::from(difference < 0);
    }
    for wrong in [[0; 32], order, [0xff; 32], mirrored] {
        for part in [0..32, 32..64] {
            let mut changed = good;
            changed[part].copy_from_slice(&wrong);
            assert_eq!(SUITE.recover(&digest, &changed), None);
        }
    }
    let mut without_key = good;
    without_key[64..].fill(0);
    assert_eq!(SUITE.recover(&digest, &without_key), None);
}

#[test]
fn a_point_off_the_curve_signs_nothing() {
    let signature = [[3; 32], [4; 32], [2; 32], [2; 32]].concat();
    assert_eq!(SUITE.recover(&[1; 32], &signature), None);
}

#[test]
fn who_is_expected_counts_and_not_the_key_carried_along() {
    let vector = &vectors("recordedSignatures")[0];
    let (key, digest, mut signature) =
        (fixed(&vector["publicKey"]), fixed(&vector["message"]), signature(vector));
    assert!(SUITE.verify(&key, &digest, &signature));
    signature[64..].fill(7);
    assert!(SUITE.verify(&key, &digest, &signature));
    assert!(!SUITE.verify(&SUITE.public_key(&[1; 32]).unwrap(), &digest, &signature));
    assert!(!SUITE.verify(&key, &digest, &signature[..127]));
}

#[test]
fn secrets_outside_the_order_are_refused() {
    assert_eq!(SUITE.public_key(&[0; 32]), Err(InvalidSecret));
    assert_eq!(SUITE.sign(&[0xff; 32], &[1; 32]), Err(InvalidSecret));
    let mut last = fixed(&Value::from("fffffffeffffffffffffffffffffffff7203df6b21c6052b53bbf40939d54122"));
    assert_eq!(SUITE.sign(&last, &[1; 32]), Err(InvalidSecret), "1 + d has no inverse");
    last[31] -= 1;
    assert!(SUITE.sign(&last, &[1; 32]).is_ok());
}

#[test]
fn batches_answer_in_order() {
    let digests: Vec<_> = (0..12u8).map(|number| sm3(&[number])).collect();
    let keys: Vec<_> = (1..=12u8).map(|secret| SUITE.public_key(&[secret; 32]).unwrap()).collect();
    let mut signatures: Vec<_> = digests
        .iter()
        .zip(1..=12u8)
        .map(|(digest, secret)| SUITE.sign(&[secret; 32], digest).unwrap().to_vec())
        .collect();
    signatures[3][0] ^= 1;
    let items: Vec<_> =
        digests.iter().zip(&signatures).map(|(digest, signature)| (*digest, &signature[..])).collect();
    let recovered = SUITE.recover_batch(&items);
    let triples: Vec<_> =
        keys.iter().zip(&items).map(|(key, (digest, signature))| (*key, *digest, *signature)).collect();
    let verified = SUITE.verify_batch(&triples);
    for index in 0..12 {
        assert_eq!(recovered[index], (index != 3).then_some(keys[index]));
        assert_eq!(verified[index], index != 3);
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn what_a_secret_signs_verifies_and_is_the_same_again(secret: [u8; 32], digest: [u8; 32]) {
        if let Ok(key) = SUITE.public_key(&secret) {
            let signature = SUITE.sign(&secret, &digest).unwrap();
            prop_assert_eq!(signature.len(), SUITE.signature_size());
            prop_assert_eq!(SUITE.recover(&digest, &signature), Some(key));
            prop_assert_eq!(SUITE.sign(&secret, &digest).unwrap(), signature);
        }
    }

    #[test]
    fn no_signature_panics(digest: [u8; 32], r: [u8; 32], s: [u8; 32], x: [u8; 32], y: [u8; 32]) {
        let _ = SUITE.recover(&digest, &[r, s, x, y].concat());
    }
}
