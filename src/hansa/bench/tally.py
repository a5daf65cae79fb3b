"""What became of every request: the counting part of a run. Told what happened and when; has no clock.

Rule 1  A latency runs from the moment a request was meant to be sent, so that a load that fell behind its
        timetable is not flattered.
Rule 2  Requests meant for the warm-up are counted and accounted for, but are in no rate and no latency.
Rule 3  A request has settled when its receipt or answer arrived, was refused when the node said so in words,
        and is lost when neither came.
"""

from __future__ import annotations

from array import array
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field

from hansa.bench.histogram import LatencyHistogram

__all__ = ["Second", "Tally"]

_SUCCEEDED = 1


@dataclass(slots=True)
class Second:
    """What settled within one second of a run."""

    settled: int = 0
    refused: int = 0
    latencies: LatencyHistogram = field(default_factory=LatencyHistogram)


class Tally:
    """One run. Times are seconds of one steady clock."""

    def __init__(self, *, started: float, measured_from: float, first_number: int = 0) -> None:
        self.started = started
        self.measured_from = measured_from
        self.ended = started
        """When the last request settled."""
        self.sent = 0
        self.settled = 0
        self.settled_measured = 0
        """Settled after the warm-up."""
        self.silences: Counter[str] = Counter()
        self.refusals: Counter[str] = Counter()
        self.statuses: Counter[str] = Counter()
        self.heights: set[int] = set()
        self.latencies = LatencyHistogram()
        self.seconds: list[Second] = []
        self._first_number = first_number
        self._outcomes = array("b")

    @property
    def refused(self) -> int:
        """How many the node refused."""
        return self.refusals.total()

    @property
    def open(self) -> int:
        """How many may still settle."""
        return self.sent - self.settled - self.refused - self.silences.total()

    @property
    def lost(self) -> int:
        """How many were sent and have neither receipt nor refusal."""
        return self.sent - self.settled - self.refused

    def send(self) -> int:
        """A request leaves; its number."""
        self.sent += 1
        self._outcomes.append(0)
        return self._first_number + self.sent - 1

    def settle(
        self, number: int, *, intended: float, now: float, status: str = "0x0", height: int | None = None
    ) -> None:
        """Its receipt or answer arrived."""
        latency = now - intended
        second = self._second(now)
        second.settled += 1
        second.latencies.add(latency)
        self.settled += 1
        self.ended = now
        self.statuses[status] += 1
        if height is not None:
            self.heights.add(height)
        if status == "0x0":
            self._outcomes[number - self._first_number] = _SUCCEEDED
        if now >= self.measured_from:
            self.settled_measured += 1
        if intended >= self.measured_from:
            self.latencies.add(latency)

    def refuse(self, reason: str, *, now: float) -> None:
        """The node does not want it."""
        self._second(now).refused += 1
        self.refusals[reason] += 1

    def give_up(self, reason: str) -> None:
        """Nobody answers any more."""
        self.silences[reason] += 1

    def succeeded(self) -> Iterator[int]:
        """The numbers of the requests with status 0, ascending."""
        for index, outcome in enumerate(self._outcomes):
            if outcome == _SUCCEEDED:
                yield self._first_number + index

    def _second(self, now: float) -> Second:
        index = max(int(now - self.started), 0)
        while len(self.seconds) <= index:
            self.seconds.append(Second())
        return self.seconds[index]
