"""Lines a peer can cause must not fill the disk.

Warnings of one kind (one place in the code) are written so many times in an interval; further ones are
counted, and the next line of that kind that is written says how many they were. What is worse than a warning,
and what is only told to inform, is always written: a stranger cannot cause it as often as it likes.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from dataclasses import dataclass

__all__ = ["INTERVAL_S", "LINES_PER_INTERVAL_MAX", "RepetitionFilter"]

INTERVAL_S = 10.0
LINES_PER_INTERVAL_MAX = 20


@dataclass(slots=True)
class _Kind:
    began_at: float
    written: int = 0
    omitted: int = 0


class RepetitionFilter(logging.Filter):
    """One for a handler. There are as many kinds as there are places that warn."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        super().__init__()
        self._clock = clock
        self._kinds: dict[tuple[str, int], _Kind] = {}

    def filter(self, record: logging.LogRecord) -> bool:
        """Whether the record is written; one that follows omitted ones says how many they were."""
        if record.levelno != logging.WARNING:
            return True
        now = self._clock()
        kind = self._kinds.setdefault((record.pathname, record.lineno), _Kind(now))
        if now - kind.began_at >= INTERVAL_S:
            if kind.omitted:
                record.msg = f"{record.getMessage()} (and {kind.omitted} lines like it before)"
                record.args = ()
            kind.began_at, kind.written, kind.omitted = now, 0, 0
        if kind.written >= LINES_PER_INTERVAL_MAX:
            kind.omitted += 1
            return False
        kind.written += 1
        return True
