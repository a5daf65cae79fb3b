//! Short group signatures (Boneh, Boyen and Shacham 2004) over PBC's type A pairing (execution §9.1): a member of
//! the group signed, and only the group's manager can tell who.
//!
//! Rule 1: an argument that is no Base64, parameters that are none, or a group key with a member missing is an error.
//! Rule 2: everything else that is wrong makes a signature that does not verify, as it does in the C++ node.
//! Rule 3: points are hashed as they come out of the arithmetic, not as the text that they were read from.

mod curve;
mod extension;
mod field;
mod pairing;
mod parameters;

use std::fmt;

use crypto_bigint::Uint;
use hansa_crypto::keccak256;

use self::curve::Point;
use self::extension::Extension;
use self::pairing::pair;
use self::parameters::{Parameters, Setting};
use crate::json::Members;
use crate::{base64, hex};

/// Why there is no answer, in the order of looking.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum GroupSignatureError {
    /// An argument is not Base64, or above 1 MiB.
    Base64,
    /// The message is empty or has a separator in it.
    Message,
    /// Not the parameters of a type A pairing of at most 1024 bits.
    Parameters,
    /// The group key is not an object with all its members.
    GroupKey,
}

impl fmt::Display for GroupSignatureError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Base64 => "an argument is not Base64 of at most 1 MiB",
            Self::Message => "the message is empty or contains a separator",
            Self::Parameters => "not the parameters of a type A pairing of at most 1024 bits",
            Self::GroupKey => "not a group key",
        })
    }
}

impl std::error::Error for GroupSignatureError {}

/// Whether a member of the group signed the message.
///
/// # Errors
/// [`GroupSignatureError`] if there is no answer.
pub fn group_signature_verify(
    signature: &[u8],
    message: &[u8],
    group_key: &[u8],
    parameters: &[u8],
) -> Result<bool, GroupSignatureError> {
    let decode = |text| base64::decode(text).ok_or(GroupSignatureError::Base64);
    let joined = [&decode(signature)?, message, &decode(group_key)?, &decode(parameters)?].join(&b'*');
    let [signature, message, group_key, parameters] = split(&joined).ok_or(GroupSignatureError::Message)?;

    let parameters = Parameters::parse(parameters).ok_or(GroupSignatureError::Parameters)?;
    let group_key = Members::parse(group_key).ok_or(GroupSignatureError::GroupKey)?;
    if KEY_MEMBERS.iter().any(|name| group_key.get(name).is_none()) {
        return Err(GroupSignatureError::GroupKey);
    }
    let Some(signature) = Members::parse(signature) else {
        return Ok(false);
    };
    let is_valid = if parameters.field_bits() <= 9 * 64 {
        parameters.setting::<9>().and_then(|setting| verify(&setting, &signature, message, &group_key))
    } else {
        parameters.setting::<16>().and_then(|setting| verify(&setting, &signature, message, &group_key))
    };
    Ok(is_valid.is_some())
}

const KEY_MEMBERS: [&str; 10] =
    ["g1", "g2", "h", "u", "v", "w", "pr_g1_g2", "pr_g1_g2_inv", "pr_h_g2", "pr_h_w"];

/// The four arguments as the library finds them: it joins them with `*` and takes them apart with `strtok`, which
/// stops at a zero byte and skips what is empty. A fifth would be a name, which is not used.
fn split(joined: &[u8]) -> Option<[&[u8]; 4]> {
    let text = joined.split(|byte| *byte == 0).next().unwrap_or_default();
    let mut parts = text.split(|byte| *byte == b'*').filter(|part| !part.is_empty());
    let arguments = [parts.next()?, parts.next()?, parts.next()?, parts.next()?];
    (parts.count() <= 1).then_some(arguments)
}

/// `Some` if the signature is valid; `None` if it is not, or something in it cannot be read.
fn verify<const L: usize>(
    setting: &Setting<L>,
    signature: &Members,
    message: &[u8],
    group_key: &Members,
) -> Option<()> {
    let Setting { field, scalars, .. } = setting;
    let key_point = |name| Point::decode(field, &element(group_key, name, 2 * field.modulus.size)?);
    let key_pairing = |name| Extension::decode(field, &element(group_key, name, 2 * field.modulus.size)?);
    let point = |name| Point::decode(field, &element(signature, name, 2 * field.modulus.size)?);
    let scalar = |name| scalars.decode(&element(signature, name, scalars.size)?);

    let (g2, u, v, w) = (key_point("g2")?, key_point("u")?, key_point("v")?, key_point("w")?);
    let (pair_g1_g2_inverse, pair_h_g2, pair_h_w) =
        (key_pairing("pr_g1_g2_inv")?, key_pairing("pr_h_g2")?, key_pairing("pr_h_w")?);
    let (t1, t2, t3) = (point("T1")?, point("T2")?, point("T3")?);
    let (c, alpha, beta, x) = (scalar("c")?, scalar("ralpha")?, scalar("rbeta")?, scalar("rx")?);
    let (delta1, delta2) = (scalar("rdelta1")?, scalar("rdelta2")?);

    let sum = |left: (&Point<L>, &Uint<L>), right: (&Point<L>, &Uint<L>)| {
        Point::sum_of_multiples(field, left, right).to_point()
    };
    let minus = |number: &Uint<L>| scalars.negate(number);
    let r1 = sum((&u, &alpha), (&t1, &minus(&c)))?;
    let r2 = sum((&v, &beta), (&t2, &minus(&c)))?;
    let r4 = sum((&t1, &x), (&u, &minus(&delta1)))?;
    let r5 = sum((&t2, &x), (&v, &minus(&delta2)))?;
    let r3 = pair(setting, &t3, &sum((&g2, &x), (&w, &c))?)?.multiply(&Extension::product_of_powers(
        field,
        [
            (&pair_g1_g2_inverse, &c),
            (&pair_h_w, &minus(&scalars.add(&alpha, &beta))),
            (&pair_h_g2, &minus(&scalars.add(&delta1, &delta2))),
        ],
    ));
    let hashed_message = Point::hash(field, &setting.cofactor, message)?;

    let transcript = [
        t1.encode(field),
        t2.encode(field),
        t3.encode(field),
        r1.encode(field),
        r2.encode(field),
        r3.encode(field),
        r4.encode(field),
        r5.encode(field),
        hashed_message.encode(field),
    ];
    let challenge = scalars.reduce_hash(&keccak256(hex::encode_lower(&transcript.concat()).as_bytes()));
    (challenge == c).then_some(())
}

/// The bytes of a member. Text beyond them does not matter; less text than needed, or an odd length, cannot be read.
fn element(object: &Members, name: &str, size: usize) -> Option<Vec<u8>> {
    let text = object.get(name)?.as_bytes();
    if text.len() % 2 != 0 {
        return None;
    }
    hex::decode(text.get(..2 * size)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn arguments_are_taken_apart_like_strtok_does() {
        let message = |text: &[u8]| {
            let joined = [b"sig*", text, b"*key*parameters"].concat();
            split(&joined).map(|arguments| [arguments[1], arguments[2]].map(<[u8]>::to_vec))
        };
        let pair = |one: &[u8], other: &[u8]| Some([one.to_vec(), other.to_vec()]);
        assert_eq!(message(b"hello"), pair(b"hello", b"key"));
        assert_eq!(message(b"*hello*"), pair(b"hello", b"key"));
        assert_eq!(message(b"hel*lo"), pair(b"hel", b"lo"));
        assert_eq!(message(b""), None);
        assert_eq!(message(b"*"), None);
        assert_eq!(message(b"a*b*c"), None);
        assert_eq!(message(b"hel\0lo"), None);
    }
}
