//! The VRF of the working sealers (execution §8.4).

use curve25519_dalek::{RistrettoPoint, Scalar};
use hansa_privacy::curve25519_vrf_verify;
use serde_json::Value;
use sha3::{Digest, Sha3_512};

use crate::support::{bytes, fixed, hex, read, text};

fn vector() -> Value {
    read(include_str!("../vectors/vrf.json"))
}

fn scalar(text: &str) -> Scalar {
    Scalar::from_bytes_mod_order_wide(&Sha3_512::digest(text).into())
}

fn point(point: RistrettoPoint) -> String {
    hex(point.compress().as_bytes())
}

fn public_key(secret: &str) -> String {
    point(RistrettoPoint::mul_base(&scalar(secret)))
}

/// The proof for an input under the secret's key, which may be written in upper case.
fn prove(secret: &str, key: &str, input: &str, nonce: Scalar) -> String {
    let statement = format!("{key}|{input}");
    let base = RistrettoPoint::from_uniform_bytes(&Sha3_512::digest(&statement).into());
    let gamma = point(base * scalar(secret));
    let commitments = point(RistrettoPoint::mul_base(&nonce)) + &point(base * nonce);
    let c = scalar(&format!("{statement}|{key}{gamma}{commitments}"));
    let s = nonce - c * scalar(secret);
    format!("{gamma}|{}|{}", hex(c.as_bytes()), hex(s.as_bytes()))
}

fn verify(input: &str, key: &str, proof: &str) -> Option<[u8; 32]> {
    curve25519_vrf_verify(input.as_bytes(), key.as_bytes(), proof.as_bytes())
}

#[test]
fn the_vector_verifies_and_is_reproduced() {
    let vector = vector();
    let [secret, key, input, proof] =
        ["secret", "publicKey", "input", "proof"].map(|name| text(&vector[name]));
    assert_eq!(verify(input, key, proof), Some(fixed(&vector["hash"])));
    assert_eq!(public_key(secret), key);
    let nonce: u64 = text(&vector["nonce"]).parse().unwrap();
    assert_eq!(prove(secret, key, input, Scalar::from(nonce)), proof);
}

#[test]
fn a_change_of_any_part_is_noticed() {
    let vector = vector();
    let [key, input, proof] = ["publicKey", "input", "proof"].map(|name| text(&vector[name]));
    let other = public_key("another");
    assert_eq!(verify("abce", key, proof), None);
    assert_eq!(verify(input, &other, proof), None);
    assert_eq!(verify(input, "abc###bc$", proof), None);
    assert_eq!(verify(input, &format!("0x{key}"), proof), None);
    for at in 0..proof.len() {
        let mut changed = proof.as_bytes().to_vec();
        changed[at] = if changed[at] == b'1' { b'2' } else { b'1' };
        let answer = curve25519_vrf_verify(input.as_bytes(), key.as_bytes(), &changed);
        assert_eq!(answer, None, "character {at}");
    }
    for wrong in ["", "|", "||", &format!("{proof}|"), &proof[1..], &proof[..193]] {
        assert_eq!(verify(input, key, wrong), None);
    }
}

#[test]
fn text_is_hashed_as_given() {
    let secret = "any text is a secret";
    let (key, nonce) = (public_key(secret), Scalar::from(7u8));
    let loud_key = key.to_uppercase();
    let (quiet, loud) = (prove(secret, &key, "x", nonce), prove(secret, &loud_key, "x", nonce));
    assert!(verify("x", &key, &quiet).is_some());
    assert!(verify("x", &loud_key, &loud).is_some());
    assert_ne!(verify("x", &key, &quiet), verify("x", &loud_key, &loud));
    assert_eq!(verify("x", &loud_key, &quiet), None);
    assert_eq!(verify("x", &key, &quiet.to_uppercase()), None);
}

#[test]
fn scalars_lose_bit_255_then_c_is_canonical_and_s_is_reduced() {
    let vector = vector();
    let [key, input, proof] = ["publicKey", "input", "proof"].map(|name| text(&vector[name]));
    let expected = Some(fixed(&vector["hash"]));
    let parts: Vec<&str> = proof.split('|').collect();
    let with = |c: &[u8], s: &[u8]| verify(input, key, &format!("{}|{}|{}", parts[0], hex(c), hex(s)));
    let (c, s) = (bytes(parts[1]), bytes(parts[2]));
    let set_top_bit = |scalar: &[u8]| {
        let mut changed = scalar.to_vec();
        changed[31] |= 0x80;
        changed
    };
    let add_order = |scalar: &[u8]| {
        let order = bytes("edd3f55c1a631258d69cf7a2def9de1400000000000000000000000000000010");
        let mut carry = 0;
        let sum: Vec<u8> = (0..32)
            .map(|at| {
                let sum = u16::from(scalar[at]) + u16::from(order[at]) + carry;
                carry = sum >> 8;
                sum.to_le_bytes()[0]
            })
            .collect();
        sum
    };
    assert_eq!(with(&c, &s), expected);
    assert_eq!(with(&set_top_bit(&c), &set_top_bit(&s)), expected);
    assert_eq!(with(&c, &add_order(&s)), expected);
    assert_eq!(with(&add_order(&c), &s), None);
}

#[test]
fn points_are_canonical_and_the_identity_is_one() {
    let (identity, negative) = ("0".repeat(64), format!("01{}", "0".repeat(62)));
    let above_p = format!("f1{}7f", "f".repeat(60));
    let secret_free = prove_identity();
    assert!(verify("x", &identity, &secret_free).is_some());
    let vector = vector();
    let proof = text(&vector["proof"]);
    for wrong in [negative, above_p] {
        assert_eq!(verify("abcd", &wrong, proof), None);
        assert_eq!(verify("abcd", text(&vector["publicKey"]), &format!("{wrong}{}", &proof[64..])), None);
    }
}

/// A proof under the key of x = 0.
fn prove_identity() -> String {
    let key = "0".repeat(64);
    let base = RistrettoPoint::from_uniform_bytes(&Sha3_512::digest(format!("{key}|x")).into());
    let nonce = Scalar::from(5u8);
    let commitments = point(RistrettoPoint::mul_base(&nonce)) + &point(base * nonce);
    let c = scalar(&format!("{key}|x|{key}{key}{commitments}"));
    format!("{key}|{}|{}", hex(c.as_bytes()), hex(nonce.as_bytes()))
}

#[test]
fn arguments_end_at_a_zero_byte_and_are_utf_8() {
    let vector = vector();
    let [key, input, proof] =
        ["publicKey", "input", "proof"].map(|name| text(&vector[name]).as_bytes().to_vec());
    let end = |argument: &[u8]| [argument, b"\0\xff"].concat();
    assert_eq!(curve25519_vrf_verify(&end(&input), &end(&key), &end(&proof)), Some(fixed(&vector["hash"])));
    assert_eq!(curve25519_vrf_verify(&[&input[..], b"\xff"].concat(), &key, &proof), None);
}
