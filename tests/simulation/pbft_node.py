"""PBFT in the simulator: what its machine asks for, and what it promises."""

from __future__ import annotations

from hansa.consensus.pbft import events as ev
from hansa.consensus.pbft.events import Prepared
from hansa.consensus.pbft.machine import PbftMachine
from hansa.consensus.pbft.messages import Commit, Message, Prepare, Sign, ViewChange, WantedTransaction
from hansa.consensus.pbft.sealing import SealingSettings
from hansa.consensus.pbft.votes import quorum
from hansa.primitives import Hash32, Height, View
from tests.simulation.checkers import Checkers
from tests.simulation.cluster import (
    TRANSACTION_COUNT_MAX,
    Cluster,
    Node,
    SignedBlock,
    SimBlock,
    digest,
    node_id,
)
from tests.simulation.faults import FaultMix

EXECUTION_TIMEOUT_MS = 3000


class PbftCheckers(Checkers):
    """What PBFT promises."""

    def __init__(self, size: int) -> None:
        super().__init__()
        self._quorum = quorum(size)
        self._signs: dict[tuple[int, Height, View], Hash32] = {}
        self._commits: dict[tuple[int, Height], Hash32] = {}

    def quorum_at(self, height: Height) -> int:
        """How many sealers must stand by a block."""
        return self._quorum

    def may_sign(self, index: int, height: Height) -> bool:
        """Does this sealer's vote count?"""
        return True

    def sign_cast(self, sign: Sign) -> None:
        """No sealer signs two blocks in one view of a height."""
        assert self.may_sign(sign.index, sign.height), f"sealer {sign.index} has no vote on {sign.height}"
        before = self._signs.setdefault((sign.index, sign.height, sign.view), sign.block_hash)
        assert before == sign.block_hash, f"sealer {sign.index} signed twice in {sign.height}/{sign.view}"

    def commit_cast(self, commit: Commit, prepared: Prepared | None) -> None:
        """No sealer stands by two blocks of a height, and it stands by none before its disk does."""
        before = self._commits.setdefault((commit.index, commit.height), commit.block_hash)
        assert before == commit.block_hash, f"sealer {commit.index} committed to two blocks {commit.height}"
        assert prepared is not None, "a commit left before the prepared block was durable"
        assert prepared.height == commit.height, "a commit left before the prepared block was durable"

    def block_stored(self, index: int, stored: SignedBlock) -> None:
        """Each block has a quorum of sealers that stand by it."""
        super().block_stored(index, stored)
        block = stored.block
        assert len(stored.signers) == self.quorum_at(block.height)
        for signer in stored.signers:
            assert self.may_sign(signer, block.height), "a vote that does not count"
            assert self._commits.get((signer, block.height)) == block.executed_hash, "a forged signature"


class PbftNode(Node):
    """A sealer of PBFT."""

    events = ev
    machine: PbftMachine

    def new_machine(self) -> PbftMachine:
        self._filled: set[Hash32] = set()
        return PbftMachine(node_id(self.index), SealingSettings(), self.head(), self.cluster.now)

    def restored(self) -> ev.Restored:
        return ev.Restored(self.disk.record(ev.Vote), self.disk.record(Prepared))

    def head(self) -> ev.Head:
        return ev.Head(
            height=Height(self.height),
            hash=self.head_hash,
            sealers=tuple(node_id(index) for index in range(self.cluster.size)),
            transaction_count_max=TRANSACTION_COUNT_MAX,
            execution_timeout_ms=EXECUTION_TIMEOUT_MS,
        )

    def blocks_in_use(self) -> set[Hash32]:
        return self.machine.proposals_in_use()

    def connected(self, peer: int) -> None:
        self.tell(ev.PeerConnected(node_id(peer)))

    def disconnected(self, peer: int) -> None:
        self.tell(ev.PeerDisconnected(node_id(peer)))

    @property
    def checkers(self) -> PbftCheckers:
        """Those of this engine."""
        assert isinstance(self.cluster.checkers, PbftCheckers)
        return self.cluster.checkers

    # --- effects -----------------------------------------------------------------------------------

    def carry_out(self, effect: ev.Effect) -> ev.Event | None:
        match effect:
            case ev.Persist(ev.Vote() as vote):
                self.persist(vote)
            case ev.Persist(ev.Prepared() as prepared):
                self.persist(prepared, self.proposals[prepared.block_hash])
            case ev.SealBlock(height, view, count):
                block = self.pack_block(height, count)
                return ev.BlockSealed(height, view, block.hash, len(block.transactions))
            case ev.BroadcastPrepare(height, view, block_hash):
                block = self.proposals[block_hash]
                self.broadcast(Prepare(height, view, self.index, self.cluster.now, block_hash), block)
            case ev.BroadcastEmptyPrepare(height, view):
                block = SimBlock(height, self.machine.head.hash, self.index, self.cluster.now, ())
                self.broadcast(Prepare(height, view, self.index, self.cluster.now, block.hash), block)
            case ev.ExecuteProposal(block_hash):
                self._fill_and_execute(block_hash)
            case ev.RequestMissedTransactions(index, _, block_hash, _):
                self.ask_for_transactions(index, block_hash)
            case ev.BroadcastSign(height, view, block_hash):
                sign = Sign(height, view, self.index, self.cluster.now, block_hash)
                self.checkers.sign_cast(sign)
                self.broadcast(sign)
                return ev.SignReceived(sign)
            case ev.BroadcastCommit(height, view, block_hash):
                commit = Commit(
                    height, view, self.index, self.cluster.now, block_hash, bytes([self.index]) * 65
                )
                self.checkers.commit_cast(commit, self.disk.record(Prepared))
                self.broadcast(commit)
                return ev.CommitReceived(commit)
            case ev.BroadcastViewChange(height, view, block_hash):
                vote = ViewChange(height, view, self.index, self.cluster.now, block_hash)
                self.broadcast(vote)
                return ev.ViewChangeReceived(vote)
            case ev.SendViewChange(index, height, view, block_hash):
                vote = ViewChange(height, view, self.index, self.cluster.now, block_hash)
                self.cluster.send(self.index, index, lambda peer: peer.receive(vote))
            case ev.CommitBlock(_, block_hash, _, signatures):
                self.store_later(
                    SignedBlock(self.proposals[block_hash], frozenset(index for index, _ in signatures))
                )
            case ev.Refused():
                pass
        return None

    def _fill_and_execute(self, block_hash: Hash32) -> None:
        block = self.proposals[block_hash]
        missing = [place for place, number in enumerate(block.transactions) if number not in self.pool]
        if missing and block_hash not in self._filled:
            wanted = tuple(WantedTransaction(digest(block.transactions[place]), place) for place in missing)
            self.cluster.after_own(
                self, (0, 0), lambda: self.tell(ev.TransactionsMissing(block_hash, wanted))
            )
        else:
            self.execute(block_hash, block)

    def execute(self, block_hash: Hash32, block: SimBlock) -> None:
        """All transactions are here."""
        executed = ev.ProposalExecuted(block_hash, block.executed_hash)
        self.cluster.after_own(self, self.cluster.mix.execution_ms, lambda: self.tell(executed))

    def ask_for_transactions(self, source: int, block_hash: Hash32) -> None:
        """Of a sealer that should have them."""
        self.cluster.send(self.index, source, lambda node: node._answer_missed(self.index, block_hash))

    def _answer_missed(self, asking: int, block_hash: Hash32) -> None:
        if block_hash in self.proposals:
            self.cluster.send(self.index, asking, lambda peer: peer._fill(block_hash))

    def _fill(self, block_hash: Hash32) -> None:
        self._filled.add(block_hash)
        self.tell(ev.MissedTransactionsArrived(block_hash))

    def broadcast(self, message: Message, block: SimBlock | None = None) -> None:
        """To all other sealers."""
        for peer in range(self.cluster.size):
            if peer != self.index:
                self.cluster.send(self.index, peer, lambda node: node.receive(message, block))

    # --- what arrives ------------------------------------------------------------------------------

    def receive(self, message: Message, block: SimBlock | None = None) -> None:
        """A message of another sealer."""
        if not self.machine.is_timely(message):
            return
        match message:
            case Prepare():
                assert block is not None
                self.proposals[block.hash] = block
                count = len(block.transactions)
                self.tell(
                    ev.ProposalReceived(
                        message.height, message.view, message.index, block.hash, block.parent_hash, count
                    )
                )
            case Sign():
                self.tell(ev.SignReceived(message))
            case Commit():
                self.tell(ev.CommitReceived(message))
            case ViewChange():
                self.tell(ev.ViewChangeReceived(message))


def pbft_cluster(seed: int, mix: FaultMix, size: int) -> Cluster:
    """A group of PBFT."""
    return Cluster(seed, mix, size=size, checkers=PbftCheckers(size), new_node=PbftNode)
