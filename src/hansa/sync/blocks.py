"""Keeping up with the group's chain: what to ask of whom, and what to believe (node §5.4).

The machine is told what happened and what time it is, and answers what to do; it has no clock, socket or luck
of its own. Downloaded blocks are verified by whoever imports them: a lie costs time, never correctness.

Rules:
1. Blocks are asked for when a peer stands higher than this chain and its consensus. A sealer that is only a
   block or two behind waits half a second first: its own consensus will most likely bring them. With Raft it
   never does, and nobody waits.
2. At most 4 ranges are under way, at most 256 blocks beyond the head, within a memory budget. A range grows
   from 8 to 32 blocks while answers come and shrinks when they do not. Blocks nobody asked for are dropped.
3. Blocks are imported in order, one at a time.
4. A range not answered in time goes to another peer; `conduct` says what follows for the one that was silent,
   or sent wrong blocks. A peer that has failed is asked for one range at a time, if no other can help.
5. The node counts as syncing, which stops sealing, only because of members in good standing. A stranger's
   status may lead a newcomer to blocks, but keeps nobody from sealing; nor does a member that announces a
   height and does not deliver, for longer than one time limit.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TypeAlias

from hansa.primitives import Hash32, Height, NodeId
from hansa.sync.announcing import StatusSchedule
from hansa.sync.conduct import ConductBook
from hansa.sync.events import GroupChanged, Tick
from hansa.sync.topology import GroupView

__all__ = [
    "BlockImported",
    "BlockRejected",
    "BlockStale",
    "BlockSync",
    "BlocksReceived",
    "ConsensusWorking",
    "Effect",
    "Event",
    "Head",
    "HeadAdvanced",
    "ImportBlock",
    "PeerMisbehaved",
    "PeerStatus",
    "ReceivedBlock",
    "RequestBlocks",
    "SendStatus",
    "SyncingChanged",
]

SHARD_COUNT_MAX = 4
SHARD_BLOCK_COUNT_FIRST = 8
SHARD_BLOCK_COUNT_MAX = 32
WINDOW_BLOCK_COUNT = 256
TIMEOUT_MS_MIN = 6_400
TIMEOUT_MS_PER_BLOCK = 500
TIMEOUT_EXTENSIONS_MAX = 3
"""Blocks that arrive in parts may stretch the time limit to this many times its length."""
MEMORY_EXPANSION = 3
"""A decoded block takes about this many times its encoding."""
NEAR_HEAD_BLOCK_COUNT = 2
NEAR_HEAD_GRACE_MS = 500
CONSENSUS_TRUST_MS = 6_400
"""How long consensus may work on a height before others are asked for it."""
REJECTION_WEIGHT = 3
"""A wrong block counts like this many unanswered requests."""
STRANGER_COUNT_MAX = 32


@dataclass(frozen=True, slots=True)
class Head:
    """The newest committed block."""

    height: Height
    hash: Hash32


@dataclass(frozen=True, slots=True)
class ReceivedBlock:
    """An encoded block and the height it claims."""

    height: Height
    data: bytes


# --- events ---------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class PeerStatus:
    """A peer told where its chain stands."""

    peer: NodeId
    height: Height
    genesis_hash: Hash32
    latest_hash: Hash32


@dataclass(frozen=True, slots=True)
class BlocksReceived:
    """A peer sent blocks."""

    peer: NodeId
    blocks: tuple[ReceivedBlock, ...]


@dataclass(frozen=True, slots=True)
class HeadAdvanced:
    """A block became durable here, by consensus or by import."""

    head: Head


@dataclass(frozen=True, slots=True)
class ConsensusWorking:
    """Consensus is about to commit this height itself."""

    height: Height


@dataclass(frozen=True, slots=True)
class BlockImported:
    """The block handed out for import is the head."""

    height: Height


@dataclass(frozen=True, slots=True)
class BlockStale:
    """Meanwhile the block did not follow the head any more: nobody's fault."""

    height: Height


@dataclass(frozen=True, slots=True)
class BlockRejected:
    """The block handed out for import breaks a rule."""

    height: Height
    reason: str


Event: TypeAlias = (
    GroupChanged
    | PeerStatus
    | BlocksReceived
    | HeadAdvanced
    | ConsensusWorking
    | BlockImported
    | BlockStale
    | BlockRejected
    | Tick
)

# --- effects --------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class SendStatus:
    """Tell these nodes where this chain stands."""

    to: tuple[NodeId, ...]


@dataclass(frozen=True, slots=True)
class RequestBlocks:
    """Ask a peer for blocks."""

    peer: NodeId
    start: Height
    count: int


@dataclass(frozen=True, slots=True)
class ImportBlock:
    """Verify, execute and commit; then tell BlockImported, BlockStale or BlockRejected."""

    height: Height
    data: bytes


@dataclass(frozen=True, slots=True)
class PeerMisbehaved:
    """Worth a line in the log."""

    peer: NodeId
    reason: str


@dataclass(frozen=True, slots=True)
class SyncingChanged:
    """Sealing must stop, or may go on."""

    is_syncing: bool


Effect: TypeAlias = SendStatus | RequestBlocks | ImportBlock | PeerMisbehaved | SyncingChanged


# --- memory ---------------------------------------------------------------------------------------------


@dataclass(slots=True)
class _Shard:
    """A range under way."""

    peer: NodeId
    missing: set[int]
    limit_ms: int
    deadline_ms: int
    last_deadline_ms: int
    has_answer: bool = False

    @staticmethod
    def begin(peer: NodeId, heights: range, now_ms: int) -> _Shard:
        limit_ms = max(TIMEOUT_MS_MIN, TIMEOUT_MS_PER_BLOCK * len(heights))
        return _Shard(
            peer, set(heights), limit_ms, now_ms + limit_ms, now_ms + limit_ms * TIMEOUT_EXTENSIONS_MAX
        )

    def extend(self, now_ms: int) -> None:
        """A part arrived."""
        self.has_answer = True
        self.deadline_ms = min(now_ms + self.limit_ms, self.last_deadline_ms)


class BlockSync:
    """One node's part in keeping a group's chains alike."""

    def __init__(
        self,
        *,
        view: GroupView,
        head: Head,
        genesis_hash: Hash32,
        schedule: StatusSchedule,
        choose: Callable[[int], int],
        memory_bytes_max: int = 512 << 20,
        consensus_brings_blocks: bool = True,
    ) -> None:
        """Begin at the chain's head.

        Args:
            view: the group at this moment.
            head: the newest committed block.
            genesis_hash: peers with another one are not of this chain.
            schedule: decides whom to tell of the head.
            choose: `choose(n)` picks one of 0 … n − 1, the only chance in here.
            memory_bytes_max: for downloaded blocks and what they become (max_block_sync_memory_size).
            consensus_brings_blocks: every sealer executes and commits blocks of its own accord.
        """
        self._view = view
        self._head = head
        self._genesis_hash = genesis_hash
        self._schedule = schedule
        self._choose = choose
        self._memory_bytes_max = memory_bytes_max
        self._consensus_brings_blocks = consensus_brings_blocks

        self._statuses: dict[NodeId, PeerStatus] = {}
        self._conduct = ConductBook()
        self._shards: list[_Shard] = []
        self._owed: dict[NodeId, set[int]] = {}
        """Heights asked of a peer and not yet received; late blocks are welcome."""
        self._buffer: dict[int, tuple[NodeId, bytes]] = {}
        self._buffer_bytes = 0
        self._importing: tuple[int, NodeId] | None = None
        self._shard_block_count = SHARD_BLOCK_COUNT_FIRST
        self._block_bytes_mean = 0
        self._is_downloading = False
        self._is_syncing = False
        self._behind_since_ms: int | None = None
        self._consensus_height = 0
        self._consensus_trusted_until_ms = 0

    # --- what others may ask -----------------------------------------------------------------------------

    @property
    def view(self) -> GroupView:
        """The group as last told."""
        return self._view

    @property
    def head(self) -> Head:
        """The newest block as last told."""
        return self._head

    @property
    def is_syncing(self) -> bool:
        """Does this node know that it lacks blocks? Then it should not seal."""
        return self._is_syncing

    @property
    def peers(self) -> list[PeerStatus]:
        """The newest status of each peer, by node id."""
        return [self._statuses[peer] for peer in sorted(self._statuses)]

    @property
    def known_highest(self) -> Head:
        """The highest chain known from peers worth believing; the own one if there is none higher."""
        highest = self._head
        for peer, status in self._statuses.items():
            if status.height > highest.height and self._is_credible(peer):
                highest = Head(status.height, status.latest_hash)
        return highest

    def is_owed_blocks(self, peer: NodeId) -> bool:
        """Was this peer asked for blocks it has not sent?"""
        return bool(self._owed.get(peer))

    # --- what happens ------------------------------------------------------------------------------------

    def handle(self, event: Event, now_ms: int) -> tuple[Effect, ...]:
        """Answer an event; the effects are to be carried out in order.

        Args:
            event: what happened.
            now_ms: a steady clock's time.
        """
        return (*self._take(event, now_ms), *self._proceed(now_ms))

    def _take(self, event: Event, now_ms: int) -> Iterator[Effect]:
        match event:
            case GroupChanged(view=view):
                yield from self._change_group(view)
            case PeerStatus():
                self._note_status(event)
            case BlocksReceived(peer=peer, blocks=blocks):
                self._take_blocks(peer, blocks, now_ms)
            case HeadAdvanced(head=head):
                self._advance_head(head)
            case ConsensusWorking(height=height):
                self._consensus_height = height
                self._consensus_trusted_until_ms = now_ms + CONSENSUS_TRUST_MS
            case BlockImported(height=height):
                source = self._finish_import(height)
                if source is not None:
                    self._conduct.note_service(source)
            case BlockStale(height=height):
                self._finish_import(height)
            case BlockRejected(height=height, reason=reason):
                source = self._finish_import(height)
                if source is not None and height > self._head.height:
                    yield from self._blame(source, f"block {height}: {reason}", now_ms)
            case Tick():
                yield from _tell(self._schedule.due_for_time(self._view, now_ms))

    def _proceed(self, now_ms: int) -> Iterator[Effect]:
        """What follows from the present state, whatever led to it."""
        yield from self._expire_shards(now_ms)
        self._is_downloading = self._should_download(now_ms)
        if self._is_downloading:
            yield from self._request(now_ms)
        yield from self._import_next()
        is_syncing = self._is_downloading and any(
            status.height > self._head.height and self._is_in_good_standing(peer)
            for peer, status in self._statuses.items()
        )
        if is_syncing != self._is_syncing:
            self._is_syncing = is_syncing
            yield SyncingChanged(is_syncing)
        yield from _tell(self._schedule.due_for_head(self._view, now_ms, is_downloading=self._is_downloading))

    # --- peers -------------------------------------------------------------------------------------------

    def _change_group(self, view: GroupView) -> Iterator[Effect]:
        before, self._view = self._view, view
        for peer in [peer for peer in self._statuses if peer not in view.connected]:
            del self._statuses[peer]
            self._release(peer)
        self._conduct.keep_only(lambda peer: view.is_member(peer) or peer in view.connected)
        yield from _tell(self._schedule.due_for_newcomers(view, before))

    def _note_status(self, status: PeerStatus) -> None:
        peer = status.peer
        if status.genesis_hash != self._genesis_hash or peer not in self._view.connected:
            return
        if not self._view.is_member(peer):
            # Node §3.4: a stranger is heard only while it stands higher.
            stranger_count = sum(not self._view.is_member(other) for other in self._statuses)
            if status.height <= self._head.height:
                self._statuses.pop(peer, None)
                self._release(peer)
                return
            if peer not in self._statuses and stranger_count >= STRANGER_COUNT_MAX:
                return
        self._statuses[peer] = status
        self._shards = [
            shard for shard in self._shards if shard.peer != peer or max(shard.missing) <= status.height
        ]

    def _release(self, peer: NodeId) -> None:
        """Nothing more is expected of this peer."""
        self._owed.pop(peer, None)
        self._shards = [shard for shard in self._shards if shard.peer != peer]

    def _blame(self, peer: NodeId, reason: str, now_ms: int) -> Iterator[Effect]:
        """A peer sent something wrong: forget what it sent and ask others."""
        self._conduct.note_failure(peer, now_ms, weight=REJECTION_WEIGHT)
        self._release(peer)
        self._drop_buffered([height for height, (source, _) in self._buffer.items() if source == peer])
        yield PeerMisbehaved(peer, reason)

    def _is_in_good_standing(self, peer: NodeId) -> bool:
        return self._view.is_member(peer) and not self._conduct.has_failed(peer)

    def _is_credible(self, peer: NodeId) -> bool:
        return self._is_in_good_standing(peer) or self._conduct.has_served(peer)

    # --- download ----------------------------------------------------------------------------------------

    def _sources(self, now_ms: int) -> list[PeerStatus]:
        """Peers above the head that may be asked now."""
        return [
            status
            for peer, status in self._statuses.items()
            if status.height > self._head.height and self._conduct.may_be_asked(peer, now_ms)
        ]

    def _should_download(self, now_ms: int) -> bool:
        target = max((status.height for status in self._sources(now_ms)), default=Height(0))
        if self._is_downloading:
            return target > self._head.height
        expected = int(self._head.height)
        if now_ms < self._consensus_trusted_until_ms:
            expected = max(expected, self._consensus_height)
        if target <= expected:
            self._behind_since_ms = None
            return False
        if self._behind_since_ms is None:
            self._behind_since_ms = now_ms
        is_near = target - self._head.height <= NEAR_HEAD_BLOCK_COUNT
        may_wait = is_near and self._view.my_index is not None and self._consensus_brings_blocks
        return not may_wait or now_ms - self._behind_since_ms >= NEAR_HEAD_GRACE_MS

    def _request(self, now_ms: int) -> Iterator[Effect]:
        sources = self._sources(now_ms)
        while len(self._shards) < SHARD_COUNT_MAX:
            covered = self._covered_heights()
            window = range(self._head.height + 1, self._head.height + 1 + WINDOW_BLOCK_COUNT)
            start = next((height for height in window if height not in covered), None)
            if start is None:
                return
            source = self._best_source([status for status in sources if status.height >= start])
            count_max = self._affordable_block_count(window.stop - start, is_next=start == window.start)
            if source is None or count_max == 0:
                return
            end = min(start + count_max, source.height + 1)
            end = next((height for height in range(start, end) if height in covered), end)
            self._shards.append(_Shard.begin(source.peer, range(start, end), now_ms))
            self._owed.setdefault(source.peer, set()).update(range(start, end))
            yield RequestBlocks(source.peer, Height(start), end - start)

    def _covered_heights(self) -> set[int]:
        """Heights beyond the head that are here already, or under way."""
        covered = set(self._buffer).union(*(shard.missing for shard in self._shards))
        if self._importing is not None:
            covered.add(self._importing[0])
        return covered

    def _best_source(self, sources: list[PeerStatus]) -> PeerStatus | None:
        """Members in good standing first, then strangers, then who has failed; of equals the least busy."""
        busy = [shard.peer for shard in self._shards]
        ranked: dict[tuple[bool, bool, int], list[PeerStatus]] = {}
        for source in sources:
            has_failed = self._conduct.has_failed(source.peer)
            if not (has_failed and source.peer in busy):
                rank = (has_failed, not self._view.is_member(source.peer), busy.count(source.peer))
                ranked.setdefault(rank, []).append(source)
        if not ranked:
            return None
        equals = sorted(ranked[min(ranked)], key=lambda source: source.peer)
        return equals[self._choose(len(equals))]

    def _affordable_block_count(self, window_left: int, *, is_next: bool) -> int:
        """How many blocks to ask for at once: a full range or none, lest each import be followed by a request
        for one block more. Only the block that is imported next cannot wait.
        """
        affordable = window_left
        if self._block_bytes_mean:
            under_way = sum(len(shard.missing) for shard in self._shards) * self._block_bytes_mean
            free_bytes = self._memory_bytes_max // MEMORY_EXPANSION - self._buffer_bytes - under_way
            affordable = min(affordable, max(0, free_bytes) // self._block_bytes_mean)
        if affordable >= self._shard_block_count:
            return self._shard_block_count
        return max(affordable, 1) if is_next else 0

    def _take_blocks(self, peer: NodeId, blocks: tuple[ReceivedBlock, ...], now_ms: int) -> None:
        owed = self._owed.get(peer, set())
        for block in blocks:
            if block.height not in owed:
                continue
            owed.discard(block.height)
            size = len(block.data)
            self._block_bytes_mean = (7 * (self._block_bytes_mean or size) + size) // 8
            is_covered = block.height in self._buffer or self._importing_height == block.height
            if block.height > self._head.height and not is_covered:
                self._buffer[block.height] = (peer, block.data)
                self._buffer_bytes += size
            self._note_arrival(peer, block.height, now_ms)

    def _note_arrival(self, peer: NodeId, height: Height, now_ms: int) -> None:
        for shard in self._shards:
            if height not in shard.missing:
                continue
            shard.missing.discard(height)
            if shard.peer == peer:
                shard.extend(now_ms)
                if not shard.missing:
                    self._shard_block_count = min(2 * self._shard_block_count, SHARD_BLOCK_COUNT_MAX)
        self._shards = [shard for shard in self._shards if shard.missing]

    def _expire_shards(self, now_ms: int) -> Iterator[Effect]:
        expired = [shard for shard in self._shards if shard.deadline_ms <= now_ms]
        if not expired:
            return
        self._shards = [shard for shard in self._shards if shard.deadline_ms > now_ms]
        self._shard_block_count = max(1, self._shard_block_count // 2)
        silent = {shard.peer: shard for shard in expired if not shard.has_answer}
        for peer, shard in silent.items():
            self._conduct.note_failure(peer, now_ms)
            yield PeerMisbehaved(peer, f"no answer to a request for blocks from {min(shard.missing)} on")

    # --- import ------------------------------------------------------------------------------------------

    @property
    def _importing_height(self) -> int | None:
        return None if self._importing is None else self._importing[0]

    def _import_next(self) -> Iterator[Effect]:
        height = self._head.height + 1
        if self._importing is None and height in self._buffer:
            source, data = self._buffer[height]
            self._drop_buffered([height])
            self._importing = (height, source)
            yield ImportBlock(Height(height), data)

    def _finish_import(self, height: Height) -> NodeId | None:
        """The peer the block came from."""
        if self._importing is None or self._importing[0] != height:
            return None
        _, source = self._importing
        self._importing = None
        return source

    def _advance_head(self, head: Head) -> None:
        if head.height <= self._head.height:
            return
        self._head = head
        self._behind_since_ms = None
        self._schedule.head_moved()
        self._drop_buffered([height for height in self._buffer if height <= head.height])
        for shard in self._shards:
            shard.missing = {height for height in shard.missing if height > head.height}
        self._shards = [shard for shard in self._shards if shard.missing]
        self._owed = {
            peer: {height for height in heights if height > head.height}
            for peer, heights in self._owed.items()
        }
        for peer in [peer for peer, status in self._statuses.items() if status.height <= head.height]:
            if not self._view.is_member(peer):
                del self._statuses[peer]

    def _drop_buffered(self, heights: list[int]) -> None:
        for height in heights:
            _, data = self._buffer.pop(height)
            self._buffer_bytes -= len(data)


def _tell(peers: tuple[NodeId, ...]) -> Iterator[Effect]:
    if peers:
        yield SendStatus(peers)
