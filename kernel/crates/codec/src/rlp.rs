//! RLP, read strictly: one encoding for each value (data model §1).
//!
//! Lengths are in their shortest form, integers have no leading zero, nothing follows the outermost item. Items
//! that a list has beyond those a reader asks for are the reader's to ignore.

use crate::error::Reason;
use crate::U256;

const SHORT_STRING: u8 = 0x80;
const LONG_STRING: u8 = 0xb7;
const SHORT_LIST: u8 = 0xc0;
const LONG_LIST: u8 = 0xf7;
const SHORT_MAX: usize = 55;

/// One encoded item inside borrowed bytes.
#[derive(Debug, Clone, Copy)]
pub struct Item<'a> {
    encoded: &'a [u8],
    payload: &'a [u8],
    is_list: bool,
}

impl<'a> Item<'a> {
    /// Read the item that is all of `data`.
    pub fn parse(data: &'a [u8]) -> Result<Self, Reason> {
        let (item, rest) = Self::parse_first(data)?;
        if rest.is_empty() {
            Ok(item)
        } else {
            Err(Reason::TrailingBytes)
        }
    }

    /// Read the item at the start of `data`; also what follows it.
    pub fn parse_first(data: &'a [u8]) -> Result<(Self, &'a [u8]), Reason> {
        let first = *data.first().ok_or(Reason::Truncated)?;
        let (header, length) = match first {
            0..SHORT_STRING => (0, 1),
            SHORT_STRING..=LONG_STRING => (1, usize::from(first - SHORT_STRING)),
            SHORT_LIST..=LONG_LIST => (1, usize::from(first - SHORT_LIST)),
            _ => {
                let base = if first > LONG_LIST { LONG_LIST } else { LONG_STRING };
                let width = usize::from(first - base);
                (1 + width, long_length(data.get(1..=width).ok_or(Reason::Truncated)?)?)
            }
        };
        let end = header.checked_add(length).ok_or(Reason::Truncated)?;
        let encoded = data.get(..end).ok_or(Reason::Truncated)?;
        let payload = data.get(header..end).ok_or(Reason::Truncated)?;
        if first == SHORT_STRING + 1 && payload.first().is_some_and(|byte| *byte < SHORT_STRING) {
            return Err(Reason::NotShortest);
        }
        let rest = data.get(end..).unwrap_or_default();
        Ok((Self { encoded, payload, is_list: first >= SHORT_LIST }, rest))
    }

    /// The item with its header.
    #[must_use]
    pub fn encoded(&self) -> &'a [u8] {
        self.encoded
    }

    /// Is it a list?
    #[must_use]
    pub fn is_list(&self) -> bool {
        self.is_list
    }

    /// The bytes of a string.
    pub fn bytes(&self) -> Result<&'a [u8], Reason> {
        if self.is_list {
            Err(Reason::NotBytes)
        } else {
            Ok(self.payload)
        }
    }

    /// The items of a list.
    pub fn list(&self) -> Result<List<'a>, Reason> {
        if self.is_list {
            Ok(List { rest: self.payload })
        } else {
            Err(Reason::NotList)
        }
    }

    /// An integer below 2²⁵⁶.
    pub fn u256(&self) -> Result<U256, Reason> {
        let bytes = self.bytes()?;
        if bytes.first() == Some(&0) {
            return Err(Reason::LeadingZero);
        }
        U256::from_be_slice(bytes).ok_or(Reason::TooLong)
    }

    /// An integer below 2⁶⁴.
    pub fn u64(&self) -> Result<u64, Reason> {
        self.u256()?.to_u64().ok_or(Reason::TooLong)
    }

    /// Exactly `N` bytes.
    pub fn exactly<const N: usize>(&self) -> Result<[u8; N], Reason> {
        self.bytes()?.try_into().map_err(|_| Reason::WrongSize)
    }

    /// At most `N` bytes, filled up with zeros on the left: how hashes are read.
    pub fn padded<const N: usize>(&self) -> Result<[u8; N], Reason> {
        let bytes = self.bytes()?;
        let mut padded = [0; N];
        let start = N.checked_sub(bytes.len()).ok_or(Reason::TooLong)?;
        padded.get_mut(start..).ok_or(Reason::TooLong)?.copy_from_slice(bytes);
        Ok(padded)
    }
}

/// The length that follows a header byte: no leading zero, and more than a short form can say.
fn long_length(bytes: &[u8]) -> Result<usize, Reason> {
    if bytes.first() == Some(&0) {
        return Err(Reason::NotShortest);
    }
    // Eight bytes at most: the header byte says no more.
    let length = bytes.iter().fold(0u64, |length, byte| length << 8 | u64::from(*byte));
    let length = usize::try_from(length).map_err(|_| Reason::Truncated)?;
    if length <= SHORT_MAX {
        return Err(Reason::NotShortest);
    }
    Ok(length)
}

/// The items of a list, one after another.
#[derive(Debug, Clone, Copy)]
pub struct List<'a> {
    rest: &'a [u8],
}

impl<'a> List<'a> {
    /// The next item, which must be there.
    pub fn expect_item(&mut self) -> Result<Item<'a>, Reason> {
        self.next().unwrap_or(Err(Reason::Missing))
    }

    /// The encoded items that were not read yet.
    #[must_use]
    pub fn rest(&self) -> &'a [u8] {
        self.rest
    }
}

impl<'a> Iterator for List<'a> {
    type Item = Result<Item<'a>, Reason>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.rest.is_empty() {
            return None;
        }
        Some(match Item::parse_first(self.rest) {
            Ok((item, rest)) => {
                self.rest = rest;
                Ok(item)
            }
            Err(reason) => {
                self.rest = &[];
                Err(reason)
            }
        })
    }
}

/// Writes items one after another.
#[derive(Debug, Default)]
pub struct Encoder {
    out: Vec<u8>,
}

impl Encoder {
    /// An empty one with room for `capacity` bytes.
    #[must_use]
    pub fn with_capacity(capacity: usize) -> Self {
        Self { out: Vec::with_capacity(capacity) }
    }

    /// What was written.
    #[must_use]
    pub fn finish(self) -> Vec<u8> {
        self.out
    }

    /// A string.
    pub fn bytes(&mut self, bytes: &[u8]) {
        match bytes {
            [byte] if *byte < SHORT_STRING => self.out.push(*byte),
            _ => {
                let header = Header::new(SHORT_STRING, bytes.len());
                self.out.extend_from_slice(header.as_bytes());
                self.out.extend_from_slice(bytes);
            }
        }
    }

    /// An integer.
    pub fn u64(&mut self, number: u64) {
        self.u256(&U256::from(number));
    }

    /// An integer.
    pub fn u256(&mut self, number: &U256) {
        self.bytes(number.significant_bytes());
    }

    /// Items that are encoded already.
    pub fn encoded(&mut self, items: &[u8]) {
        self.out.extend_from_slice(items);
    }

    /// A list of what `write` writes.
    pub fn list(&mut self, write: impl FnOnce(&mut Self)) {
        let start = self.out.len();
        write(self);
        let payload_end = self.out.len();
        let header = Header::new(SHORT_LIST, payload_end - start);
        let header = header.as_bytes();
        // Make room for the header in front of the payload.
        self.out.extend_from_slice(header);
        self.out.copy_within(start..payload_end, start + header.len());
        if let Some(place) = self.out.get_mut(start..start + header.len()) {
            place.copy_from_slice(header);
        }
    }
}

/// One list as bytes; `capacity` is a guess of its size.
#[must_use]
pub fn encode_list(capacity: usize, write: impl FnOnce(&mut Encoder)) -> Vec<u8> {
    let mut encoder = Encoder::with_capacity(capacity);
    encoder.list(write);
    encoder.finish()
}

/// The header of a string or list, on the stack.
pub(crate) struct Header {
    bytes: [u8; 9],
    length: usize,
}

impl Header {
    fn new(base: u8, length: usize) -> Self {
        let mut bytes = [0; 9];
        if length <= SHORT_MAX {
            // At most 55, so it fits the byte.
            bytes[0] = base + length as u8;
            return Self { bytes, length: 1 };
        }
        let number = U256::from(length as u64);
        let significant = number.significant_bytes();
        let width = significant.len();
        // At most 8, so it fits the byte.
        bytes[0] = base + SHORT_MAX as u8 + width as u8;
        if let Some(place) = bytes.get_mut(1..=width) {
            place.copy_from_slice(significant);
        }
        Self { bytes, length: 1 + width }
    }

    /// The header of a list whose items take `length` bytes.
    pub(crate) fn of_list(length: usize) -> Self {
        Self::new(SHORT_LIST, length)
    }

    pub(crate) fn as_bytes(&self) -> &[u8] {
        self.bytes.get(..self.length).unwrap_or_default()
    }
}
