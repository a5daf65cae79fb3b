"""How figures change with one size: each command is a series, every step on a chain of its own.

.venv/bin/python benchmarks/scale.py block-size [--values 100 1000 5000]
.venv/bin/python benchmarks/scale.py nodes      [--values 1 2 4 7]
.venv/bin/python benchmarks/scale.py state      [--values 1000 10000 50000]      accounts in the state
.venv/bin/python benchmarks/scale.py length     [--values 20000 20000 20000]     requests, one chain that grows
.venv/bin/python benchmarks/scale.py conflicts  [--values 0 50 100]              per cent of dag transfers
.venv/bin/python benchmarks/scale.py rate       [--values 10 100 500]            an open loop, per second
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Iterator
from dataclasses import replace

from chains import Chain
from runs import measure, node_cpu, node_memory, print_table

from hansa.bench.pour import Load
from hansa.bench.report import Report
from hansa.bench.workloads import WORKLOADS

Step = tuple[str, Report, Chain]


def block_size(values: list[int], workload: str, nodes: int, load: Load) -> Iterator[Step]:
    """The most transactions a block may hold."""
    for value in values:
        with Chain.running(nodes, settings={"max_trans_num": str(value)}) as chain:
            yield f"{value:,} in a block", measure(chain, workload, load), chain


def node_count(values: list[int], workload: str, nodes: int, load: Load) -> Iterator[Step]:
    """Sealers of the chain; `nodes` is not used."""
    for value in values:
        with Chain.running(value) as chain:
            yield f"{value} nodes", measure(chain, workload, load), chain


def state(values: list[int], workload: str, nodes: int, load: Load) -> Iterator[Step]:
    """Accounts that are there and used."""
    for value in values:
        with Chain.running(nodes) as chain:
            yield f"{value:,} accounts", measure(chain, workload, load, accounts=value), chain


def length(values: list[int], workload: str, nodes: int, load: Load) -> Iterator[Step]:
    """One chain after ever more transactions: so many per step."""
    with Chain.running(nodes) as chain:
        total = 0
        for value in values:
            report = measure(chain, workload, replace(load, duration_s=None, count=value))
            total += value
            yield f"after {total:,}", report, chain


def conflicts(values: list[int], workload: str, nodes: int, load: Load) -> Iterator[Step]:
    """The share of transfers that touch one account, per cent."""
    for value in values:
        with Chain.running(nodes) as chain:
            yield f"{value} % conflict", measure(chain, workload, load, conflicts=value / 100), chain


def rate(values: list[int], workload: str, nodes: int, load: Load) -> Iterator[Step]:
    """Requests per second on a timetable, on one chain."""
    with Chain.running(nodes) as chain:
        for value in values:
            yield f"{value:,} per second", measure(chain, workload, replace(load, rate=value)), chain


SERIES: dict[str, tuple[Callable[[list[int], str, int, Load], Iterator[Step]], list[int]]] = {
    "block-size": (block_size, [100, 1000, 5000]),
    "nodes": (node_count, [1, 2, 4, 7]),
    "state": (state, [1000, 10_000, 50_000]),
    "length": (length, [20_000, 20_000, 20_000]),
    "conflicts": (conflicts, [0, 50, 100]),
    "rate": (rate, [10, 100, 500]),
}
"""By command: the series and its values."""


def main() -> None:
    """Measure a series and print it."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("series", choices=list(SERIES))
    parser.add_argument("--values", type=int, nargs="+")
    parser.add_argument("--workload", choices=list(WORKLOADS), default="dag")
    parser.add_argument("--nodes", type=int, default=4)
    parser.add_argument("--seconds", type=float, default=5)
    parser.add_argument("--in-flight", type=int, default=5000)
    options = parser.parse_args()
    series, values = SERIES[options.series]
    load = Load(duration_s=options.seconds, warm_up_s=2, in_flight=options.in_flight)
    rows = []
    for name, report, chain in series(options.values or values, options.workload, options.nodes, load):
        rows.append(
            [
                name,
                f"{report.tps:,.0f}",
                f"{report.latency_ms['p50']:,.0f}",
                f"{report.latency_ms['p99']:,.0f}",
                f"{node_cpu(report):.3f}",
                f"{node_memory(report):,.0f}",
                f"{report.settled / max(report.blocks, 1):,.0f}",
                f"{chain.data_bytes() / 1e6:,.0f}",
            ]
        )
    print_table(
        [options.series, "TPS", "p50 ms", "p99 ms", "CPU ms", "memory MB", "per block", "disk MB"], rows
    )


if __name__ == "__main__":
    main()
