//! Names of user tables and their fields: what is allowed, and in which words it is refused (execution §2.2).

use bytes::Bytes;

use super::Exception;

const FIELD_LENGTH_MAX: usize = 64;
const FIELDS_LENGTH_MAX: usize = 1024;
const TABLE_LENGTH_MAX: usize = 50;
const KEY_LENGTH_MAX: usize = 255;
const VALUE_LENGTH_MAX: usize = (16 << 20) - 1;
const USER_TABLE_PREFIX: &[u8] = b"u_";

/// The full name of a user table.
pub(crate) fn full_name(name: &[u8]) -> Vec<u8> {
    [USER_TABLE_PREFIX, name].concat()
}

/// A table that may be created.
pub(crate) struct NewTable {
    pub(crate) name: String,
    pub(crate) key_field: String,
    pub(crate) value_fields: String,
}

/// The two factories refuse in different words.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Wording {
    Table,
    KvTable,
}

impl Wording {
    fn bad_table(self, name: &[u8]) -> Exception {
        match self {
            Self::Table => say(&[
                b"Invalid table name \"",
                name,
                b"\", the table name must be letters or numbers, and only supports \"{$, _, @}\" as special character set",
            ]),
            Self::KvTable => say(&[b"invalid tablename:", name]),
        }
    }

    fn bad_field_start(self, field: &[u8]) -> Exception {
        match self {
            Self::Table => say(&[
                b"Invalid field \"",
                field,
                b"\", the size of the field must be larger than 0 and the field can't start with \"_\"",
            ]),
            Self::KvTable => say(&[b"invalid field:", field]),
        }
    }

    fn bad_field(self, field: &[u8]) -> Exception {
        match self {
            Self::Table => say(&[
                b"Invalid field \"",
                field,
                b"\", the field name must be letters or numbers, and only supports \"{$, _, @}\" as special character set",
            ]),
            Self::KvTable => say(&[b"invalid field:", field]),
        }
    }

    fn duplicate(self, field: &[u8]) -> Exception {
        match self {
            Self::Table => say(&[b"duplicate field:", field]),
            Self::KvTable => say(&[b"dumplicate field:", field]),
        }
    }
}

fn say(parts: &[&[u8]]) -> Exception {
    Exception::Thrown(parts.concat())
}

/// Check what `createTable` is given.
pub(crate) fn new_table(
    wording: Wording,
    name: &[u8],
    key_field: &[u8],
    value_fields: &[u8],
) -> Result<NewTable, Exception> {
    let key_field = key_field.trim_ascii();
    let fields: Vec<&[u8]> = value_fields.split(|byte| *byte == b',').map(<[u8]>::trim_ascii).collect();
    if fields.iter().chain([&key_field]).any(|field| field.len() > FIELD_LENGTH_MAX) {
        return Err(say(&[b"table field name length overflow 64"]));
    }
    let joined = fields.join(&b","[..]);
    if joined.len() > FIELDS_LENGTH_MAX {
        return Err(say(&[b"total table field name length overflow 1024"]));
    }
    let full = full_name(name);
    if full.len() > TABLE_LENGTH_MAX {
        return Err(say(&[b"tableName length overflow 50"]));
    }
    if !is_plain(name) {
        return Err(wording.bad_table(name));
    }
    check_field(wording, key_field)?;
    for (index, field) in fields.iter().enumerate() {
        if *field == key_field || fields.iter().take(index).any(|earlier| earlier == field) {
            return Err(wording.duplicate(field));
        }
        check_field(wording, field)?;
    }
    // All three are plain ASCII by now.
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    Ok(NewTable { name: text(&full), key_field: text(key_field), value_fields: text(&joined) })
}

fn check_field(wording: Wording, field: &[u8]) -> Result<(), Exception> {
    if field.first().is_none_or(|first| *first == b'_') {
        return Err(wording.bad_field_start(field));
    }
    if !is_plain(field) {
        return Err(wording.bad_field(field));
    }
    Ok(())
}

fn is_plain(name: &[u8]) -> bool {
    name.iter().all(|byte| byte.is_ascii_alphanumeric() || b"$_@".contains(byte))
}

/// Refuse a value that is longer than a table takes.
pub(crate) fn check_value_length(value: &[u8]) -> Result<(), Exception> {
    match value.len() <= VALUE_LENGTH_MAX {
        true => Ok(()),
        false => Err(say(&[b"size of value/key greater than16777215"])),
    }
}

/// Check a key and values that are to be written.
pub(crate) fn check_lengths<'f>(
    key: &[u8],
    values: impl IntoIterator<Item = &'f Bytes>,
) -> Result<(), Exception> {
    if key.len() > KEY_LENGTH_MAX {
        return Err(say(&[b"size of value/key greater than255"]));
    }
    values.into_iter().try_for_each(|value| check_value_length(value))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refusal(name: &str, key: &str, fields: &str) -> String {
        match new_table(Wording::Table, name.as_bytes(), key.as_bytes(), fields.as_bytes()) {
            Err(Exception::Thrown(text)) => String::from_utf8(text).unwrap(),
            Err(Exception::Fatal(error)) => panic!("{error}"),
            Ok(_) => String::new(),
        }
    }

    #[test]
    fn fields_are_trimmed() {
        let table = new_table(Wording::Table, b"t", b" id ", b"a, b ,c").ok().unwrap();
        assert_eq!((&*table.name, &*table.key_field, &*table.value_fields), ("u_t", "id", "a,b,c"));
    }

    #[test]
    fn refusals_say_why() {
        assert_eq!(refusal("t_dup", "name", "x,x"), "duplicate field:x");
        assert_eq!(refusal(&"n".repeat(49), "name", "x"), "tableName length overflow 50");
        assert_eq!(refusal("t", &"k".repeat(65), "x"), "table field name length overflow 64");
        assert!(refusal("bad-name!", "name", "x").starts_with("Invalid table name \"bad-name!\""));
        assert!(refusal("t", "name", "_x").contains("can't start with"));
        assert!(refusal("t", "name", "x,").contains("must be larger than 0"));
        assert!(refusal("t", "name", "x y").contains("only supports"));
    }
}
