"""A loud peer does not push out the others."""

from hansa.consensus.inbox import BYTES_PER_PEER_MAX, PACKETS_PER_PEER_MAX, Inbox, ReceivedPacket
from hansa.primitives import NodeId

LOUD, QUIET = NodeId(b"L" * 64), NodeId(b"Q" * 64)


def test_packets_leave_in_the_order_they_came() -> None:
    inbox = Inbox()
    packets = [ReceivedPacket(LOUD, 0, bytes([number])) for number in range(5)]
    assert all(inbox.put(packet) for packet in packets)
    assert inbox.take(3) == packets[:3]
    assert inbox.take(9) == packets[3:]
    assert len(inbox) == 0


def test_each_peer_has_its_own_share() -> None:
    inbox = Inbox()
    for _ in range(PACKETS_PER_PEER_MAX):
        assert inbox.put(ReceivedPacket(LOUD, 0, b""))
    assert not inbox.put(ReceivedPacket(LOUD, 0, b""))
    assert inbox.put(ReceivedPacket(QUIET, 0, b""))
    inbox.take(1)
    assert inbox.put(ReceivedPacket(LOUD, 0, b""))


def test_bytes_count_but_one_packet_always_fits() -> None:
    inbox = Inbox()
    big = ReceivedPacket(LOUD, 0, bytes(BYTES_PER_PEER_MAX + 1))
    assert inbox.put(big)
    assert not inbox.put(ReceivedPacket(LOUD, 0, b"x"))
