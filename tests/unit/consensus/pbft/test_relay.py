"""Messages reach sealers there is no session with (node §4.6)."""

from hansa.consensus.pbft.duplicates import MESSAGES_PER_KIND_MAX, KnownMessages
from hansa.consensus.pbft.messages import Commit, PbftPacket, Sign
from hansa.consensus.pbft.relay import is_worth_relaying, route_foreign, route_own
from hansa.primitives import Hash32, Height, NodeId, View

A, B, C, D = (NodeId(bytes([letter]) * 64) for letter in b"ABCD")


def sign(number: int = 0, height: int = 20) -> Sign:
    signature = number.to_bytes(65, "big")
    return Sign(Height(height), View(0), 0, 0, Hash32(bytes(32)), signature, signature)


def nobody(node: NodeId) -> bool:
    return False


def test_own_messages_name_those_that_cannot_be_reached() -> None:
    route = route_own(sign(), ttl=2, others=[A, B, C], connected={A, D}, optimize_ttl=True)
    assert route.targets == (A,)
    assert route.packet.unreached == (B, C)
    plain = route_own(sign(), ttl=2, others=[A, B, C], connected={A, D}, optimize_ttl=False)
    assert plain.packet.unreached is None


def test_a_packet_goes_on_to_those_in_its_list() -> None:
    packet = PbftPacket(sign(), 2, has_empty_block=True, unreached=(B, C))
    route = route_foreign(packet, others=[A, B, C], connected={A, B}, has=nobody)
    assert route is not None
    assert route.targets == (B,)
    assert route.packet == PbftPacket(sign(), 1, has_empty_block=True, unreached=(C,))


def test_a_packet_that_came_far_enough_stays() -> None:
    assert route_foreign(PbftPacket(sign(), 1, unreached=(B,)), others=[B], connected={B}, has=nobody) is None


def test_nobody_left_is_no_route() -> None:
    assert route_foreign(PbftPacket(sign(), 2, unreached=()), others=[B], connected={B}, has=nobody) is None
    assert route_foreign(PbftPacket(sign(), 2, unreached=(C,)), others=[B], connected={B}, has=nobody) is None


def test_without_lists_everybody_gets_it_who_lacks_it() -> None:
    packet = PbftPacket(sign(), 2, unreached=None)
    route = route_foreign(packet, others=[A, B, C], connected={A, B, C}, has=lambda node: node == B)
    assert route is not None
    assert route.targets == (A, C)
    assert route.packet == PbftPacket(sign(), 1, unreached=None)


def test_old_and_finished_messages_are_not_worth_it() -> None:
    waiting = PbftPacket(sign(height=20), 2, unreached=(B,))
    assert is_worth_relaying(waiting, Height(30))
    assert not is_worth_relaying(waiting, Height(31))
    assert not is_worth_relaying(PbftPacket(sign(height=20), 2, unreached=()), Height(20))
    assert not is_worth_relaying(PbftPacket(sign(height=20), 1, unreached=(B,)), Height(20))


def test_a_message_is_known_per_peer_and_kind() -> None:
    known = KnownMessages()
    assert known.add(A, sign(1))
    assert not known.add(A, sign(1))
    assert known.add(B, sign(1))
    same = sign(1)
    commit = Commit(same.height, same.view, 0, 0, same.block_hash, same.signature, same.view_signature)
    assert not known.has(A, commit)
    assert known.add(A, commit)
    known.forget(A)
    assert not known.has(A, sign(1))
    assert known.has(B, sign(1))


def test_only_the_newest_messages_are_remembered() -> None:
    known = KnownMessages()
    for number in range(MESSAGES_PER_KIND_MAX + 1):
        known.add(A, sign(number))
    assert not known.has(A, sign(0))
    assert known.has(A, sign(1))
