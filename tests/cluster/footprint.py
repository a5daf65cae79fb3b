"""What four nodes cost while nothing, or little, happens.

`python -m tests.cluster.footprint --minutes 5` measures an idle chain, then one under a light load: processor
time, memory and file descriptors of each node at the beginning and at the end.
"""

from __future__ import annotations

import argparse
import asyncio
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

from hansa.primitives import Address
from hansa.sdk import Account, ChainClient
from tests.cluster.harness import Cluster

__all__ = ["Footprint", "measure", "pour_lightly"]


@dataclass(frozen=True, slots=True)
class Footprint:
    """Of one node, over some time."""

    cpu_percent: float
    """Of one core."""
    resident_bytes: tuple[int, int]
    """At the beginning and at the end."""
    open_files: tuple[int, int]

    def __str__(self) -> str:
        first, last = self.resident_bytes
        return (
            f"CPU {self.cpu_percent:.2f} %, memory {first >> 20} → {last >> 20} MB, "
            f"descriptors {self.open_files[0]} → {self.open_files[1]}"
        )


def measure(cluster: Cluster, seconds: float) -> dict[int, Footprint]:
    """Watch every running node for some time."""
    nodes = sorted(cluster.processes)
    before = {node: (cluster.usage(node), cluster.open_files(node)) for node in nodes}
    began = time.monotonic()
    time.sleep(seconds)
    elapsed = time.monotonic() - began
    found = {}
    for node in nodes:
        usage, (first, files) = cluster.usage(node), before[node]
        found[node] = Footprint(
            cpu_percent=100 * (usage.cpu_seconds - first.cpu_seconds) / elapsed,
            resident_bytes=(first.resident_bytes, usage.resident_bytes),
            open_files=(files, cluster.open_files(node)),
        )
    return found


async def pour_lightly(cluster: Cluster, rate: float) -> None:
    """A few transactions a second, each with its receipt, until cancelled."""
    account, to = Account.create(), Address(b"\x01" * 20)
    connecting = ChainClient.connect(cluster.sdk_directory, "127.0.0.1", cluster.base + 1000)
    async with connecting as chain, asyncio.TaskGroup() as tasks:
        while True:
            tasks.create_task(chain.transact(account, to, b"a little"))
            await asyncio.sleep(1 / rate)


async def _under_load(cluster: Cluster, seconds: float, rate: float) -> dict[int, Footprint]:
    pouring = asyncio.create_task(pour_lightly(cluster, rate))
    await asyncio.sleep(5)
    found = await asyncio.to_thread(measure, cluster, seconds)
    pouring.cancel()
    await asyncio.gather(pouring, return_exceptions=True)
    return found


def main() -> None:
    """Measure both and tell."""
    parser = argparse.ArgumentParser(prog="python -m tests.cluster.footprint", description=__doc__)
    parser.add_argument("--minutes", type=float, default=5.0, help="under load")
    parser.add_argument("--rate", type=float, default=20.0, help="transactions a second")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="footprint-") as directory:
        cluster = Cluster.build(Path(directory))
        try:
            cluster.start_all()
            time.sleep(5)
            _tell("idle", measure(cluster, 30))
            found = asyncio.run(_under_load(cluster, arguments.minutes * 60, arguments.rate))
            _tell(f"{arguments.rate:g} transactions/s", found)
        finally:
            cluster.close()


def _tell(title: str, found: dict[int, Footprint]) -> None:
    for node, footprint in found.items():
        sys.stdout.write(f"{title}, node{node}: {footprint}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
