"""How much is read of one peer. Pure.

A small frame may expand to 100 MB (node §3.2), and a smaller one may cost a signature check. So a peer pays
for each frame, a fixed price and the bytes of its payload once expanded, from an income that comes with time.
Who has spent more than it had is not read until it has earned the difference; TCP tells it to wait, and the
other peers have their turn. A peer that does its duty never gets there.
"""

from __future__ import annotations

__all__ = ["FRAME_PRICE_BYTES", "INCOME_BYTES_PER_S", "SAVINGS_BYTES_MAX", "ReadBudget"]

INCOME_BYTES_PER_S = 64 << 20
"""Four times what a download of blocks was seen to need."""
FRAME_PRICE_BYTES = 8 << 10
"""With the income above: 8192 small frames a second."""
SAVINGS_BYTES_MAX = 100 << 20
"""The largest frame at once, after a quiet time."""


class ReadBudget:
    """What one peer may still spend."""

    def __init__(self, now: float) -> None:
        self._savings = float(SAVINGS_BYTES_MAX)
        self._at = now

    def spend(self, frame_count: int, payload_bytes: int, now: float) -> float:
        """Pay for frames that were read; for how many seconds no more should be read."""
        earned = self._savings + (now - self._at) * INCOME_BYTES_PER_S
        self._savings = min(earned, SAVINGS_BYTES_MAX) - frame_count * FRAME_PRICE_BYTES - payload_bytes
        self._at = now
        return max(0.0, -self._savings / INCOME_BYTES_PER_S)
