//! The flat JSON objects of keys and signatures, read as Boost's property tree does (execution §9.1, §9.2): every
//! scalar is its text, nested values are empty, and of two members with one name the first counts.

use std::collections::BTreeMap;
use std::fmt;

use serde::de::{MapAccess, Visitor};
use serde::{Deserialize, Deserializer};
use serde_json::value::RawValue;

/// The members of an object by name.
pub struct Members(BTreeMap<String, String>);

impl Members {
    /// The members of a JSON text; `None` if it is not an object.
    pub fn parse(text: &[u8]) -> Option<Self> {
        serde_json::from_slice(text).ok()
    }

    /// The text of a member.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(String::as_str)
    }
}

impl<'de> Deserialize<'de> for Members {
    fn deserialize<Source: Deserializer<'de>>(source: Source) -> Result<Self, Source::Error> {
        source.deserialize_map(MembersVisitor)
    }
}

struct MembersVisitor;

impl<'de> Visitor<'de> for MembersVisitor {
    type Value = Members;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("an object")
    }

    fn visit_map<Map: MapAccess<'de>>(self, mut map: Map) -> Result<Members, Map::Error> {
        let mut members = BTreeMap::new();
        while let Some((name, value)) = map.next_entry::<String, &RawValue>()? {
            let value = scalar_text(value.get()).map_err(serde::de::Error::custom)?;
            members.entry(name).or_insert(value);
        }
        Ok(Members(members))
    }
}

fn scalar_text(raw: &str) -> serde_json::Result<String> {
    match raw.as_bytes().first() {
        Some(b'"') => serde_json::from_str(raw),
        Some(b'{' | b'[') => Ok(String::new()),
        _ => Ok(raw.to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scalars_are_their_text_and_the_first_of_a_name_counts() {
        let text = br#" {"a": "x\u0041", "n": 123456789012345678901234567890, "t": true, "o": {"p": [1]}, "a": "y"} "#;
        let members = Members::parse(text).unwrap();
        assert_eq!(members.get("a"), Some("xA"));
        assert_eq!(members.get("n"), Some("123456789012345678901234567890"));
        assert_eq!(members.get("t"), Some("true"));
        assert_eq!(members.get("o"), Some(""));
        assert_eq!(members.get("p"), None);
    }

    #[test]
    fn anything_but_one_object_is_refused() {
        for text in ["", "[]", "\"a\"", "{\"a\":1", "{} {}", "{\"a\":\"\u{1}\"}"] {
            assert!(Members::parse(text.as_bytes()).is_none(), "{text}");
        }
        let deep = ["{\"a\":", &"[".repeat(200_000), &"]".repeat(200_000), "}"].concat();
        assert_eq!(Members::parse(deep.as_bytes()).unwrap().get("a"), Some(""));
    }
}
