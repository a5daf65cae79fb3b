//! Parameters of a type A pairing as PBC prints them (execution §9.1): `type a`, then q, h, r, exp2, exp1, sign1 and
//! sign0, each name before its value.

use std::collections::BTreeMap;

use crypto_bigint::{NonZero, Odd, Uint, U1024};

use super::field::{scalars, Field, Modulus};

/// The largest q, in bits. PBC's own parameters have 512, those of the signature library 520.
const FIELD_BITS_MAX: u32 = 1024;

/// A number below 2^1024 has at most so many decimal digits.
const NUMBER_DIGITS_MAX: usize = 309;

/// Numbers that fit together: q ≡ 3 mod 4, q + 1 = h·r and r = 2^exp2 ± 2^exp1 ± 1. That q and r are prime is not
/// looked into; without that, signatures verify or not, but in bounded time.
pub struct Parameters {
    q: U1024,
    h: U1024,
    r: U1024,
    exponent_high: u32,
    exponent_low: u32,
    is_low_negative: bool,
}

impl Parameters {
    /// Read PBC's text; a name given twice counts the second time.
    pub fn parse(text: &[u8]) -> Option<Self> {
        let text = std::str::from_utf8(text).ok()?;
        let mut values = BTreeMap::new();
        let mut words = text.split_ascii_whitespace();
        while let (Some(name), Some(value)) = (words.next(), words.next()) {
            values.insert(name, value);
        }
        if *values.get("type")? != "a" {
            return None;
        }
        let number = |name| parse_number(values.get(name)?);
        let exponent = |name| values.get(name)?.parse().ok().filter(|value| *value < FIELD_BITS_MAX);
        let is_negative = |name| match *values.get(name)? {
            "1" => Some(false),
            "-1" => Some(true),
            _ => None,
        };
        let parameters = Self {
            q: number("q")?,
            h: number("h")?,
            r: number("r")?,
            exponent_high: exponent("exp2")?,
            exponent_low: exponent("exp1")?,
            is_low_negative: is_negative("sign1")?,
        };
        parameters.fit_together(is_negative("sign0")?).then_some(parameters)
    }

    fn fit_together(&self, is_last_negative: bool) -> bool {
        if self.exponent_low == 0 || self.exponent_low >= self.exponent_high {
            return false;
        }
        let signed = |sum: U1024, term: U1024, is_negative: bool| {
            if is_negative {
                sum.wrapping_sub(&term)
            } else {
                sum.wrapping_add(&term)
            }
        };
        let power = |exponent| U1024::ONE.wrapping_shl_vartime(exponent);
        let order = signed(power(self.exponent_high), power(self.exponent_low), self.is_low_negative);
        let order = signed(order, U1024::ONE, is_last_negative);
        let is_3_mod_4 = self.q.bit_vartime(0) && self.q.bit_vartime(1);
        let product = self.h.checked_mul(&self.r).into_option();
        let points = self.q.wrapping_add(&U1024::ONE);
        is_3_mod_4 && self.r == order && product == Some(points)
    }

    /// The bits of q.
    pub fn field_bits(&self) -> u32 {
        self.q.bit_width_vartime()
    }

    /// What the arithmetic needs, in numbers of `L` words; q must fit.
    pub fn setting<const L: usize>(&self) -> Option<Setting<L>> {
        Some(Setting {
            field: Field::new(Odd::new(self.q.resize()).into_option()?),
            scalars: scalars(NonZero::new(self.r.resize()).into_option()?),
            cofactor: self.h.resize(),
            exponent_high: self.exponent_high,
            exponent_low: self.exponent_low,
            is_low_negative: self.is_low_negative,
        })
    }
}

/// A pairing ready to compute with.
pub struct Setting<const L: usize> {
    /// F_q
    pub field: Field<L>,
    /// Exponents, modulo r.
    pub scalars: Modulus<L>,
    /// h
    pub cofactor: Uint<L>,
    /// exp2 of r = 2^exp2 ± 2^exp1 ± 1
    pub exponent_high: u32,
    /// exp1, above 0 and below exp2
    pub exponent_low: u32,
    /// Whether 2^exp1 is taken away.
    pub is_low_negative: bool,
}

fn parse_number(text: &str) -> Option<U1024> {
    let is_number = text.len() <= NUMBER_DIGITS_MAX && text.bytes().all(|digit| digit.is_ascii_digit());
    is_number.then(|| U1024::from_str_radix_vartime(text, 10).ok()).flatten()
}
