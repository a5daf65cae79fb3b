//! Solidity's ABI, as far as system contracts speak it.
//!
//! Decoding never fails (execution §2.0): from the first parameter that is not all there, parameters have their
//! defaults. Strings are any bytes.

use bytes::Bytes;
use hansa_crypto::Suite;
use hansa_evm::{Address, U256};

use super::codes;

const WORD: usize = 32;

/// An int256 is negative only beyond this (§2.0).
const SIGNED_MAX: U256 = U256::from_limbs([u64::MAX, u64::MAX, u64::MAX, 0x8fff_ffff_ffff_ffff]);

/// The 4 bytes that stand for a signature in call data.
pub(crate) fn selector(suite: Suite, signature: &str) -> [u8; 4] {
    let [a, b, c, d, ..] = suite.hash(signature.as_bytes());
    [a, b, c, d]
}

/// `Error(string)`: how a failure says why (§1.12).
pub(crate) fn error(suite: Suite, text: &[u8]) -> Bytes {
    let mut output = selector(suite, "Error(string)").to_vec();
    output.extend(encode(&[Value::Text(Bytes::copy_from_slice(text))]));
    output.into()
}

/// A signed number as its decimal digits say it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Signed {
    negative: bool,
    magnitude: U256,
}

impl Signed {
    fn of_word(word: U256) -> Self {
        match word > SIGNED_MAX {
            true => Self { negative: true, magnitude: word.wrapping_neg() },
            false => Self { negative: false, magnitude: word },
        }
    }

    pub(crate) fn decimal(self) -> Bytes {
        let sign = if self.negative { "-" } else { "" };
        format!("{sign}{}", self.magnitude).into()
    }

    /// The number, or the nearest one of 64 bits.
    pub(crate) fn saturated(self) -> i64 {
        let magnitude = i64::try_from(self.magnitude).unwrap_or(i64::MAX);
        if self.negative {
            -magnitude
        } else {
            magnitude
        }
    }
}

/// Reads parameters one after the other.
pub(crate) struct Arguments<'a> {
    data: &'a [u8],
    position: usize,
    /// A parameter was not all there: the rest has defaults.
    ended: bool,
}

impl<'a> Arguments<'a> {
    /// `data` follows the selector.
    pub(crate) fn new(data: &'a [u8]) -> Self {
        Self { data, position: 0, ended: false }
    }

    pub(crate) fn uint(&mut self) -> U256 {
        self.next(|arguments| arguments.word_at(arguments.position)).map_or(U256::ZERO, U256::from_be_slice)
    }

    pub(crate) fn int(&mut self) -> Signed {
        Signed::of_word(self.uint())
    }

    pub(crate) fn address(&mut self) -> Address {
        let word = self.next(|arguments| arguments.word_at(arguments.position));
        word.and_then(|word| word.last_chunk().copied()).unwrap_or_default()
    }

    pub(crate) fn text(&mut self) -> Bytes {
        Bytes::copy_from_slice(self.next(Self::dynamic).unwrap_or_default())
    }

    /// Were all parameters there that were asked for?
    pub(crate) fn is_complete(&self) -> bool {
        !self.ended
    }

    fn next<T>(&mut self, read: impl FnOnce(&Self) -> Option<T>) -> Option<T> {
        let value = if self.ended { None } else { read(self) };
        self.ended = value.is_none();
        self.position += WORD;
        value
    }

    fn word_at(&self, position: usize) -> Option<&'a [u8]> {
        self.data.get(position..position.checked_add(WORD)?)
    }

    /// The bytes whose place the current word says.
    fn dynamic(&self) -> Option<&'a [u8]> {
        let offset = usize::try_from(U256::from_be_slice(self.word_at(self.position)?)).ok()?;
        let length = usize::try_from(U256::from_be_slice(self.word_at(offset)?)).ok()?;
        let start = offset.checked_add(WORD)?;
        self.data.get(start..start.checked_add(length)?)
    }
}

/// A value to be returned.
pub(crate) enum Value {
    Uint(U256),
    Bool(bool),
    Address(Address),
    Text(Bytes),
    Addresses(Vec<Address>),
}

/// The encoding of a tuple.
pub(crate) fn encode(values: &[Value]) -> Vec<u8> {
    let mut head = Vec::with_capacity(values.len() * WORD);
    let mut tail = Vec::new();
    for value in values {
        let word = match value {
            Value::Uint(number) => *number,
            Value::Bool(truth) => U256::from(u8::from(*truth)),
            Value::Address(address) => U256::from_be_slice(address),
            Value::Text(text) => {
                let offset = values.len() * WORD + tail.len();
                tail.extend_from_slice(&U256::from(text.len()).to_be_bytes::<WORD>());
                tail.extend_from_slice(text);
                tail.resize(tail.len().next_multiple_of(WORD), 0);
                U256::from(offset)
            }
            Value::Addresses(addresses) => {
                let offset = values.len() * WORD + tail.len();
                tail.extend_from_slice(&U256::from(addresses.len()).to_be_bytes::<WORD>());
                for address in addresses {
                    tail.extend_from_slice(&U256::from_be_slice(address).to_be_bytes::<WORD>());
                }
                U256::from(offset)
            }
        };
        head.extend_from_slice(&word.to_be_bytes::<WORD>());
    }
    head.extend(tail);
    head
}

/// A result code or a count as one word, in two's complement (§2.0).
pub(crate) fn code(code: i64) -> Vec<u8> {
    encode(&[Value::Uint(code_word(code))])
}

pub(crate) fn code_word(code: i64) -> U256 {
    let magnitude = U256::from(code.unsigned_abs());
    if code < 0 {
        magnitude.wrapping_neg()
    } else {
        magnitude
    }
}

/// Answers to unknown selectors.
pub(crate) fn nothing() -> Vec<u8> {
    Vec::new()
}

pub(crate) fn unknown_function() -> Vec<u8> {
    code(codes::UNKNOWN_FUNCTION)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn codes_are_words() {
        assert_eq!(code(1)[31], 1);
        assert_eq!(code(-50_000)[..30], [0xff; 30]);
        assert_eq!(code(-50_000)[30..], [0x3c, 0xb0]);
    }

    #[test]
    fn errors_carry_their_text() {
        let text = b"Frozen account:0x420f853b49838bd3e9466c85a4cc3428c960dde1";
        let output = error(Suite::Standard, text);
        assert_eq!(output[..4], [0x08, 0xc3, 0x79, 0xa0]);
        assert_eq!((output[35], output[67], output.len()), (0x20, 0x39, 4 + 128));
        assert_eq!(error(Suite::Sm, text)[..4], [0xc7, 0x03, 0xcb, 0x12]);
        assert_eq!(error(Suite::Sm, text)[4..], output[4..]);
    }

    #[test]
    fn numbers_are_negative_beyond_0x8f() {
        let of = |first: u8| {
            let mut word = [0xff; 32];
            word[0] = first;
            Signed::of_word(U256::from_be_bytes(word))
        };
        assert_eq!(of(0xff).decimal(), "-1");
        assert_eq!((of(0x8f).negative, of(0x90).negative), (false, true));
        assert_eq!(of(0x90).saturated(), -i64::MAX);
    }

    proptest! {
        #[test]
        fn what_was_encoded_is_read(text in prop::collection::vec(any::<u8>(), 0..100), number in any::<u64>()) {
            let data = encode(&[Value::Text(text.clone().into()), Value::Uint(U256::from(number))]);
            let mut arguments = Arguments::new(&data);
            prop_assert_eq!(&arguments.text(), &text);
            prop_assert_eq!(arguments.uint(), U256::from(number));
            // From the first parameter that is not all there, everything is at its default.
            let mut cut = Arguments::new(&data[..data.len() - text.len().next_multiple_of(32) - 1]);
            prop_assert_eq!((cut.text(), cut.uint()), (Bytes::new(), U256::ZERO));
        }

        #[test]
        fn noise_gives_defaults(noise in prop::collection::vec(any::<u8>(), 0..200)) {
            let mut arguments = Arguments::new(&noise);
            let _ = (arguments.text(), arguments.int(), arguments.address(), arguments.text());
        }
    }
}
