"""A group in one process: real engines, ledgers, pools and keys; only wire and disk are of this page."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from random import Random
from typing import Any, Self

from hansa.consensus.engine import ConsensusEngine
from hansa.consensus.surroundings import Surroundings
from hansa.kernel import Suite, Transaction, keccak256, public_key, sign, vrf_prove
from hansa.ledger.errors import StaleBlock
from hansa.ledger.genesis import GenesisSettings, parse_genesis_settings
from hansa.ledger.ledger import CommittedBlock, Ledger
from hansa.node.group_settings import parse_group_settings
from hansa.primitives import NodeId
from hansa.storage import MemoryStore
from hansa.txpool import Pool

THREADS = ThreadPoolExecutor(2)
CLIENT = keccak256(b"test key of a client")
EngineOpener = Callable[[Surroundings], ConsensusEngine]
LIMIT_S = 10.0
"""How long a test waits for something that should happen at once."""


class Key:
    """A sealer's secret."""

    def __init__(self, number: int, suite: Suite = Suite.STANDARD) -> None:
        self.suite = suite
        self.secret = keccak256(b"test key of sealer %d" % number)
        self.id = NodeId(public_key(self.secret, suite=suite))

    def sign(self, digest: bytes) -> bytes:
        return sign(self.secret, digest, suite=self.suite)

    def prove(self, text: str) -> tuple[str, str]:
        return vrf_prove(self.secret, text)

    def sign_transaction(self, **fields: Any) -> Transaction:
        return Transaction.create(self.secret, gas_price=0, gas=0, value=0, suite=self.suite, **fields)


class Disk:
    """Records that outlive an engine."""

    def __init__(self) -> None:
        self.records: dict[str, bytes] = {}
        self.is_broken = False
        self.on_save: Callable[[str, bytes], None] = lambda name, data: None

    def load(self, name: str) -> bytes | None:
        return self.records.get(name)

    async def save(self, name: str, data: bytes) -> None:
        await asyncio.sleep(0)
        if self.is_broken:
            raise OSError("no space left")
        self.on_save(name, data)
        self.records[name] = data


class Wire:
    """Delivers packets in the next turn of the loop."""

    def __init__(self) -> None:
        self.members: dict[NodeId, Member] = {}
        self.cut: set[frozenset[NodeId]] = set()
        self.sent: list[tuple[NodeId, NodeId, int, bytes]] = []
        self.on_committed: Callable[[Member], None] = lambda member: None
        """Told of each block that a member has stored."""
        self.drops: Callable[[NodeId, NodeId, int, bytes], bool] = lambda *packet: False
        """Is a packet (from, to, type, payload) lost?"""

    def are_linked(self, one: NodeId, other: NodeId) -> bool:
        both_up = all(node in self.members and self.members[node].is_up for node in (one, other))
        return one != other and both_up and frozenset((one, other)) not in self.cut


class Plug:
    """One node's end of the wire."""

    def __init__(self, wire: Wire, me: NodeId) -> None:
        self._wire = wire
        self._me = me

    def send(self, node: NodeId, packet_type: int, payload: bytes) -> None:
        self._wire.sent.append((self._me, node, packet_type, payload))
        is_lost = self._wire.drops(self._me, node, packet_type, payload)
        if self._wire.are_linked(self._me, node) and not is_lost:
            engine = self._wire.members[node].engine
            asyncio.get_running_loop().call_soon(engine.on_packet, self._me, packet_type, payload)

    def connected_ids(self) -> set[NodeId]:
        return {node for node in self._wire.members if self._wire.are_linked(self._me, node)}


class Member:
    """A sealer."""

    def __init__(self, key: Key, genesis: GenesisSettings, wire: Wire, open_engine: EngineOpener) -> None:
        self.key = key
        self.disk = Disk()
        self.ledger = Ledger(MemoryStore(), genesis, THREADS)
        self.pool = Pool(
            chain_id=1,
            group_id=1,
            count_limit=10_000,
            byte_limit=1 << 24,
            expiry_s=600,
            threads=THREADS,
            head=0,
            nonces=self.ledger.recent_nonces(),
            suite=genesis.suite,
        )
        self.is_up = False
        self.time_jump_ms = 0
        self._genesis = genesis
        self._wire = wire
        self._open_engine = open_engine
        self.engine = self._new_engine()
        self.pool.on_admitted(lambda: self.engine.on_pool_changed())
        self.ledger.subscribe(self._block_committed)

    def _block_committed(self, committed: CommittedBlock) -> None:
        self.pool.commit(committed.block)
        self.engine.on_head_changed()
        self._wire.on_committed(self)

    def _new_engine(self) -> Any:
        return self._open_engine(
            Surroundings(
                me=self.key.id,
                chain_id=1,
                genesis=self._genesis,
                settings=parse_group_settings("", "group.1.ini").consensus,
                chain=self.ledger,
                pool=self.pool,
                network=Plug(self._wire, self.key.id),
                signer=self.key,
                store=self.disk,
                aligned_ms=lambda: time.time_ns() // 1_000_000,
                steady_ms=lambda: time.monotonic_ns() // 1_000_000 + self.time_jump_ms,
                draw=Random(self._genesis.sealers.index(self.key.id)).randrange,
            )
        )

    async def start(self) -> None:
        """Come up, as after a restart."""
        self.engine = self._new_engine()
        self.is_up = True
        self.task = asyncio.create_task(self.engine.run())
        await asyncio.sleep(0)
        for other in self._wire.members.values():
            if self._wire.are_linked(self.key.id, other.key.id):
                self.engine.on_peer_connected(other.key.id)
                other.engine.on_peer_connected(self.key.id)

    async def stop(self) -> None:
        """Go down in order."""
        self.is_up = False
        self.engine.stop()
        await asyncio.wait_for(self.task, LIMIT_S)

    def jump(self, milliseconds: int) -> None:
        """Let this node's clock run ahead."""
        self.time_jump_ms += milliseconds
        self.engine.on_pool_changed()


class JoinedGroup:
    """All sealers of a chain, in the order of their indices."""

    def __init__(
        self,
        size: int,
        open_engine: EngineOpener,
        consensus: str = "consensus_type=pbft",
        suite: Suite = Suite.STANDARD,
    ) -> None:
        """Args: `consensus` is what the genesis file says of it beside the sealers."""
        self.suite = suite
        self.keys = sorted((Key(number, suite) for number in range(size)), key=lambda key: key.id)
        nodes = "\n".join(f"node.{index}={key.id.hex()}" for index, key in enumerate(self.keys))
        text = f"[group]\nid=1\ntimestamp=1700000000000\n[consensus]\n{consensus}\n{nodes}\n"
        genesis = parse_genesis_settings(text, "group.1.genesis", (2, 9, 1), suite)
        self.wire = Wire()
        self.members = [Member(key, genesis, self.wire, open_engine) for key in self.keys]
        self.wire.members = {member.key.id: member for member in self.members}
        self._nonce = 0

    async def __aenter__(self) -> Self:
        for member in self.members:
            await member.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        for member in self.members:
            if member.is_up:
                await member.stop()

    def transactions(self, count: int) -> list[bytes]:
        """Valid ones."""
        self._nonce += count
        return [self._transaction(self._nonce - number) for number in range(count)]

    def _transaction(self, nonce: int) -> bytes:
        return Transaction.create(
            CLIENT,
            nonce=nonce,
            gas_price=1,
            gas=30_000_000,
            block_limit=500,
            to=bytes(19) + b"\x04",
            value=0,
            data=b"data",
            chain_id=1,
            group_id=1,
            suite=self.suite,
        ).raw

    async def submit(self, raws: list[bytes], to: list[Member] | None = None) -> None:
        """Into the pools of some, or of all."""
        for member in self.members if to is None else to:
            await member.pool.submit(raws, from_client=True)


class SyncedGroup(JoinedGroup):
    """Its members give one another the blocks they have stored."""

    def __init__(
        self, size: int, open_engine: EngineOpener, consensus: str, suite: Suite = Suite.STANDARD
    ) -> None:
        super().__init__(size, open_engine, consensus, suite)
        self.wire.on_committed = self._offer
        self._imports: set[asyncio.Task[None]] = set()

    async def start(self, member: Member) -> None:
        """Bring a member up; it fetches what it lacks."""
        await member.start()
        for other in self.members:
            self._begin_import(other, member)

    def _offer(self, source: Member) -> None:
        for target in self.members:
            self._begin_import(source, target)

    def _begin_import(self, source: Member, target: Member) -> None:
        if self.wire.are_linked(source.key.id, target.key.id):
            task = asyncio.get_running_loop().create_task(self._import(source, target))
            self._imports.add(task)
            task.add_done_callback(self._imports.discard)

    async def _import(self, source: Member, target: Member) -> None:
        while target.ledger.head.number < source.ledger.head.number:
            data = source.ledger.block_bytes(target.ledger.head.number + 1)
            assert data is not None
            try:
                await target.ledger.import_block(data)
            except StaleBlock:
                continue


async def eventually(holds: Callable[[], bool]) -> None:
    """Wait until something is so."""
    async with asyncio.timeout(LIMIT_S):
        while not holds():
            await asyncio.sleep(0.002)
