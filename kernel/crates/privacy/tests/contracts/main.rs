//! What the contracts answer, against vectors of others (each file in `../vectors/` says where its numbers come from)
//! and against noise.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod group_signature;
mod noise;
mod paillier;
mod ring_signature;
mod support;
mod vrf;
