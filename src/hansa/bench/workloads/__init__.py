"""The workloads, one idea a file, and the table of their names."""

from __future__ import annotations

from collections.abc import Callable

from hansa.bench.workload import Workload, WorkloadOptions
from hansa.bench.workloads.counters import KeyValueCounters
from hansa.bench.workloads.mixed import Mixed
from hansa.bench.workloads.reads import BalanceReads
from hansa.bench.workloads.rows import TableRows
from hansa.bench.workloads.transfers import dag_transfers, parallel_transfers, serial_transfers

__all__ = ["WORKLOADS", "make_workload"]


def _mixed(options: WorkloadOptions) -> Workload:
    shares: list[tuple[Workload, int]] = [
        (dag_transfers(options), 3),
        (parallel_transfers(options), 2),
        (serial_transfers(options), 1),
        (TableRows.create(options), 1),
        (KeyValueCounters.create(options), 1),
        (BalanceReads.create(options), 2),
    ]
    return Mixed.create(shares)


WORKLOADS: dict[str, Callable[[WorkloadOptions], Workload]] = {
    "serial": serial_transfers,
    "parallel": parallel_transfers,
    "dag": dag_transfers,
    "table": TableRows.create,
    "kv": KeyValueCounters.create,
    "call": BalanceReads.create,
    "mixed": _mixed,
}
"""By the name on the command line."""


def make_workload(name: str, options: WorkloadOptions) -> Workload:
    """The workload of this name.

    Raises:
        KeyError: there is none.
    """
    return WORKLOADS[name](options)
