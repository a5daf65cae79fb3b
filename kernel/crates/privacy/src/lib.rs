//! The mathematics behind the chain's crypto contracts: the VRF of Crypto 0x5006, Paillier 0x5003, GroupSig 0x5004 and
//! RingSig 0x5005 (execution §2.16, §2.17, §8.4, §9).
//!
//! Three rules hold everywhere:
//! 1. Arguments are the bytes of an ABI `string` or `bytes`, exactly as called; whatever they are, the answer is a
//!    value or an error, never a panic.
//! 2. Sizes are checked before anything is computed with them, so that a call's time has an upper bound.
//! 3. What the C++ node answers for arguments its own tools write is answered here to the letter. Where it reads
//!    memory it does not own, loops or divides by zero, the answer is an error of the same contract.
//!
//! Contracts turn errors into their code (execution §2.0): Paillier −51600, GroupSig −51700, RingSig −51800.
//! All input is public, so nothing has to take constant time, but for the one secret that
//! [`curve25519_vrf_prove`] gets.

#![forbid(unsafe_code)]
#![warn(missing_docs)]

mod base64;
mod group_signature;
mod hex;
mod json;
mod paillier;
mod ring_signature;
mod vrf;

pub use group_signature::{group_signature_verify, GroupSignatureError};
pub use paillier::{paillier_add, InvalidCiphertexts};
pub use ring_signature::{ring_signature_verify, RingSignatureError};
pub use vrf::{curve25519_vrf_prove, curve25519_vrf_verify};

pub use hansa_crypto::{Address, Hash, PublicKey};

/// The longest Base64 argument that is read: far above any signature or key, far below what would take time.
const ARGUMENT_BYTES_MAX: usize = 1 << 20;
