//! A transaction blob has one spelling.
#![no_main]

use hansa_codec::{Suite, TransactionList};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    for suite in [Suite::Standard, Suite::Sm] {
        if let Ok(list) = TransactionList::decode_blob(suite, data) {
            assert_eq!(list.encode_blob().as_deref(), Ok(data));
        }
    }
});
