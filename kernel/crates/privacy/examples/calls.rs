//! What a call costs: `cargo run --release -p hansa-privacy --example calls`.

#![allow(clippy::unwrap_used, reason = "a measurement that cannot go on has failed")]

use std::hint::black_box;
use std::time::Instant;

use hansa_crypto::{sm3, Suite};
use hansa_privacy::{curve25519_vrf_verify, group_signature_verify, paillier_add, ring_signature_verify};
use serde_json::Value;

fn measure<Answer>(what: &str, count: u32, work: impl Fn() -> Answer) {
    black_box(work());
    let start = Instant::now();
    for _ in 0..count {
        black_box(work());
    }
    println!("{what:42} {:10.1} µs", start.elapsed().as_secs_f64() * 1e6 / f64::from(count));
}

fn read(text: &str) -> impl Fn(&str) -> String {
    let vectors: Value = serde_json::from_str(text).unwrap();
    move |pointer| vectors.pointer(pointer).unwrap().as_str().unwrap().to_owned()
}

fn main() {
    measure("SM3 of 32 bytes", 10_000, || sm3(&[7; 32]));
    measure("SM3 of 1 MiB", 10, || sm3(&vec![7; 1 << 20]));

    let signature = Suite::Sm.sign(&[7; 32], &[8; 32]).unwrap();
    measure("SM2", 500, || Suite::Sm.recover(&[8; 32], &signature).unwrap());

    let at = read(include_str!("../tests/vectors/vrf.json"));
    let (input, key, proof) = (at("/input"), at("/publicKey"), at("/proof"));
    measure("VRF", 500, || {
        curve25519_vrf_verify(input.as_bytes(), key.as_bytes(), proof.as_bytes()).unwrap()
    });

    let at = read(include_str!("../tests/vectors/paillier.json"));
    for (sum, bits) in [2048, 4096].iter().enumerate() {
        let (left, right) = (at(&format!("/sums/{sum}/left")), at(&format!("/sums/{sum}/right")));
        measure(&format!("Paillier, n of {bits} bits"), 500, || {
            paillier_add(left.as_bytes(), right.as_bytes()).unwrap()
        });
    }

    let at = read(include_str!("../tests/vectors/ring_signature.json"));
    for (case, members) in [(0, 2), (2, 5)] {
        let [signature, message] = ["signature", "message"].map(|name| at(&format!("/cases/{case}/{name}")));
        measure(&format!("Ring of {members}, p of 1024 bits"), 50, || {
            ring_signature_verify(signature.as_bytes(), message.as_bytes(), at("/parameters").as_bytes())
                .unwrap()
        });
    }
    for (bits, members) in [(1024, 256), (2048, 64), (4096, 8)] {
        let (signature, parameters) = (worst_ring(bits, members), worst_ring(bits, 0));
        measure(&format!("Ring of {members}, p of {bits} bits: the most"), 1, || {
            assert!(!ring_signature_verify(signature.as_bytes(), b"", parameters.as_bytes()).unwrap());
        });
    }

    let at = read(include_str!("../tests/vectors/group_signature.json"));
    for (case, key, what) in [(0, 0, "q of 520 bits, r of 512"), (2, 1, "q of 512 bits, r of 160")] {
        measure_group(&at, case, key, what);
    }
    measure_group(&at, 5, 3, "q of 1024 bits, r of 1014: the most");
}

fn measure_group(at: &impl Fn(&str) -> String, case: u32, key: u32, what: &str) {
    let [signature, message] = ["signature", "message"].map(|name| at(&format!("/cases/{case}/{name}")));
    let group_key = at(&format!("/groupKeys/{key}"));
    let parameters = at(&format!("/parameters/{}", case / 2));
    measure(&format!("Group, {what}"), 20, || {
        let answer = group_signature_verify(
            signature.as_bytes(),
            message.as_bytes(),
            group_key.as_bytes(),
            parameters.as_bytes(),
        );
        assert_eq!(answer, Ok(true));
    });
}

/// Base64 of parameters, or of a signature of that many members, with numbers of that many bits.
fn worst_ring(bits: u32, members: u32) -> String {
    // 10^k − 1 is odd and has this many bits, or a few less.
    let number = "9".repeat((f64::from(bits) * std::f64::consts::LOG10_2) as usize);
    let challenge = "9".repeat(77);
    let mut text =
        format!("{{\"p\":{number},\"q\":{number},\"g\":3,\"Y\":5,\"C\":{challenge},\"num\":{members}");
    for member in 0..members {
        text += &format!(",\"pk{member}\":7,\"s{member}\":{}", &number);
    }
    text += "}";
    const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let digit = |chunk: &[u8], at: usize| {
        let word =
            chunk.iter().fold(0u32, |word, byte| word << 8 | u32::from(*byte)) << (8 * (3 - chunk.len()));
        char::from(DIGITS[(word >> (18 - 6 * at) & 63) as usize])
    };
    text.as_bytes().chunks(3).flat_map(|chunk| (0..=chunk.len()).map(move |at| digit(chunk, at))).collect()
}
