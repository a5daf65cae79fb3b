//! What can go wrong with the state itself.

use std::fmt;

/// The storage failed or holds what this crate did not write: the block cannot be executed on this node.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum StateError {
    /// The reader gave no answer.
    Storage(String),
    /// The bytes under this storage key are not rows of its table.
    Corrupt {
        /// The table.
        table: String,
        /// What is wrong with them.
        reason: &'static str,
    },
    /// A table was asked for that every chain has, and it is not there.
    MissingTable(String),
}

impl fmt::Display for StateError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Storage(reason) => write!(formatter, "the state cannot be read: {reason}"),
            Self::Corrupt { table, reason } => write!(formatter, "damaged rows of table {table}: {reason}"),
            Self::MissingTable(table) => write!(formatter, "table {table} does not exist"),
        }
    }
}

impl std::error::Error for StateError {}
