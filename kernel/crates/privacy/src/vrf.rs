//! The verifiable random function over ristretto255 that picks the working sealers (execution §8.4).
//!
//! Everything is text: hexadecimal points, and scalars in hexadecimal of their little-endian bytes. What is hashed
//! is the text as given, so a key in upper case is another key with the same point.

use curve25519_dalek::ristretto::CompressedRistretto;
use curve25519_dalek::traits::VartimeMultiscalarMul;
use curve25519_dalek::{RistrettoPoint, Scalar};
use hansa_crypto::keccak256;
use sha3::{Digest, Sha3_512};

use crate::{hex, Hash};

/// Keeps the hashes that make nonces apart from all others.
const NONCE_DOMAIN: &str = "hansa vrf nonce|";

/// The random value of a proof `Γ|c|s` for an input under a public key, or `None` if the proof is not valid.
///
/// Points must be canonical. Bit 255 of c and s does not count; then c must be canonical, while s is taken modulo the
/// order. An argument ends at its first zero byte, as it does for the C interface of the original.
#[must_use]
pub fn curve25519_vrf_verify(input: &[u8], public_key: &[u8], proof: &[u8]) -> Option<Hash> {
    let (input, public_key, proof) = (c_string(input)?, c_string(public_key)?, c_string(proof)?);
    let mut parts = proof.split('|');
    let (Some(gamma_text), Some(c_text), Some(s_text), None) =
        (parts.next(), parts.next(), parts.next(), parts.next())
    else {
        return None;
    };

    let (key, gamma) = (parse_point(public_key)?, parse_point(gamma_text)?);
    let (c_bytes, s_bytes) = (parse_scalar(c_text)?, parse_scalar(s_text)?);
    let (c, s) = (Scalar::from_bytes_mod_order(c_bytes), Scalar::from_bytes_mod_order(s_bytes));

    let statement = [public_key, "|", input].concat();
    let base = RistrettoPoint::from_uniform_bytes(&sha3_512(&statement));
    let u = RistrettoPoint::vartime_double_scalar_mul_basepoint(&c, &key, &s);
    let v = RistrettoPoint::vartime_multiscalar_mul([c, s], [gamma, base]);
    let transcript = [&statement, "|", public_key, gamma_text, &format_point(&u), &format_point(&v)].concat();
    let challenge = Scalar::from_bytes_mod_order_wide(&sha3_512(&transcript));

    // Comparing bytes, not scalars, is what makes a c above the order invalid.
    (challenge.to_bytes() == c_bytes).then(|| keccak256((gamma * Scalar::from(8u8)).compress().as_bytes()))
}

/// What a key says of an input: its public key, and the proof that [`curve25519_vrf_verify`] accepts. Both are texts.
///
/// The secret is a node's private key: its hexadecimal digits are what the original hashes. The nonce follows from secret and input, so
/// that no two proofs share one and no source of chance is needed. All that touches the secret takes constant time.
#[must_use]
pub fn curve25519_vrf_prove(secret: &[u8; 32], input: &str) -> (String, String) {
    let key = secret_scalar(secret);
    let nonce = [NONCE_DOMAIN, &hex::encode_lower(key.as_bytes()), "|", input].concat();
    prove(&key, input, &Scalar::from_bytes_mod_order_wide(&sha3_512(&nonce)))
}

fn secret_scalar(secret: &[u8; 32]) -> Scalar {
    Scalar::from_bytes_mod_order_wide(&sha3_512(&hex::encode_lower(secret)))
}

fn prove(key: &Scalar, input: &str, nonce: &Scalar) -> (String, String) {
    let public_key = format_point(&RistrettoPoint::mul_base(key));
    let statement = [&public_key, "|", input].concat();
    let base = RistrettoPoint::from_uniform_bytes(&sha3_512(&statement));
    let gamma = format_point(&(key * base));
    let (u, v) = (format_point(&RistrettoPoint::mul_base(nonce)), format_point(&(nonce * base)));
    let transcript = [&statement, "|", &public_key, &gamma, &u, &v].concat();
    let challenge = Scalar::from_bytes_mod_order_wide(&sha3_512(&transcript));
    let response = nonce - challenge * key;
    let scalars = [challenge, response].map(|scalar| hex::encode_lower(scalar.as_bytes()));
    (public_key, [gamma.as_str(), &scalars[0], &scalars[1]].join("|"))
}

fn c_string(argument: &[u8]) -> Option<&str> {
    let text = argument.split(|byte| *byte == 0).next().unwrap_or_default();
    std::str::from_utf8(text).ok()
}

fn parse_point(text: &str) -> Option<RistrettoPoint> {
    CompressedRistretto(parse_bytes(text)?).decompress()
}

fn parse_scalar(text: &str) -> Option<[u8; 32]> {
    let mut bytes = parse_bytes(text)?;
    bytes[31] &= 0x7f;
    Some(bytes)
}

fn parse_bytes(text: &str) -> Option<[u8; 32]> {
    // The length is looked at first, for the argument may be of any.
    (text.len() == 64).then(|| hex::decode(text.as_bytes()))??.try_into().ok()
}

fn format_point(point: &RistrettoPoint) -> String {
    hex::encode_lower(point.compress().as_bytes())
}

fn sha3_512(text: &str) -> [u8; 64] {
    Sha3_512::digest(text.as_bytes()).into()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn secret() -> [u8; 32] {
        parse_bytes("bcec428d5205abe0f0cc8a734083908d9eb8563e31f943d760786edf42ad67dd").unwrap()
    }

    /// Derived with a fixed nonce from the description of the original, which has no vector of its own.
    #[test]
    fn a_proof_is_that_of_the_description() {
        let nonce = Scalar::from(12_345_678_901_234_567_890_u64);
        let (public_key, proof) = prove(&secret_scalar(&secret()), "abcd", &nonce);
        assert_eq!(public_key, "982b0cf3eeef2d5e0bfe8371356a0fd7416e56a6c87fbd1fece103a54d0d0236");
        assert_eq!(
            proof,
            "021f1c4c7dca1cfba6feba36ceb2b59dbd9f88fb3ab015a04ccf50d1ba6bf210|\
             cc8f093398fe1ac8ffa12c4333ff50e2d0c7da77e14668d9e6ed7bd2543e5d00|\
             0c918142d11b3dbe382d21e29bd90566f7eb54680ef765f61a49f214449eeb04"
        );
    }

    #[test]
    fn a_proof_verifies_and_its_random_value_does_not_depend_on_the_nonce() {
        let (public_key, proof) = curve25519_vrf_prove(&secret(), "abcd");
        let random = curve25519_vrf_verify(b"abcd", public_key.as_bytes(), proof.as_bytes()).unwrap();
        assert_eq!(
            hex::encode_lower(&random),
            "d399a59e4c3b1f9718d154cee72771bf55be65eabe2fdd5c3e98841d33cf1c09"
        );
        assert!(curve25519_vrf_verify(b"abce", public_key.as_bytes(), proof.as_bytes()).is_none());
    }

    #[test]
    fn proofs_repeat_for_the_same_input_only() {
        assert_eq!(curve25519_vrf_prove(&secret(), "abcd"), curve25519_vrf_prove(&secret(), "abcd"));
        let proof = |input| curve25519_vrf_prove(&secret(), input).1;
        assert_ne!(proof("abcd"), proof("abce"));
    }
}
