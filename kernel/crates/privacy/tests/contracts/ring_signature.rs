//! Ring signatures (execution §9.2).

use hansa_privacy::{ring_signature_verify, RingSignatureError};
use serde_json::Value;

use crate::support::{base64, read, text, unbase64, with_member};

fn vectors() -> Value {
    read(include_str!("../vectors/ring_signature.json"))
}

fn verify(signature: &str, message: &str, parameters: &str) -> Result<bool, RingSignatureError> {
    ring_signature_verify(signature.as_bytes(), message.as_bytes(), parameters.as_bytes())
}

#[test]
fn the_vectors_verify_or_not() {
    let vectors = vectors();
    for case in vectors["cases"].as_array().unwrap() {
        let [signature, message] = ["signature", "message"].map(|name| text(&case[name]));
        let expected = Ok(case["valid"].as_bool().unwrap());
        assert_eq!(verify(signature, message, text(&vectors["parameters"])), expected, "{message}");
    }
}

#[test]
fn every_number_of_a_signature_counts() {
    let vectors = vectors();
    let (parameters, case) = (text(&vectors["parameters"]), &vectors["cases"][0]);
    let (signature, message) = (text(&case["signature"]), text(&case["message"]));
    for name in ["C", "Y", "pk0", "pk1", "s0", "s1"] {
        for (value, expected) in [
            (Some("5."), Ok(false)),
            (Some("0."), Ok(false)),
            (Some("5"), Ok(false)),
            (Some(""), Err(RingSignatureError::Signature)),
            (Some("."), Err(RingSignatureError::Signature)),
            (Some("-5."), Err(RingSignatureError::Signature)),
            (Some("0x5"), Err(RingSignatureError::Signature)),
            (Some(&*"9".repeat(1235)), Err(RingSignatureError::Signature)),
            (None, Err(RingSignatureError::Signature)),
        ] {
            let changed = with_member(signature, name, value);
            assert_eq!(verify(&changed, message, parameters), expected, "{name} {value:?}");
        }
    }
    for name in ["p", "q", "g"] {
        let changed = with_member(parameters, name, Some("7."));
        assert!(verify(signature, message, &changed).is_ok_and(|valid| !valid) || name == "p");
        for value in [Some(""), Some("x"), Some(&*"9".repeat(1235)), None] {
            let changed = with_member(parameters, name, value);
            assert_eq!(verify(signature, message, &changed), Err(RingSignatureError::Parameters));
        }
    }
    for (name, value) in [("p", "0."), ("p", "1."), ("p", "8."), ("q", "0."), ("p", &"9".repeat(1234))] {
        let changed = with_member(parameters, name, Some(value));
        assert_eq!(verify(signature, message, &changed), Err(RingSignatureError::Parameters), "{value}");
    }
}

#[test]
fn numbers_may_be_json_numbers_and_have_no_dot() {
    let vectors = vectors();
    let (parameters, case) = (text(&vectors["parameters"]), &vectors["cases"][0]);
    let (signature, message) = (text(&case["signature"]), text(&case["message"]));
    let bare =
        |encoded: &str| base64(&unbase64(encoded).replace(".\"", "").replace(": \"", ": ").replace('"', ""));
    let named = |encoded: &str| {
        let object = read(&unbase64(encoded));
        let members: Vec<String> = object
            .as_object()
            .unwrap()
            .iter()
            .map(|(name, value)| format!("\"{name}\":{}", text(value).trim_end_matches('.')))
            .collect();
        base64(&format!("{{{}}}", members.join(",")))
    };
    assert_eq!(verify(&named(signature), message, &named(parameters)), Ok(true));
    assert_eq!(verify(&bare(signature), message, parameters), Err(RingSignatureError::Signature));
}

#[test]
fn the_ring_has_members_and_not_too_many() {
    let vectors = vectors();
    let (parameters, case) = (text(&vectors["parameters"]), &vectors["cases"][0]);
    let (signature, message) = (text(&case["signature"]), text(&case["message"]));
    for (count, expected) in [
        ("0", RingSignatureError::RingSize),
        ("257", RingSignatureError::RingSize),
        ("18446744073709551615", RingSignatureError::RingSize),
        ("3", RingSignatureError::Signature),
        ("-1", RingSignatureError::Signature),
        ("two", RingSignatureError::Signature),
    ] {
        let changed = with_member(signature, "num", Some(count));
        assert_eq!(verify(&changed, message, parameters), Err(expected), "{count}");
    }
    assert_eq!(verify(&with_member(signature, "num", Some("1")), message, parameters), Ok(false));
}

#[test]
fn arguments_are_base64_of_objects() {
    let vectors = vectors();
    let (parameters, case) = (text(&vectors["parameters"]), &vectors["cases"][0]);
    let (signature, message) = (text(&case["signature"]), text(&case["message"]));
    assert_eq!(verify("?", message, parameters), Err(RingSignatureError::Base64));
    assert_eq!(verify(signature, message, "?"), Err(RingSignatureError::Base64));
    assert_eq!(verify("", message, parameters), Err(RingSignatureError::Signature));
    assert_eq!(verify(signature, message, ""), Err(RingSignatureError::Parameters));
}
