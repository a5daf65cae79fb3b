"""What the measurements of this folder share: one run on a chain, repetitions, and their spread."""

from __future__ import annotations

import secrets
import statistics
import sys
from collections.abc import Sequence
from dataclasses import dataclass

import uvloop
from chains import Chain

from hansa.bench.pour import Load
from hansa.bench.progress import Silence
from hansa.bench.report import Report, make_report
from hansa.bench.session import BenchError, Session, Target
from hansa.bench.workload import WorkloadOptions
from hansa.bench.workloads import make_workload


@dataclass(frozen=True, slots=True)
class Spread:
    """Least, median and largest of the repetitions."""

    least: float
    median: float
    largest: float

    @staticmethod
    def of(values: Sequence[float]) -> Spread:
        """Raises statistics.StatisticsError: no values."""
        return Spread(min(values), statistics.median(values), max(values))

    def format(self, pattern: str = "{:,.0f}") -> str:
        """The median, and the ends in parentheses if there are any."""
        if self.least == self.largest:
            return pattern.format(self.median)
        ends = f"{pattern.format(self.least)}–{pattern.format(self.largest)}"
        return f"{pattern.format(self.median)} ({ends})"


def measure(
    chain: Chain,
    workload: str,
    load: Load,
    *,
    accounts: int = 1000,
    conflicts: float = 0.0,
    endpoints: int = 0,
) -> Report:
    """One run, read back afterwards.

    Args:
        endpoints: to how many nodes the load goes; 0 for all.

    Raises:
        BenchError: something was lost or refused, or the chain holds something else than it promised.
    """
    options = WorkloadOptions(accounts, conflicts, secrets.token_hex(4))
    target = Target(chain.sdk_folder, chain.endpoints[: endpoints or None], pids=chain.pids)

    async def go() -> Report:
        async with Session.open(target, make_workload(workload, options), Silence()) as session:
            report = make_report(await session.measure(load))
            return report.with_audit(await session.audit() or "passed")

    report = uvloop.run(go())
    if not report.is_clean:
        raise BenchError(f"{workload} on {chain.nodes} nodes:\n{report.to_table()}")
    return report


def node_cpu(report: Report) -> float:
    """CPU milliseconds per request of one node, on average over the nodes."""
    return statistics.fmean(node.cpu_ms_per_request for node in report.nodes)


def node_memory(report: Report) -> float:
    """The largest memory of a node, MB."""
    return max(node.memory_mb_max for node in report.nodes)


def say(text: str) -> None:
    """Progress, apart from results."""
    print(text, file=sys.stderr, flush=True)


def print_table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """Columns for a terminal."""
    widths = [max(len(row[column]) for row in [head, *rows]) for column in range(len(head))]
    for row in [head, *rows]:
        print("  ".join(cell.rjust(width) for cell, width in zip(row, widths, strict=True)))
