"""Counting and dividing."""

from __future__ import annotations

import json

import pytest

from hansa.bench.report import Measurements, NodeCpu, make_report, percentile


def measurements(**changes: object) -> Measurements:
    values: dict[str, object] = {
        "workload": "serial transfer",
        "sent": 10,
        "refused": {"15": 1},
        "statuses": {"0x0": 7, "0x16": 1},
        "sent_at": [0.0] * 8,
        "settled_at": [0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 2.0],
        "started": 0.0,
        "ended": 2.0,
        "block_times_ms": [1000, 1500, 2000],
        "blocks": 2,
        "nodes": [NodeCpu("127.0.0.1:20200", 0.4, 50_000_000)],
        "client_cpu_seconds": 0.8,
    }
    return Measurements(**(values | changes))  # type: ignore[arg-type]


def test_every_transaction_is_accounted_for() -> None:
    report = make_report(measurements())
    assert (report.sent, report.committed, report.refused, report.lost) == (10, 8, 1, 1)
    assert report.succeeded == 7


def test_rates_latencies_and_cpu() -> None:
    report = make_report(measurements())
    assert report.tps_wall == 4.0
    assert report.tps_block == 8.0
    assert report.latency_ms == {"p50": 400.0, "p90": 2000.0, "p95": 2000.0, "p99": 2000.0, "max": 2000.0}
    assert report.cpu_ms_per_transaction == {"127.0.0.1:20200": 50.0}


def test_nothing_committed_is_a_report_too() -> None:
    report = make_report(measurements(sent_at=[], settled_at=[], statuses={}, block_times_ms=[]))
    assert report.tps_wall == 0
    assert report.tps_block is None
    assert "lost" in report.to_table()


def test_json_holds_what_the_table_shows() -> None:
    report = make_report(measurements())
    assert json.loads(report.to_json())["tps_wall"] == 4.0
    assert "0x16: 1" in report.to_table()


def test_percentiles_are_by_nearest_rank() -> None:
    values = [float(value) for value in range(1, 101)]
    assert [percentile(values, rank) for rank in (1, 50, 99, 100)] == [1, 50, 99, 100]
    with pytest.raises(ValueError, match="no values"):
        percentile([], 50)
