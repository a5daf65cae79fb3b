"""Every workload on throw-away chains of one and four nodes, repeated; the table of docs/performance.md.

    .venv/bin/python benchmarks/suite.py [--repetitions 5] [--seconds 10] [--write]

Loads are closed floods; every run is read back from the chain. With --write the table replaces what stands
between the markers of docs/performance.md.
"""

from __future__ import annotations

import argparse
import subprocess
from datetime import UTC, datetime
from pathlib import Path

from chains import Chain
from runs import Spread, measure, node_cpu, node_memory, say

from hansa.bench.environment import Environment
from hansa.bench.pour import Load
from hansa.bench.report import Report
from hansa.bench.workloads import WORKLOADS

ROOT = Path(__file__).parent.parent
DOCUMENT = ROOT / "docs" / "performance.md"
BEGIN = "<!-- benchmarks/suite.py writes from here … -->"
END = "<!-- … to here -->"


def run_suite(
    workloads: list[str], node_counts: list[int], repetitions: int, load: Load, accounts: int
) -> dict[tuple[int, str], list[Report]]:
    """All runs, by nodes and workload. Every number of nodes has one chain, which grows."""
    results: dict[tuple[int, str], list[Report]] = {}
    for nodes in node_counts:
        with Chain.running(nodes) as chain:
            for workload in workloads:
                reports = [measure(chain, workload, load, accounts=accounts) for _ in range(repetitions)]
                results[nodes, workload] = reports
                say(
                    f"{nodes} nodes, {workload}: {Spread.of([report.tps for report in reports]).format()} TPS"
                )
    return results


def make_table(results: dict[tuple[int, str], list[Report]], load: Load, accounts: int) -> str:
    """Markdown: one line per number of nodes and workload, medians and ends."""
    first = next(iter(results.values()))[0]
    lines = [
        describe(first.environment, len(next(iter(results.values()))), load, accounts),
        "",
        "| Nodes | Workload | TPS | Latency p50 ms | p99 ms | CPU ms per request and node | Memory MB |",
        "| --- | --- | --- | --- | --- | --- | --- |",
    ]
    for (nodes, workload), reports in results.items():
        cells = [
            str(nodes),
            workload,
            Spread.of([report.tps for report in reports]).format(),
            Spread.of([report.latency_ms["p50"] for report in reports]).format(),
            Spread.of([report.latency_ms["p99"] for report in reports]).format(),
            Spread.of([node_cpu(report) for report in reports]).format("{:.3f}"),
            f"{max(node_memory(report) for report in reports):,.0f}",
        ]
        lines.append("| " + " | ".join(cells) + " |")
    return "\n".join(lines)


def describe(place: Environment, repetitions: int, load: Load, accounts: int) -> str:
    """When, where and how, in a sentence or two."""
    commit = subprocess.run(
        ["git", "describe", "--always", "--dirty"], cwd=ROOT, capture_output=True, text=True, check=False
    ).stdout.strip()
    return (
        f"{datetime.now(UTC):%Y-%m-%d}, commit {commit or 'unknown'}; {place.processor}, {place.cores} processors shared by "
        f"the nodes and the load generator, {place.system}, Python {place.python}. Medians of {repetitions} "
        f"runs (least–largest): {load.duration_s:g} s each after {load.warm_up_s:g} s of warm-up, "
        f"{load.in_flight:,} requests in flight, {accounts:,} accounts."
    )


def replace_between_markers(text: str, table: str) -> str:
    """The document with another table.

    Raises:
        ValueError: the markers are missing.
    """
    start, end = text.index(BEGIN) + len(BEGIN), text.index(END)
    return f"{text[:start]}\n\n{table}\n\n{text[end:]}"


def main() -> None:
    """Measure, print, and write if asked to."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--repetitions", type=int, default=1)
    parser.add_argument("--seconds", type=float, default=5, help="measured seconds of a run")
    parser.add_argument("--warm-up", type=float, default=2)
    parser.add_argument("--in-flight", type=int, default=5000)
    parser.add_argument("--accounts", type=int, default=1000)
    parser.add_argument("--nodes", type=int, nargs="+", default=[1, 4])
    parser.add_argument("--workloads", nargs="+", choices=list(WORKLOADS), default=list(WORKLOADS))
    parser.add_argument("--write", action="store_true", help="into docs/performance.md")
    options = parser.parse_args()
    load = Load(duration_s=options.seconds, warm_up_s=options.warm_up, in_flight=options.in_flight)
    results = run_suite(options.workloads, options.nodes, options.repetitions, load, options.accounts)
    table = make_table(results, load, options.accounts)
    print(table)
    if options.write:
        DOCUMENT.write_text(replace_between_markers(DOCUMENT.read_text(), table))


if __name__ == "__main__":
    main()
