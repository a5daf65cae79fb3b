//! Executes blocks (execution §1.3–1.13, §2, §7): what a transaction meets, what it costs, what it leaves.
//!
//! From the top: [`Executor`] runs blocks and read-only calls on a committed state. `transaction` is the life of one
//! transaction: gas before, the machine, gas after, the receipt. `schedule` says which of them run at the same time, and
//! sees to it that nobody can tell. `world` is what the machine meets there: contracts,
//! creations, system contracts, in the order of the sheet. `system` holds the system contracts and what they share.
//!
//! A transaction never fails a block: whatever it does ends in a receipt. Only a state that cannot be read ends a block
//! ([`ExecutionError`]). Running a transaction takes the block by shared reference and depends on no earlier one but
//! through the state.

#![forbid(unsafe_code)]
#![warn(missing_docs)]

mod account;
mod block;
mod code;
mod contract;
mod error;
mod executor;
mod parameters;
mod schedule;
mod slot_keys;
mod system;
#[cfg(test)]
mod tests;
mod text;
mod transaction;
mod world;

pub use contract::{CallFacts, Contract, ContractCall, ContractFailure, Operation, Rights};
pub use error::ExecutionError;
pub use executor::{
    BlockHashes, CallRequest, CallResult, Durations, ExecutedBlock, Executor, GenesisRow, Settings,
};
pub use hansa_state::{StateError, StateReader};
