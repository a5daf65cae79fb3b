"""Counting latencies by size."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hansa.bench.histogram import LatencyHistogram


def histogram(*seconds: float) -> LatencyHistogram:
    made = LatencyHistogram()
    for value in seconds:
        made.add(value)
    return made


@given(st.lists(st.floats(1e-6, 1000), min_size=1, max_size=200), st.sampled_from([1, 50, 90, 99, 99.9]))
def test_percentiles_are_by_nearest_rank_within_one_per_cent(values: list[float], rank: float) -> None:
    exact = sorted(values)[max(-(-int(len(values) * rank * 10) // 1000), 1) - 1]
    assert histogram(*values).percentile(rank) == pytest.approx(exact, rel=0.011)


def test_the_largest_is_exact_and_nothing_exceeds_it() -> None:
    made = histogram(0.1, 0.25, 0.123456)
    assert made.percentile(100) == 0.25
    assert made.percentile(99) == 0.25
    assert made.largest == 0.25


def test_mean_and_count() -> None:
    made = histogram(1.0, 3.0)
    assert (made.mean(), made.count) == (2.0, 2)
    assert LatencyHistogram().mean() == 0


def test_buckets_ascend_and_hold_everything() -> None:
    made = histogram(0.001, 0.001, 1.0, 0.0)
    ends = [end for end, _ in made]
    assert ends == sorted(ends)
    assert sum(count for _, count in made) == 4


def test_nothing_counted_has_no_percentile() -> None:
    with pytest.raises(ValueError, match="no latencies"):
        LatencyHistogram().percentile(50)
