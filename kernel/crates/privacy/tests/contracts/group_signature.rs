//! Group signatures (execution §9.1).

use hansa_privacy::{group_signature_verify, GroupSignatureError};
use serde_json::Value;

use crate::support::{base64, read, text, unbase64, with_member};

struct Case {
    signature: String,
    message: String,
    group_key: String,
    parameters: String,
    valid: bool,
}

fn cases() -> Vec<Case> {
    let vectors = read(include_str!("../vectors/group_signature.json"));
    let at = |list: &str, index: &Value| {
        text(&vectors[list][usize::try_from(index.as_u64().unwrap()).unwrap()]).to_owned()
    };
    let case = |case: &Value| Case {
        signature: text(&case["signature"]).to_owned(),
        message: text(&case["message"]).to_owned(),
        group_key: at("groupKeys", &case["groupKey"]),
        parameters: at("parameters", &case["parameters"]),
        valid: case["valid"].as_bool().unwrap(),
    };
    vectors["cases"].as_array().unwrap().iter().map(case).collect()
}

impl Case {
    fn verify(&self) -> Result<bool, GroupSignatureError> {
        group_signature_verify(
            self.signature.as_bytes(),
            self.message.as_bytes(),
            self.group_key.as_bytes(),
            self.parameters.as_bytes(),
        )
    }
}

/// The case that is quickest to compute: r of 160 bits.
fn case() -> Case {
    cases().swap_remove(2)
}

#[test]
fn the_vectors_verify_or_not() {
    for case in cases() {
        assert_eq!(case.verify(), Ok(case.valid), "{}", case.message);
    }
}

#[test]
fn of_a_message_as_many_bytes_count_as_the_field_has() {
    let mut case = cases().swap_remove(3);
    assert_eq!(case.message.len(), 80);
    case.message.truncate(64);
    assert_eq!(case.verify(), Ok(true));
    case.message.truncate(63);
    assert_eq!(case.verify(), Ok(false));
}

#[test]
fn stars_around_a_message_do_not_count_and_inside_it_are_an_error() {
    let original = case();
    let with_message = |message: &str| Case { message: message.to_owned(), ..case() }.verify();
    assert_eq!(with_message(&format!("*{}**", original.message)), Ok(true));
    assert_eq!(with_message("an*independent signature"), Err(GroupSignatureError::Parameters));
    assert_eq!(with_message("an*independent*signature"), Err(GroupSignatureError::Message));
    assert_eq!(with_message(""), Err(GroupSignatureError::Message));
    assert_eq!(with_message("an\0independent signature"), Err(GroupSignatureError::Message));
}

#[test]
fn every_member_of_a_signature_counts() {
    let original = case();
    for name in ["T1", "T2", "T3", "c", "ralpha", "rbeta", "rx", "rdelta1", "rdelta2"] {
        let signature = read(&unbase64(&original.signature));
        let value = text(&signature[name]);
        let off_by_one =
            format!("{}{}", &value[..value.len() - 1], if value.ends_with('1') { '2' } else { '1' });
        let zero = "0".repeat(value.len());
        for wrong in [Some(&*off_by_one), Some(&*zero), Some(""), Some("0"), Some(&value[2..]), None] {
            let signature = with_member(&original.signature, name, wrong);
            assert_eq!(Case { signature, ..case() }.verify(), Ok(false), "{name} {wrong:?}");
        }
        for same in [value.to_uppercase(), format!("{value}zz"), format!("{value}00")] {
            let signature = with_member(&original.signature, name, Some(&same));
            assert_eq!(Case { signature, ..case() }.verify(), Ok(true), "{name} {same}");
        }
    }
    for signature in [String::new(), base64("{}"), base64("[]")] {
        let expected = if signature.is_empty() { Err(GroupSignatureError::Message) } else { Ok(false) };
        assert_eq!(Case { signature, ..case() }.verify(), expected);
    }
}

#[test]
fn every_member_of_a_group_key_is_there_and_what_is_used_counts() {
    let original = case();
    for name in ["g1", "g2", "h", "u", "v", "w", "pr_g1_g2", "pr_g1_g2_inv", "pr_h_g2", "pr_h_w"] {
        let group_key = with_member(&original.group_key, name, None);
        assert_eq!(Case { group_key, ..case() }.verify(), Err(GroupSignatureError::GroupKey), "{name}");
        let is_used = !["g1", "h", "pr_g1_g2"].contains(&name);
        let group_key = with_member(&original.group_key, name, Some(""));
        assert_eq!(Case { group_key, ..case() }.verify(), Ok(!is_used), "{name}");
    }
    let group_key = base64("g1");
    assert_eq!(Case { group_key, ..case() }.verify(), Err(GroupSignatureError::GroupKey));
}

#[test]
fn parameters_fit_together() {
    let original = case();
    let words = unbase64(&original.parameters);
    let with = |from: &str, to: &str| {
        assert!(words.contains(from));
        Case { parameters: base64(&words.replace(from, to)), ..case() }.verify()
    };
    assert_eq!(with("type a", "comment x type a"), Ok(true));
    assert_eq!(with("\n", " \t"), Ok(true));
    for (from, to) in [
        ("type a", "type a1"),
        ("type a", "typ a"),
        ("q 8", "q 9"),
        ("q 8", "q -8"),
        ("q 8", "q 0x8"),
        ("q 8", &format!("q {}8", "9".repeat(200))),
        ("h 1", "h 2"),
        ("r 7", "r 8"),
        ("exp2 159", "exp2 158"),
        ("exp2 159", "exp2 4294967295"),
        ("exp1 107", "exp1 159"),
        ("exp1 107", "exp1 0"),
        ("sign1 1", "sign1 -1"),
        ("sign1 1", "sign1 2"),
        ("sign0 1", "sign0 -1"),
        ("sign0 1", "sign 1"),
        ("h 1", "h x1"),
    ] {
        assert_eq!(with(from, to), Err(GroupSignatureError::Parameters), "{from} -> {to}");
    }
}

#[test]
fn arguments_are_base64() {
    let wrong = "?".to_owned();
    for case in [
        Case { signature: wrong.clone(), ..case() },
        Case { group_key: wrong.clone(), ..case() },
        Case { parameters: wrong, ..case() },
    ] {
        assert_eq!(case.verify(), Err(GroupSignatureError::Base64));
    }
    // Recorded from a FISCO BCOS 2.11.1 node: an error, not false.
    assert!(group_signature_verify(b"a", b"b", b"c", b"d").is_err());
}
