//! Python bindings of the kernel: conversion only. What the names mean is said in `hansa/_kernel.pyi`.
//!
//! Rules: the interpreter lock is released around work, no foreign input panics, every error becomes one of ours
//! in `errors`.

mod blocks;
mod contracts;
mod crypto;
mod errors;
mod execution;
mod pool;
mod suite;
mod transactions;
mod values;

use pyo3::prelude::*;

#[pymodule]
mod _kernel {
    #[pymodule_export]
    use crate::blocks::{transactions_root, Block, Header};
    #[pymodule_export]
    use crate::contracts::{ContractCall, ContractTable};
    #[pymodule_export]
    use crate::crypto::{
        keccak256, public_key, recover, recover_batch, sign, verify_batch, vrf_prove, vrf_verify,
    };
    #[pymodule_export]
    use crate::execution::{CallResult, ExecutedBlock, Executor};
    #[pymodule_export]
    use crate::pool::TransactionPool;
    #[pymodule_export]
    use crate::suite::Suite;
    #[pymodule_export]
    use crate::transactions::{Transaction, TransactionList};
}
