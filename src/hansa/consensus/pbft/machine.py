"""The rules of PBFT for one sealer (node §4.1 to §4.5, §4.7): events in, effects out.

Rules:
- One proposal per view: the leader's first. A sealer signs what it executed, once per view, and never in a
  view before one it has signed in.
- A quorum of signs prepares a block. From then on this node takes no other block at this height, in no view
  and after no restart: two blocks of one height can never both gather a quorum of commits.
- A quorum of commits decides. It may come from several views, since whoever commits stays with its block.
- Views follow the votes of the sealers, not the clock of one of them; each committed block begins at view 0.

The machine has no clock, key or chance. `handle` answers an event with effects to be carried out in order;
`next_deadline` says when to tell it `TimerFired`. Observers run it too: without an index it stays silent.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Final, TypeVar

from hansa.consensus.invariant import invariant
from hansa.consensus.pbft.events import (
    BlockSealed,
    BroadcastCommit,
    BroadcastEmptyPrepare,
    BroadcastPrepare,
    BroadcastSign,
    BroadcastViewChange,
    Cause,
    CommitBlock,
    CommitReceived,
    Effect,
    Event,
    ExecuteProposal,
    Head,
    HeadAdvanced,
    MissedTransactionsArrived,
    PeerConnected,
    PeerDisconnected,
    Persist,
    PoolChanged,
    Prepared,
    ProposalExecuted,
    ProposalFailed,
    ProposalReceived,
    Refusal,
    Refused,
    RequestMissedTransactions,
    Restored,
    SealBlock,
    SendViewChange,
    SignReceived,
    SyncChanged,
    TimerFired,
    TransactionsMissing,
    ViewChangeReceived,
    Vote,
)
from hansa.consensus.pbft.messages import Commit, Message, Sign, ViewChange, WantedTransaction
from hansa.consensus.pbft.sealing import EMPTY_BLOCK_INTERVAL_MS, BlockSizeLimit, SealingSettings
from hansa.consensus.pbft.timing import RoundTimer
from hansa.consensus.pbft.votes import CommitVotes, SignVotes, ViewChangeVotes, faulty_max, quorum
from hansa.primitives import Hash32, Height, NodeId, View

__all__ = ["PbftMachine"]

HEIGHTS_AHEAD: Final = 4
VIEWS_AHEAD: Final = 16
PROPOSALS_AHEAD_MAX: Final = 10
CATCH_UP_INTERVAL_MS: Final = 500


_Vote = TypeVar("_Vote", Sign, Commit, ViewChange)


@dataclass(slots=True)
class _Round:
    """The proposal of the present view."""

    block_hash: Hash32
    transaction_count: int
    executed_hash: Hash32 | None = None
    has_failed: bool = False
    is_prepared: bool = False
    """A quorum signed it in this view."""


class PbftMachine:
    """One sealer's part in agreeing on the block after the head."""

    def __init__(self, me: NodeId, settings: SealingSettings, head: Head, now_ms: int) -> None:
        """Begin at view 0 of the block after `head`.

        Args:
            me: this node.
            settings: its habits as a leader.
            head: the newest committed block.
            now_ms: of a clock that never goes back; the same clock as in `handle`.
        """
        self._me = me
        self._settings = settings
        self._head = head
        self._now_ms = self._last_block_ms = now_ms
        self._index = _index_of(me, head)
        self._timer = RoundTimer(head.execution_timeout_ms, now_ms)
        self._size_limit = BlockSizeLimit(settings, head.transaction_count_max)

        self._view = self._to_view = View(0)
        self._round: _Round | None = None
        self._is_sealing = False
        self._is_committing = False
        self._last_vote: Vote | None = None
        self._prepared: Prepared | None = None

        self._signs = SignVotes()
        self._commits = CommitVotes()
        self._view_changes = ViewChangeVotes()
        self._ahead: dict[tuple[Height, View, int], ProposalReceived] = {}

        self._pool_count = 0
        self._is_syncing = False
        self._caught_up_ms: dict[int, int] = {}
        self._seen_views: dict[int, tuple[Height, View]] = {}

    # --- what can be asked -------------------------------------------------------------------------

    @property
    def head(self) -> Head:
        """The newest committed block, as far as the machine was told."""
        return self._head

    @property
    def view(self) -> View:
        """The view this node is in."""
        return self._view

    @property
    def to_view(self) -> View:
        """The view this node wants: higher than `view` while it asks for a change."""
        return self._to_view

    @property
    def index(self) -> int | None:
        """This node's place among the sealers; None if it does not vote on the next block."""
        return self._index

    @property
    def leader_has_failed(self) -> bool:
        """Does this node ask for another view?"""
        return self._to_view > self._view

    def leader_of(self, height: Height, view: View) -> int:
        """The index of the sealer whose turn it is to propose `height` in `view`."""
        voters = self._head.voters
        return voters[(view + height - 1) % len(voters)]

    def seen_views(self) -> list[View]:
        """The newest view known of each sealer, by index."""
        views = [View(self._seen_views.get(index, (0, 0))[1]) for index in range(len(self._head.sealers))]
        if self._index is not None:
            views[self._index] = self._view
        return views

    def proposals_in_use(self) -> set[Hash32]:
        """The proposals (hashes before execution) that may still be executed or committed."""
        in_use = {proposal.block_hash for proposal in self._ahead.values()}
        if self._round is not None:
            in_use.add(self._round.block_hash)
        if self._prepared is not None:
            in_use.add(self._prepared.block_hash)
        return in_use

    def is_timely(self, message: Message) -> bool:
        """May this message still matter? Whatever may not needs no signature check."""
        if not self._may_matter(message):
            return False
        if isinstance(message, ViewChange):
            return message.height >= self._head.height
        if message.height <= self._head.height or message.height > self._head.height + HEIGHTS_AHEAD:
            return False
        if isinstance(message, Commit):
            return True
        present_view = self._view if message.height == self._next_height else View(0)
        # The leader's empty prepare may come after the view changes it causes: it still calms the timer.
        return present_view - 1 <= message.view <= present_view + VIEWS_AHEAD

    def next_deadline(self) -> int | None:
        """When `TimerFired` is due, on the clock of `handle`; None: only events can change anything."""
        if self._index is None or self._is_committing:
            return None
        deadline = self._timer.deadline_ms()
        if self._is_my_turn():
            deadline = min(deadline, self._sealing_due_ms())
        return deadline

    # --- what happens ------------------------------------------------------------------------------

    def handle(self, event: Event, now_ms: int) -> tuple[Effect, ...]:
        """Take note of an event; what is to be done about it, in order."""
        self._now_ms = max(self._now_ms, now_ms)
        return (*self._route(event), *self._lead())

    def _route(self, event: Event) -> Iterator[Effect]:
        match event:
            case ProposalReceived():
                yield from self._receive_proposal(event)
            case SignReceived(sign=sign):
                self._note_view(sign)
                self._signs.add(sign)
                yield from self._count_signs()
            case CommitReceived(commit=commit):
                self._note_view(commit)
                self._commits.add(commit)
                yield from self._count_commits()
            case ViewChangeReceived(view_change=view_change):
                yield from self._receive_view_change(view_change)
            case ProposalExecuted(block_hash=block_hash, executed_hash=executed_hash):
                yield from self._proposal_executed(block_hash, executed_hash)
            case ProposalFailed(block_hash=block_hash):
                self._proposal_failed(block_hash)
            case TransactionsMissing(block_hash=block_hash, wanted=wanted):
                yield from self._transactions_missing(block_hash, wanted)
            case MissedTransactionsArrived(block_hash=block_hash):
                if self._unexecuted_round(block_hash) is not None:
                    yield ExecuteProposal(block_hash)
            case BlockSealed():
                yield from self._block_sealed(event)
            case HeadAdvanced(head=head):
                yield from self._head_advanced(head)
            case TimerFired():
                yield from self._check_patience()
            case PoolChanged(transaction_count=transaction_count):
                self._pool_count = transaction_count
            case SyncChanged(is_syncing=is_syncing):
                self._is_syncing = is_syncing
                yield from self._take_kept_proposal()
            case PeerConnected(node=node):
                yield from self._peer_connected(node)
            case PeerDisconnected(node=node):
                if node in self._head.sealers:
                    self._view_changes.forget(self._head.sealers.index(node))
            case Restored(vote=vote, prepared=prepared):
                yield from self._restored(vote, prepared)

    # --- the normal case (node §4.3) ---------------------------------------------------------------

    def _receive_proposal(self, proposal: ProposalReceived) -> Iterator[Effect]:
        if proposal.height <= self._head.height:
            return
        place, here = (proposal.height, proposal.view), (self._next_height, self._view)
        if proposal.height > self._next_height and not self._head.are_all_voting:
            self._keep_for_later(proposal)
        elif self._index is None:
            return
        elif self._contradicts_prepared(proposal):
            yield _refused(proposal, Refusal.CONTRADICTS_PREPARED)
        elif proposal.index != self.leader_of(proposal.height, proposal.view):
            yield _refused(proposal, Refusal.NOT_THE_LEADER)
        elif place > here or (place == here and self._is_syncing):
            self._keep_for_later(proposal)
        elif proposal.transaction_count == 0:
            yield from self._follow_empty_proposal(proposal)
        elif place == here and not self._is_committing:
            yield from self._take_proposal(proposal)

    def _take_proposal(self, proposal: ProposalReceived) -> Iterator[Effect]:
        if self._round is not None:
            if self._round.block_hash != proposal.block_hash:
                yield _refused(proposal, Refusal.SECOND_PROPOSAL)
        elif proposal.parent_hash != self._head.hash:
            yield _refused(proposal, Refusal.FOREIGN_PARENT)
        elif proposal.transaction_count > self._head.transaction_count_max:
            yield _refused(proposal, Refusal.TOO_MANY_TRANSACTIONS)
        else:
            yield from self._begin_round(proposal.block_hash, proposal.transaction_count)

    def _follow_empty_proposal(self, proposal: ProposalReceived) -> Iterator[Effect]:
        """The leader lives and has nothing to propose: the next one's turn, and no reason for patience."""
        if proposal.view == self._view and not self.leader_has_failed and not self._is_committing:
            self._timer.change_cycle = 0
            yield from self._ask_for_view(View(self._view + 1), Cause.IDLE)
        elif proposal.view >= self._view - 1:
            # Others were faster with their view changes than the leader with its prepare.
            self._timer.change_cycle = min(self._timer.change_cycle, 1)

    def _begin_round(self, block_hash: Hash32, transaction_count: int) -> Iterator[Effect]:
        self._round = _Round(block_hash, transaction_count)
        self._timer.prepare_arrived(self._now_ms)
        yield ExecuteProposal(block_hash)

    def _transactions_missing(
        self, block_hash: Hash32, wanted: tuple[WantedTransaction, ...]
    ) -> Iterator[Effect]:
        if self._unexecuted_round(block_hash) is not None:
            leader = self.leader_of(self._next_height, self._view)
            yield RequestMissedTransactions(leader, self._next_height, block_hash, wanted)

    def _proposal_executed(self, block_hash: Hash32, executed_hash: Hash32) -> Iterator[Effect]:
        proposal = self._unexecuted_round(block_hash)
        if proposal is None:
            return
        proposal.executed_hash = executed_hash
        self._timer.execution_ended(self._now_ms)
        yield from self._cast_sign(executed_hash)
        yield from self._count_signs()
        yield from self._count_commits()

    def _proposal_failed(self, block_hash: Hash32) -> None:
        proposal = self._unexecuted_round(block_hash)
        if proposal is not None:
            proposal.has_failed = True
            self._timer.execution_ended(self._now_ms)

    def _cast_sign(self, executed_hash: Hash32) -> Iterator[Effect]:
        vote = Vote(self._next_height, self._view, executed_hash)
        if not self._may_sign_in_view() and vote != self._last_vote:
            return  # Before a restart this node may have signed something else.
        self._last_vote = vote
        yield Persist(vote)
        yield BroadcastSign(vote.height, vote.view, vote.block_hash)

    def _count_signs(self) -> Iterator[Effect]:
        proposal = self._round
        if proposal is None or proposal.executed_hash is None or proposal.is_prepared:
            return
        signs = self._signs.matching(self._next_height, self._view, proposal.executed_hash)
        if len(self._of_voters(signs)) < self._quorum:
            return
        proposal.is_prepared = True
        self._timer.sign_quorum_reached(self._now_ms)
        prepared = Prepared(self._next_height, proposal.block_hash, proposal.transaction_count)
        if prepared != self._prepared:
            invariant(self._prepared is None, "one block is prepared at a height, and stays so")
            self._prepared = prepared
            yield Persist(prepared)
        yield BroadcastCommit(self._next_height, self._view, proposal.executed_hash)

    def _count_commits(self) -> Iterator[Effect]:
        proposal = self._round
        if proposal is None or proposal.executed_hash is None or self._is_committing:
            return
        commits = self._of_voters(self._commits.matching(self._next_height, proposal.executed_hash))
        if len(commits) < self._quorum:
            return
        signatures = tuple((commit.index, commit.signature) for commit in commits[: self._quorum])
        self._is_committing = True
        yield CommitBlock(self._next_height, proposal.block_hash, proposal.executed_hash, signatures)

    def _head_advanced(self, head: Head) -> Iterator[Effect]:
        if head.height <= self._head.height:
            return
        if self._round is not None and head.height == self._next_height:
            self._size_limit.block_committed(self._round.transaction_count)
        if head.sealers != self._head.sealers:
            # What was kept for later was verified against the list before.
            self._signs.clear()
            self._commits.clear()
            self._view_changes.clear()
            self._ahead.clear()
            self._caught_up_ms.clear()
            self._seen_views.clear()
        self._head, self._index = head, _index_of(self._me, head)
        self._size_limit.set_ceiling(head.transaction_count_max)
        self._last_block_ms = self._now_ms
        self._timer = RoundTimer(head.execution_timeout_ms, self._now_ms)
        self._is_committing = False
        self._commits.forget_before(self._next_height)
        self._view_changes.forget_before(head.height)
        if self._prepared is not None and self._prepared.height <= head.height:
            self._prepared = None
        self._to_view = View(0)
        yield from self._enter_view(View(0))
        yield from self._join_view_change()
        yield from self._count_view_changes()

    # --- views (node §4.4) -------------------------------------------------------------------------

    def _check_patience(self) -> Iterator[Effect]:
        if self._index is None or self._is_committing or self._now_ms < self._timer.deadline_ms():
            return
        if self._round is not None:
            self._size_limit.block_timed_out(self._round.transaction_count)
        yield from self._ask_for_view(View(self._to_view + 1), Cause.TIMEOUT)

    def _ask_for_view(self, view: View, cause: Cause) -> Iterator[Effect]:
        invariant(view > self._to_view, "wishes for a view only grow")
        self._to_view = view
        self._timer.lose_patience()
        self._timer.restart(self._now_ms)
        yield BroadcastViewChange(self._head.height, view, self._head.hash, cause)

    def _receive_view_change(self, vote: ViewChange) -> Iterator[Effect]:
        if self._index is None or vote.height < self._head.height:
            return
        self._note_view(vote)
        if vote.index != self._index:
            yield from self._help_catch_up(vote)
        if vote.view <= self._view:
            return
        if vote.height == self._head.height and vote.block_hash != self._head.hash:
            return
        self._view_changes.add(vote)
        yield from self._join_view_change()
        yield from self._count_view_changes()

    def _help_catch_up(self, vote: ViewChange) -> Iterator[Effect]:
        if vote.view + 1 >= self._to_view:
            return
        last_ms = self._caught_up_ms.get(vote.index)
        if last_ms is None or self._now_ms >= last_ms + CATCH_UP_INTERVAL_MS:
            self._caught_up_ms[vote.index] = self._now_ms
            yield SendViewChange(vote.index, self._head.height, self._to_view, self._head.hash)

    def _join_view_change(self) -> Iterator[Effect]:
        """More than f sealers want a higher view: at least one honest among them has lost patience."""
        votes = self._of_voters(self._view_changes.beyond(self._to_view))
        if self._index is None or self._is_committing or len(votes) <= faulty_max(len(self._head.voters)):
            return
        lowest_height = min(vote.height for vote in votes)
        if self._prepared is not None and lowest_height == self._prepared.height:
            return  # They committed the block that is prepared here: it is on its way.
        yield from self._ask_for_view(min(vote.view for vote in votes), Cause.JOINED)

    def _count_view_changes(self) -> Iterator[Effect]:
        if not self.leader_has_failed or self._is_committing:
            return
        if len(self._of_voters(self._view_changes.asking_for(self._to_view))) >= self._quorum:
            yield from self._enter_view(self._to_view)

    def _enter_view(self, view: View) -> Iterator[Effect]:
        invariant(view == self._to_view, "a sealer enters the view it wanted")
        self._view = view
        self._round = None
        self._is_sealing = False
        self._timer.restart(self._now_ms)
        self._signs.forget_before(self._next_height, view)
        yield from self._take_kept_proposal()

    # --- leading (node §4.5) -----------------------------------------------------------------------

    def _lead(self) -> Iterator[Effect]:
        if not self._is_my_turn():
            return
        prepared = self._prepared
        if prepared is not None:
            yield BroadcastPrepare(self._next_height, self._view, prepared.block_hash, is_repeated=True)
            yield from self._begin_round(prepared.block_hash, prepared.transaction_count)
        elif self._now_ms < self._sealing_due_ms():
            return
        elif self._pool_count > 0:
            self._is_sealing = True
            yield SealBlock(self._next_height, self._view, self._size_limit.transaction_count)
        else:
            self._timer.change_cycle = 0
            yield BroadcastEmptyPrepare(self._next_height, self._view)
            yield from self._ask_for_view(View(self._view + 1), Cause.IDLE)

    def _is_my_turn(self) -> bool:
        return (
            self._index is not None
            and self._index == self.leader_of(self._next_height, self._view)
            and self._round is None
            and not self._is_sealing
            and not self._is_committing
            and not self._is_syncing
            and not self.leader_has_failed
            and self._may_sign_in_view()
        )

    def _sealing_due_ms(self) -> int:
        if self._pool_count == 0:
            return self._timer.last_consensus_ms + EMPTY_BLOCK_INTERVAL_MS
        if self._pool_count >= self._size_limit.transaction_count:
            return self._now_ms
        return self._last_block_ms + self._settings.generation_gap_ms

    def _block_sealed(self, sealed: BlockSealed) -> Iterator[Effect]:
        if not self._is_sealing or (sealed.height, sealed.view) != (self._next_height, self._view):
            return
        self._is_sealing = False
        if sealed.transaction_count == 0:
            self._pool_count = 0
        elif self._is_my_turn():
            yield BroadcastPrepare(sealed.height, sealed.view, sealed.block_hash, is_repeated=False)
            yield from self._begin_round(sealed.block_hash, sealed.transaction_count)

    # --- coming back -------------------------------------------------------------------------------

    def _restored(self, vote: Vote | None, prepared: Prepared | None) -> Iterator[Effect]:
        invariant(self._round is None and self._last_vote is None, "restored once, before anything else")
        self._last_vote = vote
        if prepared is not None and prepared.height == self._next_height:
            self._prepared = prepared
        if self._index is not None and vote is not None and vote.height == self._next_height:
            # Earlier views are closed to this node; whether the others are further, they will tell.
            self._view = self._to_view = vote.view
            yield from self._ask_for_view(View(vote.view + 1), Cause.RESTARTED)

    def _peer_connected(self, node: NodeId) -> Iterator[Effect]:
        """Whatever was sent while there was no session is lost: say again where we are."""
        if self._index is not None and self._to_view > 0 and node in self._head.voter_ids:
            index = self._head.sealers.index(node)
            yield SendViewChange(index, self._head.height, self._to_view, self._head.hash)

    # --- small questions ---------------------------------------------------------------------------

    @property
    def _next_height(self) -> Height:
        return Height(self._head.height + 1)

    @property
    def _quorum(self) -> int:
        return quorum(len(self._head.voters))

    def _of_voters(self, votes: Iterable[_Vote]) -> list[_Vote]:
        """Votes may have come before it was known who votes."""
        return [vote for vote in votes if vote.index in self._head.voters]

    def _may_matter(self, message: Message) -> bool:
        """Does its author vote, and this node? Where sealers take turns, both may from the next block on."""
        if message.index in self._head.voters and self._index is not None:
            return True
        is_later = message.height > self._head.height + (0 if isinstance(message, ViewChange) else 1)
        are_sealers = message.index < len(self._head.sealers) and self._me in self._head.sealers
        return is_later and are_sealers and not self._head.are_all_voting

    def _unexecuted_round(self, block_hash: Hash32) -> _Round | None:
        """The proposal of this view, if it is this one and its execution is still awaited."""
        proposal = self._round
        if proposal is None or proposal.block_hash != block_hash:
            return None
        return proposal if proposal.executed_hash is None and not proposal.has_failed else None

    def _may_sign_in_view(self) -> bool:
        """Is this view later than any this node has signed in?"""
        last = self._last_vote
        return last is None or (last.height, last.view) < (self._next_height, self._view)

    def _contradicts_prepared(self, proposal: ProposalReceived) -> bool:
        return (
            self._prepared is not None
            and self._prepared.height == proposal.height
            and self._prepared.block_hash != proposal.block_hash
            and proposal.transaction_count > 0
        )

    def _take_kept_proposal(self) -> Iterator[Effect]:
        here = (self._next_height, self._view)
        proposal = self._ahead.get((*here, self.leader_of(*here)))
        self._ahead = {place: kept for place, kept in self._ahead.items() if place[:2] > here}
        if proposal is not None:
            yield from self._receive_proposal(proposal)

    def _keep_for_later(self, proposal: ProposalReceived) -> None:
        place = (proposal.height, proposal.view, proposal.index)
        if place in self._ahead:
            return
        if len(self._ahead) >= PROPOSALS_AHEAD_MAX:
            farthest = max(self._ahead)
            if farthest < place:
                return
            del self._ahead[farthest]
        self._ahead[place] = proposal

    def _note_view(self, message: Message) -> None:
        # A view change names the head; the view is of the block after it.
        height = message.height + 1 if isinstance(message, ViewChange) else message.height
        place = (Height(height), message.view)
        self._seen_views[message.index] = max(place, self._seen_views.get(message.index, place))


def _index_of(node: NodeId, head: Head) -> int | None:
    return head.sealers.index(node) if node in head.voter_ids else None


def _refused(proposal: ProposalReceived, reason: Refusal) -> Refused:
    return Refused(proposal.height, proposal.view, proposal.index, proposal.block_hash, reason)
