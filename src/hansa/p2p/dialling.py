"""When to call a configured peer. Pure.

The reference node dials every peer that is not connected each 10 s. We keep that pace for a peer that stays
away and are quicker at first, so that a chain that starts, or a node that comes back, is whole again at once.
"""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["STABLE_S", "DialSchedule"]

_DELAYS_S = (0.2, 0.5, 1.0, 2.0, 5.0, 10.0)

STABLE_S = 5.0
"""A session that lasted this long was a success. One that ends sooner (refused, duplicate) does not make us
hurry.
"""


@dataclass(slots=True)
class DialSchedule:
    """Counts the attempts to reach one peer."""

    attempts: int = 0

    def next_delay(self) -> float:
        """Seconds to wait before the next attempt."""
        delay = _DELAYS_S[min(self.attempts, len(_DELAYS_S) - 1)]
        self.attempts += 1
        return delay

    def session_ended(self, lasted_s: float) -> None:
        """A session with the peer is over."""
        if lasted_s >= STABLE_S:
            self.attempts = 0
