//! SM2 signatures with the user id of these chains, the key carried along (data model §2.3).
//!
//! What is signed is a digest, which the scheme hashes once more behind the signer's identity. There is no low-s rule:
//! a signature is not unique.

use ::sm2::dsa::signature::{Signer, Verifier};
use ::sm2::dsa::{Signature as Pair, SigningKey, VerifyingKey};
use ::sm2::elliptic_curve::sec1::ToSec1Point;

use crate::{Hash, InvalidSecret, PublicKey};

/// r ‖ s ‖ public key.
pub type Signature = [u8; 128];

/// The user id that every signer of a chain has.
const USER_ID: &str = "1234567812345678";

/// The public key of a secret.
pub fn public_key(secret: &[u8; 32]) -> Result<PublicKey, InvalidSecret> {
    Ok(coordinates(&parse_secret(secret)?))
}

/// Sign a digest with a nonce that follows from secret and digest (RFC 6979 with SM3).
pub fn sign(secret: &[u8; 32], digest: &Hash) -> Result<Signature, InvalidSecret> {
    let secret = parse_secret(secret)?;
    // Fails for the secret whose successor is zero, which the scheme does not allow.
    let pair = secret.try_sign(digest).map_err(|_| InvalidSecret)?;
    let mut bytes = [0; 128];
    bytes[..64].copy_from_slice(&pair.to_bytes());
    bytes[64..].copy_from_slice(&coordinates(&secret));
    Ok(bytes)
}

/// The key that the signature carries, or `None` if it did not sign.
#[must_use]
pub fn recover(digest: &Hash, signature: &Signature) -> Option<PublicKey> {
    let (pair, key) = signature.split_at(64);
    let key = key.try_into().ok()?;
    verify(&key, digest, pair.try_into().ok()?).then_some(key)
}

/// Did this key sign? `pair` is r ‖ s. No, too, if the key is no point of the curve, or r or s is zero or not below the
/// order.
#[must_use]
pub fn verify(key: &PublicKey, digest: &Hash, pair: &[u8; 64]) -> bool {
    let mut point = [0x04; 65];
    point[1..].copy_from_slice(key);
    let key = VerifyingKey::from_sec1_bytes(USER_ID, &point);
    let pair = Pair::from_slice(pair);
    matches!((key, pair), (Ok(key), Ok(pair)) if key.verify(digest, &pair).is_ok())
}

fn parse_secret(secret: &[u8; 32]) -> Result<SigningKey, InvalidSecret> {
    SigningKey::from_slice(USER_ID, secret).map_err(|_| InvalidSecret)
}

fn coordinates(secret: &SigningKey) -> PublicKey {
    let mut key = [0; 64];
    key.copy_from_slice(&secret.verifying_key().as_affine().to_sec1_point(false).as_bytes()[1..]);
    key
}
