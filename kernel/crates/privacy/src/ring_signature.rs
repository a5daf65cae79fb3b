//! Linkable ring signatures in Z*ₚ (Liu, Wei and Wong; execution §9.2): one of the keys in the ring signed, nobody
//! can tell which, and two signatures by one key share the tag Y.
//!
//! The arguments are Base64 of JSON objects whose numbers are decimal text with a dot at the end, as Crypto++ prints
//! them. The keys of the ring are part of the signature: a contract that cares who is in the ring must compare them.

use std::fmt;

use num_bigint::BigUint;
use sha3::{Digest, Keccak256};

use crate::json::Members;
use crate::{base64, Hash};

/// The largest modulus, in bits.
const MODULUS_BITS_MAX: u64 = 4096;

/// The largest number is below 2^4096, of so many decimal digits.
const NUMBER_DIGITS_MAX: usize = 1234;

/// The largest ring.
const MEMBERS_MAX: usize = 256;

/// What bounds the time of a verification: members × (words of the modulus)³. 2048 bits allow 64 members.
const WORK_MAX: u64 = 1 << 21;

/// Why a text is not a ring signature, in the order of looking.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RingSignatureError {
    /// An argument is not Base64, or above 1 MiB.
    Base64,
    /// The parameters are not an object with the numbers p, q and g, p odd and above 1, q above 0.
    Parameters,
    /// The signature is not an object with Y, C, `num` and as many numbers `pk0`, `s0`, … as it says.
    Signature,
    /// The ring is empty, has too many members, or too many for the size of its modulus.
    RingSize,
}

impl fmt::Display for RingSignatureError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Base64 => "an argument is not Base64 of at most 1 MiB",
            Self::Parameters => "not the parameters of a ring",
            Self::Signature => "not a ring signature",
            Self::RingSize => "the ring is empty or too large",
        })
    }
}

impl std::error::Error for RingSignatureError {}

/// Whether a member of the ring in the signature signed the message.
///
/// # Errors
/// [`RingSignatureError`] if the signature or the parameters cannot be read. An empty ring is an error too: the C++
/// node finds it valid for every message.
pub fn ring_signature_verify(
    signature: &[u8],
    message: &[u8],
    parameters: &[u8],
) -> Result<bool, RingSignatureError> {
    let signature = base64::decode(signature).ok_or(RingSignatureError::Base64)?;
    let parameters = base64::decode(parameters).ok_or(RingSignatureError::Base64)?;
    let group = Group::parse(&parameters).ok_or(RingSignatureError::Parameters)?;
    let signature = RingSignature::parse(&signature, &group)?;
    Ok(signature.verify(message, &group))
}

/// A subgroup of order q of the integers modulo p, with a generator.
struct Group {
    modulus: BigUint,
    order: BigUint,
    generator: BigUint,
}

impl Group {
    fn parse(text: &[u8]) -> Option<Self> {
        let members = Members::parse(text)?;
        let number = |name| parse_number(members.get(name)?);
        let group = Self { modulus: number("p")?, order: number("q")?, generator: number("g")? };
        let is_odd_above_1 = group.modulus.bit(0) && group.modulus.bits() > 1;
        let fits = group.modulus.bits() <= MODULUS_BITS_MAX;
        (is_odd_above_1 && fits && group.order.bits() > 0).then_some(group)
    }

    /// How many members a ring over this group may have.
    fn members_max(&self) -> usize {
        let words = self.modulus.bits().div_ceil(64);
        usize::try_from(WORK_MAX / words.pow(3)).map_or(MEMBERS_MAX, |count| count.min(MEMBERS_MAX))
    }
}

struct Member {
    public_key: BigUint,
    /// The response s.
    response: BigUint,
}

struct RingSignature {
    /// C: the challenge of the first member.
    challenge: BigUint,
    /// Y: the same for all signatures by one key in one ring.
    tag: BigUint,
    members: Vec<Member>,
}

impl RingSignature {
    fn parse(text: &[u8], group: &Group) -> Result<Self, RingSignatureError> {
        let object = Members::parse(text).ok_or(RingSignatureError::Signature)?;
        let number =
            |name: &str| object.get(name).and_then(parse_number).ok_or(RingSignatureError::Signature);
        let count: usize =
            object.get("num").and_then(|text| text.parse().ok()).ok_or(RingSignatureError::Signature)?;
        if count == 0 || count > group.members_max() {
            return Err(RingSignatureError::RingSize);
        }
        let mut members = Vec::with_capacity(count);
        for index in 0..count {
            let member = Member {
                public_key: number(&format!("pk{index}"))?,
                response: number(&format!("s{index}"))?,
            };
            // A response is below q; a longer one would only cost time.
            if member.response.bits() > group.modulus.bits() {
                return Err(RingSignatureError::Signature);
            }
            members.push(member);
        }
        Ok(Self { challenge: number("C")?, tag: number("Y")?, members })
    }

    /// Walk the ring from C: each member's challenge follows from the one before, and the last must lead back.
    fn verify(&self, message: &[u8], group: &Group) -> bool {
        if self.challenge.bits() > 256 {
            return false; // challenges are hashes, none leads back to this one
        }
        let power = |base: &BigUint, exponent: &BigUint| base.modpow(exponent, &group.modulus);

        let keys: String = self.members.iter().map(|member| format_number(&member.public_key)).collect();
        let ring_base = power(&group.generator, &(to_number(Keccak256::digest(&keys).into()) % &group.order));
        let common =
            Keccak256::new_with_prefix(keys).chain_update(format_number(&self.tag)).chain_update(message);

        let mut challenge = self.challenge.clone();
        for Member { public_key, response } in &self.members {
            let key_commitment = power(&group.generator, response) * power(public_key, &challenge);
            let tag_commitment = power(&ring_base, response) * power(&self.tag, &challenge);
            let hash = common
                .clone()
                .chain_update(format_number(&(key_commitment % &group.modulus)))
                .chain_update(format_number(&(tag_commitment % &group.modulus)))
                .finalize();
            challenge = to_number(hash.into());
        }
        challenge == self.challenge
    }
}

fn to_number(hash: Hash) -> BigUint {
    BigUint::from_bytes_be(&hash)
}

/// Decimal digits, with or without the dot.
fn parse_number(text: &str) -> Option<BigUint> {
    let digits = text.strip_suffix('.').unwrap_or(text).as_bytes();
    if digits.len() > NUMBER_DIGITS_MAX || !digits.iter().all(u8::is_ascii_digit) {
        return None;
    }
    BigUint::parse_bytes(digits, 10)
}

fn format_number(number: &BigUint) -> String {
    format!("{number}.")
}
