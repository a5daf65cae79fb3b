//! The EVM with the rules of this chain.

#![forbid(unsafe_code)]
