//! One transaction's view of the world state.
//!
//! A session sees and changes the block state directly and keeps a journal of what it changed. Reverting puts rows
//! back, with two exceptions every node shares (data model §7): the table stays dirty and touched rows stay touched, and
//! a table the transaction created stays known, empty, until the block ends (execution §3, "Undo").

use std::sync::Arc;

use hansa_crypto::Suite;

use crate::condition::Condition;
use crate::order::{Position, Visitor};
use crate::schema::{names, Schema};
use crate::table::{new_values, with_fields, Body, Place, Selected, Table};
use crate::{BlockState, Bytes, StateError};

/// On whose behalf a table is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Access<'a> {
    /// The system's own: not checked.
    System,
    /// The sender of the transaction, as written in permission rows: lower-case hex with `0x`.
    Origin(&'a str),
}

/// How a write ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Written {
    /// So many rows were written or matched.
    Rows(usize),
    /// The origin may not write this table.
    Denied,
}

/// How creating a table ended.
#[derive(Debug, Clone)]
pub enum Created {
    /// It is new.
    Table(Arc<Table>),
    /// There is one of that name.
    Exists,
    /// The origin may not create tables.
    Denied,
}

/// A point of a session to which it can be taken back.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub struct Savepoint(usize);

struct Change {
    /// In the session's list of tables.
    table: usize,
    key: Bytes,
    place: Place,
    /// `None`: the row was inserted.
    before: Option<Body>,
}

/// The state as one transaction sees and changes it.
pub struct Session<'a> {
    block: &'a BlockState,
    position: Position,
    journal: Vec<Change>,
    /// Those that were changed. A change names its table by number: to share one more often costs, as others share it
    /// at the same time.
    tables: Vec<Arc<Table>>,
}

impl<'a> Session<'a> {
    /// A session of the first transaction of a block, or of the only one.
    #[must_use]
    pub fn new(block: &'a BlockState) -> Self {
        Self::at(block, 0)
    }

    /// What tables and accounts are hashed with.
    #[must_use]
    pub fn suite(&self) -> Suite {
        self.block.suite()
    }

    /// A session of the transaction at this position.
    #[must_use]
    pub fn at(block: &'a BlockState, position: Position) -> Self {
        Self { block, position, journal: Vec::new(), tables: Vec::new() }
    }

    fn visitor(&self) -> Visitor<'a> {
        self.block.visitor(self.position)
    }

    /// The table of that name, if there is one.
    pub fn open(&self, name: &str) -> Result<Option<Arc<Table>>, StateError> {
        self.block.open(name, self.position)
    }

    /// A table that every chain has.
    pub fn open_built_in(&self, name: &str) -> Result<Arc<Table>, StateError> {
        self.open(name)?.ok_or_else(|| StateError::MissingTable(name.into()))
    }

    /// Create a table. `value_fields` are joined by commas; names are taken as they are.
    pub fn create(
        &mut self,
        name: &str,
        key_field: &str,
        value_fields: &str,
        access: Access<'_>,
    ) -> Result<Created, StateError> {
        let tables = self.open_built_in(names::TABLES)?;
        if !self.select(&tables, name.as_bytes(), &Condition::all())?.is_empty() {
            return Ok(Created::Exists);
        }
        let fields = [("key_field", key_field), ("value_field", value_fields)];
        let fields = fields.map(|(field, value)| (field, Bytes::copy_from_slice(value.as_bytes())));
        if self.insert(&tables, name.as_bytes(), fields, access)? == Written::Denied {
            return Ok(Created::Denied);
        }
        let table = self.open(name)?.ok_or_else(|| StateError::MissingTable(name.into()))?;
        Ok(Created::Table(table))
    }

    /// The live rows of a key that match, in the order every node sees.
    pub fn select(
        &self,
        table: &Table,
        key: &[u8],
        condition: &Condition,
    ) -> Result<Vec<Selected>, StateError> {
        table.select(self.block.committed(), self.visitor(), key, condition)
    }

    /// A field of the first live row of a key.
    pub fn first_field(&self, table: &Table, key: &[u8], field: &str) -> Result<Option<Bytes>, StateError> {
        let Some(column) = table.schema().column(field.as_bytes()) else { return Ok(None) };
        table.first_field(self.block.committed(), self.visitor(), key, column)
    }

    /// The same, as it was before this block.
    pub fn committed_field(
        &self,
        table: &Table,
        key: &[u8],
        field: &str,
    ) -> Result<Option<Bytes>, StateError> {
        let Some(column) = table.schema().column(field.as_bytes()) else { return Ok(None) };
        let rows = self.block.committed().rows(table.schema(), key)?;
        Ok(rows.first().and_then(|row| row.values.get(column)?.clone()))
    }

    /// Add a row under a key. Fields the table does not have are left out; the key field is set to the key.
    pub fn insert<'f>(
        &mut self,
        table: &Arc<Table>,
        key: &[u8],
        fields: impl IntoIterator<Item = (&'f str, Bytes)>,
        access: Access<'_>,
    ) -> Result<Written, StateError> {
        if !table.is_writable(access) {
            return Ok(Written::Denied);
        }
        let key = Bytes::copy_from_slice(key);
        let schema = table.schema();
        let mut fields = columns(schema, fields);
        fields.push((schema.key_column(), key.clone()));
        let values = new_values(schema.width(), &fields);
        let place = table.insert(self.block.committed(), self.visitor(), &key, values)?;
        let table = self.number_of(table);
        self.journal.push(Change { table, key, place, before: None });
        Ok(Written::Rows(1))
    }

    /// Set one field of the rows of a key, or insert a row if there is none; what the first one had. Nothing is written
    /// if `keeps` says of that that it may stay. This is the system's own: access is not checked.
    pub fn put(
        &mut self,
        table: &Arc<Table>,
        key: &Bytes,
        field: &str,
        value: Bytes,
        keeps: impl FnOnce(Option<&Bytes>) -> bool,
    ) -> Result<Option<Bytes>, StateError> {
        let Some(column) = table.schema().column(field.as_bytes()) else { return Ok(None) };
        let (committed, visitor) = (self.block.committed(), self.visitor());
        let number = self.number_of(table);
        table.put(committed, visitor, key, (column, value), keeps, |place, before| {
            self.journal.push(Change { table: number, key: key.clone(), place, before });
        })
    }

    /// The number of a table in the list; often it is the one that was changed last.
    fn number_of(&mut self, table: &Arc<Table>) -> usize {
        const LOOK_BACK: usize = 4;
        let found = self.tables.iter().rev().take(LOOK_BACK).position(|known| Arc::ptr_eq(known, table));
        match found {
            Some(back) => self.tables.len() - 1 - back,
            None => {
                self.tables.push(Arc::clone(table));
                self.tables.len() - 1
            }
        }
    }

    /// Set fields of the rows that match; the key field is never changed. Counts the rows that matched.
    pub fn update<'f>(
        &mut self,
        table: &Arc<Table>,
        key: &[u8],
        fields: impl IntoIterator<Item = (&'f str, Bytes)>,
        condition: &Condition,
        access: Access<'_>,
    ) -> Result<Written, StateError> {
        let schema = table.schema();
        let mut fields = columns(schema, fields);
        fields.retain(|(column, _)| *column != schema.key_column());
        self.change(table, key, condition, access, |body| {
            body.values = with_fields(&body.values, &fields);
        })
    }

    /// Remove the rows that match; counts them.
    pub fn remove(
        &mut self,
        table: &Arc<Table>,
        key: &[u8],
        condition: &Condition,
        access: Access<'_>,
    ) -> Result<Written, StateError> {
        self.change(table, key, condition, access, |body| body.removed = true)
    }

    fn change(
        &mut self,
        table: &Arc<Table>,
        key: &[u8],
        condition: &Condition,
        access: Access<'_>,
        change: impl Fn(&mut Body),
    ) -> Result<Written, StateError> {
        if !table.is_writable(access) {
            return Ok(Written::Denied);
        }
        let (committed, visitor) = (self.block.committed(), self.visitor());
        let number = self.number_of(table);
        let before = self.journal.len();
        let shared_key = Bytes::copy_from_slice(key);
        table.change(committed, visitor, key, condition, change, |place, before| {
            let key = shared_key.clone();
            self.journal.push(Change { table: number, key, place, before: Some(before) });
        })?;
        Ok(Written::Rows(self.journal.len() - before))
    }

    /// Where the session stands.
    #[must_use]
    pub fn savepoint(&self) -> Savepoint {
        Savepoint(self.journal.len())
    }

    /// Take back what was changed since. A savepoint that lies behind an earlier revert takes back nothing.
    pub fn revert_to(&mut self, savepoint: Savepoint) {
        while self.journal.len() > savepoint.0 {
            if let Some(Change { table, key, place, before }) = self.journal.pop() {
                if let Some(table) = self.tables.get(table) {
                    table.restore(self.visitor(), &key, place, before);
                }
            }
        }
    }
}

/// The columns of the fields a table has.
fn columns<'f>(schema: &Schema, fields: impl IntoIterator<Item = (&'f str, Bytes)>) -> Vec<(usize, Bytes)> {
    let known = |(field, value): (&str, Bytes)| Some((schema.column(field.as_bytes())?, value));
    fields.into_iter().filter_map(known).collect()
}
