//! Why bytes are not what they should be.

use std::fmt;

/// What is wrong with an item.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reason {
    /// The input ends inside an item.
    Truncated,
    /// Bytes follow the outermost item.
    TrailingBytes,
    /// A length or a single byte is not written in its shortest form.
    NotShortest,
    /// An expected item of a list is missing.
    Missing,
    /// A list stands where bytes belong.
    NotBytes,
    /// Bytes stand where a list belongs.
    NotList,
    /// An integer has a leading zero byte.
    LeadingZero,
    /// A value needs more bytes than its field has.
    TooLong,
    /// A field of fixed size has another size.
    WrongSize,
    /// The hash item is not the hash of the header.
    HashMismatch,
    /// An offset table does not describe the bytes it heads.
    BadOffsets,
    /// There is neither no receipt nor one for each transaction.
    ReceiptCount,
}

impl fmt::Display for Reason {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Truncated => "the data ends inside an item",
            Self::TrailingBytes => "bytes follow the item",
            Self::NotShortest => "a length is not in its shortest form",
            Self::Missing => "the item is missing",
            Self::NotBytes => "a list where bytes belong",
            Self::NotList => "bytes where a list belongs",
            Self::LeadingZero => "an integer with a leading zero byte",
            Self::TooLong => "the value is too long",
            Self::WrongSize => "wrong size",
            Self::HashMismatch => "the hash item is not the hash of the header",
            Self::BadOffsets => "the offset table does not fit the bytes",
            Self::ReceiptCount => "the number of receipts is not that of the transactions",
        })
    }
}

/// Where the bytes are wrong, and why.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DecodeError {
    /// The item, in the words of the data model, such as `transaction nonce`.
    pub item: &'static str,
    /// Its position, for an item of many.
    pub index: Option<usize>,
    /// What is wrong with it.
    pub reason: Reason,
}

impl DecodeError {
    /// The same error, of entry `index` of a sequence.
    #[must_use]
    pub fn of_entry(mut self, index: usize) -> Self {
        self.index = Some(index);
        self
    }
}

impl fmt::Display for DecodeError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.index {
            None => write!(formatter, "{}: {}", self.item, self.reason),
            Some(index) => write!(formatter, "entry {index}: {}: {}", self.item, self.reason),
        }
    }
}

impl std::error::Error for DecodeError {}

/// Says which item a reason belongs to.
pub(crate) trait At<T> {
    fn at(self, item: &'static str) -> Result<T, DecodeError>;
}

impl<T> At<T> for Result<T, Reason> {
    fn at(self, item: &'static str) -> Result<T, DecodeError> {
        self.map_err(|reason| DecodeError { item, index: None, reason })
    }
}
