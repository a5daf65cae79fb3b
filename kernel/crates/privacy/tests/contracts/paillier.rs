//! Paillier addition (execution §9.3).

use hansa_privacy::{paillier_add, InvalidCiphertexts};
use serde_json::Value;

use crate::support::{read, text};

fn sums() -> Vec<[String; 3]> {
    let vectors = read(include_str!("../vectors/paillier.json"));
    let sum = |vector: &Value| ["left", "right", "sum"].map(|name| text(&vector[name]).to_owned());
    vectors["sums"].as_array().unwrap().iter().map(sum).collect()
}

fn add(left: &str, right: &str) -> Result<String, InvalidCiphertexts> {
    paillier_add(left.as_bytes(), right.as_bytes())
}

#[test]
fn sums_are_those_of_others_and_in_upper_case() {
    for [left, right, sum] in sums() {
        assert_eq!(add(&left, &right).as_ref(), Ok(&sum));
        assert_eq!(add(&right, &left).as_ref(), Ok(&sum));
        assert_eq!(add(&left.to_lowercase(), &right.to_lowercase()), Ok(sum));
    }
}

#[test]
fn numbers_above_the_modulus_are_reduced_and_small_ones_keep_their_length() {
    let [left, ..] = &sums()[0];
    let number = |digits: &str| format!("{}{}", &left[..516], digits);
    let one = format!("{:0>1024}", 1);
    assert_eq!(add(&number(&one), &number(&one)), Ok(number(&one)));
    assert_eq!(add(left, &number(&"0".repeat(1024))), Ok(number(&"0".repeat(1024))));
    let reduced = add(&number(&"F".repeat(1024)), &number(&one)).unwrap();
    assert_eq!(add(&reduced, &number(&one)), Ok(reduced.clone()));
    assert_ne!(reduced, number(&"F".repeat(1024)));
}

#[test]
fn other_texts_are_no_ciphertexts() {
    let [left, right, _] = &sums()[0];
    let replaced = |text: &str, at: usize, with: &str| {
        let mut changed = text.to_owned();
        changed.replace_range(at..at + with.len(), with);
        changed
    };
    let cases = [
        (String::new(), String::new()),
        ("zz".to_owned(), "yy".to_owned()),
        (left[..1539].to_owned(), right[..1539].to_owned()),
        (left.clone(), sums()[1][0].clone()),
        // One letter of the modulus differs, if only in case.
        (left.clone(), replaced(right, 4, "c")),
        (left.clone(), replaced(right, 515, "6")),
        // The length is not that of the modulus.
        (replaced(left, 0, "0200"), replaced(right, 0, "0200")),
        (replaced(left, 0, "00FF"), replaced(right, 0, "00FF")),
        // Not hexadecimal.
        (replaced(left, 800, "g"), right.clone()),
        (left.clone(), replaced(right, 1538, "é")),
        (replaced(left, 0, "0x00"), replaced(right, 0, "0x00")),
        // An even modulus, and none.
        (replaced(left, 515, "4"), replaced(right, 515, "4")),
        (replaced(left, 4, &"0".repeat(512)), replaced(right, 4, &"0".repeat(512))),
    ];
    for (left, right) in cases {
        assert_eq!(add(&left, &right), Err(InvalidCiphertexts), "{left} {right}");
    }
}
