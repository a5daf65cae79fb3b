//! A receipt decodes or is refused; what it encodes to decodes to it.
#![no_main]

use hansa_codec::Receipt;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    if let Ok(receipt) = Receipt::decode(data) {
        assert_eq!(Receipt::decode(&receipt.encode()), Ok(receipt));
    }
});
