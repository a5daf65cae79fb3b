//! What a chain hashes and signs with (data model §2).
//!
//! A [`Suite`] is what everything that follows the chain's choice calls: hashes of transactions, receipts, blocks
//! and roots, addresses, signatures. There are no mixed chains, but one process may serve chains of both kinds: so
//! there is no suite of the process; it is carried to where hashes are made. [`keccak256`] and [`ecdsa`] by name are
//! for what never changes with it, such as the EVM's `ecrecover`. Nothing here panics on foreign bytes; an invalid
//! signature is `None` or `false`.

#![forbid(unsafe_code)]

mod batch;
pub mod ecdsa;
mod keccak;
mod secret;
mod signature;
pub mod sm2;
mod sm3;
mod suite;

pub use keccak::{keccak256, keccak256_of};
pub use secret::InvalidSecret;
pub use signature::Signature;
pub use sm3::{sm3, sm3_of};
pub use suite::Suite;

/// 32 bytes of a hash function.
pub type Hash = [u8; 32];

/// The last 20 bytes of the hash of a public key, or of a contract creation.
pub type Address = [u8; 20];

/// An uncompressed point X ‖ Y without the leading `04`; also a node's identity.
pub type PublicKey = [u8; 64];
