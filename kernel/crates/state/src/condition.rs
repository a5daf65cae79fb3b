//! What a select matches (data model §9.2, execution §3).
//!
//! Each field keeps one range; a later operator on the same field overwrites the bounds it sets. From the bounds alone
//! follows how a row is compared: both closed and equal is text equality, both open and equal text inequality, anything
//! else a comparison of 64-bit integers.

use std::collections::BTreeMap;

use crate::row::Values;
use crate::schema::{is_hidden, Schema};
use crate::Bytes;

/// A bound with this text is no bound.
const UNLIMITED: &[u8] = b"_VALUE_UNLIMITED_";

#[derive(Debug, Clone)]
struct Bound {
    value: Bytes,
    closed: bool,
}

impl Bound {
    const NONE: Self = Self { value: Bytes::from_static(UNLIMITED), closed: true };

    fn closed(value: Bytes) -> Self {
        Self { value, closed: true }
    }

    fn open(value: Bytes) -> Self {
        Self { value, closed: false }
    }

    fn is_limit(&self) -> bool {
        self.value != UNLIMITED
    }
}

#[derive(Debug, Clone)]
struct Range {
    left: Bound,
    right: Bound,
}

impl Range {
    fn contains(&self, field: &[u8]) -> bool {
        if self.left.value == self.right.value && self.left.closed == self.right.closed {
            return (self.left.value == field) == self.left.closed;
        }
        let above = |bound: &Bound| {
            ordering(field, &bound.value).map(|order| order.is_gt() || bound.closed && order.is_eq())
        };
        let below = |bound: &Bound| {
            ordering(field, &bound.value).map(|order| order.is_lt() || bound.closed && order.is_eq())
        };
        (!self.left.is_limit() || above(&self.left) == Some(true))
            && (!self.right.is_limit() || below(&self.right) == Some(true))
    }
}

/// Both as 64-bit integers; `None` if one of them is not.
fn ordering(left: &[u8], right: &[u8]) -> Option<std::cmp::Ordering> {
    Some(integer(left)?.cmp(&integer(right)?))
}

/// Decimal digits with an optional sign; no text counts as 0.
fn integer(text: &[u8]) -> Option<i64> {
    if text.is_empty() {
        return Some(0);
    }
    std::str::from_utf8(text).ok()?.parse().ok()
}

/// What rows to take, and how many of them.
#[derive(Debug, Clone, Default)]
pub struct Condition {
    ranges: BTreeMap<Bytes, Range>,
    limit: Option<(usize, usize)>,
}

impl Condition {
    /// Every row of the key.
    #[must_use]
    pub fn all() -> Self {
        Self::default()
    }

    /// The field is this text.
    pub fn equal(&mut self, field: impl Into<Bytes>, value: impl Into<Bytes>) {
        let value = value.into();
        let range = Range { left: Bound::closed(value.clone()), right: Bound::closed(value) };
        self.ranges.insert(field.into(), range);
    }

    /// The field is there and is not this text.
    pub fn not_equal(&mut self, field: impl Into<Bytes>, value: impl Into<Bytes>) {
        let value = value.into();
        let range = Range { left: Bound::open(value.clone()), right: Bound::open(value) };
        self.ranges.insert(field.into(), range);
    }

    /// The field is greater.
    pub fn greater(&mut self, field: impl Into<Bytes>, value: impl Into<Bytes>) {
        self.range(field).left = Bound::open(value.into());
    }

    /// The field is greater or equal.
    pub fn greater_or_equal(&mut self, field: impl Into<Bytes>, value: impl Into<Bytes>) {
        self.range(field).left = Bound::closed(value.into());
    }

    /// The field is less.
    pub fn less(&mut self, field: impl Into<Bytes>, value: impl Into<Bytes>) {
        self.range(field).right = Bound::open(value.into());
    }

    /// The field is less or equal.
    pub fn less_or_equal(&mut self, field: impl Into<Bytes>, value: impl Into<Bytes>) {
        self.range(field).right = Bound::closed(value.into());
    }

    /// Skip `offset` matching rows, take `count`. A negative number lifts the limit.
    pub fn limit(&mut self, offset: i64, count: i64) {
        self.limit = usize::try_from(offset).ok().zip(usize::try_from(count).ok());
    }

    fn range(&mut self, field: impl Into<Bytes>) -> &mut Range {
        self.ranges.entry(field.into()).or_insert(Range { left: Bound::NONE, right: Bound::NONE })
    }

    /// Does it take every row?
    pub(crate) fn is_all(&self) -> bool {
        self.ranges.is_empty() && self.limit.is_none()
    }

    pub(crate) fn matches(&self, schema: &Schema, values: &Values) -> bool {
        self.ranges.iter().filter(|(field, _)| !is_hidden(field)).all(|(field, range)| {
            let value = schema.column(field).and_then(|column| values.get(column)?.as_ref());
            value.is_some_and(|value| range.contains(value))
        })
    }

    /// The part of the matching rows that the limit leaves.
    pub(crate) fn cut<T>(&self, mut rows: Vec<T>) -> Vec<T> {
        if let Some((offset, count)) = self.limit {
            rows.drain(..offset.min(rows.len()));
            rows.truncate(count);
        }
        rows
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn matches(build: impl Fn(&mut Condition), value: Option<&'static str>) -> bool {
        let schema = Schema::new("u_t", "name", "price");
        let mut condition = Condition::all();
        build(&mut condition);
        condition.matches(&schema, &[Some("k".into()), value.map(Bytes::from)].into())
    }

    #[test]
    fn equality_is_of_texts() {
        assert!(matches(|c| c.equal("price", "1"), Some("1")));
        assert!(!matches(|c| c.equal("price", "1"), Some("01")));
        assert!(matches(|c| c.not_equal("price", "1"), Some("01")));
        assert!(!matches(|c| c.not_equal("price", "1"), Some("1")));
    }

    #[test]
    fn order_is_of_integers() {
        assert!(matches(|c| c.greater("price", "9"), Some("10")));
        assert!(!matches(|c| c.greater("price", "10"), Some("10")));
        assert!(matches(|c| c.greater_or_equal("price", "10"), Some("10")));
        assert!(matches(|c| c.less("price", "-1"), Some("-2")));
        assert!(matches(|c| c.less_or_equal("price", "0"), Some("")));
        assert!(!matches(|c| c.less("price", "5"), Some("one")));
        assert!(!matches(|c| c.less("price", "9223372036854775808"), Some("1")));
    }

    #[test]
    fn bounds_of_one_field_meet() {
        let within = |value| {
            matches(
                |c| {
                    c.greater("price", "1");
                    c.less_or_equal("price", "3")
                },
                Some(value),
            )
        };
        assert_eq!(["1", "2", "3", "4"].map(within), [false, true, true, false]);
        // A pair of equal closed bounds is text equality, of open ones inequality.
        assert!(!matches(
            |c| {
                c.greater_or_equal("price", "1");
                c.less_or_equal("price", "1")
            },
            Some("01")
        ));
        assert!(matches(
            |c| {
                c.greater("price", "1");
                c.less("price", "1")
            },
            Some("7")
        ));
    }

    #[test]
    fn a_missing_field_never_matches() {
        assert!(!matches(|c| c.not_equal("price", "1"), None));
        assert!(!matches(|c| c.not_equal("other", "1"), Some("2")));
        assert!(matches(|c| c.equal("_id_", "1"), None));
    }

    #[test]
    fn limits_cut_last_and_negative_ones_do_not() {
        let cut = |offset, count| {
            let mut condition = Condition::all();
            condition.limit(offset, count);
            condition.cut(vec![0, 1, 2, 3])
        };
        assert_eq!(cut(1, 2), [1, 2]);
        assert_eq!(cut(9, 2), []);
        assert_eq!(cut(0, 0), []);
        assert_eq!(cut(-1, 2), [0, 1, 2, 3]);
    }
}
