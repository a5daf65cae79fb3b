//! The EVM with the rules of this chain (execution §1).
//!
//! The interpreter is revm's; what this chain does differently is in three places a reader can check against the sheet:
//!
//! * [`GasSchedule`] holds the prices (§1.2),
//! * the instruction table in `instructions` lists the opcodes that are replaced or not there (§1.1),
//! * `frames` says what a failure does to gas (§1.4) and how calls nest.
//!
//! What a call meets (contracts, system contracts, nothing) and what a creation needs is not known here: the machine
//! asks its [`Host`]. Frames live on a heap-allocated stack, so the depth limit of 1024 never meets the native stack.

#![forbid(unsafe_code)]
#![warn(missing_docs)]

mod frames;
mod gas;
mod host;
mod instructions;
mod message;
pub mod precompiles;

pub use frames::Machine;
pub use gas::GasSchedule;
pub use host::{BlockContext, Entrance, Host, HostError, TransactionContext};
pub use message::{Kind, Message, Outcome};

pub use bytes::Bytes;
pub use hansa_codec::{LogEntry, Status};
pub use hansa_crypto::{Address, Hash};
pub use revm_interpreter::bytecode::Bytecode;
pub use revm_interpreter::primitives::U256;

/// Code that can be run. Analysing takes time in proportion to its length: keep the result.
#[must_use]
pub fn analyse(code: Bytes) -> Bytecode {
    Bytecode::new_legacy(code.into())
}
