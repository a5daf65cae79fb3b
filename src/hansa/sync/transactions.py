"""How transactions reach the sealers (node §5.3): whole ones down a tree, hashes to a few.

The machine decides who gets what; looking into the pool and encoding is the shell's work. Rules:
1. Transactions of this node's clients go out at once, down the tree rooted at this sealer; an observer hands
   them to one sealer, which becomes the root. Without the tree they go to all sealers.
2. A sealer passes on what came down the tree and was new to its pool: nothing travels twice or in circles.
3. Hashes of what the pool has held for 50 ms go to a quarter of the sealers, at most 5: that mends what the
   tree lost.
4. An unknown hash is asked of whoever announced it first. If no answer comes within 2 s, the next one that
   announced it is asked. How many hashes are wanted at once is bounded, over all and per peer.
5. What a peer can ask for in a second is bounded, and nothing is sent twice for one request.
6. Only members of the group are heard.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TypeAlias

from hansa.primitives import Hash32, Height, NodeId
from hansa.sync.events import GroupChanged, Tick
from hansa.sync.packets import (
    FROM_CLIENT,
    ORDINARY,
    Transactions,
    TransactionsRequest,
    TransactionsStatus,
)
from hansa.sync.topology import GroupView

__all__ = [
    "Answer",
    "ClientTransactions",
    "Effect",
    "Event",
    "GossipSettings",
    "HashesDue",
    "Send",
    "TransactionGossip",
    "TransactionsAdmitted",
    "TransactionsArrived",
    "TransactionsRequested",
    "UnknownAnnounced",
]

ANNOUNCEMENT_AGE_MS = 50
"""Before that the tree has most likely brought it everywhere."""
ANSWER_MS_MAX = 2_000
WANTED_COUNT_MAX = 50_000
WANTED_PER_PEER_COUNT_MAX = 20_000
ALTERNATIVE_COUNT_MAX = 3
REQUESTED_PER_SECOND_MAX = 50_000


@dataclass(frozen=True, slots=True)
class GossipSettings:
    """The [sync] section of group.N.ini (node §1.5)."""

    is_tree: bool = True
    """send_txs_by_tree"""
    announced_peer_count_max: int = 5
    """txs_max_gossip_peers_num"""


# --- events ---------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class ClientTransactions:
    """This node's clients sent transactions, and the pool admitted them."""

    blob: bytes


@dataclass(frozen=True, slots=True)
class TransactionsArrived:
    """A peer sent these, whatever the pool makes of them: they need not be asked for again."""

    hashes: tuple[Hash32, ...]


@dataclass(frozen=True, slots=True)
class TransactionsAdmitted:
    """The pool took transactions that came down the tree; the blob holds those that were new."""

    sender: NodeId
    root_index: int
    blob: bytes


@dataclass(frozen=True, slots=True)
class HashesDue:
    """The pool has held these long enough to announce them."""

    height: Height
    hashes: tuple[Hash32, ...]


@dataclass(frozen=True, slots=True)
class UnknownAnnounced:
    """A peer announced transactions; these of them are not in the pool."""

    sender: NodeId
    hashes: tuple[Hash32, ...]


@dataclass(frozen=True, slots=True)
class TransactionsRequested:
    """A peer asks for transactions."""

    sender: NodeId
    hashes: tuple[Hash32, ...]


Event: TypeAlias = (
    GroupChanged
    | ClientTransactions
    | TransactionsArrived
    | TransactionsAdmitted
    | HashesDue
    | UnknownAnnounced
    | TransactionsRequested
    | Tick
)

# --- effects --------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Send:
    """Send one packet to each of these."""

    to: tuple[NodeId, ...]
    packet_type: int
    packet: Transactions | TransactionsStatus | TransactionsRequest


@dataclass(frozen=True, slots=True)
class Answer:
    """Send those of these transactions that the pool still has."""

    to: NodeId
    hashes: tuple[Hash32, ...]


Effect: TypeAlias = Send | Answer


# --- memory ---------------------------------------------------------------------------------------------


@dataclass(slots=True)
class _Wanted:
    """A transaction somebody was asked for."""

    asked: NodeId
    deadline_ms: int
    alternatives: list[NodeId]

    def add_alternative(self, peer: NodeId) -> None:
        """Somebody else has it too."""
        is_known = peer == self.asked or peer in self.alternatives
        if not is_known and len(self.alternatives) < ALTERNATIVE_COUNT_MAX:
            self.alternatives.append(peer)


class TransactionGossip:
    """One node's part in spreading transactions."""

    def __init__(self, settings: GossipSettings, view: GroupView, choose: Callable[[int], int]) -> None:
        """Args: `choose(n)` picks one of 0 … n − 1, the only chance in here."""
        self._settings = settings
        self._view = view
        self._choose = choose
        self._wanted: dict[Hash32, _Wanted] = {}
        """In the order of their deadlines."""
        self._wanted_per_peer: dict[NodeId, int] = {}
        self._second_began_ms = 0
        self._requested_this_second: dict[NodeId, int] = {}

    @property
    def can_reach_sealers(self) -> bool:
        """Is any other sealer connected? If not, clients' transactions had better wait in the pool."""
        return bool(self._view.connected_sealers)

    def has_children(self, root_index: int) -> bool:
        """Does anybody wait for this sealer to pass on what spreads from `root_index`?"""
        return bool(self._view.transaction_children(root_index))

    def handle(self, event: Event, now_ms: int) -> tuple[Effect, ...]:
        """Answer an event; `now_ms` is a steady clock's time."""
        return tuple(self._take(event, now_ms))

    def _take(self, event: Event, now_ms: int) -> Iterator[Effect]:
        match event:
            case GroupChanged(view=view):
                self._view = view
            case ClientTransactions(blob=blob):
                yield from self._spread(blob)
            case TransactionsArrived(hashes=hashes):
                for transaction_hash in hashes if self._wanted else ():
                    self._forget(transaction_hash)
            case TransactionsAdmitted(sender=sender, root_index=root_index, blob=blob):
                children = tuple(
                    child for child in self._view.transaction_children(root_index) if child != sender
                )
                if children and self._view.is_member(sender):
                    yield Send(children, FROM_CLIENT, Transactions(blob, root_index))
            case HashesDue(height=height, hashes=hashes):
                yield from self._announce(TransactionsStatus(height, hashes))
            case UnknownAnnounced(sender=sender, hashes=hashes):
                if self._view.is_member(sender):
                    yield from self._ask(sender, hashes, now_ms)
            case TransactionsRequested(sender=sender, hashes=hashes):
                if self._view.is_member(sender):
                    yield from self._answer(sender, hashes, now_ms)
            case Tick():
                yield from self._ask_others(now_ms)

    def _spread(self, blob: bytes) -> Iterator[Effect]:
        sealers = self._view.connected_sealers
        if not sealers:
            return
        if not self._settings.is_tree:
            yield Send(sealers, FROM_CLIENT, Transactions(blob))
        elif self._view.my_index is not None:
            children = self._view.transaction_children(self._view.my_index)
            yield Send(children, FROM_CLIENT, Transactions(blob, self._view.my_index))
        else:
            root = sealers[self._choose(len(sealers))]
            yield Send((root,), FROM_CLIENT, Transactions(blob, self._view.sealers.index(root)))

    def _announce(self, packet: TransactionsStatus) -> Iterator[Effect]:
        sealers = list(self._view.connected_sealers)
        count = min(-(-len(sealers) // 4), self._settings.announced_peer_count_max)
        if count and packet.hashes:
            told = tuple(sealers.pop(self._choose(len(sealers))) for _ in range(count))
            yield Send(told, ORDINARY, packet)

    # --- asking ------------------------------------------------------------------------------------------

    def _ask(self, sender: NodeId, hashes: tuple[Hash32, ...], now_ms: int) -> Iterator[Effect]:
        asked_for: list[Hash32] = []
        for transaction_hash in hashes:
            wanted = self._wanted.get(transaction_hash)
            if wanted is not None:
                wanted.add_alternative(sender)
            elif self._may_want_more_of(sender):
                self._want(transaction_hash, _Wanted(sender, now_ms + ANSWER_MS_MAX, []))
                asked_for.append(transaction_hash)
        if asked_for:
            yield Send((sender,), ORDINARY, TransactionsRequest(tuple(asked_for)))

    def _ask_others(self, now_ms: int) -> Iterator[Effect]:
        expired: list[tuple[Hash32, _Wanted]] = []
        for transaction_hash, wanted in self._wanted.items():
            if wanted.deadline_ms > now_ms:
                break
            expired.append((transaction_hash, wanted))
        requests: dict[NodeId, list[Hash32]] = {}
        for transaction_hash, wanted in expired:
            self._forget(transaction_hash)
            others = [peer for peer in wanted.alternatives if peer in self._view.connected]
            if others and self._may_want_more_of(others[0]):
                self._want(transaction_hash, _Wanted(others[0], now_ms + ANSWER_MS_MAX, others[1:]))
                requests.setdefault(others[0], []).append(transaction_hash)
        for peer, hashes in requests.items():
            yield Send((peer,), ORDINARY, TransactionsRequest(tuple(hashes)))

    def _may_want_more_of(self, peer: NodeId) -> bool:
        return (
            len(self._wanted) < WANTED_COUNT_MAX
            and self._wanted_per_peer.get(peer, 0) < WANTED_PER_PEER_COUNT_MAX
        )

    def _want(self, transaction_hash: Hash32, wanted: _Wanted) -> None:
        self._wanted[transaction_hash] = wanted
        self._wanted_per_peer[wanted.asked] = self._wanted_per_peer.get(wanted.asked, 0) + 1

    def _forget(self, transaction_hash: Hash32) -> None:
        wanted = self._wanted.pop(transaction_hash, None)
        if wanted is not None:
            self._wanted_per_peer[wanted.asked] -= 1
            if not self._wanted_per_peer[wanted.asked]:
                del self._wanted_per_peer[wanted.asked]

    # --- answering ---------------------------------------------------------------------------------------

    def _answer(self, sender: NodeId, hashes: tuple[Hash32, ...], now_ms: int) -> Iterator[Effect]:
        if now_ms - self._second_began_ms >= 1_000:
            self._second_began_ms = now_ms
            self._requested_this_second.clear()
        used = self._requested_this_second.get(sender, 0)
        granted = tuple(dict.fromkeys(hashes))[: REQUESTED_PER_SECOND_MAX - used]
        self._requested_this_second[sender] = used + len(granted)
        if granted:
            yield Answer(sender, granted)
