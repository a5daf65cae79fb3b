//! Adding two numbers under Paillier encryption, without the key (execution §9.3).

use std::fmt;

use num_bigint::BigUint;

use crate::hex;

/// The two texts are not ciphertexts under one key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct InvalidCiphertexts;

impl fmt::Display for InvalidCiphertexts {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("not two Paillier ciphertexts under one key of 2048 or 4096 bits")
    }
}

impl std::error::Error for InvalidCiphertexts {}

/// The ciphertext of the sum of two encrypted numbers: their product modulo n², in upper-case text.
///
/// A ciphertext is hexadecimal text of a 2-byte length L, the modulus n of L bytes and a number of 2L bytes. L is
/// 256 or 512, and both texts must be equal up to the number, letter by letter.
///
/// # Errors
/// [`InvalidCiphertexts`], also for an even modulus, which is no product of two odd primes.
pub fn paillier_add(left: &[u8], right: &[u8]) -> Result<String, InvalidCiphertexts> {
    // The only two lengths, so that nothing longer is looked at.
    let size = match left.len() {
        1540 => 256,
        3076 => 512,
        _ => return Err(InvalidCiphertexts),
    };
    let head_digits = 4 + 2 * size;
    if right.len() != left.len() || left[..head_digits] != right[..head_digits] {
        return Err(InvalidCiphertexts);
    }
    let left = hex::decode(left).ok_or(InvalidCiphertexts)?;
    let right = hex::decode(right).ok_or(InvalidCiphertexts)?;

    let (head, left_number) = left.split_at(2 + size);
    let right_number = &right[2 + size..];
    let (length, modulus) = head.split_at(2);
    let modulus = BigUint::from_bytes_be(modulus);
    if usize::from(length[0]) << 8 | usize::from(length[1]) != size || !modulus.bit(0) {
        return Err(InvalidCiphertexts);
    }

    let product = BigUint::from_bytes_be(left_number) * BigUint::from_bytes_be(right_number);
    let sum = (product % (&modulus * &modulus)).to_bytes_be();
    let mut bytes = head.to_vec();
    bytes.resize(2 + 3 * size - sum.len(), 0);
    bytes.extend(sum);
    Ok(hex::encode_upper(&bytes))
}
