//! A block decodes or is refused; whatever decodes can be shown and sent on.
#![no_main]

use hansa_codec::Block;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    if let Ok(block) = Block::decode(data) {
        let encoded = block.encode().expect("no larger than what it came from");
        assert_eq!(Block::decode(&encoded).map(|again| *again.hash()), Ok(*block.hash()));
        let _ = (block.receipts_json(true), block.batch_receipts_json(0, usize::MAX));
    }
});
