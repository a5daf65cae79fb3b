//! Nothing that a stranger can send panics, runs long, or passes for valid.

use hansa_privacy::{curve25519_vrf_verify, group_signature_verify, paillier_add, ring_signature_verify};
use proptest::collection::vec;
use proptest::prelude::*;
use serde_json::{json, Value};

use crate::support::{base64, read, text, unbase64};

fn any_bytes() -> impl Strategy<Value = Vec<u8>> {
    vec(any::<u8>(), 0..200)
}

/// A text with some of its bytes changed.
fn damaged(original: &str) -> impl Strategy<Value = Vec<u8>> {
    let (bytes, length) = (original.as_bytes().to_vec(), original.len());
    vec((0..length, any::<u8>()), 1..4).prop_map(move |changes| {
        let mut bytes = bytes.clone();
        for (at, byte) in changes {
            bytes[at] = byte;
        }
        bytes
    })
}

fn vector(json: &str, pointer: &str) -> String {
    text(read(json).pointer(pointer).unwrap()).to_owned()
}

const GROUP: &str = include_str!("../vectors/group_signature.json");
const RING: &str = include_str!("../vectors/ring_signature.json");
const PAILLIER: &str = include_str!("../vectors/paillier.json");
const VRF: &str = include_str!("../vectors/vrf.json");

/// Parameters whose numbers fit together although q is tiny and often no prime.
fn small_field() -> impl Strategy<Value = (u32, String)> {
    let shape = (2u32..8).prop_flat_map(|high| (Just(high), 1..high, any::<bool>(), any::<bool>()));
    (shape, 1u32..500).prop_filter_map("q ≡ 3 mod 4", |((high, low, low_sign, last_sign), cofactor)| {
        let signed = |positive: bool, term: i64| if positive { term } else { -term };
        let r = (1 << high) + signed(low_sign, 1 << low) + signed(last_sign, 1);
        let q = u32::try_from(r * i64::from(cofactor) - 1).ok()?;
        let sign = |positive| if positive { "1" } else { "-1" };
        let text = format!(
            "type a q {q} h {cofactor} r {r} exp2 {high} exp1 {low} sign1 {} sign0 {}",
            sign(low_sign),
            sign(last_sign)
        );
        (q % 4 == 3 && r > 0).then_some((q, text))
    })
}

/// All points of y² = x³ + x modulo q, as text.
fn points(q: u32) -> Vec<String> {
    let q = u64::from(q);
    let width = (64 - q.leading_zeros()).div_ceil(8) as usize * 2;
    let x_of_square: Vec<(u64, u64)> = (0..q.min(300)).map(|x| (x, (x * x % q * x + x) % q)).collect();
    x_of_square
        .iter()
        .flat_map(|(x, square)| (0..q.min(2000)).filter(move |y| y * y % q == *square).map(move |y| (*x, y)))
        .map(|(x, y)| format!("{x:0width$x}{y:0width$x}"))
        .collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn bytes_are_no_arguments(one in any_bytes(), two in any_bytes(), three in any_bytes(), four in any_bytes()) {
        prop_assert!(!matches!(ring_signature_verify(&one, &two, &three), Ok(true)));
        prop_assert!(!matches!(group_signature_verify(&one, &two, &three, &four), Ok(true)));
        prop_assert!(paillier_add(&one, &two).is_err());
        prop_assert_eq!(curve25519_vrf_verify(&one, &two, &three), None);
    }

    #[test]
    fn damaged_proofs_are_not_valid(proof in damaged(&vector(VRF, "/proof"))) {
        let (input, key) = (vector(VRF, "/input"), vector(VRF, "/publicKey"));
        prop_assume!(proof != vector(VRF, "/proof").into_bytes());
        let answer = curve25519_vrf_verify(input.as_bytes(), key.as_bytes(), &proof);
        // A change may be to the bit of a scalar that does not count.
        prop_assert!(answer.is_none() || proof[64..] != vector(VRF, "/proof").as_bytes()[64..]);
    }

    #[test]
    fn damaged_ciphertexts_are_refused_or_added(left in damaged(&vector(PAILLIER, "/sums/0/left"))) {
        let right = vector(PAILLIER, "/sums/0/right");
        if let Ok(sum) = paillier_add(&left, right.as_bytes()) {
            prop_assert_eq!(sum.len(), right.len());
        }
    }

    #[test]
    fn damaged_arguments_of_a_ring_do_not_panic(
        signature in damaged(&vector(RING, "/cases/0/signature")),
        parameters in damaged(&vector(RING, "/parameters")),
    ) {
        let message = vector(RING, "/cases/0/message");
        let original = vector(RING, "/parameters");
        let _ = ring_signature_verify(&signature, message.as_bytes(), original.as_bytes());
        let original = vector(RING, "/cases/0/signature");
        let _ = ring_signature_verify(original.as_bytes(), message.as_bytes(), &parameters);
    }

    #[test]
    fn rings_of_small_numbers_do_not_panic(p in 0u32..40, q in 0u32..40, numbers in vec(0u32..40, 7)) {
        let mut numbers = numbers.into_iter();
        let mut object = json!({"num": "2"});
        for name in ["Y", "C", "pk0", "pk1", "s0", "s1"] {
            object[name] = Value::from(numbers.next());
        }
        let parameters = base64(&json!({"p": p, "q": q, "g": numbers.next()}).to_string());
        let signature = base64(&object.to_string());
        prop_assert_ne!(ring_signature_verify(signature.as_bytes(), b"", parameters.as_bytes()), Ok(true));
    }

    #[test]
    fn damaged_arguments_of_a_group_do_not_panic(
        signature in damaged(&vector(GROUP, "/cases/2/signature")),
        group_key in damaged(&vector(GROUP, "/groupKeys/1")),
        parameters in damaged(&vector(GROUP, "/parameters/1")),
    ) {
        let originals =
            ["/cases/2/signature", "/groupKeys/1", "/parameters/1"].map(|at| vector(GROUP, at).into_bytes());
        let [old_signature, old_group_key, old_parameters] = originals;
        let _ = group_signature_verify(&signature, b"noise", &old_group_key, &old_parameters);
        let _ = group_signature_verify(&old_signature, b"noise", &group_key, &old_parameters);
        let _ = group_signature_verify(&old_signature, b"noise", &old_group_key, &parameters);
    }

    #[test]
    fn made_up_fields_end_in_time(
        (q, parameters) in small_field(),
        choices in vec(any::<prop::sample::Index>(), 16),
        message in "[a-z]{1,4}",
    ) {
        let (points, width) = (points(q), format!("{q:x}").len().div_ceil(2) * 4);
        let mut choices = choices.iter();
        let mut point = || choices.next().map_or("", |choice| choice.get(&points[..]).as_str());
        let pairing = format!("{:0width$x}", 1);
        let key = json!({
            "g1": "", "g2": point(), "h": "", "u": point(), "v": point(), "w": point(),
            "pr_g1_g2": "", "pr_g1_g2_inv": pairing, "pr_h_g2": pairing, "pr_h_w": pairing,
        });
        let mut signature = json!({"T1": point(), "T2": point(), "T3": point()});
        for (name, value) in ["c", "ralpha", "rbeta", "rx", "rdelta1", "rdelta2"].iter().zip(1u32..) {
            signature[name] = format!("{value:02x}").into();
        }
        let [signature, key, parameters] =
            [signature.to_string(), key.to_string(), parameters].map(|text| base64(&text));
        let answer = group_signature_verify(
            signature.as_bytes(), message.as_bytes(), key.as_bytes(), parameters.as_bytes()
        );
        prop_assert!(answer.is_ok(), "{:?} {}", answer, unbase64(&parameters));
    }
}
