//! One table during one block: committed rows with this block's changes over them.

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, Ordering};

use ahash::RandomState;
use parking_lot::RwLock;

use crate::committed::SharedRows;
use crate::condition::Condition;
use crate::order::{Position, Visitor, Visits};
use crate::row::{Row, Values};
use crate::schema::{is_hidden, names, Schema};
use crate::session::Access;
use crate::{Bytes, CommittedState, StateError};

/// With fewer members than this, nobody is checked when writing the table of permissions itself (execution §4.1).
const COMMITTEE_MEMBERS_MIN: usize = 2;

/// What a row of this block is like at the moment.
#[derive(Debug, Clone)]
pub(crate) struct Body {
    pub(crate) values: Values,
    pub(crate) removed: bool,
}

/// A row this block inserted.
#[derive(Debug, Clone)]
struct Created {
    body: Body,
    /// Inserted by a transaction that was taken back: as if it had never been there.
    undone: bool,
}

/// Which row of a key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Place {
    Committed(usize),
    Created(usize),
}

/// The rows of one key.
#[derive(Debug)]
struct KeyRows {
    committed: SharedRows,
    /// Parallel to `committed`: what this block made of a row, `None` as long as it was not touched. A row that was
    /// touched stays touched, even if the change is taken back (data model §7).
    touched: Vec<Option<Body>>,
    created: Vec<Created>,
    visits: Visits,
}

impl KeyRows {
    fn new(committed: SharedRows) -> Self {
        let touched = vec![None; committed.len()];
        Self { committed, touched, created: Vec::new(), visits: Visits::default() }
    }

    /// The rows a condition selects, in the order every node sees (execution §3): committed rows that matched before
    /// this block, then those that match since, then this block's own. The limit cuts last.
    fn select(&self, schema: &Schema, condition: &Condition) -> Vec<(Place, Values)> {
        let mut before = Vec::new();
        let mut since = Vec::new();
        for (index, (row, touched)) in self.committed.iter().zip(&self.touched).enumerate() {
            let Some(body) = touched else {
                if condition.matches(schema, &row.values) {
                    before.push((Place::Committed(index), row.values.clone()));
                }
                continue;
            };
            if !body.removed && condition.matches(schema, &body.values) {
                let rows = if condition.matches(schema, &row.values) { &mut before } else { &mut since };
                rows.push((Place::Committed(index), body.values.clone()));
            }
        }
        let own =
            self.created.iter().enumerate().filter(|(_, created)| !created.undone && !created.body.removed);
        let own = own.filter(|(_, created)| condition.matches(schema, &created.body.values));
        let own = own.map(|(index, created)| (Place::Created(index), created.body.values.clone()));
        before.append(&mut since);
        before.extend(own);
        condition.cut(before)
    }

    /// The first live row, whatever it holds.
    fn first(&self) -> Option<&Values> {
        let committed = self.committed.iter().zip(&self.touched).find_map(|(row, touched)| match touched {
            None => Some(&row.values),
            Some(body) => (!body.removed).then_some(&body.values),
        });
        let mut own = self.created.iter().filter(|created| !created.undone && !created.body.removed);
        committed.or_else(|| own.next().map(|created| &created.body.values))
    }

    fn insert(&mut self, values: Values) -> Place {
        self.created.push(Created { body: Body { values, removed: false }, undone: false });
        Place::Created(self.created.len() - 1)
    }

    fn change_all(&mut self, change: impl Fn(&mut Body), journal: impl FnMut(Place, Body)) {
        let committed = (0..self.committed.len()).map(Place::Committed);
        let created = (0..self.created.len()).map(Place::Created);
        self.change(committed.chain(created), change, journal);
    }

    /// Change those of these rows that are live; `journal` is told the places and what was there before.
    fn change(
        &mut self,
        places: impl Iterator<Item = Place>,
        change: impl Fn(&mut Body),
        mut journal: impl FnMut(Place, Body),
    ) {
        for place in places {
            if let Some(body) = self.live_body(place) {
                let mut changed = body.clone();
                change(&mut changed);
                self.replace(place, changed);
                journal(place, body);
            }
        }
    }

    fn live_body(&self, place: Place) -> Option<Body> {
        let body = match place {
            Place::Created(index) => {
                let created = self.created.get(index).filter(|created| !created.undone)?;
                created.body.clone()
            }
            Place::Committed(index) => match self.touched.get(index)? {
                Some(body) => body.clone(),
                None => Body { values: self.committed.get(index)?.values.clone(), removed: false },
            },
        };
        (!body.removed).then_some(body)
    }

    fn replace(&mut self, place: Place, body: Body) {
        match place {
            Place::Committed(index) => {
                if let Some(touched) = self.touched.get_mut(index) {
                    *touched = Some(body);
                }
            }
            Place::Created(index) => {
                if let Some(created) = self.created.get_mut(index) {
                    created.body = body;
                }
            }
        }
    }
}

/// Keys are spread over this many maps, so that transactions on different keys seldom wait for each other.
const SHARDS: usize = 16;

type Keys = HashMap<Bytes, KeyRows, RandomState>;

type Shard = RwLock<Keys>;

/// Where a key is. The end of a key tells it best from others; a bad spread costs waiting, nothing else.
fn shard_of(key: &[u8]) -> usize {
    let [.., before, last] = *key else { return 0 };
    usize::from(before ^ last) % SHARDS
}

/// A row that a select found.
#[derive(Debug, Clone)]
pub struct Selected {
    values: Values,
}

impl Selected {
    /// The fields in column order.
    #[must_use]
    pub fn values(&self) -> &Values {
        &self.values
    }

    /// The value of a field; `None` if the row lacks it.
    #[must_use]
    pub fn get(&self, schema: &Schema, field: &str) -> Option<&Bytes> {
        self.values.get(schema.column(field.as_bytes())?)?.as_ref()
    }
}

/// A table as one block sees and changes it.
#[derive(Debug)]
pub struct Table {
    schema: Schema,
    /// Who may write, as committed before this block; empty for everyone (execution §4.1).
    writers: Box<[Bytes]>,
    /// The transaction that made it; 0 if it was there before.
    since: Position,
    /// Did anyone write here, even without effect? Such a table enters the state root (data model §7).
    dirty: AtomicBool,
    shards: [Shard; SHARDS],
}

/// What a block leaves of one key.
pub(crate) struct KeyChange {
    pub(crate) key: Bytes,
    /// Committed rows that stay, changed or not, by id; changed ones bear the number of this block.
    pub(crate) kept: Vec<Row>,
    /// Rows that have no id yet, with the position in the order of [`Table::created_in_order`].
    pub(crate) created: Vec<(usize, Values)>,
}

impl Table {
    pub(crate) fn new(schema: Schema, writers: Box<[Bytes]>, since: Position) -> Self {
        Self { schema, writers, since, dirty: AtomicBool::new(false), shards: Default::default() }
    }

    /// Its columns.
    #[must_use]
    pub fn schema(&self) -> &Schema {
        &self.schema
    }

    /// May this be written with this access (execution §4.1)?
    #[must_use]
    pub fn is_writable(&self, access: Access<'_>) -> bool {
        let Access::Origin(origin) = access else { return true };
        let exempt = self.schema.name() == names::TABLE_ACCESS && self.writers.len() < COMMITTEE_MEMBERS_MIN;
        exempt || self.writers.is_empty() || self.writers.iter().any(|writer| *writer == origin.as_bytes())
    }

    /// See [`Visits`]: to use the table is to depend on who made it.
    pub(crate) fn since(&self) -> Position {
        self.since
    }

    pub(crate) fn is_dirty(&self) -> bool {
        self.dirty.load(Ordering::Relaxed)
    }

    fn soil(&self) {
        // Read first: many write a table, and its memory is to stay where they are.
        if !self.is_dirty() {
            self.dirty.store(true, Ordering::Relaxed);
        }
    }

    pub(crate) fn select(
        &self,
        committed: &CommittedState,
        visitor: Visitor<'_>,
        key: &[u8],
        condition: &Condition,
    ) -> Result<Vec<Selected>, StateError> {
        self.with_rows(committed, key, |rows| {
            visitor.reads(&mut rows.visits);
            let rows = rows.select(&self.schema, condition);
            rows.into_iter().map(|(_, values)| Selected { values }).collect()
        })
    }

    /// The first live row of a key, and which transaction wrote the key's rows last.
    pub(crate) fn first_since(
        &self,
        committed: &CommittedState,
        visitor: Visitor<'_>,
        key: &[u8],
    ) -> Result<Option<(Selected, Position)>, StateError> {
        self.with_rows(committed, key, |rows| {
            visitor.reads(&mut rows.visits);
            Some((Selected { values: rows.first()?.clone() }, rows.visits.written()))
        })
    }

    /// The field of the first live row of a key.
    pub(crate) fn first_field(
        &self,
        committed: &CommittedState,
        visitor: Visitor<'_>,
        key: &[u8],
        column: usize,
    ) -> Result<Option<Bytes>, StateError> {
        self.with_rows(committed, key, |rows| {
            visitor.reads(&mut rows.visits);
            rows.first()?.get(column)?.clone()
        })
    }

    /// Add a row; its place.
    pub(crate) fn insert(
        &self,
        committed: &CommittedState,
        visitor: Visitor<'_>,
        key: &[u8],
        values: Values,
    ) -> Result<Place, StateError> {
        self.soil();
        self.with_rows(committed, key, |rows| {
            visitor.writes(&mut rows.visits);
            rows.insert(values)
        })
    }

    /// Set a column of all live rows of a key, or insert a row if there is none; the column of the first one before.
    /// Nothing is written if `keeps` says of it that it may stay.
    pub(crate) fn put(
        &self,
        committed: &CommittedState,
        visitor: Visitor<'_>,
        key: &Bytes,
        (column, value): (usize, Bytes),
        keeps: impl FnOnce(Option<&Bytes>) -> bool,
        mut journal: impl FnMut(Place, Option<Body>),
    ) -> Result<Option<Bytes>, StateError> {
        self.with_rows(committed, key, |rows| {
            let first = rows.first();
            let before = first.and_then(|values| values.get(column)?.clone());
            if keeps(before.as_ref()) {
                visitor.reads(&mut rows.visits);
                return before;
            }
            let is_there = first.is_some();
            self.soil();
            visitor.writes(&mut rows.visits);
            if is_there {
                let fields = [(column, value)];
                let set = |body: &mut Body| body.values = with_fields(&body.values, &fields);
                rows.change_all(set, |place, body| journal(place, Some(body)));
            } else {
                let fields = [(column, value), (self.schema.key_column(), key.clone())];
                journal(rows.insert(new_values(self.schema.width(), &fields)), None);
            }
            before
        })
    }

    /// Change the rows a condition selects; `journal` is told the places and what was there before.
    pub(crate) fn change(
        &self,
        committed: &CommittedState,
        visitor: Visitor<'_>,
        key: &[u8],
        condition: &Condition,
        change: impl Fn(&mut Body),
        journal: impl FnMut(Place, Body),
    ) -> Result<(), StateError> {
        self.soil();
        self.with_rows(committed, key, |rows| {
            // To match nothing is to have read only, but it is not worth the difference.
            visitor.writes(&mut rows.visits);
            if condition.is_all() {
                return rows.change_all(change, journal);
            }
            let places = rows.select(&self.schema, condition).into_iter().map(|(place, _)| place);
            rows.change(places, change, journal);
        })
    }

    /// Put back what was there before a change, or drop an inserted row (`None`).
    pub(crate) fn restore(&self, visitor: Visitor<'_>, key: &[u8], place: Place, before: Option<Body>) {
        let mut keys = self.shard(key).write();
        let Some(rows) = keys.get_mut(key) else { return };
        visitor.writes(&mut rows.visits);
        match (before, place) {
            (Some(body), place) => rows.replace(place, body),
            (None, Place::Created(index)) => {
                if let Some(created) = rows.created.get_mut(index) {
                    created.undone = true;
                }
            }
            (None, Place::Committed(_)) => {}
        }
    }

    fn with_rows<T>(
        &self,
        committed: &CommittedState,
        key: &[u8],
        work: impl FnOnce(&mut KeyRows) -> T,
    ) -> Result<T, StateError> {
        let shard = self.shard(key);
        if let Some(rows) = shard.write().get_mut(key) {
            return Ok(work(rows));
        }
        // Read with the lock released: the storage may take its time.
        let stored = committed.rows(&self.schema, key)?;
        let mut keys = shard.write();
        Ok(work(keys.entry(Bytes::copy_from_slice(key)).or_insert_with(|| KeyRows::new(stored))))
    }

    fn shard(&self, key: &[u8]) -> &Shard {
        // The number of a shard is below their count.
        &self.shards[shard_of(key)]
    }

    /// The bytes whose hash is the table's part of the state root: touched rows by id, then created ones in order.
    pub(crate) fn hash_input(&self) -> Vec<u8> {
        let shards = self.shards.each_ref().map(|shard| shard.read());
        let mut touched: Vec<(u64, &Body)> = Vec::new();
        for rows in shards.iter().flat_map(|keys| keys.values()) {
            let bodies = rows.committed.iter().zip(&rows.touched);
            touched.extend(bodies.filter_map(|(row, body)| Some((row.id, body.as_ref()?))));
        }
        touched.sort_unstable_by_key(|(id, _)| *id);
        let created = shards.iter().flat_map(|keys| created_bodies(keys));
        let mut created: Vec<&Body> = created.map(|(_, body)| body).collect();
        created.sort_by(|left, right| self.creation_order(&left.values, &right.values));

        let mut bytes = Vec::new();
        for body in touched.into_iter().map(|(_, body)| body).chain(created) {
            for (field, value) in self.schema.fields().zip(body.values.iter()) {
                if let (Some(value), false) = (value, is_hidden(field.as_bytes())) {
                    bytes.extend_from_slice(field.as_bytes());
                    bytes.extend_from_slice(value);
                }
            }
            bytes.push(u8::from(body.removed));
        }
        bytes
    }

    /// What the block leaves of every key it changed, and how many rows want an id.
    pub(crate) fn changes(&self, number: u64) -> (Vec<KeyChange>, usize) {
        let shards = self.shards.each_ref().map(|shard| shard.read());
        let created = shards.iter().flat_map(|keys| created_bodies(keys));
        let mut created: Vec<(&Bytes, &Body)> = created.filter(|(_, body)| !body.removed).collect();
        created.sort_by(|(_, left), (_, right)| self.creation_order(&left.values, &right.values));
        let count = created.len();
        let mut created_of_key: HashMap<&Bytes, Vec<(usize, Values)>, RandomState> = HashMap::default();
        for (position, (key, body)) in created.into_iter().enumerate() {
            created_of_key.entry(key).or_default().push((position, body.values.clone()));
        }

        let mut changes = Vec::new();
        for (key, rows) in shards.iter().flat_map(|keys| keys.iter()) {
            let created = created_of_key.remove(key).unwrap_or_default();
            let mut changed = !created.is_empty();
            let mut kept = Vec::with_capacity(rows.committed.len());
            for (row, touched) in rows.committed.iter().zip(&rows.touched) {
                match touched {
                    Some(body) if body.removed => changed = true,
                    Some(body) if body.values != row.values => {
                        changed = true;
                        kept.push(Row { id: row.id, number, values: body.values.clone() });
                    }
                    Some(_) | None => kept.push(row.clone()),
                }
            }
            if changed {
                changes.push(KeyChange { key: key.clone(), kept, created });
            }
        }
        (changes, count)
    }

    /// The order in which new rows are hashed and get their ids (data model §7): by key, by number of fields, then
    /// field by field, name before value.
    fn creation_order(&self, left: &Values, right: &Values) -> std::cmp::Ordering {
        // Columns are in byte order of their names, so comparing columns compares names.
        fn pairs(values: &Values) -> impl Iterator<Item = (usize, &Bytes)> {
            values.iter().enumerate().filter_map(|(column, value)| Some((column, value.as_ref()?)))
        }
        let key = self.schema.key_column();
        left.get(key)
            .cmp(&right.get(key))
            .then_with(|| pairs(left).count().cmp(&pairs(right).count()))
            .then_with(|| pairs(left).cmp(pairs(right)))
    }
}

/// Fields of a new row; a later one of a column counts.
pub(crate) fn new_values(width: usize, fields: &[(usize, Bytes)]) -> Values {
    (0..width).map(|column| of_column(column, fields).cloned()).collect()
}

/// The same row with these fields.
pub(crate) fn with_fields(values: &Values, fields: &[(usize, Bytes)]) -> Values {
    let set =
        |(column, value): (usize, &Option<Bytes>)| of_column(column, fields).or(value.as_ref()).cloned();
    values.iter().enumerate().map(set).collect()
}

fn of_column(column: usize, fields: &[(usize, Bytes)]) -> Option<&Bytes> {
    fields.iter().rev().find(|(of, _)| *of == column).map(|(_, value)| value)
}

/// Rows this block created and did not take back, with their key.
fn created_bodies(keys: &Keys) -> impl Iterator<Item = (&Bytes, &Body)> {
    keys.iter().flat_map(|(key, rows)| {
        let created = rows.created.iter().filter(|created| !created.undone);
        created.map(move |created| (key, &created.body))
    })
}
