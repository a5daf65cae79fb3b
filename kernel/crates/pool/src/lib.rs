//! The transactions a group has not committed yet: who is let in, in which order they are sealed, when they go
//! (data model §3.2, node §5.1).
//!
//! 1. The order of the checks is the protocol's: a client sees which one failed first.
//! 2. Sealing order is the order of admission.
//! 3. A nonce is used once in a group within 1000 blocks, whoever uses it.
//! 4. Signatures are recovered outside the lock; everything kept is bounded.

#![forbid(unsafe_code)]
#![warn(missing_docs)]

mod chain_nonces;
mod pending;
mod pool;
mod recent_set;

pub use pool::{Pool, Rules};
