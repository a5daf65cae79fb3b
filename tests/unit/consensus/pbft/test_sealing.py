"""The block size a node dares (node §4.5)."""

from hansa.consensus.pbft.sealing import BlockSizeLimit, SealingSettings


def limit(ceiling: int = 1000, **settings: object) -> BlockSizeLimit:
    return BlockSizeLimit(SealingSettings(**settings), ceiling)  # type: ignore[arg-type]


def test_it_begins_with_what_the_group_allows() -> None:
    assert limit(1000).transaction_count == 1000


def test_a_timeout_halves_it_and_blocks_in_time_bring_it_back() -> None:
    size = limit(1000)
    size.block_timed_out(1000)
    assert size.transaction_count == 500
    counts = []
    for _ in range(4):
        size.block_committed(size.transaction_count)
        counts.append(size.transaction_count)
    assert counts[0] == 750
    assert counts == sorted(counts)
    assert max(counts) < 1000  # a block of that size has timed out


def test_a_size_that_timed_out_once_is_tried_again_when_it_worked() -> None:
    size = limit(1000)
    size.block_timed_out(400)
    for _ in range(10):
        size.block_committed(600)
    assert size.transaction_count >= 600


def test_an_empty_view_teaches_nothing() -> None:
    size = limit(1000)
    size.block_timed_out(0)
    assert size.transaction_count == 1000


def test_it_stays_above_nothing() -> None:
    size = limit(4)
    for _ in range(10):
        size.block_timed_out(1)
    assert size.transaction_count >= 1
    for _ in range(20):
        size.block_committed(1)
    assert size.transaction_count >= 1


def test_several_timeouts_have_to_be_made_good() -> None:
    size = limit(1000)
    size.block_timed_out(1000)
    size.block_timed_out(500)
    size.block_committed(100)
    assert size.transaction_count == 250
    size.block_committed(100)
    assert size.transaction_count > 250


def test_it_follows_the_agreed_limit() -> None:
    size = limit(1000)
    size.set_ceiling(200)
    assert size.transaction_count == 200
    size.set_ceiling(3000)
    assert size.transaction_count == 3000


def test_it_can_be_switched_off() -> None:
    size = limit(1000, dynamic_block_size=False)
    size.block_timed_out(1000)
    size.block_committed(1)
    assert size.transaction_count == 1000


def test_the_distance_between_blocks_stays_below_a_second() -> None:
    assert SealingSettings(min_block_generation_ms=5000).generation_gap_ms == 999
