//! Row keys of slots: the decimal of a number of 256 bits takes longer to make than to find again.

use bytes::Bytes;
use hansa_evm::U256;

use crate::text::decimal;

/// As many as a contract works with at a time.
const COUNT: usize = 16;

/// The keys of slots that were asked for lately.
#[derive(Default)]
pub(crate) struct SlotKeys {
    /// By the lowest bits of the slot.
    recent: [Option<(U256, Bytes)>; COUNT],
}

impl SlotKeys {
    /// The key of a slot.
    pub(crate) fn of(&mut self, slot: U256) -> &Bytes {
        let place = &mut self.recent[slot.as_limbs()[0] as usize % COUNT];
        if place.as_ref().is_none_or(|(known, _)| *known != slot) {
            *place = None;
        }
        &place.get_or_insert_with(|| (slot, decimal(slot))).1
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slots_that_share_a_place_keep_their_keys() {
        let mut keys = SlotKeys::default();
        for slot in [1u64, 17, 1, 33, 2, 2] {
            assert_eq!(keys.of(U256::from(slot)), slot.to_string().as_bytes());
        }
        assert_eq!(keys.of(U256::MAX).len(), 78);
    }
}
