//! A transaction decodes or is refused; its hash is that of its canonical form.
#![no_main]

use hansa_codec::Transaction;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    if let Ok(transaction) = Transaction::decode(data) {
        let again = Transaction::decode(transaction.raw()).expect("decoded before");
        assert_eq!(again.hash(), transaction.hash());
        let _ = (transaction.sender(), transaction.to_json());
    }
});
