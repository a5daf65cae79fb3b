"""A disk that is full, or holds something else than was written: one node stops and says so, three go on."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from hansa.sdk.account import Account
from tests.cluster.harness import Cluster
from tests.cluster.small_disk import SmallDisk

pytestmark = pytest.mark.cluster

VICTIM = 3
SEED = 4711


@pytest.fixture(scope="module")
def chain(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    """Four running nodes with a few blocks."""
    built = Cluster.build(tmp_path_factory.mktemp("disk"))
    try:
        built.start_all()
        grow(built)
        yield built
    finally:
        built.close()


def grow(cluster: Cluster, block_count: int = 3) -> int:
    """More blocks, with some weight; the height."""
    account = Account.create()
    for _ in range(block_count):
        hashes = [cluster.send(0, account, b"\x01" * 20, bytes(20_000)) for _ in range(5)]
        cluster.settle(0, hashes[-1])
    return cluster.height(0)


def tables(cluster: Cluster) -> Path:
    return cluster.node_directory(VICTIM) / "data" / "group1" / "block" / "RocksDB"


def flip_bytes(path: Path) -> None:
    chance = random.Random(SEED)
    data = bytearray(path.read_bytes())
    for _ in range(8):
        data[chance.randrange(len(data))] ^= 0xFF
    path.write_bytes(data)


def damage_manifest(directory: Path) -> None:
    flip_bytes(next(directory.glob("MANIFEST-*")))


def damage_tables(directory: Path) -> None:
    for path in directory.glob("*.sst"):
        flip_bytes(path)


def lose_a_table(directory: Path) -> None:
    max(directory.glob("*.sst")).unlink()


def damage_log(directory: Path) -> None:
    path = max(directory.glob("*.log"), key=lambda file: file.stat().st_size)
    data = bytearray(path.read_bytes())
    data[len(data) // 3] ^= 0xFF
    path.write_bytes(data)


@pytest.mark.parametrize(
    ("end", "damage"),
    [
        (Cluster.stop, damage_manifest),
        (Cluster.stop, damage_tables),
        (Cluster.stop, lose_a_table),
        (Cluster.kill, damage_log),
    ],
)
def test_a_damaged_database_is_refused_and_can_be_replaced(
    chain: Cluster, end: Callable[[Cluster, int], object], damage: Callable[[Path], None]
) -> None:
    grow(chain)
    chain.wait_equal_heads()
    end(chain, VICTIM)
    damage(tables(chain))
    chain.launch(VICTIM)
    assert chain.await_end(VICTIM) == 1
    output = chain.output(VICTIM)
    assert "Traceback" not in output
    assert str(tables(chain)) in output
    assert "move the directory away" in output

    height = grow(chain)
    chain.wipe(VICTIM, "group1/block")
    chain.start(VICTIM)
    chain.wait(lambda: chain.height(VICTIM) >= height, 30, "the blocks are there again")
    chain.assert_same_chain()


def test_a_full_disk_ends_a_node_with_its_blocks_kept(chain: Cluster) -> None:
    chain.stop(VICTIM)
    chain.wipe(VICTIM)
    with SmallDisk(chain.node_directory(VICTIM) / "data", megabytes=96) as disk:
        inside = disk.command(chain.node_directory(VICTIM))
        chain.launch(VICTIM, inside=inside)
        chain.wait(lambda: chain.answers(VICTIM), 30, "the node answers")
        kept = chain.wait_equal_heads()
        disk.fill()
        grow(chain)
        assert chain.await_end(VICTIM) == 1
        output = chain.output(VICTIM)
        assert "Traceback" not in output
        assert "No space left on device" in output
        assert "check the disk for space" in output

        height = grow(chain)
        disk.clear()
        chain.launch(VICTIM, inside=inside)
        chain.wait(lambda: chain.answers(VICTIM), 30, "the node answers")
        assert chain.height(VICTIM) >= kept
        chain.wait(lambda: chain.height(VICTIM) >= height, 30, "the node has caught up")
        chain.assert_same_chain()
        chain.kill(VICTIM)
