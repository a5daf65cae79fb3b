//! The world state during one block, and what the block makes of it.

use std::collections::HashMap;
use std::sync::Arc;

use hansa_crypto::{Hash, SUITE};
use parking_lot::RwLock;

use crate::committed::SharedRows;
use crate::condition::Condition;
use crate::encoding::{encode_rows, storage_key};
use crate::row::Row;
use crate::schema::{names, Schema};
use crate::table::Table;
use crate::{Bytes, CommittedState, StateError};

/// Ids of rows start behind this number (data model §7).
const ROW_ID_OFFSET: u64 = 100_000;

/// The row of `_sys_current_state_` that holds the last id given.
const CURRENT_ID: &str = "current_id";

/// Shared by the transactions of one block.
pub struct BlockState {
    committed: Arc<CommittedState>,
    tables: RwLock<HashMap<Arc<str>, Arc<Table>>>,
}

impl BlockState {
    /// A block that has changed nothing yet.
    #[must_use]
    pub fn new(committed: Arc<CommittedState>) -> Self {
        Self { committed, tables: RwLock::default() }
    }

    pub(crate) fn committed(&self) -> &CommittedState {
        &self.committed
    }

    /// The table of that name, if there is one.
    pub fn open(&self, name: &str) -> Result<Option<Arc<Table>>, StateError> {
        if let Some(table) = self.tables.read().get(name) {
            return Ok(Some(Arc::clone(table)));
        }
        let Some(schema) = self.schema(name)? else { return Ok(None) };
        let table = Arc::new(Table::new(schema, self.writers(name)?));
        let mut tables = self.tables.write();
        let table = tables.entry(table.schema().shared_name()).or_insert(table);
        Ok(Some(Arc::clone(table)))
    }

    fn schema(&self, name: &str) -> Result<Option<Schema>, StateError> {
        if let Some(schema) = Schema::built_in(name) {
            return Ok(Some(schema));
        }
        // `_sys_tables_` is built in, so this does not come here again.
        let Some(tables) = self.open(names::TABLES)? else { return Ok(None) };
        let rows = tables.select(&self.committed, name.as_bytes(), &Condition::all())?;
        let Some(row) = rows.first() else { return Ok(None) };
        let field = |field| row.get(tables.schema(), field).and_then(|text| std::str::from_utf8(text).ok());
        Ok(Some(Schema::new(name, field("key_field").unwrap_or(""), field("value_field").unwrap_or(""))))
    }

    /// Who may write a table: as committed before this block, so that a grant or a revocation works from the next
    /// block on (execution §4.1).
    fn writers(&self, name: &str) -> Result<Box<[Bytes]>, StateError> {
        let Some(schema) = Schema::built_in(names::TABLE_ACCESS) else { return Ok(Box::default()) };
        let Some(column) = schema.column(b"address") else { return Ok(Box::default()) };
        let rows = self.committed.rows(&schema, name.as_bytes())?;
        Ok(rows.iter().filter_map(|row| row.values.get(column)?.clone()).collect())
    }

    /// Read rows that will be needed in one go: (table, key) pairs. Tables that do not exist are skipped.
    pub fn prefetch(&self, wanted: &[(&str, &[u8])]) -> Result<(), StateError> {
        let mut unknown: Vec<&str> = wanted.iter().map(|(table, _)| *table).collect();
        unknown.sort_unstable();
        unknown.dedup();
        let (Some(tables), Some(access)) =
            (Schema::built_in(names::TABLES), Schema::built_in(names::TABLE_ACCESS))
        else {
            return Ok(());
        };
        let about = unknown.iter().flat_map(|name| [(&tables, name.as_bytes()), (&access, name.as_bytes())]);
        self.committed.prefetch(&about.collect::<Vec<_>>())?;
        let mut rows = Vec::with_capacity(wanted.len());
        for (name, key) in wanted {
            if let Some(table) = self.open(name)? {
                rows.push((table, *key));
            }
        }
        self.committed.prefetch(&rows.iter().map(|(table, key)| (table.schema(), *key)).collect::<Vec<_>>())
    }

    /// Dirty tables, by name.
    fn dirty_tables(&self) -> Vec<Arc<Table>> {
        let tables = self.tables.read();
        let mut dirty: Vec<_> = tables.values().filter(|table| table.is_dirty()).cloned().collect();
        dirty.sort_unstable_by(|left, right| left.schema().name().cmp(right.schema().name()));
        dirty
    }

    /// The state root of what the block changed so far (data model §7); zero if nothing that counts was written.
    #[must_use]
    pub fn root(&self) -> Hash {
        let mut hashes = Vec::new();
        for table in self.dirty_tables().iter().filter(|table| table.schema().is_hashed()) {
            hashes.extend_from_slice(&SUITE.hash(&table.hash_input()));
        }
        if hashes.is_empty() {
            return Hash::default();
        }
        SUITE.hash(&hashes)
    }

    /// What the block leaves behind, with row ids given.
    pub fn changes(&self, number: u64) -> Result<BlockChanges, StateError> {
        let counter = self.current_id()?;
        let mut next_id = counter.value + 1;
        let mut changes = BlockChanges::default();
        for table in self.dirty_tables() {
            let (keys, created) = table.changes(number);
            if keys.is_empty() {
                continue;
            }
            let schema = table.schema();
            changes.tables.push(schema.name().into());
            for change in keys {
                let mut rows = change.kept;
                rows.extend(change.created.into_iter().map(|(position, values)| Row {
                    id: next_id + position as u64,
                    number,
                    values,
                }));
                changes.put(schema, &change.key, rows);
            }
            next_id += created as u64;
        }
        if next_id > counter.value + 1 {
            let text = |text: &str| Some(Bytes::copy_from_slice(text.as_bytes()));
            let values = [text(CURRENT_ID), text(&(next_id - 1).to_string())].into();
            changes.put(
                &counter.schema,
                CURRENT_ID.as_bytes(),
                vec![Row { id: counter.row_id, number, values }],
            );
        }
        Ok(changes)
    }

    fn current_id(&self) -> Result<IdCounter, StateError> {
        let schema = Schema::built_in(names::CURRENT_STATE)
            .ok_or_else(|| StateError::MissingTable(names::CURRENT_STATE.into()))?;
        let rows = self.committed.rows(&schema, CURRENT_ID.as_bytes())?;
        let Some(row) = rows.first() else {
            return Ok(IdCounter { schema, row_id: 1, value: ROW_ID_OFFSET });
        };
        let text = schema.column(b"value").and_then(|column| row.values.get(column)?.as_deref());
        let value = text.and_then(|text| std::str::from_utf8(text).ok()?.parse().ok());
        let Some(value) = value else {
            let reason = "current_id is not a number";
            return Err(StateError::Corrupt { table: schema.name().into(), reason });
        };
        Ok(IdCounter { schema, row_id: row.id, value })
    }
}

struct IdCounter {
    schema: Schema,
    row_id: u64,
    value: u64,
}

/// The writes of one block: for the storage as bytes, for the cache as rows.
#[derive(Default)]
pub struct BlockChanges {
    encoded: Vec<(Vec<u8>, Vec<u8>)>,
    decoded: Vec<(Vec<u8>, SharedRows)>,
    tables: Vec<String>,
}

impl BlockChanges {
    fn put(&mut self, schema: &Schema, key: &[u8], rows: Vec<Row>) {
        let storage_key = storage_key(schema.name(), key);
        self.encoded.push((storage_key.clone(), encode_rows(schema, &rows)));
        self.decoded.push((storage_key, Arc::new(rows)));
    }

    /// Storage keys and values to be written.
    #[must_use]
    pub fn encoded(&self) -> &[(Vec<u8>, Vec<u8>)] {
        &self.encoded
    }

    /// Names of the tables with changed rows, in order.
    #[must_use]
    pub fn tables(&self) -> &[String] {
        &self.tables
    }

    pub(crate) fn decoded(&self) -> &[(Vec<u8>, SharedRows)] {
        &self.decoded
    }
}
