//! Numbers and addresses as the tables hold them: text.

use bytes::Bytes;
use hansa_evm::{Address, U256};

/// Lower-case hex without `0x`.
pub(crate) fn hex(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    let digit = |nibble: u8| DIGITS[usize::from(nibble & 0xf)];
    let mut text = Vec::with_capacity(bytes.len() * 2);
    text.extend(bytes.iter().flat_map(|byte| [digit(byte >> 4), digit(*byte)]));
    // Digits are text.
    String::from_utf8(text).unwrap_or_default()
}

/// Lower-case hex with `0x`: how permission rows hold addresses.
pub(crate) fn prefixed_hex(address: &Address) -> String {
    ["0x", hex(address).as_str()].concat()
}

/// The bytes of hex text, with or without `0x`; `None` if it is not hex.
pub(crate) fn from_hex(text: &[u8]) -> Option<Vec<u8>> {
    let digits = text.strip_prefix(b"0x").unwrap_or(text);
    if !digits.len().is_multiple_of(2) {
        return None;
    }
    let value = |digit: u8| char::from(digit).to_digit(16);
    digits.chunks_exact(2).map(|pair| Some((value(pair[0])? << 4 | value(pair[1])?) as u8)).collect()
}

/// The decimal text of a number.
pub(crate) fn decimal(number: U256) -> Bytes {
    match u64::try_from(number) {
        Ok(small) => Bytes::from(small.to_string()),
        Err(_) => Bytes::from(number.to_string()),
    }
}

/// The number a decimal text says; `None` if it is not one of 256 bits.
pub(crate) fn number(text: &[u8]) -> Option<U256> {
    let text = std::str::from_utf8(text).ok()?;
    if text.is_empty() || !text.bytes().all(|digit| digit.is_ascii_digit()) {
        return None;
    }
    match text.parse::<u64>() {
        Ok(small) => Some(U256::from(small)),
        Err(_) => U256::from_str_radix(text, 10).ok(),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn hex_has_two_digits_per_byte() {
        assert_eq!(hex(&[0x00, 0xab, 0x0f]), "00ab0f");
        assert_eq!(from_hex(b"0x00AB0f"), Some(vec![0x00, 0xab, 0x0f]));
        assert_eq!((from_hex(b"0"), from_hex(b"zz")), (None, None));
    }

    proptest! {
        #[test]
        fn decimals_survive(bytes in any::<[u8; 32]>(), size in 0usize..=32) {
            let value = U256::from_be_slice(&bytes[..size]);
            prop_assert_eq!(number(&decimal(value)), Some(value));
        }

        #[test]
        fn any_text_is_read_or_refused(text in prop::collection::vec(any::<u8>(), 0..90)) {
            let _ = (number(&text), from_hex(&text));
        }
    }
}
