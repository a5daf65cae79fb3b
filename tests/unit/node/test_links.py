"""Durable records and the signer."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from hansa.kernel import keccak256, public_key, recover
from hansa.node.links import DurableRecords, NodeSigner
from hansa.storage import RocksStore

SECRET = keccak256(b"test key of a node")


async def test_a_saved_record_survives_reopening(tmp_path: Path) -> None:
    with ThreadPoolExecutor(1) as threads:
        store = RocksStore(tmp_path)
        records = DurableRecords(store, threads)
        assert records.load("vote") is None
        await records.save("vote", b"first")
        await records.save("vote", b"second")
        await records.save("prepared", b"block")
        store.close()
        store = RocksStore(tmp_path)
        again = DurableRecords(store, threads)
        assert again.load("vote") == b"second"
        assert again.load("prepared") == b"block"
        store.close()


def test_signatures_recover_the_node() -> None:
    digest = keccak256(b"digest")
    assert recover(digest, NodeSigner(SECRET).sign(digest)) == public_key(SECRET)


def test_the_secret_is_not_shown() -> None:
    assert SECRET.hex() not in repr(NodeSigner(SECRET))
