//! A header decodes or is refused; what it encodes to decodes to it.
#![no_main]

use hansa_codec::Header;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    if let Ok(header) = Header::decode(data) {
        assert_eq!(Header::decode(&header.encode()), Ok(header));
    }
});
