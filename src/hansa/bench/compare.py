"""Two reports side by side: figures and ratios. Pure."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from hansa.bench.report import Report

__all__ = ["Comparison", "compare", "format_comparison"]


@dataclass(frozen=True, slots=True)
class Comparison:
    """One figure of both."""

    name: str
    first: float | None
    second: float | None
    more_is_better: bool

    @property
    def ratio(self) -> float | None:
        """Second by first; None where either is missing or the first is 0."""
        if self.first is None or self.second is None or self.first == 0:
            return None
        return self.second / self.first

    @property
    def verdict(self) -> str:
        """ "better" or "worse" for the second from 3 % on, else "same"; empty without a ratio."""
        ratio = self.ratio
        if ratio is None:
            return ""
        if 0.97 < ratio < 1.03:
            return "same"
        return "better" if (ratio > 1) == self.more_is_better else "worse"


_FIGURES: list[tuple[str, Callable[[Report], float | None], bool]] = [
    ("throughput TPS", lambda report: report.tps, True),
    ("TPS by block time", lambda report: report.tps_block, True),
    ("latency p50 ms", lambda report: report.latency_ms.get("p50"), False),
    ("latency p99 ms", lambda report: report.latency_ms.get("p99"), False),
    ("latency max ms", lambda report: report.latency_ms.get("max"), False),
    (
        "node CPU ms per request, mean",
        lambda report: _mean([n.cpu_ms_per_request for n in report.nodes]),
        False,
    ),
    (
        "node memory MB, largest",
        lambda report: max((n.memory_mb_max for n in report.nodes), default=None),
        False,
    ),
    ("client CPU ms per request", lambda report: report.client_cpu_ms_per_request, False),
    ("refused", lambda report: report.refused, False),
    ("lost", lambda report: report.lost, False),
]


def compare(first: Report, second: Report) -> list[Comparison]:
    """Every figure that means the same in both."""
    return [Comparison(name, read(first), read(second), more) for name, read, more in _FIGURES]


def format_comparison(comparisons: Sequence[Comparison], first: str, second: str) -> str:
    """A table; the ratio is second by first."""
    rows = [("", first, second, "ratio", "")]
    for item in comparisons:
        ratio = "–" if item.ratio is None else f"{item.ratio:.2f}"
        rows.append((item.name, _number(item.first), _number(item.second), ratio, item.verdict))
    widths = [max(len(row[column]) for row in rows) for column in range(5)]
    return "\n".join(
        (
            row[0].ljust(widths[0])
            + "".join("  " + row[i].rjust(widths[i]) for i in (1, 2, 3))
            + "  "
            + row[4]
        ).rstrip()
        for row in rows
    )


def _number(value: float | None) -> str:
    if value is None:
        return "–"
    return f"{value:,.3f}" if abs(value) < 10 and value != int(value) else f"{value:,.0f}"


def _mean(values: Sequence[float]) -> float | None:
    return sum(values) / len(values) if values else None
