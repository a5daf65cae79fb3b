//! Rows as bytes in storage, and the storage keys.
//!
//! ```text
//! storage key = 's' ‖ table name ‖ 00 ‖ row key
//! value       = count ‖ row …
//! row         = id ‖ number ‖ field count ‖ (length ‖ name ‖ length ‖ value) …
//! ```
//!
//! All integers are LEB128 varints. Fields are in byte order of their names, absent ones are left out. A table name has
//! no zero byte, so keys of different tables never meet.

use crate::row::{Row, Values};
use crate::schema::Schema;
use crate::{Bytes, StateError};

/// The namespace of the world state in the storage of a group.
const NAMESPACE: u8 = b's';

/// Where the rows of one key are stored.
pub(crate) fn storage_key(table: &str, key: &[u8]) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(2 + table.len() + key.len());
    bytes.push(NAMESPACE);
    bytes.extend_from_slice(table.as_bytes());
    bytes.push(0);
    bytes.extend_from_slice(key);
    bytes
}

pub(crate) fn encode_rows(schema: &Schema, rows: &[Row]) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(8 + rows.iter().map(Row::memory_size).sum::<usize>());
    put_integer(&mut bytes, rows.len() as u64);
    for row in rows {
        put_integer(&mut bytes, row.id);
        put_integer(&mut bytes, row.number);
        put_integer(&mut bytes, row.values.iter().flatten().count() as u64);
        for (field, value) in schema.fields().zip(row.values.iter()) {
            if let Some(value) = value {
                put_bytes(&mut bytes, field.as_bytes());
                put_bytes(&mut bytes, value);
            }
        }
    }
    bytes
}

pub(crate) fn decode_rows(schema: &Schema, bytes: Bytes) -> Result<Vec<Row>, StateError> {
    let mut input = Input { bytes };
    input.rows(schema).ok_or_else(|| StateError::Corrupt {
        table: schema.name().into(),
        reason: "not the encoding of rows of this table",
    })
}

fn put_integer(bytes: &mut Vec<u8>, mut integer: u64) {
    while integer >= 0x80 {
        bytes.push(integer as u8 | 0x80);
        integer >>= 7;
    }
    bytes.push(integer as u8);
}

fn put_bytes(bytes: &mut Vec<u8>, value: &[u8]) {
    put_integer(bytes, value.len() as u64);
    bytes.extend_from_slice(value);
}

struct Input {
    bytes: Bytes,
}

impl Input {
    fn rows(&mut self, schema: &Schema) -> Option<Vec<Row>> {
        let count = self.integer()?;
        let mut rows = Vec::with_capacity(usize::try_from(count).ok()?.min(self.bytes.len()));
        for _ in 0..count {
            rows.push(Row { id: self.integer()?, number: self.integer()?, values: self.values(schema)? });
        }
        self.bytes.is_empty().then_some(rows)
    }

    fn values(&mut self, schema: &Schema) -> Option<Values> {
        let mut values = vec![None; schema.width()];
        for _ in 0..self.integer()? {
            let column = schema.column(&self.take()?)?;
            *values.get_mut(column)? = Some(self.take()?);
        }
        Some(values.into())
    }

    fn integer(&mut self) -> Option<u64> {
        let mut integer = 0;
        for shift in (0..64).step_by(7) {
            let byte = self.bytes.split_to_checked(1)?.first().copied()?;
            integer |= u64::from(byte & 0x7f) << shift;
            if byte & 0x80 == 0 {
                return Some(integer);
            }
        }
        None
    }

    fn take(&mut self) -> Option<Bytes> {
        let length = usize::try_from(self.integer()?).ok()?;
        self.bytes.split_to_checked(length)
    }
}

trait SplitChecked: Sized {
    fn split_to_checked(&mut self, at: usize) -> Option<Self>;
}

impl SplitChecked for Bytes {
    /// The first `at` bytes, or `None` if there are fewer.
    fn split_to_checked(&mut self, at: usize) -> Option<Self> {
        (at <= self.len()).then(|| self.split_to(at))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn schema() -> Schema {
        Schema::new("u_t", "name", "item_id,item_name")
    }

    #[test]
    fn keys_of_tables_do_not_meet() {
        assert_eq!(storage_key("u_t", b"k"), b"su_t\0k");
    }

    proptest! {
        #[test]
        fn rows_survive(rows in prop::collection::vec((any::<u64>(), any::<u64>(),
                        prop::collection::vec(prop::option::of(prop::collection::vec(any::<u8>(), 0..200)), 3)), 0..5)) {
            let rows: Vec<Row> = rows.into_iter().map(|(id, number, values)| Row {
                id, number, values: values.into_iter().map(|value| value.map(Bytes::from)).collect(),
            }).collect();
            let encoded = encode_rows(&schema(), &rows);
            prop_assert_eq!(decode_rows(&schema(), encoded.into()).unwrap(), rows);
        }

        #[test]
        fn noise_is_refused_or_read(noise in prop::collection::vec(any::<u8>(), 0..100)) {
            let _ = decode_rows(&schema(), noise.into());
        }
    }
}
