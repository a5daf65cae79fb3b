//! JSON texts as clients of this chain have always had them: compact, keys in byte order, a final newline.

use bytes::Bytes;

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

/// An object of texts. `pairs` are in byte order of their names.
pub(crate) fn object<'p>(pairs: impl IntoIterator<Item = (&'p str, &'p [u8])>) -> Vec<u8> {
    let pairs =
        pairs.into_iter().map(|(name, value)| [&quoted(name.as_bytes())[..], b":", &quoted(value)].concat());
    [b"{", &pairs.collect::<Vec<_>>().join(&b","[..])[..], b"}"].concat()
}

/// An array of what is JSON already.
pub(crate) fn array(items: &[Vec<u8>]) -> Vec<u8> {
    [b"[", &items.join(&b","[..])[..], b"]"].concat()
}

/// A whole text.
pub(crate) fn line(json: Vec<u8>) -> Bytes {
    [&json[..], b"\n"].concat().into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_are_compact_and_escaped() {
        let object = object([("a", &b"1\"\x01"[..]), ("b", b"\\")]);
        assert_eq!(line(array(&[object])), &b"[{\"a\":\"1\\\"\\u0001\",\"b\":\"\\\\\"}]\n"[..]);
        assert_eq!(line(array(&[])), &b"[]\n"[..]);
    }
}
