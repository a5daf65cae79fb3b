//! A 256-bit unsigned integer as it is encoded: to compare and to print, not to calculate with.

/// Big-endian bytes; the order of the bytes is the order of the numbers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct U256(pub [u8; 32]);

impl U256 {
    /// 0.
    pub const ZERO: Self = Self([0; 32]);
    /// 2²⁵⁶ − 1.
    pub const MAX: Self = Self([0xff; 32]);

    /// The number of at most 32 big-endian bytes; `None` for more.
    #[must_use]
    pub fn from_be_slice(bytes: &[u8]) -> Option<Self> {
        let mut padded = [0; 32];
        let start = padded.len().checked_sub(bytes.len())?;
        padded.get_mut(start..)?.copy_from_slice(bytes);
        Some(Self(padded))
    }

    /// The bytes without leading zeros; empty for 0.
    #[must_use]
    pub fn significant_bytes(&self) -> &[u8] {
        let zeros = self.0.iter().take_while(|byte| **byte == 0).count();
        self.0.get(zeros..).unwrap_or_default()
    }

    /// The number if it has at most 64 bits.
    #[must_use]
    pub fn to_u64(&self) -> Option<u64> {
        let bytes = self.significant_bytes();
        if bytes.len() > 8 {
            return None;
        }
        Some(bytes.iter().fold(0, |number, byte| number << 8 | u64::from(*byte)))
    }
}

impl From<u64> for U256 {
    fn from(number: u64) -> Self {
        let mut bytes = [0; 32];
        bytes[24..].copy_from_slice(&number.to_be_bytes());
        Self(bytes)
    }
}
