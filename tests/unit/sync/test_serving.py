"""What is owed to whom, and in which order."""

from hansa.primitives import NodeId
from hansa.sync.serving import BATCH_BLOCK_COUNT_MAX, RANGE_COUNT_MAX, BlockServer

A, B = NodeId(b"a" * 64), NodeId(b"b" * 64)
HEAD = 10_000


def drain(server: BlockServer) -> list[tuple[NodeId, int, int]]:
    batches = []
    while (batch := server.next_batch()) is not None:
        batches.append((batch.peer, batch.start, batch.count))
    return batches


def accept(server: BlockServer, peer: NodeId, start: int, count: int, head: int = HEAD) -> bool:
    return server.accept(peer, start=start, count=count, head=head)


def test_overlapping_requests_get_one_answer():
    # Recorded: 2 blocks from 2 and 2 from 3 were answered with 2, 3, 4.
    server = BlockServer()
    assert accept(server, A, 2, 2)
    assert accept(server, A, 3, 2)
    assert drain(server) == [(A, 2, 3)]


def test_nothing_and_what_is_above_the_head_get_no_answer():
    server = BlockServer()
    assert not accept(server, A, 1, 0)
    assert not accept(server, A, 70, 5, head=26)
    assert not accept(server, A, 2**64 - 1, 2**64 - 1)
    assert drain(server) == []


def test_a_request_is_cut_at_the_head():
    server = BlockServer()
    assert accept(server, A, 25, 5, head=26)
    assert drain(server) == [(A, 25, 2)]


def test_touching_ranges_merge_and_separate_ones_stay_in_order():
    server = BlockServer()
    for start, count in ((30, 2), (10, 2), (12, 3), (32, 1), (50, 1), (29, 30)):
        accept(server, A, start, count)
    assert drain(server) == [(A, 10, 5), (A, 29, 30)]


def test_peers_take_turns():
    server = BlockServer()
    accept(server, A, 1, 2 * BATCH_BLOCK_COUNT_MAX)
    accept(server, B, 1, 3)
    assert drain(server) == [
        (A, 1, BATCH_BLOCK_COUNT_MAX),
        (B, 1, 3),
        (A, 1 + BATCH_BLOCK_COUNT_MAX, BATCH_BLOCK_COUNT_MAX),
    ]


def test_what_did_not_fit_into_a_packet_is_sent_later():
    server = BlockServer()
    accept(server, A, 1, 10)
    batch = server.next_batch()
    assert batch is not None
    accept(server, A, 9, 4)
    server.put_back(batch, sent_count=3)
    assert drain(server) == [(A, 4, 9)]
    server.put_back(batch, sent_count=10)
    assert len(server) == 0


def test_a_peer_cannot_queue_without_end():
    server = BlockServer()
    accepted = [accept(server, A, 2 * number, 1) for number in range(500)]
    assert accepted == [True] * RANGE_COUNT_MAX + [False] * (500 - RANGE_COUNT_MAX)
    assert accept(server, B, 0, 2**63)
    assert len(server) == RANGE_COUNT_MAX + 1024
    assert not accept(server, B, 5_000, 1)


def test_a_peer_that_left_is_owed_nothing():
    server = BlockServer()
    accept(server, A, 1, 5)
    accept(server, B, 1, 5)
    server.forget(A)
    server.forget(A)
    assert drain(server) == [(B, 1, 5)]
