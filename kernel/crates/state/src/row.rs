//! A committed row.

use std::sync::Arc;

use crate::Bytes;

/// The fields of a row, in the order of its table's columns; `None` where the row lacks the field.
/// Shared, and replaced as a whole when a row changes.
pub type Values = Arc<[Option<Bytes>]>;

/// A row as it is committed. Rows that were removed are not kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Row {
    /// Given at commit, growing over the whole chain: the order of rows under one key.
    pub id: u64,
    /// The height of the block that wrote it last.
    pub number: u64,
    /// Its fields.
    pub values: Values,
}

impl Row {
    /// Roughly what it takes in memory, in bytes.
    pub(crate) fn memory_size(&self) -> usize {
        let values: usize = self.values.iter().flatten().map(Bytes::len).sum();
        std::mem::size_of::<Self>() + self.values.len() * std::mem::size_of::<Option<Bytes>>() + values
    }
}
