//! The executor against published vectors, and against noise.

mod evm;
mod fixture;
mod noise;
mod sequences;
