"""The page: complete, well-formed, and without anything from outside."""

from __future__ import annotations

from xml.etree import ElementTree

import pytest

from hansa.bench.charts import Series, bar_chart, line_chart, nice_ticks
from hansa.bench.page import group_latencies, make_page
from hansa.bench.report import LatencyBucket
from hansa.bench.tally import Tally
from tests.unit.bench.samples import sample_report


def test_nothing_is_fetched() -> None:
    page = make_page(sample_report())
    for word in ("http:", "https:", "src=", "href=", "url(", "@import", "<script"):
        assert word not in page


def test_figures_and_plots_are_there() -> None:
    page = make_page(sample_report())
    assert page.count("<svg") == 5
    assert "0x2714: 1" in page
    assert "127.0.0.1:20200" in page


def test_foreign_text_is_escaped() -> None:
    assert "a &lt;fast&gt; one" in make_page(sample_report())
    assert "<fast>" not in make_page(sample_report().with_audit("<fast>"))


def test_an_empty_run_has_a_page() -> None:
    assert "<svg" in make_page(sample_report(tally=Tally(started=0, measured_from=0), nodes=[]))


def test_charts_are_well_formed() -> None:
    lines = [Series("a & b", [(0, 0), (1, 5.5)]), Series("c", [])]
    svg = line_chart(lines, x_label="x", y_label="y", shaded_until=0.5)
    assert len(ElementTree.fromstring(svg).findall("polyline")) == 2
    ElementTree.fromstring(bar_chart([("1", 2.0), ("<2", 0.0)], x_label="x", y_label="y"))
    ElementTree.fromstring(line_chart([], x_label="x", y_label="y"))


@pytest.mark.parametrize(
    ("largest", "ticks"),
    [
        (0, [0, 1]),
        (5, [0, 1, 2, 3, 4, 5]),
        (980, [0, 200, 400, 600, 800, 1000]),
        (0.4, [0, 0.1, 0.2, 0.3, 0.4]),
    ],
)
def test_ticks_are_round_and_cover(largest: float, ticks: list[float]) -> None:
    assert nice_ticks(largest) == pytest.approx(ticks)


def test_grouping_keeps_every_latency() -> None:
    buckets = [LatencyBucket(0.5, 3), LatencyBucket(7.0, 4), LatencyBucket(900.0, 5)]
    assert sum(count for _, count in group_latencies(buckets)) == 12
    assert group_latencies([]) == []
    assert sum(count for _, count in group_latencies(buckets[:1])) == 3
