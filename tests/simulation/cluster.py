"""A group of sealers without sockets, clocks or keys: one seed, one heap of events.

Each node is a real machine behind a shell of a page: a disk that keeps what was persisted, a pool, a download
of blocks from whoever is ahead. The network delays, drops, repeats and reorders, links are cut and mended,
nodes crash (even between two effects of one event) and come back with their disk. What is said and how it is
carried out is the engine's own page (`pbft_node`, `raft_node`, `rpbft_node`); its checkers look at every vote
and every stored block.
"""

from __future__ import annotations

import hashlib
import heapq
from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass, field
from random import Random
from typing import Any

from hansa.primitives import Hash32, Height, NodeId
from tests.simulation.checkers import Checkers
from tests.simulation.faults import FaultMix

TRANSACTION_COUNT_MAX = 20
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
    """A committed block with the sealers that stand by it; with Raft, nobody signs."""

    block: SimBlock
    signers: frozenset[int] = frozenset()


@dataclass(slots=True)
class Disk:
    """What survives a crash: the chain, and the records of the engine with the blocks they are about."""

    chain: list[SignedBlock] = field(default_factory=list)
    records: dict[type, Any] = field(default_factory=dict)
    blocks: dict[Hash32, SimBlock] = field(default_factory=dict)

    def record(self, kind: type) -> Any:
        """The newest of its kind; None: never persisted."""
        return self.records.get(kind)


class Node(ABC):
    """A sealer: its machine, and the shell around it."""

    def __init__(self, cluster: Cluster, index: int) -> None:
        self.cluster = cluster
        self.index = index
        self.disk = Disk()
        self.incarnation = 0
        self.is_up = False
        self.pool: dict[int, None] = {}
        self.proposals: dict[Hash32, SimBlock] = {}
        self.known_height = 0
        self._armed_for: int | None = None
        self.machine = self.new_machine()

    # --- what each engine does in its own way ------------------------------------------------------

    events: Any
    """The engine's module of events; the names of those that concern the chain are the same everywhere."""

    @abstractmethod
    def new_machine(self) -> Any:
        """As after a start."""

    @abstractmethod
    def restored(self) -> object:
        """The first event: what the disk holds."""

    @abstractmethod
    def head(self) -> object:
        """What the machine is told about the chain."""

    @abstractmethod
    def blocks_in_use(self) -> set[Hash32]:
        """What must not be forgotten."""

    @abstractmethod
    def carry_out(self, effect: Any) -> object | None:
        """Do it; the event that answers it, if it does so at once."""

    @abstractmethod
    def connected(self, peer: int) -> None:
        """A link is there."""

    @abstractmethod
    def disconnected(self, peer: int) -> None:
        """A link is gone."""

    # --- what happens to every node ----------------------------------------------------------------

    @property
    def height(self) -> int:
        """Of the newest stored block."""
        return len(self.disk.chain)

    @property
    def head_hash(self) -> Hash32:
        """Of the same, after execution."""
        return self.disk.chain[-1].block.executed_hash if self.disk.chain else digest("genesis")

    def start(self) -> None:
        """Come up with what the disk holds."""
        self.incarnation += 1
        self.is_up = True
        self.pool, self.known_height, self._armed_for = {}, 0, None
        self.proposals = dict(self.disk.blocks)
        self.machine = self.new_machine()
        self.tell(self.restored())
        for peer in self.cluster.nodes:
            if self.cluster.is_linked(self.index, peer.index):
                self.connected(peer.index)
                peer.connected(self.index)
        self._report_status()

    def crash(self) -> None:
        """Lose everything but the disk."""
        self.is_up = False
        for peer in self.cluster.nodes:
            if peer.is_up and peer is not self:
                peer.disconnected(self.index)

    def submit(self, transaction: int) -> None:
        """A transaction reached this node's pool."""
        if not any(transaction in stored.block.transactions for stored in self.disk.chain):
            self.pool[transaction] = None
            self.tell(self.events.PoolChanged(len(self.pool)))

    def tell(self, event: object) -> None:
        """One event, all it leads to, and the next deadline."""
        waiting = [event]
        while waiting and self.is_up:
            effects = self.machine.handle(waiting.pop(0), self.cluster.now)
            crash_after = self.cluster.crash_point(self.index, len(effects))
            for position, effect in enumerate(effects):
                if position == crash_after:
                    self.crash()
                    return
                self.cluster.trace(self.index, effect)
                answer = self.carry_out(effect)
                if answer is not None:
                    waiting.append(answer)
        self._arm_timer()

    def persist(self, record: object, block: SimBlock | None = None) -> None:
        """Replace a record of the disk, and the block that belongs to its kind."""
        self.disk.records[type(record)] = record
        if block is not None:
            self.disk.blocks = {block.hash: block}

    def pack_block(self, height: Height, transaction_count_max: int) -> SimBlock:
        """A new block from the pool."""
        transactions = tuple(self.pool)[:transaction_count_max]
        block = SimBlock(height, self.head_hash, self.index, self.cluster.now, transactions)
        self.proposals[block.hash] = block
        return block

    def store_later(self, stored: SignedBlock) -> None:
        """Commit, which takes its time."""
        self.cluster.after_own(self, self.cluster.mix.commit_ms, lambda: self._store(stored))

    # --- sync --------------------------------------------------------------------------------------

    def learn_height(self, peer: int, height: int) -> None:
        """A peer tells how far it is; what we lack is downloaded block by block."""
        self.known_height = height
        if height > self.height:
            self.tell(self.events.SyncChanged(is_syncing=True))
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
        if self.cluster.crashes_at_commit(self.index):
            self.crash()
            return
        for transaction in stored.block.transactions:
            self.pool.pop(transaction, None)
        in_use = self.blocks_in_use()
        self.proposals = {
            block_hash: block
            for block_hash, block in self.proposals.items()
            if block_hash in in_use or block.height > self.height
        }
        self.cluster.trace(self.index, f"stored {self.height} {stored.block.executed_hash.hex()[:8]}")
        self.tell(self.events.HeadAdvanced(self.head()))
        self.tell(self.events.PoolChanged(len(self.pool)))
        if self.known_height <= self.height:
            self.tell(self.events.SyncChanged(is_syncing=False))
        self._announce()

    def _announce(self) -> None:
        height = self.height
        for peer in range(self.cluster.size):
            if peer != self.index:
                self.cluster.send(self.index, peer, lambda node: node.learn_height(self.index, height))

    def _report_status(self) -> None:
        self._announce()
        if self.known_height <= self.height:
            self.tell(self.events.SyncChanged(is_syncing=False))
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
        self.tell(self.events.TimerFired())


class Cluster:
    """Nodes, network and time."""

    def __init__(
        self,
        seed: int,
        mix: FaultMix,
        *,
        size: int,
        checkers: Checkers,
        new_node: Callable[[Cluster, int], Node],
    ) -> None:
        self.random = Random(seed)
        self.mix = mix
        self.size = size
        self.now = 0
        self.is_healed = False
        self.checkers = checkers
        self.history = hashlib.sha256()
        self.lines: list[str] | None = None
        self._heap: list[tuple[int, int, Callable[[], None]]] = []
        self._ticket = 0
        self._cut: set[tuple[int, int]] = set()
        self.nodes = [new_node(self, index) for index in range(size)]

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

    def send(self, source: int, target: int, deliver: Callable[[Any], None]) -> None:
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
                self.nodes[other].disconnected(one)

    def mend(self) -> None:
        """Restore all links."""
        cut, self._cut = sorted(self._cut), set()
        for one, other in cut:
            if self.is_linked(one, other):
                self.nodes[other].connected(one)

    # --- faults ------------------------------------------------------------------------------------

    def crash_point(self, index: int, effect_count: int) -> int | None:
        """After how many effects of this event the node dies, if it does."""
        if self.is_healed or effect_count < 2 or self.random.random() >= self.mix.crash_in_effects:
            return None
        self.at(self.now + self.random.randint(*self.mix.down_ms), lambda: self.revive(index))
        return self.random.randrange(effect_count + 1)

    def crashes_at_commit(self, index: int) -> bool:
        """Does the node die now that a block is on its disk?"""
        if self.is_healed or self.random.random() >= self.mix.crash_at_commit:
            return False
        self.at(self.now + self.random.randint(*self.mix.down_ms), lambda: self.revive(index))
        return True

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
