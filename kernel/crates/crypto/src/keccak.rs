//! Keccak-256 with the original padding, not SHA3-256.

use keccak_asm::{Digest, Keccak256};

use crate::Hash;

/// The hash of one byte string.
#[must_use]
pub fn keccak256(data: &[u8]) -> Hash {
    Keccak256::digest(data).into()
}

/// The hash of the concatenation of `parts`.
#[must_use]
pub fn keccak256_of(parts: &[&[u8]]) -> Hash {
    let mut hasher = Keccak256::new();
    for part in parts {
        hasher.update(part);
    }
    hasher.finalize().into()
}
