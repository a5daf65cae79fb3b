//! A signature of either suite.

use std::ops::Deref;

use crate::{ecdsa, sm2};

/// What a secret made of a digest; its bytes are what blocks and messages carry.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Signature {
    /// r ‖ s ‖ v.
    Standard(ecdsa::Signature),
    /// r ‖ s ‖ public key.
    Sm(sm2::Signature),
}

impl Deref for Signature {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        match self {
            Self::Standard(bytes) => bytes,
            Self::Sm(bytes) => bytes,
        }
    }
}
