"""The search for the highest rate that holds."""

from __future__ import annotations

import pytest

from hansa.bench.saturate import RateSearch, Trial, judge
from hansa.bench.tally import Tally
from tests.unit.bench.samples import sample_report

CLEAN = Tally(started=0.0, measured_from=0.0)
CLEAN.settle(CLEAN.send(), intended=0.0, now=0.1)


def search(limit: float, **options: float) -> RateSearch:
    rates = RateSearch(**({"start": 100.0, "rate_max": 50_000.0, "precision": 0.1} | options))
    while (rate := rates.next_rate()) is not None:
        assert len(rates.trials) < 50
        rates.record(Trial(rate, rate <= limit, "", sample_report()))
    return rates


@pytest.mark.parametrize("limit", [1, 7, 99, 100, 101, 1234, 49_999])
def test_the_limit_is_found_to_the_precision(limit: float) -> None:
    found = search(limit)
    assert found.held <= limit
    assert found.held >= limit / 1.11 or found.held == pytest.approx(1.0)


def test_doubling_first() -> None:
    assert [trial.rate for trial in search(850).trials][:5] == [100, 200, 400, 800, 1600]


def test_it_ends_at_the_highest_rate_allowed_and_when_nothing_holds() -> None:
    assert search(1e9, rate_max=1000).held == 1000
    assert search(0.5).held == 0


def test_what_speaks_against_a_rate() -> None:
    assert judge(sample_report(tally=CLEAN), 150) == ""
    assert "p99" in judge(sample_report(tally=CLEAN), 50)
    assert judge(sample_report(), 1e9) == "1 lost, 1 refused"
    assert judge(sample_report(tally=Tally(started=0, measured_from=0)), 100) == "nothing was measured"
