//! Hexadecimal text. There is no `0x` in the texts of these contracts.

/// The bytes of hexadecimal text in either case; `None` if the length is odd or a character is no digit.
pub fn decode(text: &[u8]) -> Option<Vec<u8>> {
    if !text.len().is_multiple_of(2) {
        return None;
    }
    text.chunks_exact(2).map(|pair| Some(nibble(pair[0])? << 4 | nibble(pair[1])?)).collect()
}

/// Lower-case text.
pub fn encode_lower(bytes: &[u8]) -> String {
    encode(bytes, b"0123456789abcdef")
}

/// Upper-case text.
pub fn encode_upper(bytes: &[u8]) -> String {
    encode(bytes, b"0123456789ABCDEF")
}

fn nibble(character: u8) -> Option<u8> {
    match character {
        b'0'..=b'9' => Some(character - b'0'),
        b'a'..=b'f' => Some(character - b'a' + 10),
        b'A'..=b'F' => Some(character - b'A' + 10),
        _ => None,
    }
}

fn encode(bytes: &[u8], digits: &[u8; 16]) -> String {
    let digit = |value: u8| char::from(digits[usize::from(value)]);
    bytes.iter().flat_map(|byte| [digit(byte >> 4), digit(byte & 15)]).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_cases_are_read_and_each_is_written() {
        assert_eq!(decode(b"00aBfF"), Some(vec![0x00, 0xab, 0xff]));
        assert_eq!((decode(b"abc"), decode(b"0x12"), decode("é".as_bytes())), (None, None, None));
        assert_eq!(encode_lower(&[0x0f, 0xa0]), "0fa0");
        assert_eq!(encode_upper(&[0x0f, 0xa0]), "0FA0");
    }
}
