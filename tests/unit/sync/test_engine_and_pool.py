"""The engine with the pool and the kernel it will live with: signed transactions, admitted for real."""

import asyncio
import contextlib
from concurrent.futures import ThreadPoolExecutor

from hansa.kernel import Transaction, TransactionList
from hansa.primitives import GroupId, NodeId
from hansa.sync import SyncEngine, SyncSettings
from hansa.txpool import Pool
from tests.unit.sync.test_engine import FakeChain, FakeMembership, node_id, until


class Wire:
    """Engines by node; what a node sends arrives in the next turn of the loop."""

    def __init__(self) -> None:
        self.engines: dict[NodeId, SyncEngine[TransactionList]] = {}
        self.transactions_sent = 0

    def end_of(self, me: NodeId) -> "WireEnd":
        return WireEnd(self, me)


class WireEnd:
    def __init__(self, wire: Wire, me: NodeId) -> None:
        self._wire = wire
        self._me = me

    def send(self, node: NodeId, packet_type: int, payload: bytes) -> None:
        self._wire.transactions_sent += payload[0] == 2
        asyncio.get_running_loop().call_soon(
            self._wire.engines[node].on_packet, self._me, packet_type, payload
        )

    def has_room(self) -> bool:
        return True

    def connected_ids(self) -> list[NodeId]:
        return [node for node in self._wire.engines if node != self._me]


async def test_signed_transactions_reach_every_pool_and_bad_ones_none():
    wire, membership = Wire(), FakeMembership(tuple(node_id(number) for number in range(4)))
    pools: list[Pool] = []
    with ThreadPoolExecutor(2) as threads:
        for me in membership.working:
            pool = Pool(
                chain_id=1,
                group_id=1,
                count_limit=10_000,
                byte_limit=1 << 26,
                expiry_s=600,
                threads=threads,
                head=3,
                nonces=[],
            )
            engine = SyncEngine(
                me=me,
                group_id=GroupId(1),
                settings=SyncSettings(),
                network=wire.end_of(me),
                chain=FakeChain(3, membership),
                pool=pool,
                decode_transactions=TransactionList.decode_blob,
                threads=threads,
            )
            pool.on_admitted(engine.on_pool_changed)
            wire.engines[me] = engine
            pools.append(pool)
        tasks = [asyncio.create_task(engine.run()) for engine in wire.engines.values()]
        try:
            raws = [transaction(nonce, group_id=1) for nonce in range(30)]
            other_group = transaction(99, group_id=2)
            await pools[0].submit([*raws, other_group], from_client=True)
            await until(lambda: all(len(pool) == 30 for pool in pools))
            hashes = sorted(item.hash for item in map(Transaction.decode, raws))
            assert all(sorted(pool.all().hashes) == hashes for pool in pools)
            # Announcing them later finds nothing to send.
            await asyncio.sleep(0.15)
            assert wire.transactions_sent == 3
        finally:
            for task in tasks:
                task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await asyncio.gather(*tasks)


def transaction(nonce: int, *, group_id: int) -> bytes:
    return Transaction.create(
        bytes(31) + b"\x01",
        nonce=nonce,
        gas_price=1,
        gas=1,
        block_limit=100,
        to=bytes(20),
        value=0,
        data=b"data",
        chain_id=1,
        group_id=group_id,
    ).raw
