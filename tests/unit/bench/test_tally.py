"""What became of every request."""

from __future__ import annotations

from hansa.bench.tally import Tally


def test_every_request_is_in_one_place() -> None:
    tally = Tally(started=10.0, measured_from=10.0)
    numbers = [tally.send() for _ in range(5)]
    assert numbers == [0, 1, 2, 3, 4]
    tally.settle(0, intended=10.0, now=10.5, height=7)
    tally.settle(1, intended=10.0, now=11.5, status="0x16", height=8)
    tally.refuse("0x2714", now=10.7)
    tally.give_up("no answer")
    assert (tally.settled, tally.refused, tally.lost, tally.open) == (2, 1, 2, 1)
    assert list(tally.succeeded()) == [0]
    assert tally.heights == {7, 8}
    assert tally.ended == 11.5


def test_latency_counts_from_the_intended_moment() -> None:
    tally = Tally(started=0.0, measured_from=0.0)
    tally.settle(tally.send(), intended=1.0, now=3.0)
    assert tally.latencies.largest == 2.0


def test_the_warm_up_is_in_no_rate_and_no_latency_but_accounted_for() -> None:
    tally = Tally(started=0.0, measured_from=2.0)
    for intended, now in ((0.5, 1.0), (1.9, 2.4), (2.1, 2.2)):
        tally.settle(tally.send(), intended=intended, now=now)
    assert tally.settled == 3
    assert tally.settled_measured == 2
    assert tally.latencies.count == 1


def test_seconds_have_no_gaps() -> None:
    tally = Tally(started=100.0, measured_from=100.0)
    tally.settle(tally.send(), intended=100.0, now=103.2)
    tally.send()
    tally.refuse("full", now=101.5)
    assert [(second.settled, second.refused) for second in tally.seconds] == [(0, 0), (0, 1), (0, 0), (1, 0)]


def test_a_second_measurement_goes_on_counting() -> None:
    tally = Tally(started=0.0, measured_from=0.0, first_number=500)
    tally.settle(tally.send(), intended=0.0, now=0.1)
    assert list(tally.succeeded()) == [500]
