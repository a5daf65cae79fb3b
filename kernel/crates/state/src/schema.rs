//! What columns a table has (data model §8.1).

use std::sync::Arc;

/// Names of the tables every chain has.
pub mod names {
    /// One row per table that is not listed here: its key field and value fields.
    pub const TABLES: &str = "_sys_tables_";
    /// Sealers and observers.
    pub const CONSENSUS: &str = "_sys_consensus_";
    /// Who may write which table.
    pub const TABLE_ACCESS: &str = "_sys_table_access_";
    /// System parameters.
    pub const CONFIG: &str = "_sys_config_";
    /// Contract names.
    pub const CNS: &str = "_sys_cns_";
    /// Counters, among them the last row id.
    pub const CURRENT_STATE: &str = "_sys_current_state_";
    /// Height → block hash.
    pub const NUMBER_TO_HASH: &str = "_sys_number_2_hash_";
    /// Block hash → block.
    pub const HASH_TO_BLOCK: &str = "_sys_hash_2_block_";
    /// Block hash → header and signatures.
    pub const HASH_TO_HEADER: &str = "_sys_hash_2_header_";
    /// Transaction hash → height and index.
    pub const TRANSACTION_TO_BLOCK: &str = "_sys_tx_hash_2_block_";
    /// Height → nonces.
    pub const BLOCK_TO_NONCES: &str = "_sys_block_2_nonces_";
}

/// Tables of the block store: never part of a root (data model §7).
const UNHASHED: [&str; 5] = [
    names::CURRENT_STATE,
    names::TRANSACTION_TO_BLOCK,
    names::HASH_TO_BLOCK,
    names::HASH_TO_HEADER,
    names::BLOCK_TO_NONCES,
];

/// Tables every chain has: name, key field, value fields.
const BUILT_IN: [(&str, &str, &[&str]); 11] = [
    (names::TABLES, "table_name", &["key_field", "value_field"]),
    (names::CONSENSUS, "name", &["type", "node_id", "enable_num"]),
    (names::TABLE_ACCESS, "table_name", &["address", "enable_num"]),
    (names::CONFIG, "key", &["value", "enable_num"]),
    (names::CNS, "name", &["version", "address", "abi"]),
    (names::CURRENT_STATE, "key", &["value"]),
    (names::NUMBER_TO_HASH, "number", &["value"]),
    (names::HASH_TO_BLOCK, "hash", &["value"]),
    (names::HASH_TO_HEADER, "hash", &["value", "sigs"]),
    (names::TRANSACTION_TO_BLOCK, "hash", &["value", "index"]),
    (names::BLOCK_TO_NONCES, "number", &["value"]),
];

/// The columns of a table: its key field and its value fields, in byte order of their names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Schema {
    name: Arc<str>,
    columns: Box<[Box<str>]>,
    key_column: usize,
    value_fields: Box<str>,
}

impl Schema {
    /// `value_fields` as in `_sys_tables_`: joined by commas.
    #[must_use]
    pub fn new(name: &str, key_field: &str, value_fields: &str) -> Self {
        let mut columns: Vec<Box<str>> = value_fields
            .split(',')
            .chain([key_field])
            .filter(|field| !field.is_empty())
            .map(Box::from)
            .collect();
        columns.sort_unstable();
        columns.dedup();
        let key_column = columns.iter().position(|column| **column == *key_field).unwrap_or_default();
        Self { name: name.into(), columns: columns.into(), key_column, value_fields: value_fields.into() }
    }

    /// The schema of a table every chain has.
    #[must_use]
    pub fn built_in(name: &str) -> Option<Self> {
        let (name, key_field, value_fields) = BUILT_IN.iter().find(|(built_in, ..)| *built_in == name)?;
        Some(Self::new(name, key_field, &value_fields.join(",")))
    }

    /// The full name of the table.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The same, shared.
    pub(crate) fn shared_name(&self) -> Arc<str> {
        Arc::clone(&self.name)
    }

    /// The column of a field; `None` if the table does not have it.
    #[must_use]
    pub fn column(&self, field: &[u8]) -> Option<usize> {
        self.columns.iter().position(|column| column.as_bytes() == field)
    }

    /// Field names in column order.
    pub fn fields(&self) -> impl ExactSizeIterator<Item = &str> {
        self.columns.iter().map(AsRef::as_ref)
    }

    /// The name of the key field.
    #[must_use]
    pub fn key_field(&self) -> &str {
        self.columns.get(self.key_column).map_or("", AsRef::as_ref)
    }

    /// The value fields as given at creation, joined by commas.
    #[must_use]
    pub fn value_fields(&self) -> &str {
        &self.value_fields
    }

    pub(crate) fn key_column(&self) -> usize {
        self.key_column
    }

    pub(crate) fn width(&self) -> usize {
        self.columns.len()
    }

    /// Does the table enter state roots?
    pub(crate) fn is_hashed(&self) -> bool {
        !UNHASHED.contains(&&*self.name)
    }
}

/// Hidden by convention: ignored by hashes and conditions (data model §7, §9.2).
pub(crate) fn is_hidden(field: &[u8]) -> bool {
    field.first() == Some(&b'_') || field.last() == Some(&b'_')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_are_in_byte_order() {
        let schema = Schema::new("u_t", "name", "item_name,item_id");
        assert_eq!(schema.fields().collect::<Vec<_>>(), ["item_id", "item_name", "name"]);
        assert_eq!((schema.key_field(), schema.value_fields()), ("name", "item_name,item_id"));
        assert_eq!(schema.column(b"item_name"), Some(1));
        assert_eq!(schema.column(b"price"), None);
    }

    #[test]
    fn the_block_store_is_not_hashed() {
        let hashed = |name| Schema::built_in(name).unwrap().is_hashed();
        assert!(hashed(names::CONFIG) && hashed(names::TABLES) && hashed(names::NUMBER_TO_HASH));
        assert!(!hashed(names::CURRENT_STATE) && !hashed(names::HASH_TO_BLOCK));
    }
}
