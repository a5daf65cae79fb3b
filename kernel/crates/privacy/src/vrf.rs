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
