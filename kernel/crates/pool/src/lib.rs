//! Admission checks, nonce sets and sealing order of one group.

#![forbid(unsafe_code)]
