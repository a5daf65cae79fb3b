//! Secrets that are none.

/// The secret is zero or not below the order of the curve.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct InvalidSecret;

impl std::fmt::Display for InvalidSecret {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("not a secret: it must be between 1 and the order of the curve")
    }
}

impl std::error::Error for InvalidSecret {}
