//! Do transactions that run at the same time come to what they come to one after the other?
//!
//! Every transaction of a block has a [`Position`]. Whatever it reads or writes is the rows of a key, and those remember
//! the highest position that read and that wrote them. Two transactions conflict where both touch the rows of a key and
//! one of them writes; a conflict is in order if the earlier position came first. If all conflicts of a block are in
//! order, then its transactions came to exactly what they come to one after the other, however they were interleaved
//! (the rule of timestamp ordering). If one was not, the block says so ([`crate::BlockState::is_in_order`]) and what was
//! made of it is worth nothing.
//!
//! Taking back a change is a write like any other. Whether a table exists is the rows of its name in `_sys_tables_`.

use std::sync::atomic::{AtomicBool, Ordering};

/// The place of a transaction in its block.
pub type Position = u32;

/// Who touched the rows of a key. Nobody counts as the first transaction, with whom nobody can be out of order.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Visits {
    read: Position,
    written: Position,
}

impl Visits {
    /// The last that wrote, so far.
    pub(crate) fn written(self) -> Position {
        self.written
    }

    /// `false` if a later transaction has written what is read now.
    #[must_use]
    fn read_by(&mut self, position: Position) -> bool {
        self.read = self.read.max(position);
        self.written <= position
    }

    /// `false` if a later transaction has read or written what is replaced now.
    #[must_use]
    fn written_by(&mut self, position: Position) -> bool {
        let in_order = self.read <= position && self.written <= position;
        self.written = self.written.max(position);
        in_order
    }
}

/// Whether all conflicts of a block were in order so far.
#[derive(Debug, Default)]
pub(crate) struct Order {
    is_broken: AtomicBool,
}

impl Order {
    pub(crate) fn is_kept(&self) -> bool {
        !self.is_broken.load(Ordering::Relaxed)
    }

    fn require(&self, in_order: bool) {
        if !in_order {
            self.is_broken.store(true, Ordering::Relaxed);
        }
    }
}

/// A transaction on its way through the block.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Visitor<'a> {
    pub(crate) order: &'a Order,
    pub(crate) position: Position,
}

impl Visitor<'_> {
    pub(crate) fn reads(self, visits: &mut Visits) {
        self.order.require(visits.read_by(self.position));
    }

    pub(crate) fn writes(self, visits: &mut Visits) {
        self.order.require(visits.written_by(self.position));
    }

    /// It depends on something that the transaction at `since` made.
    pub(crate) fn comes_after(self, since: Position) {
        self.order.require(since <= self.position);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Clone, Copy)]
    enum Touch {
        Reads(Position),
        Writes(Position),
    }

    fn in_order(touches: &[Touch]) -> bool {
        let (order, mut visits) = (Order::default(), Visits::default());
        for touch in touches {
            match *touch {
                Touch::Reads(position) => Visitor { order: &order, position }.reads(&mut visits),
                Touch::Writes(position) => Visitor { order: &order, position }.writes(&mut visits),
            }
        }
        order.is_kept()
    }

    #[test]
    fn only_a_conflict_that_comes_too_late_breaks_the_order() {
        use Touch::{Reads, Writes};
        assert!(in_order(&[Reads(5), Reads(2), Reads(9)]));
        assert!(in_order(&[Writes(1), Reads(2), Writes(2), Reads(2), Writes(7)]));
        assert!(in_order(&[Reads(0), Writes(0), Reads(3)]));
        assert!(!in_order(&[Writes(2), Reads(1)]));
        assert!(!in_order(&[Reads(2), Writes(1)]));
        assert!(!in_order(&[Writes(2), Writes(1)]));
        // What was seen before its writer took it back.
        assert!(!in_order(&[Writes(1), Reads(2), Writes(1)]));
        assert!(!in_order(&[Reads(9), Reads(3), Writes(8)]));
    }
}
