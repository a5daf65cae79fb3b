//! JSON texts as clients of this chain have always had them.

/// A JSON string. Bytes beyond ASCII stand as they are.
pub(crate) fn quoted(text: &[u8]) -> Vec<u8> {
    let mut quoted = Vec::with_capacity(text.len() + 2);
    quoted.push(b'"');
    for byte in text {
        match byte {
            b'"' => quoted.extend_from_slice(b"\\\""),
            b'\\' => quoted.extend_from_slice(b"\\\\"),
            0x08 => quoted.extend_from_slice(b"\\b"),
            0x0c => quoted.extend_from_slice(b"\\f"),
            b'\n' => quoted.extend_from_slice(b"\\n"),
            b'\r' => quoted.extend_from_slice(b"\\r"),
            b'\t' => quoted.extend_from_slice(b"\\t"),
            0..0x20 => quoted.extend_from_slice(format!("\\u{byte:04X}").as_bytes()),
            _ => quoted.push(*byte),
        }
    }
    quoted.push(b'"');
    quoted
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_are_escaped() {
        assert_eq!(quoted(b"1\"\x01\x1f\n"), b"\"1\\\"\\u0001\\u001F\\n\"");
        assert_eq!(quoted(b"\\\xff"), b"\"\\\\\xff\"");
    }
}
