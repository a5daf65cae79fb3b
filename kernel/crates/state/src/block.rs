//! The world state during one block, and what the block makes of it.

use std::collections::HashMap;
use std::sync::Arc;

use ahash::RandomState;
use hansa_crypto::{Hash, Suite};
use parking_lot::RwLock;

use crate::committed::SharedRows;
use crate::encoding::{encode_rows, storage_key};
use crate::order::{Order, Position, Visitor};
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
    tables: RwLock<HashMap<Arc<str>, Arc<Table>, RandomState>>,
    order: Order,
}

impl BlockState {
    /// A block that has changed nothing yet.
    #[must_use]
    pub fn new(committed: Arc<CommittedState>) -> Self {
        Self { committed, tables: RwLock::default(), order: Order::default() }
    }

    /// What tables and accounts are hashed with.
    #[must_use]
    pub fn suite(&self) -> Suite {
        self.committed.suite()
    }

    pub(crate) fn committed(&self) -> &CommittedState {
        &self.committed
    }

    pub(crate) fn visitor(&self, position: Position) -> Visitor<'_> {
        Visitor { order: &self.order, position }
    }

    /// Did the transactions so far come to what they come to one after the other? If not, the block has to be run again.
    #[must_use]
    pub fn is_in_order(&self) -> bool {
        self.order.is_kept()
    }

    /// The table of that name, if there is one for the transaction at this position.
    pub(crate) fn open(&self, name: &str, position: Position) -> Result<Option<Arc<Table>>, StateError> {
        let table = match self.opened(name) {
            Some(table) => table,
            None => {
                let Some((schema, since)) = self.schema(name, position)? else { return Ok(None) };
                let table = Arc::new(Table::new(schema, self.writers(name)?, since));
                // Somebody else may have been faster.
                Arc::clone(self.tables.write().entry(table.schema().shared_name()).or_insert(table))
            }
        };
        self.visitor(position).comes_after(table.since());
        Ok(Some(table))
    }

    fn opened(&self, name: &str) -> Option<Arc<Table>> {
        self.tables.read().get(name).cloned()
    }

    /// The columns of a table, and which transaction made it.
    fn schema(&self, name: &str, position: Position) -> Result<Option<(Schema, Position)>, StateError> {
        if let Some(schema) = Schema::built_in(name) {
            return Ok(Some((schema, 0)));
        }
        // `_sys_tables_` is built in, so this does not come here again.
        let Some(tables) = self.open(names::TABLES, position)? else { return Ok(None) };
        let row = tables.first_since(&self.committed, self.visitor(position), name.as_bytes())?;
        let Some((row, since)) = row else { return Ok(None) };
        let field = |field| row.get(tables.schema(), field).and_then(|text| std::str::from_utf8(text).ok());
        let schema = Schema::new(name, field("key_field").unwrap_or(""), field("value_field").unwrap_or(""));
        Ok(Some((schema, since)))
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
            if let Some(table) = self.open(name, 0)? {
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
            hashes.extend_from_slice(&self.suite().hash(&table.hash_input()));
        }
        if hashes.is_empty() {
            return Hash::default();
        }
        self.suite().hash(&hashes)
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
