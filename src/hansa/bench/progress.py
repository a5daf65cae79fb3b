"""What a run tells while it goes on: one line that renews itself on a terminal, else a line now and then."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

__all__ = ["LineProgress", "Progress", "Silence", "Snapshot", "format_snapshot"]

_PLAIN_EVERY_S = 5.0


@dataclass(frozen=True, slots=True)
class Snapshot:
    """A load at one moment."""

    seconds: float
    """Since the start."""
    sent: int
    settled: int
    open: int
    refused: int
    lost: int
    """Given up already."""
    total: int | None
    tps: float
    """Settled per second, lately."""
    p50_ms: float | None
    p99_ms: float | None
    """Of all latencies so far, warm-up excluded."""
    is_warm_up: bool


class Progress(Protocol):
    """Who listens."""

    def step(self, phase: str, done: int, total: int) -> None:
        """A preparation is so far."""

    def load(self, snapshot: Snapshot) -> None:
        """The load is so far."""


class Silence:
    """Nobody listens."""

    def step(self, phase: str, done: int, total: int) -> None:
        """Say nothing."""

    def load(self, snapshot: Snapshot) -> None:
        """Say nothing."""


class LineProgress:
    """Lines for people.

    Args:
        write: prints text as it is.
        is_terminal: whether a line may be written over.
    """

    def __init__(
        self,
        write: Callable[[str], None],
        *,
        is_terminal: bool,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._write = write
        self._is_terminal = is_terminal
        self._clock = clock
        self._width = 0
        self._last_plain = float("-inf")
        self._last_phase = ""

    def step(self, phase: str, done: int, total: int) -> None:
        self._show(phase, f"{phase} {done:,} of {total:,}")

    def load(self, snapshot: Snapshot) -> None:
        phase = "warming up" if snapshot.is_warm_up else "measuring"
        self._show(phase, f"{phase} {format_snapshot(snapshot)}")

    def close(self) -> None:
        """End the line that is being renewed."""
        if self._is_terminal and self._width:
            self._write("\n")
            self._width = 0

    def _show(self, phase: str, text: str) -> None:
        if self._is_terminal:
            self._write("\r" + text.ljust(self._width))
            self._width = len(text)
            return
        now = self._clock()
        if phase != self._last_phase or now - self._last_plain >= _PLAIN_EVERY_S:
            self._last_phase, self._last_plain = phase, now
            self._write(text + "\n")


def format_snapshot(snapshot: Snapshot) -> str:
    """One line, numbers only."""
    of_total = "" if snapshot.total is None else f" of {snapshot.total:,}"
    parts = [
        f"{snapshot.seconds:.0f} s",
        f"{snapshot.settled:,}{of_total}",
        f"{snapshot.tps:,.0f} TPS",
        f"{snapshot.open:,} pending",
    ]
    if snapshot.p50_ms is not None and snapshot.p99_ms is not None:
        parts.append(f"p50 {snapshot.p50_ms:,.0f} ms, p99 {snapshot.p99_ms:,.0f} ms")
    if snapshot.refused:
        parts.append(f"{snapshot.refused:,} refused")
    if snapshot.lost:
        parts.append(f"{snapshot.lost:,} lost")
    return " · ".join(parts)
