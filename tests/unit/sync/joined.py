"""Block sync machines of several nodes joined without a network: one heap of events, one hand-moved clock."""

from __future__ import annotations

import heapq
import random
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field

from hansa.primitives import Hash32, Height, NodeId
from hansa.sync.announcing import AnnouncingSettings, StatusSchedule
from hansa.sync.blocks import (
    BlockImported,
    BlockRejected,
    BlocksReceived,
    BlockSync,
    Effect,
    Event,
    Head,
    HeadAdvanced,
    ImportBlock,
    PeerMisbehaved,
    PeerStatus,
    ReceivedBlock,
    RequestBlocks,
    SendStatus,
    SyncingChanged,
)
from hansa.sync.events import GroupChanged, Tick
from hansa.sync.serving import BlockServer
from hansa.sync.topology import GroupView

GENESIS = Hash32(bytes(32))
LATENCY_MS = 5
IMPORT_MS = 2
TICK_MS = 50


def node_id(number: int) -> NodeId:
    return NodeId(bytes([number]) * 64)


def hash_at(height: int) -> Hash32:
    return Hash32(height.to_bytes(32, "big"))


def block_at(height: int) -> bytes:
    return b"block %d" % height


@dataclass
class Node:
    """A node with a chain that is nothing but its height."""

    number: int
    sync: BlockSync
    height: int
    served: BlockServer = field(default_factory=BlockServer)
    answer: Callable[[int], bytes | None] = block_at
    """What it serves for a height; None: nothing."""
    claimed_height: int | None = None
    is_running: bool = True
    syncing_ms: int = 0
    """How long it was kept from sealing."""
    misbehaved: Counter[int] = field(default_factory=Counter)


class Cluster:
    """Nodes 0 … n − 1: the first are sealers, then come observers, then nodes outside the group."""

    def __init__(self, heights: list[int], *, sealers: int, observers: int = 0, seed: int = 0) -> None:
        self.now_ms = 0
        self.random = random.Random(seed)
        self.packets: Counter[str] = Counter()
        self.requests: list[tuple[int, int, int, int, int]] = []
        """(time, from, to, start, count)"""
        self._heap: list[tuple[int, int, Callable[[], None]]] = []
        self._ticket = 0
        self._sealers = tuple(node_id(number) for number in range(sealers))
        self._observers = tuple(node_id(number) for number in range(sealers, sealers + observers))
        self.links = {(a, b) for a in range(len(heights)) for b in range(len(heights)) if a != b}
        self.nodes = [self._new_node(number, height) for number, height in enumerate(heights)]
        for node in self.nodes:
            self.at(self.random.randrange(TICK_MS), lambda node=node: self._tick(node))

    def run_until(self, condition: Callable[[], bool], *, limit_ms: int) -> bool:
        """Let time pass until something holds. False: it did not within the limit."""
        end_ms = self.now_ms + limit_ms
        while not condition():
            if not self._heap or self._heap[0][0] > end_ms:
                self.now_ms = end_ms
                return False
            self.now_ms, _, happen = heapq.heappop(self._heap)
            happen()
        return True

    def run_for(self, duration_ms: int) -> None:
        self.run_until(lambda: False, limit_ms=duration_ms)

    def at(self, delay_ms: int, happen: Callable[[], None]) -> None:
        self._ticket += 1
        heapq.heappush(self._heap, (self.now_ms + delay_ms, self._ticket, happen))

    def restart(self, number: int) -> None:
        """A new machine on the chain as it lies on the disk."""
        node = self.nodes[number]
        node.is_running = False
        self.nodes[number] = self._new_node(number, node.height)
        self._tick(self.nodes[number])

    def disconnect(self, a: int, b: int) -> None:
        self.links -= {(a, b), (b, a)}

    def commit(self, number: int, height: int) -> None:
        """The node's own consensus made a block durable."""
        node = self.nodes[number]
        node.height = height
        self.tell(node, HeadAdvanced(Head(Height(height), hash_at(height))))

    def tell(self, node: Node, event: Event) -> None:
        if node.is_running:
            for effect in node.sync.handle(event, self.now_ms):
                self._carry_out(node, effect)

    # --- inside ------------------------------------------------------------------------------------------

    def _new_node(self, number: int, height: int) -> Node:
        sync = BlockSync(
            view=self._view(number),
            head=Head(Height(height), hash_at(height)),
            genesis_hash=GENESIS,
            schedule=StatusSchedule(AnnouncingSettings(), self.random.randrange),
            choose=self.random.randrange,
        )
        return Node(number, sync, height)

    def _view(self, number: int) -> GroupView:
        connected = sorted(node_id(other) for me, other in self.links if me == number)
        return GroupView(node_id(number), self._sealers, self._observers, tuple(connected))

    def _tick(self, node: Node) -> None:
        if not node.is_running:
            return
        view = self._view(node.number)
        if view != node.sync.view:
            self.tell(node, GroupChanged(view))
        self.tell(node, Tick())
        node.syncing_ms += TICK_MS if node.sync.is_syncing else 0
        self.at(TICK_MS, lambda: self._tick(node))

    def _carry_out(self, node: Node, effect: Effect) -> None:
        match effect:
            case SendStatus(to=peers):
                height = node.height if node.claimed_height is None else node.claimed_height
                status = PeerStatus(node_id(node.number), Height(height), GENESIS, hash_at(height))
                for peer in peers:
                    self._deliver(node.number, peer[0], "status", lambda to: self.tell(to, status))
            case RequestBlocks(peer=peer, start=start, count=count):
                self.requests.append((self.now_ms, node.number, peer[0], start, count))
                source = node.number
                self._deliver(source, peer[0], "request", lambda to: self._serve(to, source, start, count))
            case ImportBlock(height=height, data=data):
                self.at(IMPORT_MS, lambda: self._import(node, height, data))
            case PeerMisbehaved(peer=peer):
                node.misbehaved[peer[0]] += 1
            case SyncingChanged():
                pass

    def _deliver(self, source: int, target: int, kind: str, take: Callable[[Node], None]) -> None:
        self.packets[kind] += 1

        def arrive() -> None:
            if (source, target) in self.links:
                take(self.nodes[target])

        self.at(LATENCY_MS, arrive)

    def _serve(self, node: Node, asker: int, start: int, count: int) -> None:
        head = node.height if node.claimed_height is None else node.claimed_height
        node.served.accept(node_id(asker), start=start, count=count, head=head)
        while (batch := node.served.next_batch()) is not None:
            answers = [
                ReceivedBlock(Height(height), data)
                for height in range(batch.start, batch.start + batch.count)
                if (data := node.answer(height)) is not None
            ]
            if answers:
                event = BlocksReceived(node_id(node.number), tuple(answers))
                self._deliver(
                    node.number, batch.peer[0], "blocks", lambda to, event=event: self.tell(to, event)
                )

    def _import(self, node: Node, height: Height, data: bytes) -> None:
        if not node.is_running:
            return
        assert height == node.height + 1, "imports come in order"
        if data != block_at(height):
            self.tell(node, BlockRejected(height, "wrong content"))
            return
        self.commit(node.number, height)
        self.tell(node, BlockImported(height))
