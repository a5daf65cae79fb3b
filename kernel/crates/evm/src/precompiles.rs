//! Ethereum's precompiled contracts 1 to 9, with this chain's rules (execution §1.10).

use bytes::Bytes;
use hansa_crypto::{ecdsa, keccak256, Address};
use revm_precompile::bn254::{add, mul, pair};
use revm_precompile::{blake2, bn254, hash, identity, modexp, EthPrecompileResult, PrecompileHalt};

/// Why a precompiled contract gave no answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Failure {
    /// There is too little gas; none is taken.
    OutOfGas,
    /// The input is not what it should be.
    BadInput,
}

/// An answer, and what it cost.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    /// In gas.
    pub cost: u64,
    /// May be empty.
    pub output: Bytes,
}

/// One of the contracts.
pub type Contract = fn(&[u8], u64) -> Result<Answer, Failure>;

const ECRECOVER_COST: u64 = 3_000;

/// The contract at an address, if it is one of them. It takes the input and the gas there is.
#[must_use]
pub fn at(address: &Address) -> Option<Contract> {
    let (last, rest) = address.split_last()?;
    if rest.iter().any(|byte| *byte != 0) {
        return None;
    }
    let contract: Contract = match last {
        1 => ecrecover,
        2 => |input, gas| answer(hash::sha256_run(input, gas)),
        3 => |input, gas| answer(hash::ripemd160_run(input, gas)),
        4 => |input, gas| answer(identity::identity_run(input, gas)),
        5 => |input, gas| answer(modexp::byzantium_run(input, gas)),
        6 => |input, gas| answer(bn254::run_add(input, add::ISTANBUL_ADD_GAS_COST, gas)),
        7 => |input, gas| answer(bn254::run_mul(input, mul::ISTANBUL_MUL_GAS_COST, gas)),
        8 => |input, gas| {
            answer(bn254::run_pair(input, pair::ISTANBUL_PAIR_PER_POINT, pair::ISTANBUL_PAIR_BASE, gas))
        },
        9 => |input, gas| answer(blake2::run(input, gas)),
        _ => return None,
    };
    Some(contract)
}

fn answer(result: EthPrecompileResult) -> Result<Answer, Failure> {
    match result {
        Ok(output) => Ok(Answer { cost: output.gas_used, output: output.bytes.into() }),
        Err(PrecompileHalt::OutOfGas) => Err(Failure::OutOfGas),
        Err(_) => Err(Failure::BadInput),
    }
}

/// hash ‖ v ‖ r ‖ s → the address as a word. A high s is refused as everywhere on this chain; a signature that is not
/// valid is an empty answer, not a failure.
fn ecrecover(input: &[u8], gas: u64) -> Result<Answer, Failure> {
    if gas < ECRECOVER_COST {
        return Err(Failure::OutOfGas);
    }
    let mut padded = [0; 128];
    let length = input.len().min(padded.len());
    padded[..length].copy_from_slice(&input[..length]);
    let (digest, rest) = padded.split_at(32);
    let (v, r_and_s) = rest.split_at(32);
    let output = recovered(digest, v, r_and_s).unwrap_or_default();
    Ok(Answer { cost: ECRECOVER_COST, output })
}

fn recovered(digest: &[u8], v: &[u8], r_and_s: &[u8]) -> Option<Bytes> {
    let (last, rest) = v.split_last()?;
    if rest.iter().any(|byte| *byte != 0) || !matches!(last, 27 | 28) {
        return None;
    }
    let mut signature = [0; 65];
    signature[..64].copy_from_slice(r_and_s);
    signature[64] = last - 27;
    let key = ecdsa::recover(digest.try_into().ok()?, &signature)?;
    let mut word = [0; 32];
    word[12..].copy_from_slice(&keccak256(&key)[12..]);
    Some(Bytes::copy_from_slice(&word))
}
