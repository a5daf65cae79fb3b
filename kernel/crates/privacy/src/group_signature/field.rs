//! Numbers modulo q and modulo r, and how PBC writes them (execution §9.1).
//!
//! `L` is the number of 64-bit words of every number; the modulus always fits.

use crypto_bigint::modular::{FixedMontyForm, FixedMontyParams};
use crypto_bigint::{NonZero, Odd, Uint};

/// A number modulo q.
pub type Element<const L: usize> = FixedMontyForm<L>;

/// A modulus with what its numbers look like as bytes: big-endian, of the modulus' length.
pub struct Modulus<const L: usize> {
    value: NonZero<Uint<L>>,
    /// The bytes of a number.
    pub size: usize,
}

impl<const L: usize> Modulus<L> {
    fn new(value: NonZero<Uint<L>>) -> Self {
        Self { value, size: value.bit_width_vartime().div_ceil(8) as usize }
    }

    /// A number from exactly `size` bytes, reduced; `None` for another length.
    pub fn decode(&self, bytes: &[u8]) -> Option<Uint<L>> {
        (bytes.len() == self.size).then(|| self.integer(bytes).rem_vartime(&self.value))
    }

    /// A number from a hash of any length. A short one is repeated, with a counting byte after each copy; what comes
    /// out is halved until it does not exceed the modulus. Of a long one only the first `size` bytes count.
    pub fn reduce_hash(&self, hash: &[u8]) -> Uint<L> {
        let mut bytes = Vec::with_capacity(self.size);
        let mut counter = 0u8;
        loop {
            bytes.extend(hash.iter().take(self.size - bytes.len()));
            if bytes.len() == self.size {
                break;
            }
            bytes.push(counter);
            counter = counter.wrapping_add(1);
        }
        let mut number = self.integer(&bytes);
        while number > *self.value {
            number = number.wrapping_shr_vartime(1);
        }
        number.rem_vartime(&self.value)
    }

    /// The sum of two reduced numbers.
    pub fn add(&self, left: &Uint<L>, right: &Uint<L>) -> Uint<L> {
        left.add_mod(right, &self.value)
    }

    /// The negative of a reduced number.
    pub fn negate(&self, number: &Uint<L>) -> Uint<L> {
        number.neg_mod(&self.value)
    }

    fn integer(&self, bytes: &[u8]) -> Uint<L> {
        let mut padded = vec![0; 8 * L - self.size];
        padded.extend(bytes);
        Uint::from_be_slice(&padded)
    }
}

/// The field of the curve's coordinates: numbers modulo q, q ≡ 3 mod 4.
pub struct Field<const L: usize> {
    parameters: FixedMontyParams<L>,
    /// Numbers as plain integers and bytes.
    pub modulus: Modulus<L>,
    /// (q + 1)/4
    root_exponent: Uint<L>,
}

impl<const L: usize> Field<L> {
    /// The field of an odd q.
    pub fn new(q: Odd<Uint<L>>) -> Self {
        let root_exponent = q.wrapping_shr_vartime(2).wrapping_add(&Uint::ONE);
        let modulus = Modulus::new(*q.as_nz_ref());
        Self { parameters: FixedMontyParams::new_vartime(q), modulus, root_exponent }
    }

    /// Zero.
    pub fn zero(&self) -> Element<L> {
        Element::zero(&self.parameters)
    }

    /// One.
    pub fn one(&self) -> Element<L> {
        Element::one(&self.parameters)
    }

    /// The element of a reduced number.
    pub fn element(&self, number: &Uint<L>) -> Element<L> {
        Element::new(number, &self.parameters)
    }

    /// The element of exactly as many bytes as q has.
    pub fn decode(&self, bytes: &[u8]) -> Option<Element<L>> {
        Some(self.element(&self.modulus.decode(bytes)?))
    }

    /// As many bytes as q has.
    pub fn encode(&self, element: &Element<L>) -> Vec<u8> {
        element.retrieve().to_be_bytes().as_slice()[8 * L - self.modulus.size..].to_vec()
    }

    /// A square root, if there is one.
    pub fn square_root(&self, element: &Element<L>) -> Option<Element<L>> {
        let root = element.pow_vartime(&self.root_exponent);
        (root.square() == *element).then_some(root)
    }
}

/// Exponents: numbers modulo r.
pub fn scalars<const L: usize>(r: NonZero<Uint<L>>) -> Modulus<L> {
    Modulus::new(r)
}

/// Whether an element is zero.
pub fn is_zero<const L: usize>(element: &Element<L>) -> bool {
    element.as_montgomery().is_zero_vartime()
}
