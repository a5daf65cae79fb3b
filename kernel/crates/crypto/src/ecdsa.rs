//! Recoverable ECDSA over secp256k1 with low s only (data model §2.2).

use secp256k1::ecdsa::{RecoverableSignature, RecoveryId};
use secp256k1::{Message, PublicKey as Point, SecretKey};

use crate::{Hash, InvalidSecret, PublicKey};

/// r ‖ s ‖ v, v being the recovery id 0 or 1.
pub type Signature = [u8; 65];

/// Half the order of the curve, big-endian: the greatest s that is accepted.
const HALF_ORDER: [u8; 32] = [
    0x7f, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x5d,
    0x57, 0x6e, 0x73, 0x57, 0xa4, 0x50, 0x1d, 0xdf, 0xe9, 0x2f, 0x46, 0x68, 0x1b, 0x20, 0xa0,
];

/// The public key of a secret.
pub fn public_key(secret: &[u8; 32]) -> Result<PublicKey, InvalidSecret> {
    Ok(coordinates(&Point::from_secret_key(&parse_secret(secret)?)))
}

/// Sign a digest with the nonce of RFC 6979; s is low.
pub fn sign(secret: &[u8; 32], digest: &Hash) -> Result<Signature, InvalidSecret> {
    let secret = parse_secret(secret)?;
    let signature = RecoverableSignature::sign_ecdsa_recoverable(Message::from_digest(*digest), &secret);
    let (recovery, compact) = signature.serialize_compact();
    let mut bytes = [0; 65];
    bytes[..64].copy_from_slice(&compact);
    bytes[64] = recovery.to_u8();
    Ok(bytes)
}

/// The key that signed, or `None` if the signature is not valid: v above 1, s high, r or s zero or out of range,
/// or no point belongs to it.
#[must_use]
pub fn recover(digest: &Hash, signature: &Signature) -> Option<PublicKey> {
    let (compact, v) = (&signature[..64], signature[64]);
    let (r, s) = compact.split_at(32);
    if v > 1 || s > &HALF_ORDER[..] || is_zero(r) || is_zero(s) {
        return None;
    }
    let signature = RecoverableSignature::from_compact(compact, RecoveryId::from_u8_masked(v)).ok()?;
    let point = signature.recover_ecdsa(Message::from_digest(*digest)).ok()?;
    Some(coordinates(&point))
}

fn is_zero(bytes: &[u8]) -> bool {
    bytes.iter().all(|byte| *byte == 0)
}

fn parse_secret(secret: &[u8; 32]) -> Result<SecretKey, InvalidSecret> {
    SecretKey::from_secret_bytes(*secret).map_err(|_| InvalidSecret)
}

fn coordinates(point: &Point) -> PublicKey {
    let mut key = [0; 64];
    key.copy_from_slice(&point.serialize_uncompressed()[1..]);
    key
}
