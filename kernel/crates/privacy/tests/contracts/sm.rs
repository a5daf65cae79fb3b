//! SM3 and SM2 (execution §2.17, data model §2.3).

use hansa_privacy::{sm2_verify, sm3};
use serde_json::Value;

use crate::support::{bytes, fixed, read, text};

fn vectors(name: &str) -> Vec<Value> {
    read(include_str!("../vectors/sm.json"))[name].as_array().unwrap().clone()
}

#[test]
fn sm3_is_that_of_the_standard() {
    for vector in vectors("hashes") {
        assert_eq!(sm3(&bytes(text(&vector["input"]))), fixed(&vector["digest"]));
    }
}

#[test]
fn signatures_of_transactions_give_the_address_of_their_sender() {
    for vector in [vectors("recordedSignatures"), vectors("computedSignatures")].concat() {
        let (message, key) = (fixed(&vector["message"]), fixed(&vector["publicKey"]));
        let (r, s) = (fixed(&vector["r"]), fixed(&vector["s"]));
        assert_eq!(sm2_verify(&message, &key, &r, &s), Some(fixed(&vector["address"])), "{vector}");
    }
}

#[test]
fn a_change_of_any_part_is_noticed() {
    let vector = &vectors("recordedSignatures")[0];
    let parts: [Vec<u8>; 4] = ["message", "publicKey", "r", "s"].map(|name| bytes(text(&vector[name])));
    for part in 0..4 {
        for at in [0, 31] {
            let mut changed = parts.clone();
            changed[part][at] ^= 1;
            let [message, key, r, s] = changed;
            let answer = sm2_verify(
                &message.try_into().unwrap(),
                &key.try_into().unwrap(),
                &r.try_into().unwrap(),
                &s.try_into().unwrap(),
            );
            assert_eq!(answer, None, "byte {at} of part {part}");
        }
    }
}

#[test]
fn r_and_s_are_between_zero_and_the_order_and_there_is_no_mirrored_s() {
    let vector = &vectors("recordedSignatures")[0];
    let order = bytes("fffffffeffffffffffffffffffffffff7203df6b21c6052b53bbf40939d54123");
    let (message, key) = (fixed(&vector["message"]), fixed(&vector["publicKey"]));
    let (r, s): ([u8; 32], [u8; 32]) = (fixed(&vector["r"]), fixed(&vector["s"]));
    let mut mirrored = [0; 32];
    let mut borrow = 0;
    for at in (0..32).rev() {
        let difference = i16::from(order[at]) - i16::from(s[at]) - borrow;
        mirrored[at] = u8::try_from(difference.rem_euclid(256)).unwrap();
        borrow = i16::from(difference < 0);
    }
    let order = order.try_into().unwrap();
    for wrong in [[0; 32], order, [0xff; 32], mirrored] {
        assert_eq!(sm2_verify(&message, &key, &r, &wrong), None);
        assert_eq!(sm2_verify(&message, &key, &wrong, &s), None);
    }
    assert_eq!(sm2_verify(&message, &[0; 64], &r, &s), None);
}

#[test]
fn what_a_node_answered_for_points_off_the_curve() {
    // Recorded from a FISCO BCOS 2.11.1 node: (false, 0).
    assert_eq!(sm2_verify(&[1; 32], &[2; 64], &[3; 32], &[4; 32]), None);
}
