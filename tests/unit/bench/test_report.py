"""Counting and dividing; the JSON form."""

from __future__ import annotations

import json

import pytest

from hansa.bench.pour import Load
from hansa.bench.report import SCHEMA, Report, ReportError
from hansa.bench.tally import Tally
from tests.unit.bench.samples import make_measurements, sample_report


def test_every_request_is_accounted_for() -> None:
    report = sample_report()
    assert (report.sent, report.settled, report.refused, report.lost) == (10, 8, 1, 1)
    assert report.succeeded == 7
    assert report.refusals == {"0x2714": 1}
    assert report.silences == {"no answer within 30 s": 1}
    assert not report.is_clean


def test_rates_latencies_and_cpu() -> None:
    report = sample_report()
    assert report.tps == 4.0
    assert report.tps_block == 8.0
    assert report.blocks == 2
    assert report.latency_ms["p50"] == pytest.approx(400, rel=0.011)
    assert report.latency_ms["max"] == 2000.0
    assert report.latency_ms["mean"] == 600.0
    (node,) = report.nodes
    assert node.cpu_ms_per_request == 50.0
    assert (node.memory_mb_max, node.memory_mb_end, node.descriptors_max) == (50.0, 45.0, 33)
    assert node.cpu_cores == [0.0, 0.3, 0.1]
    assert report.client_cpu_ms_per_request == 100.0


def test_the_warm_up_is_not_measured() -> None:
    tally = Tally(started=0.0, measured_from=1.0)
    for now in (0.5, 1.5, 2.0):
        tally.settle(tally.send(), intended=now - 0.1, now=now)
    report = sample_report(tally=tally, load=Load(count=3, warm_up_s=1.0))
    assert (report.settled, report.measured, report.measured_s, report.tps) == (3, 2, 1.0, 2.0)
    assert report.nodes[0].cpu_ms_per_request == pytest.approx(50.0)  # 0.1 s after the sample at 1 s, by 2


def test_nothing_settled_is_a_report_too() -> None:
    tally = Tally(started=0.0, measured_from=0.0)
    tally.send()
    report = sample_report(tally=tally, block_time_s=None, nodes=[])
    assert (report.tps, report.tps_block, report.lost, report.latency_ms) == (0, None, 1, {})
    assert "lost" in report.to_table()


def test_json_is_read_back_and_its_members_are_fixed() -> None:
    report = sample_report()
    text = report.to_json()
    assert Report.from_json(text) == report
    members = json.loads(text)
    assert members["schema"] == SCHEMA == "hansa-bench/1"
    assert sorted(members) == [
        "audit", "blocks", "client_cpu_ms_per_request", "environment", "histogram", "in_flight",
        "is_interrupted", "latency_ms", "lost", "measured", "measured_s", "nodes", "rate", "refusals",
        "refused", "schema", "seconds", "sent", "settled", "silences", "statuses", "succeeded", "tps",
        "tps_block", "warm_up_s", "workload",
    ]  # fmt: skip


def test_members_of_a_newer_version_are_passed_over() -> None:
    members = json.loads(sample_report().to_json()) | {"further": 1}
    members["nodes"][0]["further"] = 2
    assert Report.from_json(json.dumps(members).encode()) == sample_report()


@pytest.mark.parametrize(
    "text", [b"", b"[]", b"{}", b'{"schema":"hansa-bench/1"}', b'{"schema":"other"}', b"\xff"]
)
def test_other_files_are_refused(text: bytes) -> None:
    with pytest.raises(ReportError):
        Report.from_json(text)


def test_the_table_says_why() -> None:
    table = sample_report().with_audit("balanceOf(x) is (1,), expected (2,)").to_table()
    for words in ("0x2714: 1", "no answer within 30 s: 1", "0x16: 1", "expected (2,)", "33 descriptors"):
        assert words in table


def test_a_clean_run_is_clean() -> None:
    tally = Tally(started=0.0, measured_from=0.0)
    tally.settle(tally.send(), intended=0.0, now=0.1)
    report = sample_report(tally=tally)
    assert report.is_clean
    assert report.with_audit("passed").is_clean
    assert not report.with_audit("a(b) is 1, expected 2").is_clean
    assert make_measurements().tally.lost == 1
