//! A proposal decodes or is refused; its hash is that of its header.
#![no_main]

use hansa_codec::decode_proposal;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    if let Ok(proposal) = decode_proposal(data) {
        assert_eq!(proposal.header.hash(), proposal.hash);
    }
});
