//! One transaction's view of the world state.
//!
//! A session sees and changes the block state directly and keeps a journal of what it changed. Reverting puts rows
//! back, with two exceptions every node shares (data model §7): the table stays dirty and touched rows stay touched, and
//! a table the transaction created stays known, empty, until the block ends (execution §3, "Undo").

use std::sync::Arc;

use hansa_crypto::Suite;

use crate::condition::Condition;
use crate::order::{Position, Visitor};
use crate::row::Values;
use crate::schema::{names, Schema};
use crate::table::{Body, Place, Selected, Table};
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
    table: Arc<Table>,
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
        Self { block, position, journal: Vec::new() }
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
        let mut values = vec![None; schema.width()];
        for (column, value) in columns(schema, fields).into_iter().chain([(schema.key_column(), key.clone())])
        {
            if let Some(field) = values.get_mut(column) {
                *field = Some(value);
            }
        }
        let place = table.insert(self.block.committed(), self.visitor(), &key, values.into())?;
        self.journal.push(Change { table: Arc::clone(table), key, place, before: None });
        Ok(Written::Rows(1))
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
            let mut values = body.values.to_vec();
            for (column, value) in &fields {
                if let Some(field) = values.get_mut(*column) {
                    *field = Some(value.clone());
                }
            }
            body.values = Values::from(values);
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
        let changed = table.change(self.block.committed(), self.visitor(), key, condition, change)?;
        let count = changed.len();
        let key = Bytes::copy_from_slice(key);
        self.journal.extend(changed.into_iter().map(|(place, before)| Change {
            table: Arc::clone(table),
            key: key.clone(),
            place,
            before: Some(before),
        }));
        Ok(Written::Rows(count))
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
                table.restore(self.visitor(), &key, place, before);
            }
        }
    }
}

/// The columns of the fields a table has.
fn columns<'f>(schema: &Schema, fields: impl IntoIterator<Item = (&'f str, Bytes)>) -> Vec<(usize, Bytes)> {
    let known = |(field, value): (&str, Bytes)| Some((schema.column(field.as_bytes())?, value));
    fields.into_iter().filter_map(known).collect()
}
