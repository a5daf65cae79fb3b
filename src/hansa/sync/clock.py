"""One wrong clock must not date the blocks (node §5.4).

Each status carries the sender's time. The difference to the own clock is kept per peer, and the own clock is
corrected by the median of all differences, the own one (zero) among them. Small differences are the
network's: the correction changes only when the median is more than three minutes away from it.
"""

from __future__ import annotations

from hansa.primitives import NodeId

__all__ = ["CORRECTION_STEP_MS", "SUSPICIOUS_OFFSET_MS", "ClockAlignment"]

CORRECTION_STEP_MS = 3 * 60_000
"""A median that moved less than this leaves the correction as it is."""
SUSPICIOUS_OFFSET_MS = 30 * 60_000
"""Somebody should look at this node's clock."""


class ClockAlignment:
    """The correction of one node's wall clock in one group."""

    def __init__(self) -> None:
        self._offsets_ms: dict[NodeId, int] = {}
        self._offset_ms = 0

    @property
    def offset_ms(self) -> int:
        """What is added to the own clock."""
        return self._offset_ms

    @property
    def is_suspicious(self) -> bool:
        """Is the own clock more than 30 minutes away from the others'?"""
        return abs(self._offset_ms) > SUSPICIOUS_OFFSET_MS

    def aligned(self, wall_ms: int) -> int:
        """The corrected time for a reading of the own clock."""
        return wall_ms + self._offset_ms

    def observe(self, peer: NodeId, peer_time_ms: int, wall_ms: int) -> None:
        """A member told its time when the own clock read `wall_ms`."""
        self._offsets_ms[peer] = peer_time_ms - wall_ms
        self._correct()

    def forget(self, peer: NodeId) -> None:
        """The peer is gone; its clock does not count any more."""
        if self._offsets_ms.pop(peer, None) is not None:
            self._correct()

    def _correct(self) -> None:
        offsets = sorted((0, *self._offsets_ms.values()))
        median = (offsets[(len(offsets) - 1) // 2] + offsets[len(offsets) // 2]) // 2
        if abs(median - self._offset_ms) > CORRECTION_STEP_MS:
            self._offset_ms = median
