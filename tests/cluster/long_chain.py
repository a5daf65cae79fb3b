"""A long chain, and a node with nothing that joins it.

`python -m tests.cluster.long_chain --blocks 100000` writes a chain of four sealers straight into the database
of one of them, as the four would have committed it, then starts that node and an observer with empty data and
watches the observer download, verify, execute and store every block.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import sys
import tempfile
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from hansa.consensus.headers import header_on
from hansa.kernel import Block, Transaction, TransactionList, public_key, sign
from hansa.ledger.genesis import load_genesis_settings
from hansa.ledger.ledger import Ledger
from hansa.primitives import Address, NodeId
from hansa.sdk import Account, load_artifact
from hansa.storage import RocksStore
from tests.cluster.governance import CONSENSUS, CONSENSUS_ADDRESS
from tests.cluster.harness import Cluster

__all__ = ["Download", "build_long_chain", "download", "write_chain"]

SEALER_COUNT = 4
SERVER, NEWCOMER = 0, SEALER_COUNT
VERSION = (2, 9, 1)


@dataclass(frozen=True, slots=True)
class Download:
    """What a download took, from the first block that was seen on."""

    blocks: int
    transactions: int
    """On the whole chain."""
    seconds: float
    newcomer_cpu_seconds: float
    server_cpu_seconds: float
    resident_bytes_max: int
    """Of the newcomer."""
    database_bytes: int
    """Of the server: what had to be told."""

    def __str__(self) -> str:
        return (
            f"{self.blocks} blocks, {self.transactions} transactions in {self.seconds:.1f} s: "
            f"{self.blocks / self.seconds:.0f} blocks/s; "
            f"CPU {self.newcomer_cpu_seconds:.1f} s newcomer, {self.server_cpu_seconds:.1f} s server; "
            f"newcomer at most {self.resident_bytes_max >> 20} MB; database {self.database_bytes >> 20} MB"
        )


def build_long_chain(root: Path, block_count: int, transaction_count: int) -> Cluster:
    """A chain of four sealers whose first node holds `block_count` blocks, and the folder of a fifth node,
    which block 1 made an observer. Nothing is running."""
    cluster = Cluster.build(root, SEALER_COUNT, room=SEALER_COUNT + 1)
    cluster.add_node()
    secrets = [cluster.node_secret(index) for index in range(SEALER_COUNT)]
    asyncio.run(
        write_chain(
            cluster.node_directory(SERVER), secrets, cluster.node_id(NEWCOMER), block_count, transaction_count
        )
    )
    return cluster


async def write_chain(
    directory: Path, secrets: Sequence[bytes], newcomer: str, block_count: int, transaction_count: int
) -> None:
    """Fill the database of a node that is not running.

    Args:
        directory: of the node.
        secrets: the sealers' keys.
        newcomer: the node id that block 1 makes an observer.
        block_count: blocks in all; the contract is deployed in block 2 and used in all others.
        transaction_count: in each of those.
    """
    with ThreadPoolExecutor(1) as threads:
        store = RocksStore(directory / "data" / "group1" / "block" / "RocksDB")
        genesis = load_genesis_settings(directory / "conf" / "group.1.genesis", VERSION)
        writer = _Writer(Ledger(store, genesis, threads), secrets)
        contract = load_artifact("HelloWorld")
        await writer.write([(CONSENSUS_ADDRESS, CONSENSUS.call_data("addObserver", newcomer))])
        deployed = await writer.write([(None, contract.deployment())])
        address = Address(
            bytes.fromhex(deployed.receipt_json(0).decode().split('"contractAddress":"0x')[1][:40])
        )
        for number in range(2, block_count):
            await writer.write(
                [
                    (address, contract.call_data("set", f"{number}-{index}"))
                    for index in range(transaction_count)
                ]
            )
        store.close()


class _Writer:
    """Commits blocks as the sealers together would."""

    def __init__(self, ledger: Ledger, secrets: Sequence[bytes]) -> None:
        self._ledger = ledger
        self._account = Account.create()
        by_id = {NodeId(public_key(secret)): secret for secret in secrets}
        self._sealers = tuple(sorted(by_id))
        self._secrets = [by_id[node] for node in self._sealers]
        self._quorum = len(secrets) - (len(secrets) - 1) // 3

    async def write(self, calls: Sequence[tuple[Address | None, bytes]]) -> Block:
        head = self._ledger.head
        leader = head.number % len(self._sealers)
        header = header_on(head, self._sealers, timestamp=head.timestamp + 500, sealer=leader)
        transactions = TransactionList.decode([self._sign(to, data) for to, data in calls])
        executed = await self._ledger.execute(Block.propose(header, transactions))
        signatures = [
            (index, sign(self._secrets[index], executed.block.hash)) for index in range(self._quorum)
        ]
        return await self._ledger.commit(executed, signatures)

    def _sign(self, to: Address | None, data: bytes) -> bytes:
        return Transaction.create(
            self._account.secret,
            nonce=int.from_bytes(os.urandom(16), "big"),
            gas_price=1,
            gas=300_000_000,
            block_limit=self._ledger.head.number + 500,
            to=to,
            value=0,
            data=data,
            chain_id=1,
            group_id=1,
        ).raw


def download(cluster: Cluster, seconds_max: float) -> Download:
    """Start the server, then the newcomer, and wait until it has everything."""
    cluster.answer_as_stranger(NEWCOMER)  # it is no member before block 1
    cluster.start(SERVER, NEWCOMER)
    target = cluster.height(SERVER)
    cluster.wait(lambda: cluster.height(NEWCOMER) > 0, 30, "the download begins")
    server_before, newcomer_before = (cluster.usage(index).cpu_seconds for index in (SERVER, NEWCOMER))
    first = cluster.height(NEWCOMER)
    began = time.monotonic()
    resident_max = 0
    while cluster.height(NEWCOMER) < target:
        assert time.monotonic() - began < seconds_max, f"{cluster.height(NEWCOMER)} of {target} blocks"
        resident_max = max(resident_max, cluster.usage(NEWCOMER).resident_bytes)
        time.sleep(0.1)
    seconds = time.monotonic() - began
    assert cluster.block(NEWCOMER, target)["hash"] == cluster.block(SERVER, target)["hash"]
    total = cluster.rpc(NEWCOMER, "getTotalTransactionCount", 1)
    files = (cluster.node_directory(SERVER) / "data").rglob("*.sst")
    return Download(
        blocks=target - first,
        transactions=int(total["txSum"], 16),
        seconds=seconds,
        newcomer_cpu_seconds=cluster.usage(NEWCOMER).cpu_seconds - newcomer_before,
        server_cpu_seconds=cluster.usage(SERVER).cpu_seconds - server_before,
        resident_bytes_max=resident_max,
        database_bytes=sum(path.stat().st_size for path in files),
    )


def main() -> None:
    """Build, download, tell."""
    parser = argparse.ArgumentParser(prog="python -m tests.cluster.long_chain", description=__doc__)
    parser.add_argument("--blocks", type=int, default=5_000)
    parser.add_argument("--transactions", type=int, default=4, help="in each block")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="long-chain-") as directory:
        began = time.monotonic()
        cluster = build_long_chain(Path(directory), arguments.blocks, arguments.transactions)
        sys.stdout.write(f"chain written in {time.monotonic() - began:.0f} s\n")
        try:
            outcome = download(cluster, seconds_max=arguments.blocks)
            sys.stdout.write(f"{outcome}\n")
            for line in cluster.log(NEWCOMER).splitlines():
                if "to go" in line:
                    sys.stdout.write(line + "\n")
        finally:
            cluster.close()


if __name__ == "__main__":
    main()
