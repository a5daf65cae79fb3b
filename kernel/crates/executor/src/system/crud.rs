//! CRUD 0x1002: tables with JSON (execution §2.6).

use std::collections::BTreeMap;
use std::sync::Arc;

use bytes::Bytes;
use hansa_crypto::Suite;
use hansa_state::{names, Condition, Table, Written};
use serde_json::Value as Json;

use super::abi::{self, Arguments, Value};
use super::call::written_code;
use super::gas::{MemoryRule, Operation};
use super::json::quoted;
use super::naming::{check_lengths, full_name};
use super::object::{capacity, fields_of, Fields};
use super::table::{insert, update, with_key};
use super::{codes, Call, Exception, Interface};

const BAD_ENTRY: i64 = -51_500;
const BAD_CONDITION: i64 = -51_501;
const BAD_OPERATOR: i64 = -51_502;
const KEY_FIELD_IN_UPDATE: i64 = -51_503;

pub(crate) fn crud(suite: Suite) -> Interface<()> {
    let methods: [(_, super::Handler<()>); 5] = [
        ("insert(string,string,string,string)", |call, (), arguments| {
            let Some((table, key)) = open(call, arguments)? else {
                return Ok(abi::code(codes::TABLE_MISSING));
            };
            let Some(fields) = parse_entry(&arguments.text())? else { return Ok(abi::code(BAD_ENTRY)) };
            check_lengths(&key, fields.values())?;
            let written = insert(call, &table, &key, &fields)?;
            if let Written::Rows(count) = written {
                call.gas.charge(Operation::Insert, count);
                call.gas.raise_memory(capacity(&with_key(&table, &key, &fields)) * count);
            }
            Ok(abi::code(written_code(written)))
        }),
        ("update(string,string,string,string,string)", |call, (), arguments| {
            let Some((table, key)) = open(call, arguments)? else {
                return Ok(abi::code(codes::TABLE_MISSING));
            };
            let Some(fields) = parse_entry(&arguments.text())? else { return Ok(abi::code(BAD_ENTRY)) };
            if fields.contains_key(table.schema().key_field().as_bytes()) {
                return Ok(abi::code(KEY_FIELD_IN_UPDATE));
            }
            let condition = match parse_condition(call, &arguments.text())? {
                Ok(condition) => condition,
                Err(code) => return Ok(abi::code(code)),
            };
            check_lengths(&key, fields.values())?;
            let written = update(call, &table, &key, &fields, &condition)?;
            if let Written::Rows(count) = written {
                call.gas.charge(Operation::Update, count);
                call.gas.raise_memory(capacity(&fields) * count);
            }
            Ok(abi::code(written_code(written)))
        }),
        ("remove(string,string,string,string)", |call, (), arguments| {
            let Some((table, key)) = open(call, arguments)? else {
                return Ok(abi::code(codes::TABLE_MISSING));
            };
            let condition = match parse_condition(call, &arguments.text())? {
                Ok(condition) => condition,
                Err(code) => return Ok(abi::code(code)),
            };
            let written =
                call.as_origin(|session, access| session.remove(&table, &key, &condition, access))?;
            if let Written::Rows(count) = written {
                call.gas.charge(Operation::Remove, count);
            }
            Ok(abi::code(written_code(written)))
        }),
        ("select(string,string,string,string)", |call, (), arguments| {
            let Some((table, key)) = open(call, arguments)? else {
                return Ok(abi::code(codes::TABLE_MISSING));
            };
            let condition = match parse_condition(call, &arguments.text())? {
                Ok(condition) => condition,
                Err(code) => return Ok(abi::code(code)),
            };
            let rows = call.world.session.select(&table, &key, &condition)?;
            let rows: Vec<Fields> = rows.iter().map(|row| fields_of(&table, row)).collect();
            call.gas.charge(Operation::Select, rows.len());
            call.gas.raise_memory(rows.iter().map(capacity).max().unwrap_or_default());
            Ok(abi::encode(&[Value::Text(styled(&rows))]))
        }),
        ("desc(string)", |call, (), arguments| {
            call.gas.charge(Operation::OpenTable, 1);
            let table = call.open(&full_name(&arguments.text()))?;
            let schema = table.as_ref().map(|table| table.schema());
            let text = |text: &str| Value::Text(Bytes::copy_from_slice(text.as_bytes()));
            Ok(abi::encode(&[
                text(schema.map_or("", |schema| schema.key_field())),
                text(schema.map_or("", |schema| schema.value_fields())),
            ]))
        }),
    ];
    Interface::new(suite, MemoryRule::CallData, abi::unknown_function, &methods)
}

/// The first two parameters: the table, and the key.
fn open(
    call: &mut Call<'_, '_>,
    arguments: &mut Arguments<'_>,
) -> Result<Option<(Arc<Table>, Bytes)>, Exception> {
    call.gas.charge(Operation::OpenTable, 1);
    let (name, key) = (arguments.text(), arguments.text());
    // The list of tables is the one system table that can be read here.
    let name = if name == names::TABLES { name.to_vec() } else { full_name(&name) };
    Ok(call.open(&name)?.map(|table| (table, key)))
}

/// An object, its members in byte order of their names: what does not commute happens in the same order everywhere.
fn parse_object(text: &[u8]) -> Option<BTreeMap<String, Json>> {
    serde_json::from_slice(text).ok()
}

/// An object of scalars; `None` if it is not an object.
fn parse_entry(text: &[u8]) -> Result<Option<Fields>, Exception> {
    let Some(object) = parse_object(text) else { return Ok(None) };
    let fields = object.into_iter().map(|(field, value)| Ok((Bytes::from(field), scalar(&value)?)));
    fields.collect::<Result<_, _>>().map(Some)
}

fn scalar(value: &Json) -> Result<Bytes, Exception> {
    match value {
        Json::Null => Ok(Bytes::new()),
        Json::Bool(truth) => Ok(truth.to_string().into()),
        Json::Number(number) => Ok(number.to_string().into()),
        Json::String(text) => Ok(Bytes::from(text.clone())),
        Json::Array(_) | Json::Object(_) => Err(Exception::unspecified()),
    }
}

/// `{"field":{"operator":"value"}}`; the inner error is the code that is returned.
fn parse_condition(call: &mut Call<'_, '_>, text: &[u8]) -> Result<Result<Condition, i64>, Exception> {
    let mut condition = Condition::all();
    let Some(object) = parse_object(text) else { return Ok(Err(BAD_CONDITION)) };
    for (field, operators) in object {
        let Json::Object(operators) = operators else { return Err(Exception::unspecified()) };
        for (operator, value) in operators.into_iter().collect::<BTreeMap<_, _>>() {
            let (field, value) = (Bytes::from(field.clone()), scalar(&value)?);
            let operation = match operator.as_str() {
                "eq" => {
                    condition.equal(field, value);
                    Operation::Equal
                }
                "ne" => {
                    condition.not_equal(field, value);
                    Operation::NotEqual
                }
                "gt" => {
                    condition.greater(field, value);
                    Operation::Order
                }
                "ge" => {
                    condition.greater_or_equal(field, value);
                    Operation::Order
                }
                "lt" => {
                    condition.less(field, value);
                    Operation::Order
                }
                "le" => {
                    condition.less_or_equal(field, value);
                    Operation::Order
                }
                "limit" => {
                    let (offset, count) = parse_limit(&value)?;
                    condition.limit(offset, count);
                    Operation::Limit
                }
                _ => return Ok(Err(BAD_OPERATOR)),
            };
            call.gas.charge(operation, 1);
        }
    }
    Ok(Ok(condition))
}

/// "offset,count"; a count alone is refused.
fn parse_limit(text: &[u8]) -> Result<(i64, i64), Exception> {
    let number = |part: &str| part.trim().parse().ok();
    let parts = std::str::from_utf8(text).ok().and_then(|text| text.split_once(','));
    let limit = parts.and_then(|(offset, count)| number(offset).zip(number(count)));
    limit.ok_or_else(Exception::unspecified)
}

/// Rows as the JSON text that clients of this chain have always had: three spaces per level, `"k" : "v"`.
fn styled(rows: &[Fields]) -> Bytes {
    if rows.is_empty() {
        return Bytes::from_static(b"[]\n");
    }
    let pair = |(field, value): (&Bytes, &Bytes)| {
        [b"      ", &quoted(field)[..], b" : ", &quoted(value)[..]].concat()
    };
    let object = |fields: &Fields| {
        let pairs: Vec<Vec<u8>> = fields.iter().map(pair).collect();
        [b"   {\n", &pairs.join(&b",\n"[..])[..], b"\n   }"].concat()
    };
    let objects: Vec<Vec<u8>> = rows.iter().map(object).collect();
    [b"[\n", &objects.join(&b",\n"[..])[..], b"\n]\n"].concat().into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_are_styled() {
        let row = Fields::from([("name".into(), "fruit".into()), ("item_id".into(), "1\"".into())]);
        let expected = "[\n   {\n      \"item_id\" : \"1\\\"\",\n      \"name\" : \"fruit\"\n   }\n]\n";
        assert_eq!(styled(&[row]), expected);
        assert_eq!(styled(&[]), "[]\n");
    }

    #[test]
    fn entries_are_objects_of_scalars() {
        let fields = parse_entry(br#"{"a":"1","b":2,"c":true}"#).unwrap().unwrap();
        assert_eq!(
            fields,
            Fields::from([("a".into(), "1".into()), ("b".into(), "2".into()), ("c".into(), "true".into())])
        );
        assert!(parse_entry(b"{bad").unwrap().is_none());
        assert!(parse_entry(br#"{"a":[]}"#).is_err());
    }
}
