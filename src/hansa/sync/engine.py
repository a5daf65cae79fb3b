"""The shell around block and transaction synchronisation: packets in, packets out, work on threads.

Rules:
- `on_packet` only reads and queues; it never waits and never raises. What is heavy happens in `run`:
  importing blocks, admitting transactions, reading blocks for others, each in its own task behind a bounded
  queue.
- What does not fit into a queue is dropped: peers ask again, hashes are announced again.
- Transactions of this node's clients leave in the loop turn after their admission, in one packet.
- A block that breaks a rule is a peer's fault. Any other failure of an import ends `run`, and so the node.
"""

from __future__ import annotations

import asyncio
import logging
import random
import time
from collections.abc import Callable, Collection, Iterator, Sequence
from concurrent.futures import Executor as ThreadPool
from dataclasses import dataclass, field
from typing import Generic, Protocol, TypeVar

from hansa.ledger.errors import InvalidBlock, StaleBlock
from hansa.primitives import GroupId, Hash32, Height, NodeId, node_id_to_hex
from hansa.sync import blocks, transactions
from hansa.sync.announcing import AnnouncingSettings, StatusSchedule
from hansa.sync.blocks import BlockSync, Head, PeerStatus, ReceivedBlock
from hansa.sync.clock import ClockAlignment
from hansa.sync.errors import MalformedPacket
from hansa.sync.events import GroupChanged, Tick
from hansa.sync.farewell import Farewells
from hansa.sync.inbox import Inbox
from hansa.sync.packets import (
    FROM_CLIENT,
    ORDINARY,
    BlockRequest,
    Blocks,
    Packet,
    Status,
    Transactions,
    TransactionsRequest,
    TransactionsStatus,
    decode_packet,
    encode_packet,
    peek_height,
)
from hansa.sync.progress import DownloadProgress
from hansa.sync.serving import BlockBatch, BlockServer
from hansa.sync.topology import GroupView
from hansa.sync.transactions import ANNOUNCEMENT_AGE_MS, GossipSettings, TransactionGossip

__all__ = [
    "Chain",
    "ChainHead",
    "Membership",
    "Network",
    "Pool",
    "SyncEngine",
    "SyncSettings",
    "SyncStatus",
    "TransactionBatch",
]

TICK_S = 0.05
BANDWIDTH_PAUSE_S = 0.05
"""Between two looks whether blocks may be sent again."""
SENT_AT_ONCE_COUNT_MAX = 1_000
"""Clients' transactions in one packet."""
ANNOUNCED_AT_ONCE_COUNT_MAX = 10_000
ANSWERED_AT_ONCE_COUNT_MAX = 1_000
ANSWER_BYTES_MAX = 32 << 20
"""Transactions sent for one request."""
TRANSACTIONS_PACKET_BYTES_MAX = 8 << 20
BLOCKS_PACKET_BYTES_MAX = 8 << 20
"""A packet of blocks ends before this, or after its first block."""
INBOX_PACKET_COUNT_MAX = 1_024
INBOX_BYTES_MAX = 64 << 20
INLINE_BYTES_MAX = 64 << 10
"""More than this is decoded on a thread."""
ADMITTED = 0

logger = logging.getLogger("hansa.sync")

_Result = TypeVar("_Result")


class Network(Protocol):
    """This group's packets of module 9."""

    def send(self, node: NodeId, packet_type: int, payload: bytes) -> None:
        """Queue a packet; without a session it is dropped."""

    def has_room(self) -> bool:
        """Whether a packet that can wait may be sent now: blocks for peers that catch up."""

    def connected_ids(self) -> Collection[NodeId]:
        """Nodes there is a session with."""


class Membership(Protocol):
    """Who votes and who follows; ascending."""

    @property
    def working(self) -> tuple[NodeId, ...]: ...
    @property
    def pending(self) -> tuple[NodeId, ...]:
        """Sealers whose turn to vote it is not: they follow like observers."""

    @property
    def observers(self) -> tuple[NodeId, ...]: ...


class ChainHead(Protocol):
    """The newest block's header."""

    @property
    def number(self) -> int: ...
    @property
    def hash(self) -> bytes: ...


class Chain(Protocol):
    """The committed chain; `ledger.Ledger` is one."""

    @property
    def head(self) -> ChainHead: ...
    @property
    def genesis_hash(self) -> Hash32: ...
    @property
    def membership(self) -> Membership: ...
    def block_bytes(self, height: int) -> bytes | None:
        """An encoded block; called on a thread."""

    async def import_block(self, data: bytes) -> object:
        """Verify, execute and commit; raises InvalidBlock or StaleBlock."""


class TransactionBatch(Protocol):
    """Decoded transactions; the kernel's `TransactionList` is one."""

    def __len__(self) -> int: ...
    @property
    def hashes(self) -> list[bytes]: ...
    @property
    def byte_size(self) -> int: ...
    def encode_blob(self) -> bytes:
        """The offset table form (data model §6.2)."""


BatchT = TypeVar("BatchT", bound=TransactionBatch)


class Pool(Protocol[BatchT]):
    """Transactions that wait; `txpool.Pool` is one."""

    def __len__(self) -> int: ...
    def contains(self, hashes: Sequence[bytes]) -> list[bool]: ...
    def lookup(self, hashes: Sequence[bytes]) -> tuple[BatchT, list[int]]: ...
    def take_unsent(self, count_max: int) -> BatchT: ...
    def take_unannounced(self, age_ms_min: int, count_max: int) -> list[bytes]: ...
    async def submit_list(self, transactions: BatchT, *, from_client: bool = False) -> list[int]: ...


@dataclass(frozen=True, slots=True)
class SyncSettings:
    """The [sync] section of group.N.ini (node §1.5)."""

    announcing: AnnouncingSettings = field(default_factory=AnnouncingSettings)
    gossip: GossipSettings = field(default_factory=GossipSettings)
    memory_bytes_max: int = 512 << 20
    consensus_brings_blocks: bool = True
    """Every sealer commits blocks of its own accord: all engines but Raft."""


@dataclass(frozen=True, slots=True)
class _TransactionsPacket:
    sender: NodeId
    packet_type: int
    payload: bytes


@dataclass(frozen=True, slots=True)
class _BlocksPacket:
    sender: NodeId
    payload: bytes


@dataclass(frozen=True, slots=True)
class SyncStatus:
    """What getSyncStatus tells (client protocol §3.6.3)."""

    head: Head
    known_highest: Head
    """The highest chain known from peers worth believing; the own one if there is none higher."""
    is_syncing: bool
    peers: Sequence[PeerStatus]
    """The newest status of each peer, by node id."""


class SyncEngine(Generic[BatchT]):
    """Keeps one group's chain and pool level with those of its peers."""

    def __init__(
        self,
        *,
        me: NodeId,
        group_id: GroupId,
        settings: SyncSettings,
        network: Network,
        chain: Chain,
        pool: Pool[BatchT],
        decode_transactions: Callable[[bytes], BatchT],
        threads: ThreadPool,
        choose: Callable[[int], int] | None = None,
        wall_ms: Callable[[], int] = lambda: time.time_ns() // 1_000_000,
        steady_ms: Callable[[], int] = lambda: time.monotonic_ns() // 1_000_000,
    ) -> None:
        """Connect the machines with the world; nothing is sent before `run`.

        Args:
            decode_transactions: reads the offset table form, or raises ValueError; the kernel's
                `TransactionList.decode_blob`.
            threads: where decoding and reading from the disk happen.
            choose: picks one of 0 … n − 1; chance by default.
            wall_ms: the own clock, milliseconds since 1970.
            steady_ms: a clock that only moves forward.
        """
        self._me = me
        self._group_id = group_id
        self._settings = settings
        self._network = network
        self._chain = chain
        self._pool = pool
        self._decode_transactions = decode_transactions
        self._threads = threads
        self._wall_ms = wall_ms
        self._steady_ms = steady_ms
        choose = choose or random.Random().randrange
        view = self._observe_group()
        self._blocks = BlockSync(
            view=view,
            head=self._observe_head(),
            genesis_hash=chain.genesis_hash,
            schedule=StatusSchedule(settings.announcing, choose),
            choose=choose,
            memory_bytes_max=settings.memory_bytes_max,
            consensus_brings_blocks=settings.consensus_brings_blocks,
        )
        self._gossip = TransactionGossip(settings.gossip, view, choose)
        self._clock = ClockAlignment()
        self._server = BlockServer()
        self._farewells = Farewells()
        self._progress: DownloadProgress | None = None
        self._has_requests = asyncio.Event()
        self._block_inbox: Inbox[_BlocksPacket] = Inbox(INBOX_PACKET_COUNT_MAX, settings.memory_bytes_max)
        self._transaction_inbox: Inbox[_TransactionsPacket] = Inbox(INBOX_PACKET_COUNT_MAX, INBOX_BYTES_MAX)
        self._imports: asyncio.Queue[blocks.ImportBlock] = asyncio.Queue()
        """The machine hands out one at a time."""
        self._is_sending = False
        self._foreign_members: set[NodeId] = set()
        self._listeners: list[Callable[[bool], None]] = []

    # --- what others may ask -----------------------------------------------------------------------------

    @property
    def is_syncing(self) -> bool:
        """Does this node know that it lacks blocks? Then it should not seal."""
        return self._blocks.is_syncing

    @property
    def blocks_behind(self) -> int:
        """How far the highest known chain is ahead; above 20 clients are refused (node §5.1)."""
        return self._blocks.known_highest.height - self._blocks.head.height

    def aligned_time_ms(self) -> int:
        """The own clock, corrected by those of the members: what blocks are dated with."""
        return self._clock.aligned(self._wall_ms())

    def status(self) -> SyncStatus:
        """How far this node and its peers are."""
        return SyncStatus(self._blocks.head, self._blocks.known_highest, self.is_syncing, self._blocks.peers)

    def subscribe(self, listener: Callable[[bool], None]) -> None:
        """Tell `listener`, on the loop, when `is_syncing` changes."""
        self._listeners.append(listener)

    # --- what happens ------------------------------------------------------------------------------------

    def on_packet(self, node: NodeId, packet_type: int, payload: bytes) -> None:
        """A peer sent a packet of module 9."""
        if node not in self._blocks.view.connected:
            self.on_connections_changed()
        try:
            match payload[:1]:
                case b"\x02" | b"\x05":
                    self._queue_transactions(node, packet_type, payload)
                case b"\x03":
                    self._queue_blocks(node, payload)
                case _:
                    self._take_packet(node, decode_packet(payload))
        except MalformedPacket as error:
            logger.debug("malformed sync packet from %s: %s", _short(node), error)

    def on_connections_changed(self) -> None:
        """Sessions came or went."""
        self._refresh_group()

    def on_head_changed(self) -> None:
        """A block became durable, and with it perhaps other members. Repeating it is harmless."""
        self._refresh_group()
        self._tell_blocks(blocks.HeadAdvanced(self._observe_head()))

    def on_consensus_working(self, height: int) -> None:
        """Consensus is about to commit this height: no need to download it."""
        self._tell_blocks(blocks.ConsensusWorking(Height(height)))

    def on_pool_changed(self) -> None:
        """The pool admitted something. Clients' transactions go out once this turn of the loop is over."""
        if not self._is_sending:
            self._is_sending = True
            asyncio.get_running_loop().call_soon(self._send_client_transactions)

    async def run(self) -> None:
        """Work until cancelled.

        Raises:
            ExceptionGroup: a block could be neither imported nor refused (the disk, a defect): stop the node.
        """
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._keep_time())
            tasks.create_task(self._receive_blocks())
            tasks.create_task(self._import_blocks())
            tasks.create_task(self._serve_blocks())
            tasks.create_task(self._admit_transactions())

    # --- tasks -------------------------------------------------------------------------------------------

    async def _keep_time(self) -> None:
        while True:
            self._refresh_group()
            self._tell_blocks(Tick())
            self._tell_gossip(Tick())
            self._announce_hashes()
            self._report_progress()
            await asyncio.sleep(TICK_S)

    async def _receive_blocks(self) -> None:
        while True:
            packet = await self._block_inbox.get()
            try:
                received = await self._work(len(packet.payload), _decode_blocks, packet.payload)
            except MalformedPacket as error:
                logger.debug("malformed blocks from %s: %s", _short(packet.sender), error)
                continue
            self._tell_blocks(blocks.BlocksReceived(packet.sender, received))

    async def _import_blocks(self) -> None:
        while True:
            order = await self._imports.get()
            try:
                await self._chain.import_block(order.data)
            except StaleBlock:
                self.on_head_changed()
                self._tell_blocks(blocks.BlockStale(order.height))
            except InvalidBlock as error:
                self._tell_blocks(blocks.BlockRejected(order.height, str(error)))
            else:
                self.on_head_changed()
                self._tell_blocks(blocks.BlockImported(order.height))

    async def _serve_blocks(self) -> None:
        while True:
            await self._has_requests.wait()
            if not self._network.has_room():
                await asyncio.sleep(BANDWIDTH_PAUSE_S)
                continue
            batch = self._server.next_batch()
            if batch is None:
                self._has_requests.clear()
                continue
            found = await self._run_on_thread(self._read_blocks, batch)
            if found:
                self._send((batch.peer,), ORDINARY, Blocks(tuple(found)))
                self._server.put_back(batch, sent_count=len(found))

    async def _admit_transactions(self) -> None:
        while True:
            packet = await self._transaction_inbox.get()
            try:
                match decode_packet(packet.payload):
                    case Transactions() as content:
                        await self._admit(packet, content)
                    case TransactionsStatus(hashes=hashes):
                        self._ask_for_unknown(packet.sender, hashes)
            except MalformedPacket as error:
                logger.debug("malformed transactions from %s: %s", _short(packet.sender), error)

    # --- blocks ------------------------------------------------------------------------------------------

    def _queue_blocks(self, node: NodeId, payload: bytes) -> None:
        if not self._blocks.is_owed_blocks(node):
            logger.debug("%s sent blocks nobody asked for", _short(node))
        elif not self._block_inbox.put(_BlocksPacket(node, payload), len(payload)):
            logger.warning("blocks of %s dropped: too many wait to be read", _short(node))

    def _read_blocks(self, batch: BlockBatch) -> list[bytes]:
        """As many blocks of a batch as one packet holds; stops where one is missing."""
        found: list[bytes] = []
        byte_count = 0
        for height in range(batch.start, batch.start + batch.count):
            data = self._chain.block_bytes(height)
            if data is None or (found and byte_count + len(data) > BLOCKS_PACKET_BYTES_MAX):
                break
            found.append(data)
            byte_count += len(data)
        return found

    def _tell_blocks(self, event: blocks.Event) -> None:
        for effect in self._blocks.handle(event, self._steady_ms()):
            match effect:
                case blocks.SendStatus(to=peers):
                    self._send(peers, ORDINARY, self._own_status())
                case blocks.RequestBlocks(peer=peer, start=start, count=count):
                    self._send((peer,), ORDINARY, BlockRequest(start, count))
                case blocks.ImportBlock():
                    self._imports.put_nowait(effect)
                case blocks.PeerMisbehaved(peer=peer, reason=reason):
                    logger.warning("peer %s: %s", _short(peer), reason)
                case blocks.SyncingChanged(is_syncing=is_syncing):
                    self._tell_syncing(is_syncing)

    def _tell_syncing(self, is_syncing: bool) -> None:
        if is_syncing:
            height = self._blocks.head.height
            logger.info("downloading from block %d to %d", height, self._blocks.known_highest.height)
            self._progress = DownloadProgress(height, self._steady_ms())
        else:
            logger.info("level with the peers at block %d", self._blocks.head.height)
            self._progress = None
        for listener in self._listeners:
            listener(is_syncing)

    def _report_progress(self) -> None:
        if self._progress is None:
            return
        line = self._progress.report(
            self._blocks.head.height, self._blocks.known_highest.height, self._steady_ms()
        )
        if line is not None:
            logger.info("%s", line)

    # --- transactions ------------------------------------------------------------------------------------

    def _queue_transactions(self, node: NodeId, packet_type: int, payload: bytes) -> None:
        """Announcements wait in line too: what they name may be in a packet that came before them."""
        if not self._blocks.view.is_member(node):
            logger.debug("transactions of %s ignored: not in the group", _short(node))
        elif not self._transaction_inbox.put(_TransactionsPacket(node, packet_type, payload), len(payload)):
            logger.warning("transactions of %s dropped: too many wait for admission", _short(node))

    async def _admit(self, packet: _TransactionsPacket, content: Transactions) -> None:
        try:
            batch = await self._work(len(content.blob), self._decode_transactions, content.blob)
        except ValueError as error:
            raise MalformedPacket(str(error)) from error
        statuses = await self._pool.submit_list(batch, from_client=False)
        self._pass_on(packet, content, batch, statuses)

    def _ask_for_unknown(self, sender: NodeId, hashes: Sequence[Hash32]) -> None:
        known = self._pool.contains(hashes)
        unknown = tuple(digest for digest, is_known in zip(hashes, known, strict=True) if not is_known)
        self._tell_gossip(transactions.UnknownAnnounced(sender, unknown))

    def _pass_on(
        self, packet: _TransactionsPacket, content: Transactions, batch: BatchT, statuses: Sequence[int]
    ) -> None:
        hashes = [Hash32(transaction_hash) for transaction_hash in batch.hashes]
        self._tell_gossip(transactions.TransactionsArrived(tuple(hashes)))
        root_index = content.root_index
        if (
            packet.packet_type != FROM_CLIENT
            or root_index is None
            or not self._gossip.has_children(root_index)
        ):
            return
        admitted = [digest for digest, status in zip(hashes, statuses, strict=True) if status == ADMITTED]
        if not admitted:
            return
        blob = content.blob
        if len(admitted) < len(hashes):
            blob = self._pool.lookup(admitted)[0].encode_blob()
        self._tell_gossip(transactions.TransactionsAdmitted(packet.sender, root_index, blob))

    def _send_client_transactions(self) -> None:
        self._is_sending = False
        if not self._gossip.can_reach_sealers:
            return
        batch = self._pool.take_unsent(SENT_AT_ONCE_COUNT_MAX)
        for blob in self._encode_in_parts(batch):
            self._tell_gossip(transactions.ClientTransactions(blob))
        if len(batch) == SENT_AT_ONCE_COUNT_MAX:
            self.on_pool_changed()

    def _announce_hashes(self) -> None:
        if self._gossip.can_reach_sealers:
            hashes = self._pool.take_unannounced(ANNOUNCEMENT_AGE_MS, ANNOUNCED_AT_ONCE_COUNT_MAX)
            if hashes:
                known = tuple(Hash32(transaction_hash) for transaction_hash in hashes)
                self._tell_gossip(transactions.HashesDue(self._blocks.head.height, known))

    def _answer(self, to: NodeId, hashes: Sequence[Hash32]) -> None:
        byte_count = 0
        for start in range(0, len(hashes), ANSWERED_AT_ONCE_COUNT_MAX):
            batch, _ = self._pool.lookup(hashes[start : start + ANSWERED_AT_ONCE_COUNT_MAX])
            for blob in self._encode_in_parts(batch):
                byte_count += len(blob)
                if byte_count > ANSWER_BYTES_MAX:
                    return
                self._send((to,), ORDINARY, Transactions(blob))

    def _encode_in_parts(self, batch: BatchT) -> Iterator[bytes]:
        """The batch as blobs that fit into packets; usually one, none if it is empty."""
        if len(batch) <= 1 or batch.byte_size <= TRANSACTIONS_PACKET_BYTES_MAX:
            if len(batch):
                yield batch.encode_blob()
            return
        hashes = batch.hashes
        for half in (hashes[: len(hashes) // 2], hashes[len(hashes) // 2 :]):
            yield from self._encode_in_parts(self._pool.lookup(half)[0])

    def _tell_gossip(self, event: transactions.Event) -> None:
        for effect in self._gossip.handle(event, self._steady_ms()):
            match effect:
                case transactions.Send(to=peers, packet_type=packet_type, packet=packet):
                    self._send(peers, packet_type, packet)
                case transactions.Answer(to=peer, hashes=hashes):
                    self._answer(peer, hashes)

    # --- packets -----------------------------------------------------------------------------------------

    def _take_packet(self, node: NodeId, packet: Packet) -> None:
        is_member = self._blocks.view.is_member(node)
        match packet:
            case Status(
                height=height, genesis_hash=genesis, latest_hash=latest, aligned_time_ms=peer_time_ms
            ):
                if is_member:
                    self._compare_genesis(node, genesis)
                    self._observe_clock(node, peer_time_ms)
                self._tell_blocks(blocks.PeerStatus(node, height, genesis, latest))
                if self._farewells.note_height(node, height):
                    self._bid_farewell(node)
            case BlockRequest(start=start, count=count):
                head = self._served_height(node)
                if head is not None and self._server.accept(node, start=start, count=count, head=head):
                    self._has_requests.set()
            case TransactionsRequest(hashes=hashes):
                self._tell_gossip(transactions.TransactionsRequested(node, hashes))
            case Transactions() | TransactionsStatus() | Blocks():
                pass  # these are queued before they are decoded

    def _send(self, peers: Sequence[NodeId], packet_type: int, packet: Packet) -> None:
        payload = encode_packet(packet)
        for peer in peers:
            self._network.send(peer, packet_type, payload)

    def _own_status(self) -> Status:
        return self._status_at(self._blocks.head)

    def _status_at(self, head: Head) -> Status:
        return Status(head.height, self._chain.genesis_hash, head.hash, self.aligned_time_ms())

    def _served_height(self, node: NodeId) -> Height | None:
        """Up to where a node may ask for blocks; None: it may not."""
        if self._blocks.view.is_member(node) or self._settings.announcing.tells_strangers:
            return self._blocks.head.height
        last = self._farewells.last_block(node)
        return None if last is None else last.height

    def _bid_farewell(self, node: NodeId) -> None:
        """Tell a node that has left of the block that removed it."""
        last = self._farewells.last_block(node)
        if last is not None:
            self._send((node,), ORDINARY, self._status_at(last))

    # --- the group ---------------------------------------------------------------------------------------

    def _observe_head(self) -> Head:
        head = self._chain.head
        return Head(Height(head.number), Hash32(head.hash))

    def _observe_group(self) -> GroupView:
        membership = self._chain.membership
        connected = tuple(sorted(node for node in self._network.connected_ids() if node != self._me))
        followers = tuple(sorted((*membership.observers, *membership.pending)))
        return GroupView(self._me, membership.working, followers, connected)

    def _refresh_group(self) -> None:
        before, view = self._blocks.view, self._observe_group()
        if view == before:
            return
        for node in before.connected:
            if node not in view.connected:
                self._server.forget(node)
                self._clock.forget(node)
        for node in self._farewells.note_change(before, view, self._observe_head()):
            self._bid_farewell(node)
        self._tell_blocks(GroupChanged(view))
        self._tell_gossip(GroupChanged(view))
        self.on_pool_changed()

    def _compare_genesis(self, node: NodeId, genesis_hash: Hash32) -> None:
        """A member of another chain is a mistake somebody made in a file: say so, once."""
        if genesis_hash == self._chain.genesis_hash:
            self._foreign_members.discard(node)
        elif node not in self._foreign_members:
            self._foreign_members.add(node)
            logger.warning(
                "peer %s begins group %d with block %s, this node with %s: compare the genesis files",
                _short(node),
                self._group_id,
                genesis_hash.hex()[:16],
                self._chain.genesis_hash.hex()[:16],
            )

    def _observe_clock(self, node: NodeId, peer_time_ms: int) -> None:
        was_suspicious = self._clock.is_suspicious
        self._clock.observe(node, peer_time_ms, self._wall_ms())
        if self._clock.is_suspicious and not was_suspicious:
            logger.warning(
                "this node's clock is %d minutes off those of the other members: check its time service",
                -self._clock.offset_ms // 60_000,
            )

    # --- threads -----------------------------------------------------------------------------------------

    async def _work(self, size: int, work: Callable[[bytes], _Result], data: bytes) -> _Result:
        """Do it here if it is little, on a thread if it is much."""
        if size <= INLINE_BYTES_MAX:
            return work(data)
        return await self._run_on_thread(work, data)

    async def _run_on_thread(self, work: Callable[..., _Result], *arguments: object) -> _Result:
        return await asyncio.get_running_loop().run_in_executor(self._threads, work, *arguments)


def _decode_blocks(payload: bytes) -> tuple[ReceivedBlock, ...]:
    packet = decode_packet(payload)
    assert isinstance(packet, Blocks)
    return tuple(ReceivedBlock(peek_height(data), data) for data in packet.blocks)


def _short(node: NodeId) -> str:
    return node_id_to_hex(node)[:8]
