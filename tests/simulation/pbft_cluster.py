"""A group of sealers without sockets, clocks or keys: one seed, one heap of events.

Each node is the real `PbftMachine` behind a shell of a page: a disk that keeps what was persisted, a pool,
a download of blocks from whoever is ahead. The network delays, drops, repeats and reorders, links are cut and
mended, nodes crash (even between two effects of one event) and come back with their disk. The checkers of
`pbft_checkers` look at every vote and every stored block.
"""

from __future__ import annotations

import hashlib
import heapq
from collections.abc import Callable
from dataclasses import dataclass, field
from random import Random

from hansa.consensus.pbft import events as ev
from hansa.consensus.pbft.machine import PbftMachine
from hansa.consensus.pbft.messages import Commit, Message, Prepare, Sign, ViewChange, WantedTransaction
from hansa.consensus.pbft.sealing import SealingSettings
from hansa.primitives import Hash32, Height, NodeId
from tests.simulation.pbft_checkers import Checkers
from tests.simulation.pbft_faults import FaultMix

TRANSACTION_COUNT_MAX = 20
EXECUTION_TIMEOUT_MS = 3000
STATUS_INTERVAL_MS = 1000


def node_id(index: int) -> NodeId:
    """The id of the sealer with this index."""
    return NodeId(bytes([index]) * 64)


def digest(*parts: object) -> Hash32:
    """A hash of anything printable."""
    return Hash32(hashlib.sha256(repr(parts).encode()).digest())


@dataclass(frozen=True, slots=True)
class SimBlock:
    """A proposal: its transactions are numbers."""

    height: Height
    parent_hash: Hash32
    sealer: int
    timestamp: int
    transactions: tuple[int, ...]

    @property
    def hash(self) -> Hash32:
        """Before execution."""
        return digest("block", self.height, self.parent_hash, self.sealer, self.timestamp, self.transactions)

    @property
    def executed_hash(self) -> Hash32:
        """After execution: the same on every node."""
        return digest("executed", self.hash)


@dataclass(frozen=True, slots=True)
class SignedBlock:
    """A committed block with the sealers that stand by it."""

    block: SimBlock
    signers: frozenset[int]


@dataclass(slots=True)
class Disk:
    """What survives a crash."""

    chain: list[SignedBlock] = field(default_factory=list)
    vote: ev.Vote | None = None
    prepared: ev.Prepared | None = None
    prepared_block: SimBlock | None = None


class Node:
    """A sealer: its machine, and the shell around it."""

    def __init__(self, cluster: Cluster, index: int) -> None:
        self.cluster = cluster
        self.index = index
        self.disk = Disk()
        self.incarnation = 0
        self.is_up = False
        self.pool: dict[int, None] = {}
        self.proposals: dict[Hash32, SimBlock] = {}
        self.machine = self._new_machine()

    @property
    def height(self) -> int:
        """Of the newest stored block."""
        return len(self.disk.chain)

    def head(self) -> ev.Head:
        """What the machine is told about the chain."""
        return ev.Head(
            height=Height(self.height),
            hash=self.disk.chain[-1].block.executed_hash if self.disk.chain else digest("genesis"),
            sealers=tuple(node_id(index) for index in range(self.cluster.size)),
            transaction_count_max=TRANSACTION_COUNT_MAX,
            execution_timeout_ms=EXECUTION_TIMEOUT_MS,
        )

    def start(self) -> None:
        """Come up with what the disk holds."""
        self.incarnation += 1
        self.is_up = True
        self.pool, self.proposals = {}, {}
        if self.disk.prepared_block is not None:
            self.proposals[self.disk.prepared_block.hash] = self.disk.prepared_block
        self.machine = self._new_machine()
        self.tell(ev.Restored(self.disk.vote, self.disk.prepared))
        for peer in self.cluster.nodes:
            if self.cluster.is_linked(self.index, peer.index):
                self.tell(ev.PeerConnected(node_id(peer.index)))
                peer.tell(ev.PeerConnected(node_id(self.index)))
        self._report_status()

    def crash(self) -> None:
        """Lose everything but the disk."""
        self.is_up = False
        for peer in self.cluster.nodes:
            if peer.is_up and peer is not self:
                peer.tell(ev.PeerDisconnected(node_id(self.index)))

    def submit(self, transaction: int) -> None:
        """A transaction reached this node's pool."""
        if not any(transaction in stored.block.transactions for stored in self.disk.chain):
            self.pool[transaction] = None
            self.tell(ev.PoolChanged(len(self.pool)))

    def tell(self, event: ev.Event) -> None:
        """One event, all it leads to, and the next deadline."""
        waiting = [event]
        while waiting and self.is_up:
            effects = self.machine.handle(waiting.pop(0), self.cluster.now)
            crash_after = self.cluster.crash_point(self.index, len(effects))
            for position, effect in enumerate(effects):
                if position == crash_after:
                    self.crash()
                    return
                answer = self._carry_out(effect)
                if answer is not None:
                    waiting.append(answer)
        self._arm_timer()

    # --- effects -----------------------------------------------------------------------------------

    def _carry_out(self, effect: ev.Effect) -> ev.Event | None:
        self.cluster.trace(self.index, effect)
        match effect:
            case ev.Persist(ev.Vote() as vote):
                self.disk.vote = vote
            case ev.Persist(ev.Prepared() as prepared):
                self.disk.prepared, self.disk.prepared_block = prepared, self.proposals[prepared.block_hash]
            case ev.SealBlock():
                return self._seal(effect)
            case ev.BroadcastPrepare(height, view, block_hash):
                block = self.proposals[block_hash]
                self._broadcast(Prepare(height, view, self.index, self.cluster.now, block_hash), block)
            case ev.BroadcastEmptyPrepare(height, view):
                block = SimBlock(height, self.machine.head.hash, self.index, self.cluster.now, ())
                self._broadcast(Prepare(height, view, self.index, self.cluster.now, block.hash), block)
            case ev.ExecuteProposal(block_hash):
                self._execute(block_hash)
            case ev.RequestMissedTransactions(index, _, block_hash, _):
                self.cluster.send(
                    self.index, index, lambda leader: leader._answer_missed(self.index, block_hash)
                )
            case ev.BroadcastSign(height, view, block_hash):
                sign = Sign(height, view, self.index, self.cluster.now, block_hash)
                self.cluster.checkers.sign_cast(sign)
                self._broadcast(sign)
                return ev.SignReceived(sign)
            case ev.BroadcastCommit(height, view, block_hash):
                commit = Commit(
                    height, view, self.index, self.cluster.now, block_hash, _signature(self.index)
                )
                self.cluster.checkers.commit_cast(commit, self.disk.prepared)
                self._broadcast(commit)
                return ev.CommitReceived(commit)
            case ev.BroadcastViewChange(height, view, block_hash):
                vote = ViewChange(height, view, self.index, self.cluster.now, block_hash)
                self._broadcast(vote)
                return ev.ViewChangeReceived(vote)
            case ev.SendViewChange(index, height, view, block_hash):
                vote = ViewChange(height, view, self.index, self.cluster.now, block_hash)
                self.cluster.send(self.index, index, lambda peer: peer.receive(vote))
            case ev.CommitBlock(_, block_hash, _, signatures):
                signers = frozenset(index for index, _ in signatures)
                stored = SignedBlock(self.proposals[block_hash], signers)
                self.cluster.after_own(self, self.cluster.mix.commit_ms, lambda: self._store(stored))
            case ev.Refused():
                pass
        return None

    def _seal(self, order: ev.SealBlock) -> ev.Event:
        transactions = tuple(self.pool)[: order.transaction_count_max]
        block = SimBlock(
            order.height, self.machine.head.hash, self.index, self.cluster.now, tuple(transactions)
        )
        self.proposals[block.hash] = block
        return ev.BlockSealed(order.height, order.view, block.hash, len(transactions))

    def _execute(self, block_hash: Hash32) -> None:
        block = self.proposals[block_hash]
        missing = [place for place, number in enumerate(block.transactions) if number not in self.pool]
        if missing and block_hash not in self._filled:
            wanted = tuple(WantedTransaction(digest(block.transactions[place]), place) for place in missing)
            self.cluster.after_own(
                self, (0, 0), lambda: self.tell(ev.TransactionsMissing(block_hash, wanted))
            )
        else:
            executed = ev.ProposalExecuted(block_hash, block.executed_hash)
            self.cluster.after_own(self, self.cluster.mix.execution_ms, lambda: self.tell(executed))

    def _answer_missed(self, asking: int, block_hash: Hash32) -> None:
        if block_hash in self.proposals:
            self.cluster.send(self.index, asking, lambda peer: peer._fill(block_hash))

    def _fill(self, block_hash: Hash32) -> None:
        self._filled.add(block_hash)
        self.tell(ev.MissedTransactionsArrived(block_hash))

    def _broadcast(self, message: Message, block: SimBlock | None = None) -> None:
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

    def learn_height(self, peer: int, height: int) -> None:
        """A peer tells how far it is; what we lack is downloaded block by block."""
        self.known_height = height
        if height > self.height:
            self.tell(ev.SyncChanged(is_syncing=True))
            wanted = self.height
            self.cluster.send(self.index, peer, lambda node: node._serve_block(self.index, wanted))

    def _serve_block(self, asking: int, place: int) -> None:
        if place < self.height:
            stored, height = self.disk.chain[place], self.height
            self.cluster.send(self.index, asking, lambda node: node._import(self.index, stored, height))

    def _import(self, peer: int, stored: SignedBlock, height: int) -> None:
        if stored.block.height == self.height + 1:
            self._store(stored)
        self.learn_height(peer, height)

    def _store(self, stored: SignedBlock) -> None:
        if stored.block.height != self.height + 1:
            return
        self.cluster.checkers.block_stored(self.index, stored)
        self.disk.chain.append(stored)
        for transaction in stored.block.transactions:
            self.pool.pop(transaction, None)
        self.proposals = {
            block_hash: block
            for block_hash, block in self.proposals.items()
            if block_hash in self.machine.proposals_in_use() or block.height > self.height
        }
        self.cluster.trace(self.index, f"stored {self.height} {stored.block.executed_hash.hex()[:8]}")
        self.tell(ev.HeadAdvanced(self.head()))
        self.tell(ev.PoolChanged(len(self.pool)))
        if self.known_height <= self.height:
            self.tell(ev.SyncChanged(is_syncing=False))
        self._announce()

    def _announce(self) -> None:
        height = self.height
        for peer in range(self.cluster.size):
            if peer != self.index:
                self.cluster.send(self.index, peer, lambda node: node.learn_height(self.index, height))

    def _report_status(self) -> None:
        self._announce()
        if self.known_height <= self.height:
            self.tell(ev.SyncChanged(is_syncing=False))
        self.cluster.after_own(self, (STATUS_INTERVAL_MS, STATUS_INTERVAL_MS), self._report_status)

    # --- time --------------------------------------------------------------------------------------

    def _arm_timer(self) -> None:
        deadline = self.machine.next_deadline() if self.is_up else None
        if deadline is not None and deadline != self._armed_for:
            self._armed_for = deadline
            wait = max(0, deadline - self.cluster.now)
            self.cluster.after_own(self, (wait, wait), self._timer_fired)

    def _timer_fired(self) -> None:
        self._armed_for = None
        self.tell(ev.TimerFired())

    def _new_machine(self) -> PbftMachine:
        self._armed_for: int | None = None
        self.known_height = 0
        self._filled: set[Hash32] = set()
        return PbftMachine(node_id(self.index), SealingSettings(), self.head(), self.cluster.now)


def _signature(index: int) -> bytes:
    return bytes([index]) * 65


class Cluster:
    """Nodes, network and time."""

    def __init__(self, seed: int, mix: FaultMix, *, size: int) -> None:
        self.random = Random(seed)
        self.mix = mix
        self.size = size
        self.now = 0
        self.is_healed = False
        self.checkers = Checkers(size)
        self.history = hashlib.sha256()
        self.lines: list[str] | None = None
        self._heap: list[tuple[int, int, Callable[[], None]]] = []
        self._ticket = 0
        self._cut: set[tuple[int, int]] = set()
        self.nodes = [Node(self, index) for index in range(size)]

    # --- running -----------------------------------------------------------------------------------

    def at(self, time_ms: int, action: Callable[[], None]) -> None:
        """Put something on the heap."""
        self._ticket += 1
        heapq.heappush(self._heap, (time_ms, self._ticket, action))

    def after_own(self, node: Node, wait_ms: tuple[int, int], action: Callable[[], None]) -> None:
        """Something a node does with itself later, unless it crashes first."""
        incarnation = node.incarnation

        def act() -> None:
            if node.is_up and node.incarnation == incarnation:
                action()

        self.at(self.now + self.random.randint(*wait_ms), act)

    def run_until(self, time_ms: int, done: Callable[[], bool] = lambda: False) -> bool:
        """Let time pass; did `done` come true?"""
        while self._heap and self._heap[0][0] <= time_ms:
            self.now, _, action = heapq.heappop(self._heap)
            action()
            if done():
                return True
        self.now = time_ms
        return done()

    def trace(self, index: int, what: object) -> None:
        """Part of the history two runs of one seed must share."""
        line = f"{self.now} {index} {what}"
        self.history.update(line.encode())
        if self.lines is not None:
            self.lines.append(line)

    # --- the network -------------------------------------------------------------------------------

    def is_linked(self, source: int, target: int) -> bool:
        """Can the two talk?"""
        return (
            source != target
            and self.nodes[source].is_up
            and self.nodes[target].is_up
            and (source, target) not in self._cut
        )

    def send(self, source: int, target: int, deliver: Callable[[Node], None]) -> None:
        """Bring something to a node, perhaps late, perhaps twice, perhaps never."""
        if not self.is_linked(source, target):
            return
        copies = 1
        if not self.is_healed:
            if self.random.random() < self.mix.drop:
                return
            copies += self.random.random() < self.mix.repeat
        node = self.nodes[target]
        incarnation = node.incarnation

        def arrive() -> None:
            if node.incarnation == incarnation and self.is_linked(source, target):
                deliver(node)

        for _ in range(copies):
            delay = self.random.randint(*self.mix.delay_ms)
            if not self.is_healed and self.random.random() < self.mix.late:
                delay += self.random.randint(*self.mix.late_ms)
            self.at(self.now + delay, arrive)

    def split(self, one_side: set[int]) -> None:
        """Cut all links between two sides."""
        for one in range(self.size):
            for other in range(self.size):
                if (one in one_side) != (other in one_side):
                    self._cut_link(one, other)

    def _cut_link(self, one: int, other: int) -> None:
        if (one, other) not in self._cut:
            self._cut.add((one, other))
            if self.nodes[other].is_up:
                self.nodes[other].tell(ev.PeerDisconnected(node_id(one)))

    def mend(self) -> None:
        """Restore all links."""
        cut, self._cut = sorted(self._cut), set()
        for one, other in cut:
            if self.is_linked(one, other):
                self.nodes[other].tell(ev.PeerConnected(node_id(one)))

    # --- faults ------------------------------------------------------------------------------------

    def crash_point(self, index: int, effect_count: int) -> int | None:
        """After how many effects of this event the node dies, if it does."""
        if self.is_healed or effect_count < 2 or self.random.random() >= self.mix.crash_in_effects:
            return None
        self.at(self.now + self.random.randint(*self.mix.down_ms), lambda: self.revive(index))
        return self.random.randrange(effect_count + 1)

    def strike(self, index: int) -> None:
        """A node dies and comes back later."""
        if self.nodes[index].is_up and not self.is_healed:
            self.nodes[index].crash()
            self.at(self.now + self.random.randint(*self.mix.down_ms), lambda: self.revive(index))

    def revive(self, index: int) -> None:
        """A node comes back."""
        if not self.nodes[index].is_up:
            self.nodes[index].start()

    def heal(self) -> None:
        """From now on everything works."""
        self.is_healed = True
        self.mend()
        for index in range(self.size):
            self.revive(index)
