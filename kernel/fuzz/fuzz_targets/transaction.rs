//! A transaction decodes or is refused; its hash is that of its canonical form.
#![no_main]

use hansa_codec::{Suite, Transaction};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    for suite in [Suite::Standard, Suite::Sm] {
        if let Ok(transaction) = Transaction::decode(suite, data) {
            let again = Transaction::decode(suite, transaction.raw()).expect("decoded before");
            assert_eq!(again.hash(), transaction.hash());
            let _ = (transaction.sender(), transaction.to_json());
        }
    }
});
