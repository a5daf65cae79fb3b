//! A proposal decodes or is refused; its hash is that of its header.
#![no_main]

use hansa_codec::{decode_proposal, Suite};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    for suite in [Suite::Standard, Suite::Sm] {
        if let Ok(proposal) = decode_proposal(suite, data) {
            assert_eq!(proposal.header.hash(suite), proposal.hash);
        }
    }
});
