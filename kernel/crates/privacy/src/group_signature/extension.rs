//! F_q(i), i² = −1: where the pairing's values live (execution §9.1).

use crypto_bigint::Uint;

use super::field::{is_zero, Element, Field};

/// re + im·i
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Extension<const L: usize> {
    /// The real part.
    pub re: Element<L>,
    /// The imaginary part.
    pub im: Element<L>,
}

impl<const L: usize> Extension<L> {
    /// One.
    pub fn one(field: &Field<L>) -> Self {
        Self { re: field.one(), im: field.zero() }
    }

    /// From re ‖ im; `None` for another length.
    pub fn decode(field: &Field<L>, bytes: &[u8]) -> Option<Self> {
        let (re, im) = bytes.split_at_checked(field.modulus.size)?;
        Some(Self { re: field.decode(re)?, im: field.decode(im)? })
    }

    /// re ‖ im
    pub fn encode(&self, field: &Field<L>) -> Vec<u8> {
        [field.encode(&self.re), field.encode(&self.im)].concat()
    }

    /// The product, with three multiplications.
    pub fn multiply(&self, other: &Self) -> Self {
        let (re, im) = (self.re * other.re, self.im * other.im);
        let both = (self.re + self.im) * (other.re + other.im);
        Self { re: re - im, im: both - re - im }
    }

    /// The square, with two multiplications.
    pub fn square(&self) -> Self {
        let cross = self.re * self.im;
        Self { re: (self.re + self.im) * (self.re - self.im), im: cross + cross }
    }

    /// re − im·i, which is also the q-th power.
    pub fn conjugate(&self) -> Self {
        Self { re: self.re, im: -self.im }
    }

    /// One over this; `None` if there is none.
    pub fn invert(&self) -> Option<Self> {
        let norm = self.re.square() + self.im.square();
        if is_zero(&norm) {
            return None;
        }
        let inverse = norm.invert_vartime().into_option()?;
        Some(Self { re: self.re * inverse, im: -(self.im * inverse) })
    }

    /// The product of three powers, squaring once for all of them.
    pub fn product_of_powers(field: &Field<L>, powers: [(&Self, &Uint<L>); 3]) -> Self {
        let mut products = [Self::one(field); 8];
        for index in 1..8usize {
            let lowest = index.trailing_zeros() as usize;
            products[index] = products[index & (index - 1)].multiply(powers[lowest].0);
        }
        let bits = powers.iter().map(|(_, exponent)| exponent.bit_width_vartime()).max().unwrap_or(0);
        let mut result = Self::one(field);
        for bit in (0..bits).rev() {
            result = result.square();
            let chosen = powers
                .iter()
                .rev()
                .fold(0, |index, (_, exponent)| index << 1 | usize::from(exponent.bit_vartime(bit)));
            if chosen != 0 {
                result = result.multiply(&products[chosen]);
            }
        }
        result
    }

    /// A power.
    pub fn power(&self, field: &Field<L>, exponent: &Uint<L>) -> Self {
        let one = Self::one(field);
        Self::product_of_powers(field, [(self, exponent), (&one, &Uint::ZERO), (&one, &Uint::ZERO)])
    }
}
