"""How long a sealer waits for a leader, and a leader for its followers (node §4.9).

Waits are drawn, so that not all sealers stand for election at once. They grow with each candidacy that comes
to nothing and fall back when one is won. Times are milliseconds of a clock that never goes back.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

__all__ = ["Draw", "ElectionTimer", "RaftTiming"]

Draw = Callable[[int], int]
"""One of the integers from 0 up to, but without, the given one."""

STEPS: Final = 100
"""Waits differ by whole percents of the span."""


@dataclass(frozen=True, slots=True)
class RaftTiming:
    """What the genesis file says about time."""

    election_ms_min: int = 1000
    election_ms_max: int = 2000

    @property
    def heartbeat_ms(self) -> int:
        """Between two heartbeats of a leader."""
        return max(1, self.election_ms_min // 4)

    @property
    def silence_ms_max(self) -> int:
        """A leader that no majority answers for this long leads no more; as long is a leader believed in."""
        return self.election_ms_min


class ElectionTimer:
    """When to stand for election."""

    def __init__(self, timing: RaftTiming, draw: Draw, now_ms: int) -> None:
        self._timing = timing
        self._draw = draw
        self._min, self._max = timing.election_ms_min, timing.election_ms_max
        self.deadline_ms = now_ms
        self.restart(now_ms)

    def restart(self, now_ms: int) -> None:
        """A leader was heard, a vote was cast, or a candidacy begins or ends: wait again."""
        self.deadline_ms = now_ms + self._min + self._draw(STEPS) * (self._max - self._min) // STEPS

    def candidacy_failed(self) -> None:
        """Wait longer from now on, up to a bound."""
        span = self._timing.election_ms_max - self._timing.election_ms_min
        bound, step = self._timing.election_ms_max + span // 2, span // 4
        if self._max + step > bound:
            self._max = bound
        else:
            self._min, self._max = self._min + step, self._max + step

    def election_won(self) -> None:
        """Begin anew."""
        self._min, self._max = self._timing.election_ms_min, self._timing.election_ms_max
