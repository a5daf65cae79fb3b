"""A peer pays for what it sends."""

from __future__ import annotations

import pytest

from hansa.p2p.budget import FRAME_PRICE_BYTES, INCOME_BYTES_PER_S, SAVINGS_BYTES_MAX, ReadBudget


def test_who_sends_little_never_waits() -> None:
    budget = ReadBudget(0.0)
    for second in range(100):
        assert budget.spend(1_000, 1_000_000, float(second)) == 0


def test_the_largest_frame_is_read_at_once_and_the_next_waits() -> None:
    budget = ReadBudget(0.0)
    assert budget.spend(1, SAVINGS_BYTES_MAX - FRAME_PRICE_BYTES, 0.0) == 0
    wait = budget.spend(1, SAVINGS_BYTES_MAX, 0.0)
    assert wait == pytest.approx((SAVINGS_BYTES_MAX + FRAME_PRICE_BYTES) / INCOME_BYTES_PER_S)
    assert budget.spend(0, 0, wait) == pytest.approx(0)


def test_small_frames_have_their_price() -> None:
    budget = ReadBudget(0.0)
    assert budget.spend(SAVINGS_BYTES_MAX // FRAME_PRICE_BYTES, 0, 0.0) == 0
    assert budget.spend(8192, 0, 0.0) == pytest.approx(1.0)


def test_savings_have_a_limit() -> None:
    budget = ReadBudget(0.0)
    assert budget.spend(0, SAVINGS_BYTES_MAX, 1e6) == 0
    assert budget.spend(0, INCOME_BYTES_PER_S, 1e6) == pytest.approx(1.0)
