"""Engines joined by a network that is a dictionary: a real loop and real packets, chains that are lists."""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import itertools
import random
import re
import struct
from collections import Counter
from collections.abc import AsyncIterator, Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

import pytest

from hansa.codec import rlp
from hansa.ledger.errors import InvalidBlock, StaleBlock
from hansa.primitives import GroupId, Hash32, Height, NodeId
from hansa.sync import AnnouncingSettings, SyncEngine, SyncSettings, engine
from hansa.sync.blocks import Head, PeerStatus
from hansa.sync.packets import (
    BlockRequest,
    Blocks,
    Status,
    Transactions,
    TransactionsRequest,
    TransactionsStatus,
    decode_packet,
    encode_packet,
    peek_height,
)

ZERO = bytes(32)
NOW_MS = 1_795_331_759_189


def node_id(number: int) -> NodeId:
    return NodeId(bytes([number]) * 64)


def digest(data: bytes) -> Hash32:
    return Hash32(hashlib.sha256(data).digest())


def block_at(height: int, size: int = 0) -> bytes:
    header = [ZERO] * 5 + [bytes(256), height, 0, 0, 0, [], 0, []]
    return rlp.encode((header, bytes(size), ZERO, [], []))


@dataclass(frozen=True)
class FakeHead:
    number: int
    hash: bytes


@dataclass
class FakeMembership:
    working: tuple[NodeId, ...]
    observers: tuple[NodeId, ...] = ()
    pending: tuple[NodeId, ...] = ()


class FakeChain:
    """Blocks that are right if they equal `block_at` their height."""

    def __init__(self, height: int, membership: FakeMembership, block_size: int = 0) -> None:
        self.blocks = [block_at(number, block_size) for number in range(height + 1)]
        self.block_size = block_size
        self.membership = membership
        self.genesis_hash = digest(block_at(0))
        self.failure: Exception | None = None
        self.import_s = 0.0
        """How long a block takes."""

    @property
    def head(self) -> FakeHead:
        return FakeHead(len(self.blocks) - 1, digest(self.blocks[-1]))

    def block_bytes(self, height: int) -> bytes | None:
        return self.blocks[height] if height < len(self.blocks) else None

    async def import_block(self, data: bytes) -> object:
        await asyncio.sleep(self.import_s)
        if self.failure is not None:
            raise self.failure
        height, head = peek_height(data), self.head.number
        if height != head + 1:
            raise StaleBlock(height, head)
        if data != block_at(height, self.block_size):
            raise InvalidBlock(height, "not what it should be")
        self.blocks.append(data)
        return None


class FakeBatch:
    """Transactions that are any bytes; written as in data model §6.2."""

    def __init__(self, raws: Sequence[bytes]) -> None:
        self.raws = list(raws)

    @staticmethod
    def decode_blob(blob: bytes) -> FakeBatch:
        if len(blob) < 4:
            raise ValueError("no offset table")
        (count,) = struct.unpack_from("<I", blob)
        offsets = struct.unpack_from(f"<{count + 1}I", blob, 4)
        base = 4 * (count + 2)
        return FakeBatch([blob[base + a : base + b] for a, b in itertools.pairwise(offsets)])

    def encode_blob(self) -> bytes:
        offsets = [0]
        for raw in self.raws:
            offsets.append(offsets[-1] + len(raw))
        return struct.pack(f"<{len(offsets) + 1}I", len(self.raws), *offsets) + b"".join(self.raws)

    def __len__(self) -> int:
        return len(self.raws)

    @property
    def hashes(self) -> list[bytes]:
        return [digest(raw) for raw in self.raws]

    @property
    def byte_size(self) -> int:
        return sum(map(len, self.raws))


class FakePool:
    def __init__(self) -> None:
        self.held: dict[bytes, bytes] = {}
        self.unsent: list[bytes] = []
        self.unannounced: list[bytes] = []
        self.refused: set[bytes] = set()

    def __len__(self) -> int:
        return len(self.held)

    def submit_from_client(self, *raws: bytes) -> None:
        for raw in raws:
            self.held[digest(raw)] = raw
            self.unsent.append(raw)

    def contains(self, hashes: Sequence[bytes]) -> list[bool]:
        return [item in self.held for item in hashes]

    def lookup(self, hashes: Sequence[bytes]) -> tuple[FakeBatch, list[int]]:
        missing = [index for index, item in enumerate(hashes) if item not in self.held]
        return FakeBatch([self.held[item] for item in hashes if item in self.held]), missing

    def take_unsent(self, count_max: int) -> FakeBatch:
        taken, self.unsent = self.unsent[:count_max], self.unsent[count_max:]
        return FakeBatch(taken)

    def take_unannounced(self, age_ms_min: int, count_max: int) -> list[bytes]:
        taken, self.unannounced = self.unannounced, []
        return taken

    async def submit_list(self, transactions: FakeBatch, *, from_client: bool = False) -> list[int]:
        statuses = []
        for raw in transactions.raws:
            key = digest(raw)
            statuses.append(15 if raw in self.refused else 10000 if key in self.held else 0)
            if statuses[-1] == 0:
                self.held[key] = raw
        return statuses


@dataclass
class Wires:
    """Delivers packets between engines in the next turn of the loop."""

    engines: dict[NodeId, SyncEngine[FakeBatch]] = field(default_factory=dict)
    sent: Counter[str] = field(default_factory=Counter)
    log: list[tuple[NodeId, NodeId, int, bytes]] = field(default_factory=list)
    exhausted: bool = False
    """The bandwidth limits leave no room."""

    def end_of(self, me: NodeId) -> End:
        return End(self, me)


@dataclass
class End:
    wires: Wires
    me: NodeId

    def send(self, node: NodeId, packet_type: int, payload: bytes) -> None:
        self.wires.sent[type(decode_packet(payload)).__name__] += 1
        self.wires.log.append((self.me, node, packet_type, payload))
        target = self.wires.engines.get(node)
        if target is not None:
            asyncio.get_running_loop().call_soon(target.on_packet, self.me, packet_type, payload)

    def has_room(self) -> bool:
        return not self.wires.exhausted

    def connected_ids(self) -> set[NodeId]:
        return {node for node in self.wires.engines if node != self.me}


@dataclass
class Peer:
    chain: FakeChain
    pool: FakePool
    engine: SyncEngine[FakeBatch]


class Group:
    """Engines of one group that run until the test ends."""

    def __init__(self, heights: Sequence[int], *, observers: int = 0, block_size: int = 0) -> None:
        self.wires = Wires()
        self.threads = ThreadPoolExecutor(2)
        nodes = [node_id(number) for number in range(len(heights))]
        sealers = len(heights) - observers
        membership = FakeMembership(tuple(nodes[:sealers]), tuple(nodes[sealers:]))
        self.peers: list[Peer] = []
        for number, height in enumerate(heights):
            chain, pool = FakeChain(height, membership, block_size), FakePool()
            self.peers.append(
                Peer(
                    chain,
                    pool,
                    SyncEngine(
                        me=node_id(number),
                        group_id=GroupId(1),
                        settings=SyncSettings(),
                        network=self.wires.end_of(node_id(number)),
                        chain=chain,
                        pool=pool,
                        decode_transactions=FakeBatch.decode_blob,
                        threads=self.threads,
                        choose=random.Random(number).randrange,
                        wall_ms=lambda: NOW_MS,
                    ),
                )
            )
        self.wires.engines.update({node_id(number): peer.engine for number, peer in enumerate(self.peers)})

    @contextlib.asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        tasks = [asyncio.create_task(peer.engine.run()) for peer in self.peers]
        try:
            yield
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            self.threads.shutdown()


async def until(condition: Callable[[], bool], limit_s: float = 5.0) -> None:
    async with asyncio.timeout(limit_s):
        while not condition():
            await asyncio.sleep(0.005)


async def test_a_newcomer_catches_up_and_listeners_hear_of_it():
    group = Group([0, 100, 100, 100])
    heard: list[bool] = []
    newcomer = group.peers[0]
    newcomer.engine.subscribe(heard.append)
    async with group.running():
        await until(lambda: newcomer.chain.head.number == 100)
        await until(lambda: not newcomer.engine.is_syncing)
    assert heard == [True, False]
    assert newcomer.engine.blocks_behind == 0
    assert newcomer.chain.blocks == group.peers[1].chain.blocks
    assert group.wires.sent["BlockRequest"] <= 12
    packets = [decode_packet(payload) for *_, payload in group.wires.log if payload[0] == 3]
    assert sum(len(packet.blocks) for packet in packets if isinstance(packet, Blocks)) == 100


async def test_big_blocks_are_sent_in_packets_of_bounded_size(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(engine, "BLOCKS_PACKET_BYTES_MAX", 250_000)
    group = Group([0, 20], block_size=100_000)
    async with group.running():
        await until(lambda: group.peers[0].chain.head.number == 20)
    sizes = [len(payload) for _, _, _, payload in group.wires.log if payload[0] == 3]
    assert max(sizes) <= 250_000
    assert len(sizes) >= 10


async def test_blocks_are_served_when_the_bandwidth_limits_leave_room():
    group = Group([0, 5])
    group.wires.exhausted = True
    async with group.running():
        await until(lambda: group.wires.sent["BlockRequest"] > 0)
        await asyncio.sleep(0.1)
        assert group.wires.sent["Blocks"] == 0
        group.wires.exhausted = False
        await until(lambda: group.peers[0].chain.head.number == 5)


async def test_a_wrong_block_is_refused_and_fetched_elsewhere(caplog: pytest.LogCaptureFixture):
    group = Group([0, 8, 8])
    wrong = block_at(3)[:50] + b"\xff" + block_at(3)[51:]
    group.peers[1].chain.blocks[3] = wrong
    del group.wires.engines[node_id(2)]
    async with group.running():
        await until(lambda: "block 3: not what it should be" in caplog.text)
        assert group.peers[0].chain.head.number == 2
        group.wires.engines[node_id(2)] = group.peers[2].engine
        await until(lambda: group.peers[0].chain.head.number == 8)
    assert group.peers[0].chain.blocks[3] == block_at(3)
    assert f"peer {node_id(1).hex()[:8]}" in caplog.text


async def test_a_failing_disk_ends_the_run():
    group = Group([0, 5])
    group.peers[0].chain.failure = OSError("disk gone")
    async with group.running():
        with pytest.raises(ExceptionGroup) as caught:
            await group.peers[0].engine.run()
    assert caught.group_contains(OSError, match="disk gone")


async def test_clients_transactions_leave_in_one_packet_per_turn():
    group = Group([3, 3, 3, 3], observers=1)
    async with group.running():
        await until(lambda: len(group.peers[0].engine.status().peers) == 3)
        for number in range(50):
            group.peers[0].pool.submit_from_client(b"transaction %d" % number)
            group.peers[0].engine.on_pool_changed()
        await until(lambda: all(len(peer.pool) == 50 for peer in group.peers[:3]))
    assert group.wires.sent["Transactions"] == 2
    assert len(group.peers[3].pool) == 0


async def test_transactions_travel_down_the_tree_once_and_without_the_refused_ones():
    group = Group([3] * 9)
    for peer in group.peers[1:]:
        peer.pool.refused = {b"refused"}
    async with group.running():
        await until(lambda: group.peers[0].engine.status().peers != [])
        await asyncio.sleep(0.06)
        group.peers[0].pool.submit_from_client(b"refused", b"good")
        group.peers[0].engine.on_pool_changed()
        await until(lambda: all(digest(b"good") in peer.pool.held for peer in group.peers))
    packets = [decode_packet(payload) for *_, payload in group.wires.log if payload[0] == 2]
    assert len(packets) == 8
    contents = [
        FakeBatch.decode_blob(packet.blob).raws for packet in packets if isinstance(packet, Transactions)
    ]
    assert sorted(contents) == [[b"good"]] * 5 + [[b"refused", b"good"]] * 3


async def test_announced_transactions_are_asked_for_and_sent(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(engine, "TRANSACTIONS_PACKET_BYTES_MAX", 100_000)
    group = Group([3, 3])
    raws = [b"%04d" % number * 50 for number in range(2_500)]
    holder = group.peers[0].pool
    holder.held = {digest(raw): raw for raw in raws}
    async with group.running():
        await until(lambda: group.peers[0].engine.status().peers != [])
        holder.unannounced = list(holder.held)
        await until(lambda: len(group.peers[1].pool) == len(raws))
    assert group.wires.sent["TransactionsStatus"] == 1
    assert group.wires.sent["TransactionsRequest"] == 1
    blobs = [payload for *_, payload in group.wires.log if payload[0] == 2]
    assert max(map(len, blobs)) <= 110_000
    assert sum(map(len, blobs)) <= 2_500 * (200 + 5)


async def test_without_sealers_transactions_wait_until_one_connects():
    group = Group([3, 3])
    other = group.wires.engines.pop(node_id(1))
    async with group.running():
        group.peers[0].pool.submit_from_client(b"early")
        group.peers[0].engine.on_pool_changed()
        await asyncio.sleep(0.02)
        assert group.wires.sent["Transactions"] == 0
        group.wires.engines[node_id(1)] = other
        await until(lambda: digest(b"early") in group.peers[1].pool.held)


async def test_the_status_tells_the_own_chain_and_the_highest_known():
    group = Group([7, 7])
    group.peers[1].chain.blocks.append(block_at(8))
    first = group.peers[0].engine
    first.on_packet(node_id(1), 0, encode_packet(status_of(group.peers[1].chain)))
    status = first.status()
    assert status.head == Head(Height(7), digest(block_at(7)))
    assert status.known_highest == Head(Height(8), digest(block_at(8)))
    assert not status.is_syncing
    genesis_hash = group.peers[0].chain.genesis_hash
    assert status.peers == [PeerStatus(node_id(1), Height(8), genesis_hash, digest(block_at(8)))]
    assert first.blocks_behind == 1
    group.threads.shutdown()


def status_of(chain: FakeChain, *, time_ms: int = NOW_MS) -> Status:
    return Status(Height(chain.head.number), chain.genesis_hash, Hash32(chain.head.hash), time_ms)


async def test_members_clocks_align_the_own_one_and_strangers_do_not(caplog: pytest.LogCaptureFixture):
    group = Group([7, 7, 7, 7])
    first = group.peers[0].engine
    hour_ms = 3_600_000
    stranger = node_id(99)
    group.wires.engines[stranger] = group.peers[1].engine
    for number in (1, 2, 3, 99):
        group.wires.engines.setdefault(node_id(number), group.peers[1].engine)
    first.on_packet(stranger, 0, encode_packet(status_of(group.peers[1].chain, time_ms=NOW_MS + hour_ms)))
    assert first.aligned_time_ms() == NOW_MS
    for number in (1, 2, 3):
        first.on_packet(
            node_id(number), 0, encode_packet(status_of(group.peers[1].chain, time_ms=NOW_MS + hour_ms))
        )
    assert first.aligned_time_ms() == NOW_MS + hour_ms
    assert "clock is -60 minutes off" in caplog.text
    for number in (1, 2, 3):
        del group.wires.engines[node_id(number)]
    first.on_connections_changed()
    assert first.aligned_time_ms() == NOW_MS
    group.threads.shutdown()


async def test_a_member_with_another_genesis_is_named_once(caplog: pytest.LogCaptureFixture):
    group = Group([7, 7])
    foreign = Status(Height(9), Hash32(b"f" * 32), Hash32(b"f" * 32), NOW_MS)
    for _ in range(3):
        group.peers[0].engine.on_packet(node_id(1), 0, encode_packet(foreign))
    assert caplog.text.count("compare the genesis files") == 1
    assert group.peers[0].engine.status().peers == []
    group.threads.shutdown()


async def test_nothing_a_peer_sends_raises_or_is_answered_wrongly():
    group = Group([7, 7])
    stranger = node_id(99)
    sent_by_stranger: list[bytes] = []

    class Ear:
        def on_packet(self, node: NodeId, packet_type: int, payload: bytes) -> None:
            sent_by_stranger.append(payload)

    group.wires.engines[stranger] = Ear()  # type: ignore[assignment]
    first = group.peers[0].engine
    chance = random.Random(1)
    async with group.running():
        await until(lambda: first.status().peers != [])
        for packet in (
            BlockRequest(Height(1), 5),
            TransactionsRequest((digest(b"x"),)),
            TransactionsStatus(Height(1), (digest(b"x"),)),
            Transactions(FakeBatch([b"x"]).encode_blob(), 0),
            Blocks((block_at(8),)),
            status_of(group.peers[1].chain),
        ):
            first.on_packet(stranger, 1, encode_packet(packet))
        for kind in range(8):
            for size in (0, 1, 5, 40):
                for sender in (stranger, node_id(1)):
                    first.on_packet(sender, kind % 2, bytes([kind]) + chance.randbytes(size))
        first.on_packet(node_id(1), 0, b"")
        first.on_packet(node_id(1), 0, encode_packet(Transactions(b"\x01", 7)))
        first.on_packet(node_id(1), 0, encode_packet(Blocks((b"no block",))))
        await asyncio.sleep(0.1)
        assert sent_by_stranger == []
        assert len(group.peers[0].pool) == 0
        group.peers[1].pool.submit_from_client(b"still working")
        group.peers[1].engine.on_pool_changed()
        await until(lambda: len(group.peers[0].pool) == 1)


async def test_a_free_node_may_download_where_that_is_allowed():
    group = Group([0, 30])
    holder = SyncEngine(
        me=node_id(1),
        group_id=GroupId(1),
        settings=SyncSettings(announcing=AnnouncingSettings(tells_strangers=True)),
        network=group.wires.end_of(node_id(1)),
        chain=FakeChain(30, FakeMembership((node_id(1),))),
        pool=FakePool(),
        decode_transactions=FakeBatch.decode_blob,
        threads=group.threads,
    )
    group.peers[1].engine = holder
    group.peers[0].chain.membership = FakeMembership((node_id(7),))
    group.wires.engines[node_id(1)] = holder
    async with group.running():
        await until(lambda: group.peers[0].chain.head.number == 30)


async def test_an_idle_engine_sends_status_only():
    group = Group([5, 5, 5, 5])
    async with group.running():
        await asyncio.sleep(0.4)
    assert set(group.wires.sent) == {"Status"}
    # One heartbeat each, and one greeting for each session that was new.
    assert group.wires.sent["Status"] <= 4 * 3 * 2


async def test_new_members_are_noticed_with_the_head():
    group = Group([5, 5, 5])
    first = group.peers[0]
    first.chain.membership = FakeMembership((node_id(0), node_id(1)))
    first.engine.on_head_changed()
    group.wires.log.clear()
    first.chain.membership = FakeMembership((node_id(0), node_id(1), node_id(2)))
    first.chain.blocks.append(block_at(6))
    first.engine.on_head_changed()
    told = {to for sender, to, _, payload in group.wires.log if payload[0] == 1}
    assert told == {node_id(1), node_id(2)}
    assert first.engine.status().head.height == 6
    group.threads.shutdown()


async def test_sealers_that_wait_for_their_turn_follow_and_get_no_transactions():
    group = Group([5, 5, 5, 5])
    first = group.peers[0]
    first.chain.membership = FakeMembership((node_id(0), node_id(2)), pending=(node_id(1), node_id(3)))
    first.engine.on_head_changed()
    view = first.engine._observe_group()
    assert view.connected_sealers == (node_id(2),)
    assert view.connected_members == (node_id(1), node_id(2), node_id(3))
    assert view.transaction_children(0) == (node_id(2),)
    group.threads.shutdown()


@pytest.mark.parametrize("is_away", [False, True])
async def test_a_removed_member_gets_the_block_that_removes_it_and_no_other(is_away: bool):
    group = Group([4, 4, 4, 4])
    leaver = group.peers[3]
    staying = FakeMembership(tuple(node_id(number) for number in range(3)))
    async with group.running():
        await until(lambda: len(leaver.engine.status().peers) == 3)
        if is_away:
            del group.wires.engines[node_id(3)]
        for height in (5, 6, 7):
            for peer in group.peers[:3]:
                peer.chain.blocks.append(block_at(height))
                peer.chain.membership = staying
                peer.engine.on_head_changed()
            await asyncio.sleep(0.1)
        if is_away:  # and then hears from somebody how far the others are
            group.wires.engines[node_id(3)] = leaver.engine
            leaver.engine.on_packet(node_id(0), 0, encode_packet(status_of(group.peers[0].chain)))
        await until(lambda: leaver.chain.head.number == 5)
        await asyncio.sleep(0.2)
    assert leaver.chain.head.number == 5


async def test_a_long_download_is_told_in_the_log(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
):
    monkeypatch.setattr("hansa.sync.progress.REPORT_INTERVAL_MS", 1)
    caplog.set_level("INFO", logger="hansa.sync")
    group = Group([0, 100])
    group.peers[0].chain.import_s = 0.005  # some ticks long
    async with group.running():
        await until(lambda: group.peers[0].chain.head.number == 100)
    assert "downloading from block 0 to 100" in caplog.text
    assert re.search(r"block \d+ of 100, \d+ to go, \d+ blocks/s", caplog.text)
