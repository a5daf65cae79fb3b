"""Raft in the simulator: what its machine asks for, and what it promises."""

from __future__ import annotations

from dataclasses import replace

from hansa.consensus.raft import events as ev
from hansa.consensus.raft.machine import RaftMachine, majority
from hansa.consensus.raft.messages import (
    HeartBeat,
    HeartBeatResponse,
    Term,
    VoteFlag,
    VoteRequest,
    VoteResponse,
)
from hansa.consensus.raft.patience import RaftTiming
from hansa.primitives import Hash32, Height
from tests.simulation.checkers import Checkers
from tests.simulation.cluster import TRANSACTION_COUNT_MAX, Cluster, Node, SignedBlock, SimBlock, node_id
from tests.simulation.faults import FaultMix

GENERATION_GAP_MS = 500


class RaftCheckers(Checkers):
    """What Raft promises."""

    def __init__(self) -> None:
        super().__init__()
        self.nodes: list[Node] = []
        self._leaders: dict[Term, int] = {}
        self._votes: dict[tuple[int, Term], int] = {}

    def leader_elected(self, index: int, term: Term) -> None:
        """A term has one leader at most."""
        leader = self._leaders.setdefault(term, index)
        assert leader == index, f"{leader} and {index} both lead in term {term}"

    def vote_granted(self, voter: Node, candidate: int, term: Term) -> None:
        """A sealer votes for one candidate in a term, and its disk knows before the candidate does."""
        chosen = self._votes.setdefault((voter.index, term), candidate)
        assert chosen == candidate, f"{voter.index} votes for {chosen} and {candidate} in term {term}"
        assert voter.disk.record(ev.Ballot) == ev.Ballot(term, node_id(candidate)), "a vote left too early"

    def block_kept(self, keeper: Node, term: Term, block_hash: Hash32) -> None:
        """Whoever says that it keeps a block in this term has it on its disk."""
        kept = keeper.disk.record(ev.Accepted)
        assert kept is not None, "an answer left before the block was durable"
        assert (kept.term, kept.block_hash) == (term, block_hash), "an answer left too early"
        assert block_hash in keeper.disk.blocks

    def block_committed(self, stored: SignedBlock) -> None:
        """A block is committed when a majority of disks has it."""
        holders = [node for node in self.nodes if stored.block.hash in node.disk.blocks]
        assert len(holders) >= majority(len(self.nodes)), f"block {stored.block.height} is kept by too few"


class RaftNode(Node):
    """A sealer of Raft."""

    events = ev
    machine: RaftMachine

    def new_machine(self) -> RaftMachine:
        draw = self.cluster.random.randrange
        return RaftMachine(
            node_id(self.index), RaftTiming(), GENERATION_GAP_MS, self.head(), draw, self.cluster.now
        )

    def restored(self) -> ev.Restored:
        return ev.Restored(self.disk.record(ev.Ballot), self.disk.record(ev.Accepted))

    def head(self) -> ev.Head:
        return ev.Head(
            height=Height(self.height),
            hash=self.head_hash,
            sealers=tuple(node_id(index) for index in range(self.cluster.size)),
            transaction_count_max=TRANSACTION_COUNT_MAX,
        )

    def blocks_in_use(self) -> set[Hash32]:
        return self.machine.blocks_in_use()

    def connected(self, peer: int) -> None:
        """The next heartbeat reaches it."""

    def disconnected(self, peer: int) -> None:
        """Silence tells."""

    @property
    def checkers(self) -> RaftCheckers:
        """Those of this engine."""
        assert isinstance(self.cluster.checkers, RaftCheckers)
        return self.cluster.checkers

    # --- effects -----------------------------------------------------------------------------------

    def carry_out(self, effect: ev.Effect) -> ev.Event | None:
        match effect:
            case ev.Persist(ev.Ballot() as ballot):
                self.persist(ballot)
            case ev.Persist(ev.Accepted() as accepted):
                self.persist(accepted, self.proposals[accepted.block_hash])
            case ev.Send(target, message):
                self._check(target, message)
                self.cluster.send(self.index, target, lambda node: node.receive(message))
            case ev.SendHeartBeat(target, heartbeat, block_hash):
                block = None if block_hash is None else self.proposals[block_hash]
                self.cluster.send(self.index, target, lambda node: node.receive(heartbeat, block))
            case ev.SealBlock(height, term, count):
                block = self.pack_block(height, count)
                return ev.BlockSealed(height, term, block.hash, len(block.transactions))
            case ev.ExecuteBlock(block_hash):
                executed = ev.BlockExecuted(block_hash)
                self.cluster.after_own(self, self.cluster.mix.execution_ms, lambda: self.tell(executed))
            case ev.CommitBlock(_, block_hash):
                self.store_later(SignedBlock(self.proposals[block_hash]))
            case ev.RoleChanged(ev.Role.LEADER, term, _):
                self.checkers.leader_elected(self.index, term)
            case ev.RoleChanged():
                pass
        return None

    def _check(self, target: int, message: VoteRequest | VoteResponse | HeartBeatResponse) -> None:
        match message:
            case VoteRequest(term=term):
                self.checkers.vote_granted(self, self.index, term)
            case VoteResponse(term=term, flag=VoteFlag.GRANTED):
                self.checkers.vote_granted(self, target, term)
            case HeartBeatResponse(term=term, uncommitted_hash=block_hash) if any(block_hash):
                if block_hash != self.head_hash:
                    self.checkers.block_kept(self, term, block_hash)
            case _:
                pass

    # --- what arrives ------------------------------------------------------------------------------

    def receive(
        self,
        message: VoteRequest | VoteResponse | HeartBeat | HeartBeatResponse,
        block: SimBlock | None = None,
    ) -> None:
        """A packet of another sealer."""
        match message:
            case VoteRequest():
                self.tell(ev.VoteRequested(message))
            case VoteResponse():
                self.tell(ev.VoteAnswered(message))
            case HeartBeat():
                offer = None
                if block is not None:
                    self.proposals[block.hash] = block
                    offer = ev.BlockOffer(block.height, block.hash, block.parent_hash)
                self.tell(ev.HeartBeatReceived(replace(message, block=b""), offer))
            case HeartBeatResponse():
                self.tell(ev.HeartBeatAnswered(message))


def raft_cluster(seed: int, mix: FaultMix, size: int) -> Cluster:
    """A group of Raft."""
    checkers = RaftCheckers()
    cluster = Cluster(seed, mix, size=size, checkers=checkers, new_node=RaftNode)
    checkers.nodes = cluster.nodes
    return cluster
