//! Base64 as the signature library reads it (execution §9.1, §9.2): the text ends at the first `=`, missing padding
//! and stray bits of the last character do not matter, any other character is an error.

use crate::ARGUMENT_BYTES_MAX;

/// The bytes of a Base64 argument; `None` if it is too long or not Base64.
pub fn decode(text: &[u8]) -> Option<Vec<u8>> {
    if text.len() > ARGUMENT_BYTES_MAX {
        return None;
    }
    let text = text.split(|character| *character == b'=').next().unwrap_or_default();
    let mut bytes = Vec::with_capacity(text.len().div_ceil(4) * 3);
    for group in text.chunks(4) {
        let mut bits = 0;
        for character in group {
            bits = bits << 6 | sextet(*character)?;
        }
        bits <<= 6 * (4 - group.len());
        // Of n characters, n − 1 bytes; the first byte of the word is always empty.
        bytes.extend_from_slice(&bits.to_be_bytes()[1..group.len()]);
    }
    Some(bytes)
}

fn sextet(character: u8) -> Option<u32> {
    let value = match character {
        b'A'..=b'Z' => character - b'A',
        b'a'..=b'z' => character - b'a' + 26,
        b'0'..=b'9' => character - b'0' + 52,
        b'+' => 62,
        b'/' => 63,
        _ => return None,
    };
    Some(u32::from(value))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(encoded: &str) -> Option<String> {
        decode(encoded.as_bytes()).map(|bytes| String::from_utf8(bytes).unwrap())
    }

    #[test]
    fn padding_is_optional_and_ends_the_text() {
        for encoded in ["Zm9vYg==", "Zm9vYg", "Zm9vYg=", "Zm9vYg==?!", "Zm9vYh"] {
            assert_eq!(text(encoded).as_deref(), Some("foob"), "{encoded}");
        }
        assert_eq!(text("Zm9v").as_deref(), Some("foo"));
        assert_eq!(text("Zm9vY").as_deref(), Some("foo"));
        assert_eq!(text("").as_deref(), Some(""));
        assert_eq!(decode(b"+/+/"), Some(vec![0xfb, 0xff, 0xbf]));
    }

    #[test]
    fn other_characters_and_long_texts_are_refused() {
        assert_eq!(text("Zm 9v"), None);
        assert_eq!(text("Zm9v\n"), None);
        assert_eq!(decode(&vec![b'A'; ARGUMENT_BYTES_MAX + 1]), None);
    }
}
