"""Limits on what clients ask and what the node sends (client protocol §9)."""

from __future__ import annotations

import pytest

from hansa.node.flow_control import FlowControl, TokenBucket
from hansa.node.settings import FlowControlSettings

NO_LIMITS = FlowControlSettings(requests_per_second_max=None, outgoing_bytes_per_second_max=None)


class Clock:
    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


def requests(per_second: int) -> FlowControlSettings:
    return FlowControlSettings(requests_per_second_max=per_second, outgoing_bytes_per_second_max=None)


def bandwidth(per_second: int) -> FlowControlSettings:
    return FlowControlSettings(requests_per_second_max=None, outgoing_bytes_per_second_max=per_second)


def test_a_bucket_keeps_a_second_of_permits_and_refills_steadily() -> None:
    bucket = TokenBucket(10, now=0.0)
    for _ in range(10):
        assert bucket.has_permits(0.0)
        bucket.take(1, 0.0)
    assert not bucket.has_permits(0.0)
    assert bucket.has_permits(0.15)
    bucket.take(1, 0.15)
    assert bucket.has_permits(0.15)
    bucket.take(1, 0.15)
    assert not bucket.has_permits(0.19)
    assert bucket.has_permits(3600.0)
    bucket.take(10, 3600.0)
    assert not bucket.has_permits(3600.0)


def test_one_taker_may_borrow_ahead_and_all_wait_until_it_is_paid() -> None:
    bucket = TokenBucket(10, now=0.0)
    bucket.take(50, 0.0)
    assert not bucket.has_permits(3.9)
    assert bucket.has_permits(4.1)


def test_what_cannot_be_held_back_adds_a_second_of_debt_at_most() -> None:
    bucket = TokenBucket(10, now=0.0)
    for _ in range(1000):
        bucket.take(10, 0.0)
    assert not bucket.has_permits(0.9)
    assert bucket.has_permits(1.1)


def test_a_clock_that_stands_still_or_goes_back_makes_no_permits() -> None:
    bucket = TokenBucket(1, now=10.0)
    bucket.take(1, 10.0)
    assert not bucket.has_permits(5.0)
    assert not bucket.has_permits(10.0)
    assert bucket.has_permits(10.5)


@pytest.mark.parametrize("rate", [0, -1])
def test_a_limit_is_more_than_nothing(rate: int) -> None:
    with pytest.raises(ValueError, match="more than 0"):
        TokenBucket(rate, now=0.0)


def test_without_limits_everything_is_admitted(clock: Clock) -> None:
    flow = FlowControl(NO_LIMITS, clock)
    group = flow.add_group(1, NO_LIMITS)
    assert all(flow.admits_request("call", 1) for _ in range(10_000))
    assert group.admits(1 << 40)
    assert flow.bandwidth.admits(1 << 40)
    assert group.has_room()


def test_requests_count_against_the_node_then_against_their_group(clock: Clock) -> None:
    flow = FlowControl(requests(3), clock)
    flow.add_group(1, requests(1))
    flow.add_group(2, NO_LIMITS)
    assert flow.admits_request("call", 1)
    assert not flow.admits_request("call", 1)  # the node's permit is spent all the same
    assert flow.admits_request("call", 2)
    assert not flow.admits_request("getPeers", None)
    clock.now += 1.0
    assert flow.admits_request("call", 9)
    assert flow.admits_request("getPeers", None)
    assert flow.admits_request("call", 1)


def test_the_version_is_always_told_and_counted(clock: Clock) -> None:
    flow = FlowControl(requests(2), clock)
    assert all(flow.admits_request("getClientVersion", None) for _ in range(100))
    assert not flow.admits_request("call", 1)
    clock.now += 0.9
    assert not flow.admits_request("call", 1)
    clock.now += 0.2
    assert flow.admits_request("call", 1)


def test_a_quarter_of_a_packet_counts_against_node_and_group(clock: Clock) -> None:
    flow = FlowControl(bandwidth(1000), clock)
    group = flow.add_group(1, bandwidth(500))
    assert group.admits(2000)
    assert not group.admits(1)
    assert flow.bandwidth.admits(2000)
    assert not flow.bandwidth.admits(1)
    clock.now += 0.5
    assert group.has_room()
    assert flow.bandwidth.has_room()


def test_what_keeps_the_chain_going_is_counted_but_goes(clock: Clock) -> None:
    flow = FlowControl(bandwidth(1000), clock)
    group = flow.add_group(1, NO_LIMITS)
    for _ in range(100):
        group.count(4000)
    assert not group.has_room()
    assert not flow.bandwidth.admits(1)
    clock.now += 1.1
    assert flow.bandwidth.admits(1)
