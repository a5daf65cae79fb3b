//! SM3, the hash of guomi chains (GB/T 32905).

use ::sm3::{Digest, Sm3};

use crate::Hash;

/// The hash of one byte string.
#[must_use]
pub fn sm3(data: &[u8]) -> Hash {
    Sm3::digest(data).into()
}

/// The hash of the concatenation of `parts`.
#[must_use]
pub fn sm3_of(parts: &[&[u8]]) -> Hash {
    let mut hasher = Sm3::new();
    for part in parts {
        hasher.update(part);
    }
    hasher.finalize().into()
}
