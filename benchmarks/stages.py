"""Where a transaction's processor time goes in one node: each stage alone, in one process, without a network.

    .venv/bin/python benchmarks/stages.py [--workload serial] [--blocks 20] [--size 1000] [--json]

Prints CPU microseconds per transaction (all threads) and wall microseconds, medians over the blocks, for one
workload on a RocksDB store.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import statistics
import tempfile
import time
from collections import defaultdict
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

from hansa.bench.workload import WorkloadOptions
from hansa.bench.workloads import WORKLOADS, make_workload
from hansa.kernel import Block, Header, Transaction, TransactionList, keccak256, public_key, sign
from hansa.ledger import schema
from hansa.ledger.genesis import parse_genesis_settings
from hansa.ledger.ledger import Ledger
from hansa.primitives import Address
from hansa.storage import RocksStore, WriteBatch
from hansa.txpool import Pool

SEALER = keccak256(b"test key of the benchmark's sealer")
SENDER = keccak256(b"test key of the benchmark's sender")


class Stopwatch:
    """CPU and wall time by stage, per transaction."""

    def __init__(self) -> None:
        self.cpu_us: dict[str, list[float]] = defaultdict(list)
        self.wall_us: dict[str, list[float]] = defaultdict(list)

    @contextmanager
    def stage(self, name: str, transactions: int) -> Iterator[None]:
        """Measure what happens inside."""
        wall, cpu = time.perf_counter(), time.process_time()
        yield
        self.cpu_us[name].append((time.process_time() - cpu) * 1e6 / transactions)
        self.wall_us[name].append((time.perf_counter() - wall) * 1e6 / transactions)

    def medians(self) -> dict[str, dict[str, float]]:
        """Stage → CPU and wall microseconds."""
        return {
            name: {
                "cpu_us": round(statistics.median(self.cpu_us[name]), 2),
                "wall_us": round(statistics.median(self.wall_us[name]), 2),
            }
            for name in self.cpu_us
        }


class Bench:
    """One group with one sealer, filled block by block."""

    def __init__(self, folder: Path, threads: ThreadPoolExecutor) -> None:
        text = f"[group]\nid=1\ntimestamp=1\n[consensus]\nnode.0={public_key(SEALER).hex()}\n"
        genesis = parse_genesis_settings(text, "group.1.genesis", (2, 9, 1))
        self.store = RocksStore(folder)
        self.ledger = Ledger(self.store, genesis, threads)
        self.pool = Pool(
            chain_id=1,
            group_id=1,
            count_limit=150_000,
            byte_limit=1 << 29,
            expiry_s=600,
            threads=threads,
            head=0,
            nonces=self.ledger.recent_nonces(),
        )
        self.watch = Stopwatch()

    def sign(self, to: bytes | None, data: bytes) -> bytes:
        """A raw transaction."""
        return Transaction.create(
            SENDER,
            nonce=int.from_bytes(os.urandom(16), "big"),
            gas_price=1,
            gas=300_000_000,
            block_limit=self.ledger.head.number + 500,
            to=to,
            value=0,
            data=data,
            chain_id=1,
            group_id=1,
        ).raw

    async def block(self, raws: list[bytes]) -> Block:
        """One block through every stage."""
        watch, count = self.watch, len(raws)
        with watch.stage("decode", count):
            TransactionList.decode(raws)
        with watch.stage("decode, recover, admit", count):
            await self.pool.submit(raws, from_client=True)
        with watch.stage("seal, transactions root", count):
            block = self._propose(self.pool.seal(count))
        with watch.stage("execute, receipts, roots", count):
            executed = await self.ledger.execute(block)
        with watch.stage("commit: encode", count):
            batch = WriteBatch()
            batch.put_many(executed.state_rows())
            schema.put_block(batch, executed.block, schema.Totals(0, 0))
        signatures = [(0, sign(SEALER, executed.block.hash))]
        with watch.stage("commit: all, synced", count):
            committed = await self.ledger.commit(executed, signatures)
        with watch.stage("pool clean-up", count):
            self.pool.commit(committed)
        with watch.stage("receipts as JSON", count):
            committed.receipts_json()
        return committed

    def _propose(self, transactions: TransactionList) -> Block:
        head = self.ledger.head
        header = Header(
            number=head.number + 1,
            parent_hash=head.hash,
            state_root=head.state_root,
            timestamp=head.timestamp + 1,
            sealer=0,
            sealer_list=[public_key(SEALER)],
        )
        return Block.propose(header, transactions)


async def measure(name: str, blocks: int, size: int) -> dict[str, dict[str, float]]:
    """Medians by stage."""
    workload = make_workload(name, WorkloadOptions(accounts=size))
    with tempfile.TemporaryDirectory() as folder, ThreadPoolExecutor(2) as threads:
        bench = Bench(Path(folder) / "db", threads)
        addresses = []
        for contract in workload.contracts:
            deployed = await bench.block([bench.sign(None, contract.deployment())])
            addresses.append(
                Address(bytes.fromhex(json.loads(deployed.receipt_json(0))["contractAddress"][2:]))
            )
        for stage in workload.preparation(addresses):
            await bench.block([bench.sign(action.to, action.data) for action in stage])
        bench.watch = Stopwatch()
        for number in range(blocks):
            actions = [workload.action(addresses, number * size + index) for index in range(size)]
            executed = await bench.block([bench.sign(action.to, action.data) for action in actions])
            assert executed.failed_count() == 0
        bench.store.close()
        return bench.watch.medians()


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--workload", choices=sorted(set(WORKLOADS) - {"call", "mixed"}), default="serial")
    parser.add_argument("--blocks", type=int, default=20)
    parser.add_argument("--size", type=int, default=1000, help="transactions in a block")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    medians = asyncio.run(measure(options.workload, options.blocks, options.size))
    if options.json:
        print(json.dumps(medians, indent=1))
        return
    print(f"{'stage':<28}{'CPU µs':>9}{'wall µs':>9}   per transaction, blocks of {options.size}")
    for name, medians_of_stage in medians.items():
        print(f"{name:<28}{medians_of_stage['cpu_us']:>9.2f}{medians_of_stage['wall_us']:>9.2f}")


if __name__ == "__main__":
    main()
