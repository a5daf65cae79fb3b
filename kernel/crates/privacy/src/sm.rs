//! SM3, and SM2 as the transactions of an SM chain use it (execution §2.17, data model §2.3).

use ::sm2::dsa::signature::Verifier;
use ::sm2::dsa::{Signature, VerifyingKey};
use ::sm3::{Digest, Sm3};

use crate::{Address, Hash, PublicKey};

/// The user id that every signer of the chain has.
const USER_ID: &str = "1234567812345678";

/// The SM3 hash of some bytes.
#[must_use]
pub fn sm3(data: &[u8]) -> Hash {
    Sm3::digest(data).into()
}

/// The address of the signer, or `None` if the signature is not valid: the key is no point of the curve, r or s is
/// zero or not below the order, or the equation does not hold. There is no low-s rule.
#[must_use]
pub fn sm2_verify(message: &Hash, public_key: &PublicKey, r: &[u8; 32], s: &[u8; 32]) -> Option<Address> {
    let mut point = [0x04; 65];
    point[1..].copy_from_slice(public_key);
    let key = VerifyingKey::from_sec1_bytes(USER_ID, &point).ok()?;
    let signature = Signature::from_slice(&[*r, *s].concat()).ok()?;
    key.verify(message, &signature).ok()?;
    let mut address = [0; 20];
    address.copy_from_slice(&sm3(public_key)[12..]);
    Some(address)
}
