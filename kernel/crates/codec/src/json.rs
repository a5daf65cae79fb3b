//! A writer of compact JSON for values whose text needs no escaping (client protocol §2.4).
//!
//! The caller writes names in the byte order clients see; the writer sets the commas.

use crate::U256;

/// Text under construction.
#[derive(Debug, Default)]
pub(crate) struct Writer {
    out: Vec<u8>,
}

/// The two digits of each byte.
const DIGITS: [[u8; 2]; 256] = {
    const HEX: &[u8; 16] = b"0123456789abcdef";
    let mut digits = [[0; 2]; 256];
    let mut byte = 0;
    while byte < 256 {
        digits[byte] = [HEX[byte >> 4], HEX[byte & 15]];
        byte += 1;
    }
    digits
};

impl Writer {
    pub(crate) fn with_capacity(capacity: usize) -> Self {
        Self { out: Vec::with_capacity(capacity) }
    }

    pub(crate) fn finish(self) -> Vec<u8> {
        self.out
    }

    pub(crate) fn object(&mut self, write: impl FnOnce(&mut Self)) {
        self.separate();
        self.out.push(b'{');
        write(self);
        self.out.push(b'}');
    }

    pub(crate) fn array(&mut self, write: impl FnOnce(&mut Self)) {
        self.separate();
        self.out.push(b'[');
        write(self);
        self.out.push(b']');
    }

    /// A member's name; its value follows.
    pub(crate) fn name(&mut self, name: &'static str) {
        self.text(name);
        self.out.push(b':');
    }

    /// A string of plain ASCII.
    pub(crate) fn text(&mut self, text: &'static str) {
        self.separate();
        self.out.push(b'"');
        self.out.extend_from_slice(text.as_bytes());
        self.out.push(b'"');
    }

    /// `"0x…"`, two digits for each byte.
    pub(crate) fn hex(&mut self, bytes: &[u8]) {
        self.separate();
        self.out.extend_from_slice(b"\"0x");
        self.digits(bytes);
        self.out.push(b'"');
    }

    /// The same without `0x`.
    pub(crate) fn bare_hex(&mut self, bytes: &[u8]) {
        self.separate();
        self.out.push(b'"');
        self.digits(bytes);
        self.out.push(b'"');
    }

    /// `"0x…"` without leading zeros, `"0x0"` for zero.
    pub(crate) fn quantity(&mut self, number: &U256) {
        self.separate();
        self.out.extend_from_slice(b"\"0x");
        match number.significant_bytes().split_first() {
            None => self.out.push(b'0'),
            Some((first, rest)) => {
                let [high, low] = DIGITS[usize::from(*first)];
                if high != b'0' {
                    self.out.push(high);
                }
                self.out.push(low);
                self.digits(rest);
            }
        }
        self.out.push(b'"');
    }

    /// `"…"`, decimal.
    pub(crate) fn decimal(&mut self, number: u64) {
        self.separate();
        self.out.extend_from_slice(format!("\"{number}\"").as_bytes());
    }

    fn digits(&mut self, bytes: &[u8]) {
        self.out.reserve(bytes.len() * 2 + 1);
        for byte in bytes {
            self.out.extend_from_slice(&DIGITS[usize::from(*byte)]);
        }
    }

    /// A value right after another is separated from it.
    fn separate(&mut self) {
        if matches!(self.out.last(), Some(last) if !matches!(last, b'{' | b'[' | b':')) {
            self.out.push(b',');
        }
    }
}
