"""Latencies counted by size: any number of them in little memory, percentiles within one per cent.

Buckets are geometric, each 2 % wider than the one before; a percentile is the middle of its bucket, the
largest latency is kept exactly.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterator

__all__ = ["LatencyHistogram"]

_UNIT_S = 1e-6
_STEP = math.log(1.02)


class LatencyHistogram:
    """Latencies in seconds. Mutable."""

    __slots__ = ("_buckets", "count", "largest", "total")

    def __init__(self) -> None:
        self._buckets: Counter[int] = Counter()
        self.count = 0
        self.total = 0.0
        self.largest = 0.0

    def add(self, seconds: float) -> None:
        """Count one; less than a microsecond counts as one."""
        self._buckets[int(math.log(max(seconds, _UNIT_S) / _UNIT_S) / _STEP)] += 1
        self.count += 1
        self.total += seconds
        if seconds > self.largest:
            self.largest = seconds

    def percentile(self, rank: float) -> float:
        """The latency that `rank` percent do not exceed (nearest rank), in seconds.

        Raises:
            ValueError: nothing was counted.
        """
        if self.count == 0:
            raise ValueError("no latencies were counted")
        wanted = max(math.ceil(self.count * rank / 100), 1)
        if wanted == self.count:
            return self.largest
        seen = 0
        for bucket in sorted(self._buckets):
            seen += self._buckets[bucket]
            if seen >= wanted:
                return min(_middle(bucket), self.largest)
        return self.largest

    def mean(self) -> float:
        """In seconds; 0 when nothing was counted."""
        return self.total / self.count if self.count else 0.0

    def __iter__(self) -> Iterator[tuple[float, int]]:
        """(upper end of the bucket in seconds, how many), ascending, empty buckets left out."""
        for bucket in sorted(self._buckets):
            yield _UNIT_S * math.exp((bucket + 1) * _STEP), self._buckets[bucket]


def _middle(bucket: int) -> float:
    return _UNIT_S * math.exp((bucket + 0.5) * _STEP)
