//! The choice a chain makes once, for everything at once (data model §2.1).

use crate::{ecdsa, keccak256, keccak256_of, Address, Hash, PublicKey};

/// A hash function with a signature scheme. A second suite (SM3 and SM2) is another variant; the length of a
/// signature is the suite's business, so signatures travel as slices.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Suite {
    /// Keccak-256 and recoverable ECDSA over secp256k1.
    Standard,
}

/// The suite of this process: there are no mixed chains.
pub const SUITE: Suite = Suite::Standard;

impl Suite {
    /// The chain's hash of one byte string.
    #[must_use]
    pub fn hash(self, data: &[u8]) -> Hash {
        match self {
            Self::Standard => keccak256(data),
        }
    }

    /// The chain's hash of the concatenation of `parts`.
    #[must_use]
    pub fn hash_of(self, parts: &[&[u8]]) -> Hash {
        match self {
            Self::Standard => keccak256_of(parts),
        }
    }

    /// The public key behind a signature, or `None` if the signature is not valid.
    #[must_use]
    pub fn recover(self, digest: &Hash, signature: &[u8]) -> Option<PublicKey> {
        match self {
            Self::Standard => ecdsa::recover(digest, signature.try_into().ok()?),
        }
    }

    /// The address of an account.
    #[must_use]
    pub fn address(self, public_key: &PublicKey) -> Address {
        let hash = self.hash(public_key);
        let mut address = [0; 20];
        address.copy_from_slice(&hash[12..]);
        address
    }
}
