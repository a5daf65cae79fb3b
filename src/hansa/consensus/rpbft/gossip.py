"""Who has which proposal, and whom to ask for one that does not come down the tree (node §4.8).

Rules:
- Whoever has a proposal with all its transactions tells some other working sealers, drawn by chance.
- Whoever hears of a proposal it lacks waits for its parent in the tree; not at all if it is connected to no
  ancestor. Then it asks those that have it, one after the other.
- Transactions that a proposal names are asked of somebody who has them, of the parent if possible; if nobody
  says so in time, of the leader.

Pure: events in, effects out, time and chance given. What strangers say is bounded in number; a request is
only answered once per peer and proposal.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass, field
from typing import Final, TypeAlias

from hansa.consensus.rpbft.messages import ProposalStatus
from hansa.consensus.rpbft.tree import ancestors
from hansa.primitives import Hash32, Height, NodeId

__all__ = [
    "AskForTransactions",
    "Effect",
    "Event",
    "GossipSettings",
    "HeadMoved",
    "ProposalArrived",
    "ProposalCompleted",
    "ProposalGossip",
    "ProposalWanted",
    "RequestProposal",
    "SendProposal",
    "StatusHeard",
    "TellStatus",
    "TimerFired",
    "TransactionsWanted",
]

HEIGHTS_AHEAD: Final = 4
PROPOSALS_MAX: Final = 64


@dataclass(frozen=True, slots=True)
class GossipSettings:
    """One node's habits (node §1.5)."""

    proposal_wait_ms: int = 100
    """How long to wait for the parent."""
    transactions_wait_ms: int = 100
    """How long to wait for somebody who has them."""
    status_percent: int = 33
    """How many of the working sealers are told."""


# --- events ------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class HeadMoved:
    """Another block is the head; who votes on the next one."""

    height: Height
    sealers: tuple[NodeId, ...]
    workers: tuple[NodeId, ...]


@dataclass(frozen=True, slots=True)
class ProposalArrived:
    """A proposal is here; transactions may be missing."""

    status: ProposalStatus


@dataclass(frozen=True, slots=True)
class ProposalCompleted:
    """It has all its transactions."""

    status: ProposalStatus


@dataclass(frozen=True, slots=True)
class StatusHeard:
    """A sealer has a proposal."""

    sender: NodeId
    status: ProposalStatus


@dataclass(frozen=True, slots=True)
class ProposalWanted:
    """A sealer wants a proposal of us."""

    sender: NodeId
    status: ProposalStatus


@dataclass(frozen=True, slots=True)
class TransactionsWanted:
    """This node lacks transactions of a proposal."""

    status: ProposalStatus


@dataclass(frozen=True, slots=True)
class TimerFired:
    """`next_deadline` has come."""


Event: TypeAlias = (
    HeadMoved
    | ProposalArrived
    | ProposalCompleted
    | StatusHeard
    | ProposalWanted
    | TransactionsWanted
    | TimerFired
)


# --- effects -----------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class TellStatus:
    """Say that we have a proposal."""

    targets: tuple[NodeId, ...]
    status: ProposalStatus


@dataclass(frozen=True, slots=True)
class RequestProposal:
    """Ask for a proposal."""

    target: NodeId
    status: ProposalStatus


@dataclass(frozen=True, slots=True)
class SendProposal:
    """Give a proposal that we have whole."""

    target: NodeId
    status: ProposalStatus


@dataclass(frozen=True, slots=True)
class AskForTransactions:
    """Ask for the transactions of a proposal that we lack."""

    target: NodeId
    status: ProposalStatus


Effect: TypeAlias = TellStatus | RequestProposal | SendProposal | AskForTransactions


@dataclass(slots=True)
class _Proposal:
    """What is known of one."""

    status: ProposalStatus
    is_here: bool = False
    is_complete: bool = False
    holders: list[NodeId] = field(default_factory=list)
    """Those that say they have it, in the order in which they said so."""
    asked: set[NodeId] = field(default_factory=set)
    answered: set[NodeId] = field(default_factory=set)
    request_due_ms: int | None = None
    transactions_due_ms: int | None = None


class ProposalGossip:
    """One sealer's part in it."""

    def __init__(self, me: NodeId, settings: GossipSettings, draw: Callable[[int], int]) -> None:
        """Args: `draw` gives one of the integers from 0 up to, but without, the given one."""
        self._me = me
        self._settings = settings
        self._draw = draw
        self._head = HeadMoved(Height(0), (), ())
        self._proposals: dict[Hash32, _Proposal] = {}
        self._now_ms = 0

    def next_deadline(self) -> int | None:
        """When `TimerFired` is due, on the clock of `handle`."""
        deadlines = [
            due
            for proposal in self._proposals.values()
            for due in (proposal.request_due_ms, proposal.transactions_due_ms)
            if due is not None
        ]
        return min(deadlines, default=None)

    def handle(self, event: Event, connected: Collection[NodeId], now_ms: int) -> tuple[Effect, ...]:
        """Take note of an event; what is to be done about it.

        Args:
            connected: nodes there is a session with.
        """
        self._now_ms = now_ms
        return tuple(self._route(event, connected))

    def _route(self, event: Event, connected: Collection[NodeId]) -> Iterator[Effect]:
        match event:
            case HeadMoved():
                self._head = event
                self._proposals = {
                    block_hash: proposal
                    for block_hash, proposal in self._proposals.items()
                    if proposal.status.height > event.height
                }
            case ProposalArrived(status=status):
                proposal = self._note(status)
                if proposal is not None:
                    proposal.is_here, proposal.request_due_ms = True, None
            case ProposalCompleted(status=status):
                proposal = self._note(status)
                if proposal is not None and not proposal.is_complete:
                    proposal.is_here = proposal.is_complete = True
                    proposal.request_due_ms = proposal.transactions_due_ms = None
                    yield from self._tell(status, connected)
            case StatusHeard(sender=sender, status=status):
                yield from self._hear(sender, status, connected)
            case ProposalWanted(sender=sender, status=status):
                proposal = self._proposals.get(status.block_hash)
                if proposal is not None and proposal.is_complete and sender not in proposal.answered:
                    proposal.answered.add(sender)
                    yield SendProposal(sender, proposal.status)
            case TransactionsWanted(status=status):
                proposal = self._note(status)
                if proposal is not None and not proposal.is_complete:
                    yield from self._seek_transactions(proposal, connected)
            case TimerFired():
                for proposal in self._proposals.values():
                    yield from self._check(proposal, connected)

    def _note(self, status: ProposalStatus) -> _Proposal | None:
        known = self._proposals.get(status.block_hash)
        if known is not None:
            if status.view > known.status.view:
                known.status = status
            return known
        height = self._head.height
        if not height < status.height <= height + HEIGHTS_AHEAD or status.index >= len(self._head.sealers):
            return None
        if len(self._proposals) >= PROPOSALS_MAX:
            unneeded = next((key for key, each in self._proposals.items() if not each.is_here), None)
            if unneeded is None:
                return None
            del self._proposals[unneeded]
        return self._proposals.setdefault(status.block_hash, _Proposal(status))

    def _tell(self, status: ProposalStatus, connected: Collection[NodeId]) -> Iterator[Effect]:
        workers = self._head.workers
        reachable = [node for node in workers if node != self._me and node in connected]
        count = min(len(reachable), -(-self._settings.status_percent * len(workers) // 100))
        chosen = tuple(reachable.pop(self._draw(len(reachable))) for _ in range(count))
        if chosen:
            yield TellStatus(chosen, status)

    # --- proposals that are missing ----------------------------------------------------------------

    def _hear(
        self, sender: NodeId, status: ProposalStatus, connected: Collection[NodeId]
    ) -> Iterator[Effect]:
        if sender not in self._head.sealers:
            return
        proposal = self._note(status)
        if proposal is None or sender in proposal.holders:
            return
        proposal.holders.append(sender)
        if proposal.transactions_due_ms is not None:
            yield from self._seek_transactions(proposal, connected)
        if proposal.is_here or proposal.request_due_ms is not None:
            return
        can_come = any(node in connected for node in self._ancestors(status))
        proposal.request_due_ms = self._now_ms + (self._settings.proposal_wait_ms if can_come else 0)
        yield from self._check(proposal, connected)

    def _check(self, proposal: _Proposal, connected: Collection[NodeId]) -> Iterator[Effect]:
        due = proposal.request_due_ms
        if due is not None and due <= self._now_ms:
            yield from self._request(proposal, connected)
        due = proposal.transactions_due_ms
        if due is not None and due <= self._now_ms:
            proposal.transactions_due_ms = None
            yield AskForTransactions(self._head.sealers[proposal.status.index], proposal.status)

    def _request(self, proposal: _Proposal, connected: Collection[NodeId]) -> Iterator[Effect]:
        proposal.request_due_ms = None
        for holder in proposal.holders:
            if holder in connected and holder not in proposal.asked:
                proposal.asked.add(holder)
                proposal.request_due_ms = self._now_ms + self._settings.proposal_wait_ms
                yield RequestProposal(holder, proposal.status)
                return

    # --- transactions that are missing -------------------------------------------------------------

    def _seek_transactions(self, proposal: _Proposal, connected: Collection[NodeId]) -> Iterator[Effect]:
        leader = self._head.sealers[proposal.status.index]
        above = [node for node in self._ancestors(proposal.status) if node in connected]
        parent = above[0] if above else leader
        holders = [node for node in proposal.holders if node in connected]
        if parent == leader or parent in holders:
            source = parent
        elif holders:
            source = holders[0]
        elif proposal.transactions_due_ms is None:
            proposal.transactions_due_ms = self._now_ms + self._settings.transactions_wait_ms
            return
        else:
            return
        proposal.transactions_due_ms = None
        yield AskForTransactions(source, proposal.status)

    def _ancestors(self, status: ProposalStatus) -> list[NodeId]:
        return ancestors(self._me, self._head.sealers[status.index], self._head.workers)
