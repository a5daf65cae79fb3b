//! The choice a chain makes once, for everything at once (data model §2.1).

use crate::{
    ecdsa, keccak256, keccak256_of, sm2, sm3, sm3_of, Address, Hash, InvalidSecret, PublicKey, Signature,
};

/// A hash function with a signature scheme. Values that are hashed get it from whoever knows the chain; the length of
/// a signature is the suite's business, so foreign signatures travel as slices.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Suite {
    /// Keccak-256 and recoverable ECDSA over secp256k1.
    Standard,
    /// Guomi: SM3, and SM2 with the public key carried along.
    Sm,
}

impl Suite {
    /// The chain's hash of one byte string.
    #[must_use]
    pub fn hash(self, data: &[u8]) -> Hash {
        match self {
            Self::Standard => keccak256(data),
            Self::Sm => sm3(data),
        }
    }

    /// The chain's hash of the concatenation of `parts`.
    #[must_use]
    pub fn hash_of(self, parts: &[&[u8]]) -> Hash {
        match self {
            Self::Standard => keccak256_of(parts),
            Self::Sm => sm3_of(parts),
        }
    }

    /// The public key of a secret.
    pub fn public_key(self, secret: &[u8; 32]) -> Result<PublicKey, InvalidSecret> {
        match self {
            Self::Standard => ecdsa::public_key(secret),
            Self::Sm => sm2::public_key(secret),
        }
    }

    /// Sign a digest; the same secret signs it the same way again.
    pub fn sign(self, secret: &[u8; 32], digest: &Hash) -> Result<Signature, InvalidSecret> {
        match self {
            Self::Standard => ecdsa::sign(secret, digest).map(Signature::Standard),
            Self::Sm => sm2::sign(secret, digest).map(Signature::Sm),
        }
    }

    /// The public key behind a signature, or `None` if the signature is not valid.
    #[must_use]
    pub fn recover(self, digest: &Hash, signature: &[u8]) -> Option<PublicKey> {
        match self {
            Self::Standard => ecdsa::recover(digest, signature.try_into().ok()?),
            Self::Sm => sm2::recover(digest, signature.try_into().ok()?),
        }
    }

    /// Did this key sign? A key that the signature carries is not looked at.
    #[must_use]
    pub fn verify(self, key: &PublicKey, digest: &Hash, signature: &[u8]) -> bool {
        match self {
            Self::Standard => self.recover(digest, signature).as_ref() == Some(key),
            Self::Sm => {
                let signature: Option<&sm2::Signature> = signature.try_into().ok();
                let pair = signature.and_then(|signature| signature.first_chunk());
                pair.is_some_and(|pair| sm2::verify(key, digest, pair))
            }
        }
    }

    /// How long a signature is, in bytes.
    #[must_use]
    pub fn signature_size(self) -> usize {
        match self {
            Self::Standard => std::mem::size_of::<ecdsa::Signature>(),
            Self::Sm => std::mem::size_of::<sm2::Signature>(),
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
