"""A chain under a steady load for a long time: does it stay as it began?

    .venv/bin/python benchmarks/soak.py [--minutes 10] [--share 0.5] [--nodes 4] [--html soak.html]

Finds the peak with a short flood, then sends a share of it on a timetable, and compares the last fifth of the time
with the second fifth: memory, descriptors, latency. Exit status 1 says that one of them grew beyond its limit.
"""

from __future__ import annotations

import argparse
import statistics
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from chains import Chain
from runs import measure, say

from hansa.bench.page import make_page
from hansa.bench.pour import Load
from hansa.bench.report import Report
from hansa.bench.workloads import WORKLOADS

MEMORY_GROWTH_MAX_MB = 64.0
DESCRIPTOR_GROWTH_MAX = 16
LATENCY_GROWTH_MAX = 2.0
LATENCY_FLOOR_MS = 50.0
"""Below this, a latency that doubled is noise."""


@dataclass(frozen=True, slots=True)
class Trend:
    """One quantity, early and late."""

    name: str
    early: float
    late: float
    limit: float
    """The largest `late` that passes."""

    @property
    def holds(self) -> bool:
        """Whether it stayed within its limit."""
        return self.late <= self.limit


def find_trends(report: Report) -> list[Trend]:
    """Every node's memory and descriptors, and the latency of all."""
    trends = []
    for node in report.nodes:
        memory = early_and_late(node.memory_mb)
        trends.append(Trend(f"{node.name} memory MB", *memory, memory[0] + MEMORY_GROWTH_MAX_MB))
        descriptors = early_and_late(node.descriptors)
        trends.append(Trend(f"{node.name} descriptors", *descriptors, descriptors[0] + DESCRIPTOR_GROWTH_MAX))
    medians = early_and_late([second.p50_ms for second in report.seconds if second.p50_ms is not None])
    tails = early_and_late([second.p99_ms for second in report.seconds if second.p99_ms is not None])
    for name, (early, late) in (("latency p50 ms", medians), ("latency p99 ms", tails)):
        trends.append(Trend(name, early, late, max(early, LATENCY_FLOOR_MS) * LATENCY_GROWTH_MAX))
    return trends


def early_and_late(values: Sequence[float]) -> tuple[float, float]:
    """The medians of the second and of the last fifth."""
    fifth = max(len(values) // 5, 1)
    return statistics.median(values[fifth : 2 * fifth] or values), statistics.median(values[-fifth:])


def main() -> None:
    """Soak and judge."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--minutes", type=float, default=10)
    parser.add_argument("--share", type=float, default=0.5, help="of the peak")
    parser.add_argument("--nodes", type=int, default=4)
    parser.add_argument("--workload", choices=list(WORKLOADS), default="mixed")
    parser.add_argument("--html", type=Path, help="write a page with plots there")
    options = parser.parse_args()
    with Chain.running(options.nodes) as chain:
        peak = measure(chain, options.workload, Load(duration_s=10, warm_up_s=2)).tps
        rate = max(peak * options.share, 1.0)
        say(f"peak {peak:,.0f} per second; {rate:,.0f} per second for {options.minutes:g} minutes")
        load = Load(duration_s=options.minutes * 60, rate=rate, warm_up_s=5)
        report = measure(chain, options.workload, load)
        disk = chain.data_bytes()
    if options.html is not None:
        options.html.write_text(make_page(report))
    print(report.to_table())
    print(f"disk of a node: {disk / 1e6:,.0f} MB")
    trends = find_trends(report)
    for trend in trends:
        verdict = "holds" if trend.holds else f"GREW beyond {trend.limit:,.0f}"
        print(f"{trend.name:<32} early {trend.early:>9,.1f}  late {trend.late:>9,.1f}  {verdict}")
    sys.exit(0 if all(trend.holds for trend in trends) else 1)


if __name__ == "__main__":
    main()
