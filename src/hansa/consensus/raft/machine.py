"""The rules of Raft for one sealer (node §4.9): events in, effects out.

The log is the chain itself: committed blocks, and at most one block after the head that a leader has asked
this node to keep (`Accepted`). What the reference forgets at a restart is persisted here, so that:

- A sealer votes for one candidate in a term, and in no term before one it voted in.
- It votes only for a candidate that has everything this node has: a chain as long, and at the same length an
  uncommitted block of a term as late. It follows no leader of a term before the one it promised its vote in.
- A leader proposes one block at a height: the one it keeps from an earlier term, if there is one. It commits
  when a majority keeps the block in its own term, so that every later leader has it too.
- A sealer that still hears a leader, and a leader that still hears a majority, call nobody else leader.

The machine has no clock, key or chance: `draw` is given. `handle` answers an event with effects to be carried
out in order; `next_deadline` says when to tell it `TimerFired`. Observers run it too and stay silent.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import TypeAlias

from hansa.consensus.invariant import invariant, present
from hansa.consensus.raft.events import (
    Accepted,
    Ballot,
    BlockExecuted,
    BlockFailed,
    BlockOffer,
    BlockSealed,
    CommitBlock,
    Effect,
    Event,
    ExecuteBlock,
    Head,
    HeadAdvanced,
    HeartBeatAnswered,
    HeartBeatReceived,
    Persist,
    PoolChanged,
    Restored,
    Role,
    RoleChanged,
    SealBlock,
    Send,
    SendHeartBeat,
    SyncChanged,
    TimerFired,
    VoteAnswered,
    VoteRequested,
)
from hansa.consensus.raft.messages import (
    NO_HEIGHT,
    HeartBeat,
    HeartBeatResponse,
    Message,
    Term,
    VoteFlag,
    VoteRequest,
    VoteResponse,
)
from hansa.consensus.raft.patience import Draw, ElectionTimer, RaftTiming
from hansa.primitives import Hash32, Height, NodeId

__all__ = ["RaftMachine", "majority"]


def majority(sealer_count: int) -> int:
    """Votes that decide: more than half, n − ⌊(n − 1) / 2⌋."""
    return sealer_count - (sealer_count - 1) // 2


@dataclass(slots=True)
class _Follower:
    """Waits for a leader, or follows one."""

    leader: int | None = None
    heard_ms: int = 0
    """The leader's last sign of life."""


@dataclass(slots=True)
class _Candidate:
    """Asks for votes."""

    term_before: Term
    """Whoever leads in it, or later, ends the candidacy."""
    granted: set[int]
    refused: set[int] = field(default_factory=set)


@dataclass(slots=True)
class _Proposal:
    """The block a leader wants."""

    block_hash: Hash32
    is_accepted: bool = False
    """Executed, and kept by this node: the others may have it."""
    kept_by: set[int] = field(default_factory=set)


@dataclass(slots=True)
class _Leader:
    """Proposes blocks."""

    heartbeat_due_ms: int
    answered_ms: dict[int, int]
    """When each follower answered last."""
    heights: dict[int, Height] = field(default_factory=dict)
    """How long each follower's chain is."""
    proposal: _Proposal | None = None
    is_sealing: bool = False


_State: TypeAlias = _Follower | _Candidate | _Leader


class RaftMachine:
    """One sealer's part in agreeing on the block after the head."""

    def __init__(
        self,
        me: NodeId,
        timing: RaftTiming,
        generation_gap_ms: int,
        head: Head,
        draw: Draw,
        now_ms: int,
    ) -> None:
        """Begin as a follower without a leader.

        Args:
            me: this node.
            timing: of elections; the same for the whole group.
            generation_gap_ms: blocks that are not full keep this distance.
            head: the newest committed block.
            draw: the only chance in it.
            now_ms: of a clock that never goes back; the same clock as in `handle`.
        """
        self._me = me
        self._timing = timing
        self._generation_gap_ms = generation_gap_ms
        self._head = head
        self._index = _index_of(me, head)
        self._now_ms = now_ms
        self._last_block_ms = now_ms - generation_gap_ms
        self._election = ElectionTimer(timing, draw, now_ms)

        self._term = self._seen_term = Term(0)
        self._last_leader_term = Term(0)
        self._state: _State = _Follower()
        self._ballot: Ballot | None = None
        self._accepted: Accepted | None = None

        self._pool_count = 0
        self._is_syncing = False
        self._is_committing = False

    # --- what can be asked -------------------------------------------------------------------------

    @property
    def head(self) -> Head:
        """The newest committed block, as far as the machine was told."""
        return self._head

    @property
    def index(self) -> int | None:
        """This node's place among the sealers; None for an observer."""
        return self._index

    @property
    def term(self) -> Term:
        """The term this node is in."""
        return self._term

    @property
    def role(self) -> Role:
        """What this node does in it."""
        match self._state:
            case _Leader():
                return Role.LEADER
            case _Candidate():
                return Role.CANDIDATE
            case _Follower():
                return Role.FOLLOWER

    @property
    def leader(self) -> NodeId | None:
        """Who leads, as far as this node knows."""
        match self._state:
            case _Leader():
                return self._me
            case _Follower(leader=int(leader)):
                return self._head.sealers[leader]
            case _:
                return None

    def blocks_in_use(self) -> set[Hash32]:
        """The blocks (hashes before execution) that may still be proposed or committed."""
        in_use = set() if self._accepted is None else {self._accepted.block_hash}
        if isinstance(self._state, _Leader) and self._state.proposal is not None:
            in_use.add(self._state.proposal.block_hash)
        return in_use

    def next_deadline(self) -> int | None:
        """When `TimerFired` is due, on the clock of `handle`; None: only events can change anything."""
        if self._index is None:
            return None
        if not isinstance(self._state, _Leader):
            return self._election.deadline_ms
        deadline = self._state.heartbeat_due_ms
        if len(self._head.sealers) > 1:
            deadline = min(deadline, self._majority_heard_ms(self._state) + self._timing.silence_ms_max)
        if self._may_seal(self._state) and self._pool_count > 0:
            deadline = min(deadline, self._sealing_due_ms())
        return deadline

    # --- what happens ------------------------------------------------------------------------------

    def handle(self, event: Event, now_ms: int) -> tuple[Effect, ...]:
        """Take note of an event; what is to be done about it, in order."""
        self._now_ms = max(self._now_ms, now_ms)
        return (*self._route(event), *self._lead())

    def _route(self, event: Event) -> Iterator[Effect]:
        match event:
            case HeartBeatReceived(heartbeat=heartbeat, offer=offer):
                self._note_term(heartbeat)
                yield from self._receive_heartbeat(heartbeat, offer)
            case HeartBeatAnswered(response=response):
                self._note_term(response)
                yield from self._receive_answer(response)
            case VoteRequested(request=request):
                self._note_term(request)
                yield from self._judge_candidate(request)
            case VoteAnswered(response=response):
                self._note_term(response)
                yield from self._count_vote(response)
            case BlockSealed():
                yield from self._block_sealed(event)
            case BlockExecuted(block_hash=block_hash):
                yield from self._block_executed(block_hash)
            case BlockFailed(block_hash=block_hash):
                yield from self._block_failed(block_hash)
            case HeadAdvanced(head=head):
                yield from self._head_advanced(head)
            case TimerFired():
                yield from self._check_time()
            case PoolChanged(transaction_count=transaction_count):
                self._pool_count = transaction_count
            case SyncChanged(is_syncing=is_syncing):
                self._is_syncing = is_syncing
            case Restored(ballot=ballot, accepted=accepted):
                self._restore(ballot, accepted)

    # --- elections ---------------------------------------------------------------------------------

    def _check_time(self) -> Iterator[Effect]:
        if self._index is None:
            return
        match self._state:
            case _Leader() as leader:
                if not self._is_heard(leader):
                    yield from self._become_follower("no majority answers")
            case _Candidate() as candidate:
                if self._now_ms >= self._election.deadline_ms:
                    yield from self._give_up(candidate, "too few answers")
            case _Follower():
                if self._now_ms >= self._election.deadline_ms:
                    yield from self._stand_for_election()

    def _stand_for_election(self) -> Iterator[Effect]:
        """In a term that nobody has voted in yet, as far as this node knows.

        Votes for an earlier candidacy of ours cannot count for this one.
        """
        me = self._my_index
        term = Term(self._seen_term + 1)
        self._state = _Candidate(term_before=self._term, granted={me})
        self._term = self._seen_term = term
        self._ballot = Ballot(term, self._me)
        self._election.restart(self._now_ms)
        yield RoleChanged(Role.CANDIDATE, term, "no leader is heard")
        yield Persist(self._ballot)
        request = VoteRequest(
            *self._standing(),
            candidate=me,
            last_leader_term=self._last_leader_term if self._accepted is None else self._accepted.term,
            last_block_number=self._head.height if self._accepted is None else self._accepted.height,
        )
        for other in self._others():
            yield Send(other, request)
        yield from self._count_granted(self._state)

    def _judge_candidate(self, request: VoteRequest) -> Iterator[Effect]:
        if self._index is None or request.index == self._index:
            return
        flag = self._verdict(request)
        if flag is VoteFlag.GRANTED:
            ballot = Ballot(request.term, self._head.sealers[request.index])
            if not isinstance(self._state, _Follower):
                yield RoleChanged(Role.FOLLOWER, request.term, "votes for another")
            self._term, self._state = request.term, _Follower()
            self._election.restart(self._now_ms)
            if ballot != self._ballot:
                self._ballot = ballot
                yield Persist(ballot)
        response = VoteResponse(*self._standing(), flag=flag, last_leader_term=self._last_leader_term)
        yield Send(request.index, response)

    def _verdict(self, request: VoteRequest) -> VoteFlag:
        if self._has_live_leader():
            return VoteFlag.LEADER_ALIVE
        candidate, ballot = self._head.sealers[request.index], self._ballot
        if ballot is not None and request.term == ballot.term:
            if candidate != ballot.candidate:
                return VoteFlag.DISCARDED
        elif ballot is not None and request.term < ballot.term:
            return VoteFlag.REJECTED
        elif request.term == self._term:
            return VoteFlag.DISCARDED
        if request.term < self._term:
            return VoteFlag.REJECTED
        return self._compare_chains(request)

    def _compare_chains(self, request: VoteRequest) -> VoteFlag:
        """Does the candidate have whatever may be committed here?"""
        if request.height != self._head.height:
            return VoteFlag.OUTDATED if request.height < self._head.height else VoteFlag.GRANTED
        if request.block_hash != self._head.hash:
            return VoteFlag.REJECTED
        if self._accepted is None:
            return VoteFlag.GRANTED
        if request.last_block_number < self._accepted.height:
            return VoteFlag.OUTDATED
        if request.last_leader_term < self._accepted.term:
            return VoteFlag.LAST_TERM_WRONG
        return VoteFlag.GRANTED

    def _count_vote(self, response: VoteResponse) -> Iterator[Effect]:
        state = self._state
        if response.term > self._term:
            yield from self._enter_later_term(response.term)
            return
        if not isinstance(state, _Candidate):
            return
        match response.flag:
            case VoteFlag.GRANTED:
                if response.term == self._term:
                    state.granted.add(response.index)
                    yield from self._count_granted(state)
            case VoteFlag.LEADER_ALIVE:
                yield from self._give_up(state, "another leader lives")
            case _:
                state.refused.add(response.index)
                if len(self._head.sealers) - len(state.refused) < self._majority:
                    yield from self._give_up(state, "too many refuse")

    def _count_granted(self, state: _Candidate) -> Iterator[Effect]:
        if len(state.granted) < self._majority:
            return
        self._election.election_won()
        self._last_leader_term = self._term
        now = self._now_ms
        leader = _Leader(heartbeat_due_ms=now, answered_ms=dict.fromkeys(self._others(), now))
        self._state = leader
        yield RoleChanged(Role.LEADER, self._term, f"{len(state.granted)} votes")
        if self._accepted is not None and not self._is_committing:
            leader.proposal = _Proposal(self._accepted.block_hash)
            yield ExecuteBlock(self._accepted.block_hash)

    def _give_up(self, candidate: _Candidate, reason: str) -> Iterator[Effect]:
        """Back to the term before: the group need not follow a candidacy that came to nothing."""
        self._term = candidate.term_before
        self._election.candidacy_failed()
        yield from self._become_follower(reason)

    def _enter_later_term(self, term: Term) -> Iterator[Effect]:
        """Others are further: what this node wants in its own term can no longer come to pass."""
        self._term = term
        yield from self._become_follower("a later term")

    def _become_follower(self, reason: str) -> Iterator[Effect]:
        self._state = _Follower()
        self._election.restart(self._now_ms)
        yield RoleChanged(Role.FOLLOWER, self._term, reason)

    # --- following ---------------------------------------------------------------------------------

    def _receive_heartbeat(self, heartbeat: HeartBeat, offer: BlockOffer | None) -> Iterator[Effect]:
        if self._index is None or heartbeat.index == self._index:
            return
        state, term, leader = self._state, heartbeat.term, heartbeat.index
        lowest = state.term_before if isinstance(state, _Candidate) else self._term
        if term < lowest:
            # The sender has missed a term. It learns of it from the answer.
            yield Send(leader, HeartBeatResponse(*self._standing()))
            return
        if term == self._term and isinstance(state, _Leader):
            return
        if term == self._term and isinstance(state, _Follower) and state.leader not in (None, leader):
            return
        if not isinstance(state, _Follower) or state.leader != leader or term != self._term:
            yield RoleChanged(Role.FOLLOWER, term, f"sealer {leader} leads")
        self._term = self._last_leader_term = term
        self._state = _Follower(leader, self._now_ms)
        self._election.restart(self._now_ms)
        if offer is not None and self._is_acceptable(offer):
            accepted = Accepted(term, offer.height, offer.block_hash)
            if accepted != self._accepted:
                self._accepted = accepted
                yield Persist(accepted)
            yield Send(leader, HeartBeatResponse(*self._standing(), uncommitted_hash=offer.block_hash))
        else:
            yield Send(leader, HeartBeatResponse(*self._standing()))

    def _is_acceptable(self, offer: BlockOffer) -> bool:
        if offer.height != self._next_height or offer.parent_hash != self._head.hash:
            return False
        kept = self._accepted
        return kept is None or kept.term < self._term or kept.block_hash == offer.block_hash

    # --- leading -----------------------------------------------------------------------------------

    def _receive_answer(self, response: HeartBeatResponse) -> Iterator[Effect]:
        if response.term > self._term:
            yield from self._enter_later_term(response.term)
            return
        leader = self._state
        if not isinstance(leader, _Leader) or response.term != self._term:
            return
        leader.answered_ms[response.index] = self._now_ms
        has_caught_up = leader.heights.get(response.index) != response.height == self._head.height
        leader.heights[response.index] = response.height
        proposal = leader.proposal
        if proposal is None or not proposal.is_accepted:
            return
        if response.uncommitted_hash == proposal.block_hash:
            proposal.kept_by.add(response.index)
            yield from self._count_keepers(proposal)
        elif has_caught_up:
            yield self._heartbeat_for(response.index, leader)

    def _count_keepers(self, proposal: _Proposal) -> Iterator[Effect]:
        if self._is_committing or len(proposal.kept_by) < self._majority:
            return
        self._is_committing = True
        yield CommitBlock(self._next_height, proposal.block_hash)

    def _lead(self) -> Iterator[Effect]:
        leader = self._state
        if not isinstance(leader, _Leader):
            return
        if self._now_ms >= leader.heartbeat_due_ms:
            yield from self._beat(leader)
        if self._may_seal(leader) and self._pool_count > 0 and self._now_ms >= self._sealing_due_ms():
            leader.is_sealing = True
            yield SealBlock(self._next_height, self._term, self._head.transaction_count_max)

    def _beat(self, leader: _Leader) -> Iterator[Effect]:
        leader.heartbeat_due_ms = self._now_ms + self._timing.heartbeat_ms
        for other in self._others():
            yield self._heartbeat_for(other, leader)

    def _heartbeat_for(self, target: int, leader: _Leader) -> Effect:
        """With the block for whoever can take it: a node of the reference that lags would not even answer."""
        proposal, number, block_hash = leader.proposal, NO_HEIGHT, None
        if (
            proposal is not None
            and proposal.is_accepted
            and target not in proposal.kept_by
            and leader.heights.get(target) == self._head.height
        ):
            number, block_hash = self._next_height, proposal.block_hash
        heartbeat = HeartBeat(*self._standing(), leader=self._my_index, block_number=number)
        return SendHeartBeat(target, heartbeat, block_hash)

    def _may_seal(self, leader: _Leader) -> bool:
        return (
            leader.proposal is None
            and not leader.is_sealing
            and not self._is_committing
            and not self._is_syncing
            and all(height <= self._head.height for height in leader.heights.values())
        )

    def _sealing_due_ms(self) -> int:
        if self._pool_count >= self._head.transaction_count_max:
            return self._now_ms
        return self._last_block_ms + self._generation_gap_ms

    def _block_sealed(self, sealed: BlockSealed) -> Iterator[Effect]:
        leader = self._state
        if not isinstance(leader, _Leader) or not leader.is_sealing:
            return
        if (sealed.height, sealed.term) != (self._next_height, self._term):
            return
        leader.is_sealing = False
        if sealed.transaction_count == 0:
            self._pool_count = 0
            return
        leader.proposal = _Proposal(sealed.block_hash)
        yield ExecuteBlock(sealed.block_hash)

    def _block_executed(self, block_hash: Hash32) -> Iterator[Effect]:
        leader = self._state
        if not isinstance(leader, _Leader) or leader.proposal is None:
            return
        proposal = leader.proposal
        if proposal.block_hash != block_hash or proposal.is_accepted:
            return
        self._accepted = Accepted(self._term, self._next_height, block_hash)
        yield Persist(self._accepted)
        proposal.is_accepted = True
        proposal.kept_by.add(self._my_index)
        yield from self._beat(leader)
        yield from self._count_keepers(proposal)

    def _block_failed(self, block_hash: Hash32) -> Iterator[Effect]:
        """Another leader may succeed; this one would try the same block again and again."""
        leader = self._state
        if not isinstance(leader, _Leader) or leader.proposal is None:
            return
        if leader.proposal.block_hash == block_hash:
            yield from self._become_follower("its block cannot be executed")

    # --- the chain ---------------------------------------------------------------------------------

    def _head_advanced(self, head: Head) -> Iterator[Effect]:
        if head.height <= self._head.height:
            return
        has_other_sealers = head.sealers != self._head.sealers
        self._head, self._index = head, _index_of(self._me, head)
        self._last_block_ms = self._now_ms
        self._is_committing = False
        if self._accepted is not None and self._accepted.height <= head.height:
            self._accepted = None
        match self._state:
            case _ if has_other_sealers:
                # Indices have another meaning now, and another majority counts.
                yield from self._become_follower("another list of sealers")
            case _Leader() as leader:
                leader.proposal, leader.is_sealing = None, False
            case _Follower(leader=int(leader_index)) if self._index is not None:
                # The leader need not wait for the next heartbeat to know. A node of the reference commits
                # what it has when it reads an empty hash here: we name a block it is not waiting for.
                yield Send(leader_index, HeartBeatResponse(*self._standing(), uncommitted_hash=head.hash))
            case _:
                pass

    def _restore(self, ballot: Ballot | None, accepted: Accepted | None) -> None:
        invariant(self._ballot is None and self._term == 0, "restored once, before anything else")
        self._ballot = ballot
        if accepted is not None:
            self._term = self._last_leader_term = self._seen_term = accepted.term
            if accepted.height == self._next_height:
                self._accepted = accepted
        if ballot is not None:
            self._seen_term = max(self._term, ballot.term)
            if ballot.candidate != self._me:
                self._term = self._seen_term

    def _note_term(self, message: Message) -> None:
        self._seen_term = max(self._seen_term, message.term)

    # --- small questions ---------------------------------------------------------------------------

    @property
    def _next_height(self) -> Height:
        return Height(self._head.height + 1)

    @property
    def _majority(self) -> int:
        return majority(len(self._head.sealers))

    @property
    def _my_index(self) -> int:
        return present(self._index, "only sealers act")

    def _others(self) -> Iterator[int]:
        return (index for index in range(len(self._head.sealers)) if index != self._index)

    def _standing(self) -> tuple[int, Term, Height, Hash32]:
        """What every packet begins with."""
        return self._my_index, self._term, self._head.height, self._head.hash

    def _has_live_leader(self) -> bool:
        match self._state:
            case _Leader() as leader:
                return self._is_heard(leader)
            case _Follower(leader=int(), heard_ms=heard_ms):
                return self._now_ms < heard_ms + self._timing.silence_ms_max
            case _:
                return False

    def _is_heard(self, leader: _Leader) -> bool:
        if len(self._head.sealers) == 1:
            return True
        return self._now_ms < self._majority_heard_ms(leader) + self._timing.silence_ms_max

    def _majority_heard_ms(self, leader: _Leader) -> int:
        """Since when a majority, with this node, has answered."""
        newest_first = sorted(leader.answered_ms.values(), reverse=True)
        return newest_first[self._majority - 2]


def _index_of(node: NodeId, head: Head) -> int | None:
    return head.sealers.index(node) if node in head.sealers else None
