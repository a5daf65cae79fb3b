"""The median rule of node §5.4."""

from hansa.primitives import NodeId
from hansa.sync.clock import CORRECTION_STEP_MS, ClockAlignment

MINUTE_MS = 60_000
PEERS = [NodeId(bytes([number]) * 64) for number in range(6)]


def aligned_with(*offsets_minutes: float) -> ClockAlignment:
    clock = ClockAlignment()
    for peer, minutes in zip(PEERS, offsets_minutes, strict=False):
        clock.observe(peer, 1_000_000 + int(minutes * MINUTE_MS), 1_000_000)
    return clock


def test_alone_the_own_clock_counts():
    assert ClockAlignment().aligned(5) == 5


def test_small_differences_change_nothing():
    assert aligned_with(2, 2.9, 3).offset_ms == 0


def test_a_wrong_own_clock_follows_the_others():
    clock = aligned_with(60, 60, 60)
    assert clock.offset_ms == 60 * MINUTE_MS
    assert clock.aligned(1) == 60 * MINUTE_MS + 1
    assert clock.is_suspicious


def test_one_wrong_peer_is_outvoted():
    assert aligned_with(60, 0, 0).offset_ms == 0
    assert not aligned_with(60, 0, 0).is_suspicious


def test_of_an_even_number_the_two_middle_ones_are_averaged():
    assert aligned_with(10, 20, 60).offset_ms == 15 * MINUTE_MS


def test_the_correction_moves_only_in_steps():
    clock = aligned_with(60, 60, 60)
    for peer in PEERS[:3]:
        clock.observe(peer, 62 * MINUTE_MS, 0)
    assert clock.offset_ms == 60 * MINUTE_MS
    for peer in PEERS[:3]:
        clock.observe(peer, 60 * MINUTE_MS + CORRECTION_STEP_MS + 1, 0)
    assert clock.offset_ms == 60 * MINUTE_MS + CORRECTION_STEP_MS + 1


def test_a_peer_that_left_does_not_count():
    clock = aligned_with(60, 60, 60)
    for peer in PEERS[:3]:
        clock.forget(peer)
    clock.forget(PEERS[5])
    assert clock.offset_ms == 0
