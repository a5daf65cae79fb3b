"""Two reports side by side."""

from __future__ import annotations

from hansa.bench.compare import Comparison, compare, format_comparison
from tests.unit.bench.samples import sample_report


def test_ratios_and_verdicts() -> None:
    assert Comparison("x", 100, 150, more_is_better=True).verdict == "better"
    assert Comparison("x", 100, 150, more_is_better=False).verdict == "worse"
    assert Comparison("x", 100, 101, more_is_better=True).verdict == "same"
    assert Comparison("x", 0, 1, more_is_better=False).ratio is None
    assert Comparison("x", None, 1, more_is_better=False).verdict == ""


def test_a_report_equals_itself() -> None:
    report = sample_report()
    comparisons = {item.name: item for item in compare(report, report)}
    assert comparisons["throughput TPS"].ratio == 1
    assert {item.verdict for item in comparisons.values()} <= {"same", ""}


def test_missing_figures_are_shown_as_missing() -> None:
    table = format_comparison(compare(sample_report(), sample_report(nodes=[])), "a.json", "b.json")
    row = next(line for line in table.splitlines() if line.startswith("node CPU"))
    assert row.split()[-2:] == ["–", "–"]
    assert "50.000" in row or "50" in row
    assert table.splitlines()[0].split() == ["a.json", "b.json", "ratio"]
