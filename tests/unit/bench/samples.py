"""A small run, for the tests of what is made of it."""

from __future__ import annotations

from hansa.bench.environment import Environment
from hansa.bench.measurements import Measurements
from hansa.bench.pour import Load
from hansa.bench.report import Report, make_report
from hansa.bench.sampling import NodeUsage, Sample
from hansa.bench.tally import Tally

ENVIRONMENT = Environment(
    started_at="2026-01-01T00:00:00+00:00",
    processor="a <fast> one",
    cores=2,
    system="Linux",
    python="3.11",
    client_version="0.1.0",
    node_version="2.9.1",
    endpoints=["127.0.0.1:20200"],
)


def make_tally() -> Tally:
    """Ten sent: seven executed, one failed, one refused, one lost."""
    tally = Tally(started=0.0, measured_from=0.0)
    for _ in range(10):
        tally.send()
    for number, now in enumerate((0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7)):
        tally.settle(number, intended=0.0, now=now, height=5)
    tally.settle(7, intended=0.0, now=2.0, status="0x16", height=6)
    tally.refuse("0x2714", now=0.3)
    tally.give_up("no answer within 30 s")
    return tally


def make_measurements(tally: Tally | None = None, **changes: object) -> Measurements:
    values: dict[str, object] = {
        "workload": "serial",
        "load": Load(count=10),
        "is_interrupted": False,
        "tally": make_tally() if tally is None else tally,
        "block_time_s": 1.0,
        "nodes": [
            NodeUsage(
                "127.0.0.1:20200",
                [
                    Sample(0.0, 5.0, 40_000_000, 30),
                    Sample(1.0, 5.3, 50_000_000, 33),
                    Sample(2.0, 5.4, 45_000_000, 31),
                ],
            )
        ],
        "client_cpu_seconds": 0.8,
        "environment": ENVIRONMENT,
    }
    return Measurements(**(values | changes))  # type: ignore[arg-type]


def sample_report(**changes: object) -> Report:
    return make_report(make_measurements(**changes))  # type: ignore[arg-type]
