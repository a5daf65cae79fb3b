//! Reading vectors, and changing them.

use serde_json::Value;

pub fn read(text: &str) -> Value {
    serde_json::from_str(text).unwrap()
}

pub fn text(value: &Value) -> &str {
    value.as_str().unwrap()
}

pub fn bytes(hex: &str) -> Vec<u8> {
    (0..hex.len()).step_by(2).map(|at| u8::from_str_radix(&hex[at..at + 2], 16).unwrap()).collect()
}

pub fn fixed<const N: usize>(value: &Value) -> [u8; N] {
    bytes(text(value)).try_into().unwrap()
}

pub fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

pub fn base64(text: &str) -> String {
    const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let digit = |chunk: &[u8], at: usize| {
        let word =
            chunk.iter().fold(0u32, |word, byte| word << 8 | u32::from(*byte)) << (8 * (3 - chunk.len()));
        char::from(DIGITS[(word >> (18 - 6 * at) & 63) as usize])
    };
    text.as_bytes().chunks(3).flat_map(|chunk| (0..=chunk.len()).map(move |at| digit(chunk, at))).collect()
}

/// The text of a Base64 argument of the vectors.
pub fn unbase64(encoded: &str) -> String {
    let sextet = |c: char| match c {
        'A'..='Z' => c as u32 - 65,
        'a'..='z' => c as u32 - 71,
        '0'..='9' => c as u32 + 4,
        '+' => 62,
        _ => 63,
    };
    let digits: Vec<u32> = encoded.trim_end_matches('=').chars().map(sextet).collect();
    let mut out = Vec::new();
    for chunk in digits.chunks(4) {
        let word = chunk.iter().fold(0, |word, digit| word << 6 | digit) << (6 * (4 - chunk.len()));
        out.extend_from_slice(&word.to_be_bytes()[1..chunk.len()]);
    }
    String::from_utf8(out).unwrap()
}

/// A JSON argument with one member replaced, or removed.
pub fn with_member(encoded: &str, name: &str, value: Option<&str>) -> String {
    let mut object = read(&unbase64(encoded));
    match value {
        Some(value) => object[name] = value.into(),
        None => drop(object.as_object_mut().unwrap().remove(name)),
    }
    base64(&object.to_string())
}
