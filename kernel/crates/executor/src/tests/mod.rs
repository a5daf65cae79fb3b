//! The executor against published vectors, and against noise.

mod assembler;
mod evm;
mod fixture;
mod noise;
mod parallel;
mod sequences;

pub(crate) use fixture::vectors;
