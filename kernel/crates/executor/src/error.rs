//! Why a block cannot be executed.

use std::fmt;

use hansa_codec::DecodeError;
use hansa_state::StateError;

/// The block, or this node, is not what it should be. A transaction never causes one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ExecutionError {
    /// The state cannot be read.
    State(StateError),
    /// The block is of a chain that hashes and signs with another suite.
    OtherSuite,
    /// The block's parent is not the committed head.
    NotNext {
        /// The height of the block.
        number: u64,
        /// How it fails to follow.
        reason: &'static str,
    },
    /// The signature of a transaction is not valid.
    NoSender {
        /// Its position in the block.
        index: usize,
    },
    /// A genesis row names a table that the chain does not have.
    GenesisTable(String),
    /// The receipts do not make a block: our own mistake.
    Assembly(DecodeError),
}

impl fmt::Display for ExecutionError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::State(error) => error.fmt(formatter),
            Self::OtherSuite => formatter.write_str("the block is of another crypto suite than the chain"),
            Self::NotNext { number, reason } => {
                write!(formatter, "block {number} does not follow the committed head: {reason}")
            }
            Self::NoSender { index } => write!(formatter, "transaction {index} has no valid signature"),
            Self::GenesisTable(table) => {
                write!(formatter, "the genesis has a row of table {table}, which no chain has")
            }
            Self::Assembly(error) => write!(formatter, "the executed block cannot be put together: {error}"),
        }
    }
}

impl std::error::Error for ExecutionError {}

impl From<StateError> for ExecutionError {
    fn from(error: StateError) -> Self {
        Self::State(error)
    }
}
