//! A transaction blob has one spelling.
#![no_main]

use hansa_codec::TransactionList;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    if let Ok(list) = TransactionList::decode_blob(data) {
        assert_eq!(list.encode_blob().as_deref(), Ok(data));
    }
});
