//! A block decodes or is refused; whatever decodes can be shown and sent on.
#![no_main]

use hansa_codec::{Block, Suite};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    for suite in [Suite::Standard, Suite::Sm] {
        if let Ok(block) = Block::decode(suite, data) {
            let encoded = block.encode().expect("no larger than what it came from");
            assert_eq!(Block::decode(suite, &encoded).map(|again| *again.hash()), Ok(*block.hash()));
            let _ = (block.receipts_json(true), block.batch_receipts_json(0, usize::MAX));
        }
    }
});
