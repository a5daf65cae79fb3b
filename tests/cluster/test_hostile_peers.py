"""A peer with a valid certificate lies, floods, is silent: the group goes on, in bounded memory (node §3.4).

Every defect of the reference node that a peer can use is here: what it does there is told in the test's name.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterator

import pytest

from hansa.primitives import Hash32
from hansa.sdk import Account
from tests.cluster import attacks
from tests.cluster.harness import GROUP, Cluster
from tests.cluster.intruder import Intruder

pytestmark = pytest.mark.cluster

SECONDS = 1.5
MEMORY_BYTES_MAX = 150 << 20
"""What a node may grow by while it is flooded."""
BAD, STRANGER = 3, 4


@pytest.fixture(scope="module")
def chain(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    """Four running nodes, and the folder of a fifth that no group knows."""
    built = Cluster.build(tmp_path_factory.mktemp("hostile"), room=5)
    try:
        built.start_all()
        built.add_node()
        built.settle(0, built.send(0, Account.create(), b"\x01" * 20, b"first"))
        yield built
    finally:
        built.close()


def genesis_hash(cluster: Cluster) -> Hash32:
    return Hash32(bytes.fromhex(cluster.block(0, 0)["hash"][2:]))


async def endure(
    cluster: Cluster, intruder: Intruder, frames: Iterator[bytes], *, seconds: float = SECONDS
) -> int:
    """Flood the nodes while clients go on: every transaction gets its receipt. How many frames it took."""
    before = {index: cluster.usage(index).resident_bytes for index in cluster.processes}
    attack = asyncio.create_task(intruder.flood(frames, seconds))
    account = Account.create()
    settled = 0
    while not attack.done():
        for index in sorted(cluster.processes):
            digest = await asyncio.to_thread(cluster.send, index, account, b"\x01" * 20, b"under attack")
            await asyncio.to_thread(cluster.settle, index, digest, 10)
            settled += 1
        for index, bytes_before in before.items():
            grown = cluster.usage(index).resident_bytes - bytes_before
            assert grown < MEMORY_BYTES_MAX, f"node{index} grew by {grown >> 20} MB"
    assert settled >= len(cluster.processes)
    await asyncio.to_thread(cluster.wait_equal_heads)
    return await attack


@pytest.mark.parametrize(
    "frames",
    [
        attacks.garbage,
        attacks.recorded_malformed,
        attacks.missed_transactions,
        attacks.greedy_requests,
        attacks.invented_announcements,
        attacks.unwanted_blocks,
        attacks.bombs,
    ],
)
async def test_a_stranger_floods_and_gets_nothing(
    chain: Cluster, frames: Callable[[], Iterator[bytes]]
) -> None:
    ports = [chain.p2p_port(index) for index in range(4)]
    async with Intruder(chain.node_directory(STRANGER), ports) as intruder:
        assert await endure(chain, intruder, frames()) > 0
        assert intruder.received == []


async def test_an_invented_height_does_not_hold_nodes_in_downloading(chain: Cluster) -> None:
    ports = [chain.p2p_port(index) for index in range(4)]
    now_ms = time.time_ns() // 1_000_000
    async with Intruder(chain.node_directory(STRANGER), ports) as intruder:
        await endure(chain, intruder, attacks.lying_statuses(genesis_hash(chain), now_ms))
        for index in range(4):
            assert not chain.rpc(index, "getSyncStatus", GROUP)["isSyncing"]
            head = chain.block(index, chain.height(index))
            assert abs(int(head["timestamp"], 16) - time.time() * 1000) < 60_000, "nobody believed its clock"


# --- a sealer gone bad -----------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def betrayed(chain: Cluster) -> Iterator[Cluster]:
    """The same chain with one sealer's process gone, its key in other hands; it comes back in the end."""
    chain.stop(BAD)
    yield chain
    chain.start(BAD)
    chain.assert_same_chain()


@pytest.mark.parametrize(
    "frames",
    [
        attacks.garbage,
        attacks.missed_transactions,
        attacks.greedy_requests,
        attacks.invented_announcements,
        attacks.unwanted_blocks,
        attacks.bombs,
    ],
)
async def test_a_bad_sealer_floods(betrayed: Cluster, frames: Callable[[], Iterator[bytes]]) -> None:
    ports = [betrayed.p2p_port(index) for index in range(BAD)]
    async with Intruder(betrayed.node_directory(BAD), ports) as intruder:
        assert await endure(betrayed, intruder, frames()) > 0


async def test_a_bad_sealer_asks_for_blocks_and_never_reads(betrayed: Cluster) -> None:
    ports = [betrayed.p2p_port(index) for index in range(BAD)]
    async with Intruder(betrayed.node_directory(BAD), ports, reads=False) as intruder:
        await endure(betrayed, intruder, attacks.greedy_requests())


def sealer_index(cluster: Cluster, index: int) -> int:
    sealers: list[str] = cluster.rpc(0, "getSealerList", GROUP)
    return sealers.index(cluster.node_id(index))


async def test_a_bad_sealer_votes_for_nonsense(betrayed: Cluster) -> None:
    ports = [betrayed.p2p_port(index) for index in range(BAD)]
    frames = attacks.valid_nonsense(
        sealer_index(betrayed, BAD), betrayed.node_secret(BAD), betrayed.height(0)
    )
    async with Intruder(betrayed.node_directory(BAD), ports) as intruder:
        await endure(betrayed, intruder, frames)


async def test_a_bad_sealer_forges_votes_of_others(betrayed: Cluster) -> None:
    ports = [betrayed.p2p_port(index) for index in range(BAD)]
    async with Intruder(betrayed.node_directory(BAD), ports) as intruder:
        await endure(betrayed, intruder, attacks.forged_votes(sealer_index(betrayed, 0)))


async def test_a_bad_sealer_announces_a_height_and_delivers_nothing(betrayed: Cluster) -> None:
    """Upstream it holds the others in Downloading as long as it likes; here for one time limit at most."""
    ports = [betrayed.p2p_port(index) for index in range(BAD)]
    now_ms = time.time_ns() // 1_000_000
    async with Intruder(betrayed.node_directory(BAD), ports) as intruder:
        lying = asyncio.create_task(
            intruder.flood(attacks.lying_statuses(genesis_hash(betrayed), now_ms), 15, at_once=1)
        )
        await asyncio.sleep(8)
        heights = [betrayed.height(index) for index in range(BAD)]
        digest = await asyncio.to_thread(betrayed.send, 0, Account.create(), b"\x01" * 20, b"while it lies")
        await asyncio.to_thread(betrayed.settle, 0, digest, 5)
        for index, height in enumerate(heights):
            assert betrayed.height(index) > height
            head = betrayed.block(index, betrayed.height(index))
            assert abs(int(head["timestamp"], 16) - time.time() * 1000) < 60_000
        await lying
