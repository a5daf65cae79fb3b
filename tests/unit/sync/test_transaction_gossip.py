"""Transactions reach every sealer, each link carries each once, and what is lost is mended by hashes."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Sequence

import pytest

from hansa.primitives import Hash32, Height, NodeId
from hansa.sync import transactions
from hansa.sync.events import GroupChanged, Tick
from hansa.sync.packets import FROM_CLIENT, ORDINARY, Transactions, TransactionsRequest, TransactionsStatus
from hansa.sync.topology import GroupView
from hansa.sync.transactions import (
    Answer,
    ClientTransactions,
    Effect,
    GossipSettings,
    HashesDue,
    Send,
    TransactionGossip,
    TransactionsAdmitted,
    TransactionsArrived,
    TransactionsRequested,
    UnknownAnnounced,
)


def node_id(number: int) -> NodeId:
    return NodeId(bytes([number]) * 64)


def digest(number: int) -> Hash32:
    return Hash32(number.to_bytes(32, "big"))


def view(me: int, sealers: int, observers: int = 0, links: set[tuple[int, int]] | None = None) -> GroupView:
    nodes = [node_id(number) for number in range(sealers + observers)]
    connected = [
        number for number in range(len(nodes)) if number != me and (links is None or (me, number) in links)
    ]
    return GroupView(
        node_id(me),
        tuple(nodes[:sealers]),
        tuple(nodes[sealers:]),
        tuple(node_id(number) for number in connected),
    )


class Pools:
    """Joined gossip machines; a transaction is its hash, a pool is a set of hashes."""

    def __init__(self, sealers: int, observers: int = 0, links: set[tuple[int, int]] | None = None) -> None:
        chance = random.Random(7)
        count = sealers + observers
        self.gossip = [
            TransactionGossip(GossipSettings(), view(number, sealers, observers, links), chance.randrange)
            for number in range(count)
        ]
        self.pools: list[set[Hash32]] = [set() for _ in range(count)]
        self.now_ms = 0
        self.sent: Counter[str] = Counter()
        self.carried: Counter[tuple[int, int, Hash32]] = Counter()
        """How often each link carried each transaction in full."""
        self.deaf: set[int] = set()
        """Nodes that take what arrives and pass nothing on."""

    def submit(self, number: int, *hashes: Hash32) -> None:
        self.pools[number].update(hashes)
        self._tell(number, ClientTransactions(b"".join(hashes)))

    def announce(self, number: int) -> None:
        due = tuple(sorted(self.pools[number]))
        self._tell(number, HashesDue(Height(1), due))

    def _tell(self, number: int, event: transactions.Event) -> None:
        if number in self.deaf:
            return
        for effect in self.gossip[number].handle(event, self.now_ms):
            match effect:
                case Send(to=to, packet_type=packet_type, packet=packet):
                    for peer in to:
                        self._deliver(number, peer[0], packet_type, packet)
                case Answer(to=peer, hashes=hashes):
                    held = b"".join(item for item in hashes if item in self.pools[number])
                    self._deliver(number, peer[0], ORDINARY, Transactions(held))

    def _deliver(self, source: int, target: int, packet_type: int, packet: object) -> None:
        self.sent[type(packet).__name__] += 1
        sender = node_id(source)
        match packet:
            case Transactions(blob=blob, root_index=root_index):
                hashes = [Hash32(blob[start : start + 32]) for start in range(0, len(blob), 32)]
                self.carried.update((source, target, item) for item in hashes)
                new = [item for item in hashes if item not in self.pools[target]]
                self.pools[target].update(new)
                self._tell(target, TransactionsArrived(tuple(hashes)))
                if new and packet_type == FROM_CLIENT and root_index is not None:
                    self._tell(target, TransactionsAdmitted(sender, root_index, b"".join(new)))
            case TransactionsStatus(hashes=announced):
                unknown = tuple(item for item in announced if item not in self.pools[target])
                self._tell(target, UnknownAnnounced(sender, unknown))
            case TransactionsRequest(hashes=wanted):
                self._tell(target, TransactionsRequested(sender, wanted))


@pytest.mark.parametrize("sealers", [2, 4, 5, 13, 40])
def test_every_sealer_gets_a_transaction_exactly_once(sealers: int):
    pools = Pools(sealers)
    pools.submit(sealers - 1, digest(1), digest(2))
    assert all(pool == {digest(1), digest(2)} for pool in pools.pools)
    assert pools.carried.total() == 2 * (sealers - 1)
    assert set(pools.carried.values()) == {1}
    assert pools.sent["Transactions"] == sealers - 1


def test_no_node_sends_to_more_than_three():
    pools = Pools(40)
    pools.submit(17, digest(1))
    fan_out = Counter(source for source, _, _ in pools.carried)
    assert max(fan_out.values()) == 3


def test_an_observers_transactions_cross_its_own_link_once():
    pools = Pools(7, observers=2)
    pools.submit(8, digest(1))
    assert all(digest(1) in pool for pool in pools.pools[:7])
    assert sum(count for (source, _, _), count in pools.carried.items() if source == 8) == 1
    assert pools.carried.total() == 7
    assert digest(1) not in pools.pools[7]


def test_announcing_what_everybody_has_moves_no_transaction():
    pools = Pools(13)
    pools.submit(0, digest(1))
    before = pools.carried.total()
    for number in range(13):
        pools.announce(number)
    assert pools.carried.total() == before
    assert pools.sent["TransactionsStatus"] == 13 * 3
    assert pools.sent["TransactionsRequest"] == 0


def test_what_a_deaf_node_did_not_pass_on_is_mended_by_hashes():
    pools = Pools(13)
    pools.deaf = {1}
    pools.submit(0, digest(1))
    missing = [number for number in range(13) if digest(1) not in pools.pools[number]]
    assert missing == [4, 5, 6]
    for _ in range(6):
        for number in range(13):
            pools.announce(number)
    assert all(digest(1) in pool for pool in pools.pools)
    assert sum(count for (_, target, _), count in pools.carried.items() if target in missing) == len(missing)


def test_a_missing_link_is_worked_around():
    links = {(a, b) for a in range(7) for b in range(7) if a != b} - {(0, 1), (1, 0)}
    pools = Pools(7, links=links)
    pools.submit(0, digest(1))
    reached = {number for number in range(7) if digest(1) in pools.pools[number]}
    assert reached == {0, 2, 3, 4, 5, 6}
    for _ in range(3):
        for number in range(7):
            pools.announce(number)
    assert digest(1) in pools.pools[1]


# --- one machine ------------------------------------------------------------------------------------------


def machine(me: int = 0, sealers: int = 4, observers: int = 0, **settings: bool | int) -> TransactionGossip:
    return TransactionGossip(GossipSettings(**settings), view(me, sealers, observers), lambda count: 0)  # type: ignore[arg-type]


def test_without_the_tree_all_sealers_get_it_from_the_first():
    effects = machine(0, sealers=6, observers=2, is_tree=False).handle(ClientTransactions(b"blob"), 0)
    assert effects == (
        Send(tuple(node_id(number) for number in range(1, 6)), FROM_CLIENT, Transactions(b"blob")),
    )


def test_alone_nothing_is_sent():
    alone = machine(0, sealers=1)
    assert not alone.can_reach_sealers
    assert alone.handle(ClientTransactions(b"blob"), 0) == ()
    assert alone.handle(HashesDue(Height(1), (digest(1),)), 0) == ()


def test_only_what_came_from_a_member_is_passed_on_and_not_back():
    gossip = machine(0, sealers=9)
    assert gossip.has_children(8)
    stranger = NodeId(b"\xff" * 64)
    assert gossip.handle(TransactionsAdmitted(stranger, 8, b"blob"), 0) == ()
    assert gossip.handle(TransactionsAdmitted(node_id(4), 8, b"blob"), 0) == (
        Send((node_id(3), node_id(5)), FROM_CLIENT, Transactions(b"blob", 8)),
    )
    assert gossip.handle(TransactionsAdmitted(node_id(4), 9, b"blob"), 0) == ()


@pytest.mark.parametrize(("sealers", "told"), [(2, 1), (4, 1), (5, 1), (6, 2), (13, 3), (40, 5)])
def test_hashes_go_to_a_quarter_but_at_most_five(sealers: int, told: int):
    (effect,) = machine(0, sealers).handle(HashesDue(Height(9), (digest(1),)), 0)
    assert isinstance(effect, Send)
    assert len(set(effect.to)) == told
    assert effect.packet == TransactionsStatus(Height(9), (digest(1),))


def asked(effects: Sequence[Effect]) -> list[tuple[NodeId, tuple[Hash32, ...]]]:
    return [
        (effect.to[0], effect.packet.hashes)
        for effect in effects
        if isinstance(effect, Send) and isinstance(effect.packet, TransactionsRequest)
    ]


def test_an_unknown_hash_is_asked_of_one_peer_at_a_time():
    gossip = machine()
    assert asked(gossip.handle(UnknownAnnounced(node_id(1), (digest(1), digest(2))), 0)) == [
        (node_id(1), (digest(1), digest(2)))
    ]
    assert asked(gossip.handle(UnknownAnnounced(node_id(2), (digest(2), digest(3))), 10)) == [
        (node_id(2), (digest(3),))
    ]
    gossip.handle(UnknownAnnounced(node_id(2), (digest(2),)), 20)
    gossip.handle(TransactionsArrived((digest(3), digest(7))), 30)
    assert asked(gossip.handle(Tick(), 1_999)) == []
    assert asked(gossip.handle(Tick(), 2_000)) == [(node_id(2), (digest(2),))]
    assert asked(gossip.handle(Tick(), 10_000)) == []
    # Nobody else had it; a new announcement is a new chance.
    assert asked(gossip.handle(UnknownAnnounced(node_id(3), (digest(2),)), 10_001)) == [
        (node_id(3), (digest(2),))
    ]


def test_whoever_left_is_not_asked():
    gossip = machine()
    gossip.handle(UnknownAnnounced(node_id(1), (digest(1),)), 0)
    gossip.handle(UnknownAnnounced(node_id(2), (digest(1),)), 0)
    gossip.handle(UnknownAnnounced(node_id(3), (digest(1),)), 0)
    links = {(0, 1), (0, 3)}
    gossip.handle(GroupChanged(view(0, 4, links=links)), 1)
    assert asked(gossip.handle(Tick(), 2_000)) == [(node_id(3), (digest(1),))]


def test_strangers_are_neither_asked_nor_answered():
    gossip = machine()
    stranger = NodeId(b"\xff" * 64)
    assert gossip.handle(UnknownAnnounced(stranger, (digest(1),)), 0) == ()
    assert gossip.handle(TransactionsRequested(stranger, (digest(1),)), 0) == ()


def test_how_much_is_wanted_is_bounded(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(transactions, "WANTED_COUNT_MAX", 10)
    monkeypatch.setattr(transactions, "WANTED_PER_PEER_COUNT_MAX", 7)
    gossip = machine()
    flood = tuple(digest(number) for number in range(100))
    assert asked(gossip.handle(UnknownAnnounced(node_id(1), flood), 0)) == [(node_id(1), flood[:7])]
    assert asked(gossip.handle(UnknownAnnounced(node_id(2), flood), 0)) == [(node_id(2), flood[7:10])]
    gossip.handle(TransactionsArrived(flood), 1)
    assert asked(gossip.handle(UnknownAnnounced(node_id(1), flood), 2)) == [(node_id(1), flood[:7])]


def test_a_request_is_answered_once_per_hash_within_the_rate(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(transactions, "REQUESTED_PER_SECOND_MAX", 3)
    gossip = machine()
    first = gossip.handle(TransactionsRequested(node_id(1), (digest(1), digest(1), digest(2))), 5_000)
    assert first == (Answer(node_id(1), (digest(1), digest(2))),)
    more = TransactionsRequested(node_id(1), (digest(3), digest(4)))
    assert gossip.handle(more, 5_100) == (Answer(node_id(1), (digest(3),)),)
    assert gossip.handle(more, 5_200) == ()
    assert gossip.handle(TransactionsRequested(node_id(2), (digest(1),)), 5_200) != ()
    assert gossip.handle(more, 6_000) == (Answer(node_id(1), (digest(3), digest(4))),)
