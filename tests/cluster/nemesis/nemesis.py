"""Carries faults out on real processes and real files. Everything here blocks."""

from __future__ import annotations

import random
import resource
from collections.abc import Iterable
from itertools import permutations

from tests.cluster.harness import Cluster
from tests.cluster.links import Links, Pair
from tests.cluster.nemesis.faults import (
    Corrupt,
    Deafen,
    Fault,
    FillDisk,
    Kill,
    Pause,
    Restart,
    Sever,
    Slow,
    Split,
)

__all__ = ["Nemesis"]

_FULL_BYTES = 4096
"""No file of a node whose disk is "full" grows beyond this; the write-ahead log is longer at once."""


class Nemesis:
    """Breaks a cluster and mends it."""

    def __init__(self, cluster: Cluster, links: Links, seed: int) -> None:
        self._cluster = cluster
        self._links = links
        self._chance = random.Random(seed)

    def begin(self, fault: Fault) -> None:
        """Break something.

        Raises:
            AssertionError: the node it concerns did not react as it must.
        """
        match fault:
            case Kill(nodes=nodes):
                for node in nodes:
                    self._cluster.kill(node)
            case Restart(nodes=nodes):
                for node in nodes:
                    code = self._cluster.stop(node)
                    assert code == 0, f"node{node} ended with {code}:\n{self._cluster.output(node)}"
            case Pause(nodes=nodes):
                for node in nodes:
                    self._cluster.pause(node)
            case Split(nodes=nodes):
                self._links.hold(self._crossing(nodes))
            case Deafen(nodes=nodes):
                self._links.hold(pair for pair in self._crossing(nodes) if pair[1] in nodes)
            case Slow(nodes=nodes, delay_s=delay_s):
                self._links.slow((pair for pair in self._pairs() if set(pair) & set(nodes)), delay_s)
            case Sever(nodes=nodes):
                self._links.sever(pair for pair in self._pairs() if set(pair) & set(nodes))
            case FillDisk(node=node):
                self._fill_disk(node)
            case Corrupt(node=node):
                self._corrupt(node)

    def end(self, fault: Fault) -> None:
        """Mend it; every node is running afterwards."""
        match fault:
            case Kill(nodes=nodes) | Restart(nodes=nodes):
                self._cluster.start(*nodes)
            case Pause(nodes=nodes):
                for node in nodes:
                    self._cluster.resume(node)
            case Split() | Deafen() | Slow() | Sever():
                self._links.heal()
            case FillDisk(node=node):
                self._cluster.start(node)
            case Corrupt(node=node):
                self._cluster.wipe(node, "group1/block")
                self._cluster.start(node)

    def _fill_disk(self, node: int) -> None:
        """The quick way to a write that fails; `test_disk.py` has a disk that is really full."""
        _, hard = resource.prlimit(self._cluster.processes[node].pid, resource.RLIMIT_FSIZE)
        resource.prlimit(self._cluster.processes[node].pid, resource.RLIMIT_FSIZE, (_FULL_BYTES, hard))
        code = self._cluster.await_end(node, 30)
        assert code == 1, f"node{node} ended with {code}:\n{self._cluster.output(node)}"

    def _corrupt(self, node: int) -> None:
        self._cluster.stop(node)
        tables = self._cluster.node_directory(node) / "data" / "group1" / "block" / "RocksDB"
        pattern = self._chance.choice(("MANIFEST-*", "*.sst"))
        for path in sorted(tables.glob(pattern)):
            data = bytearray(path.read_bytes())
            for _ in range(8):
                data[self._chance.randrange(len(data))] ^= 0xFF
            path.write_bytes(data)
        self._cluster.launch(node)
        code = self._cluster.await_end(node, 30)
        output = self._cluster.output(node)
        assert code == 1, f"node{node} ended with {code}:\n{output}"
        assert "Corruption" in output, output
        assert "move the directory away" in output, output
        assert "Traceback" not in output, output

    def _pairs(self) -> Iterable[Pair]:
        return permutations(range(self._cluster.count), 2)

    def _crossing(self, nodes: tuple[int, ...]) -> Iterable[Pair]:
        return [pair for pair in self._pairs() if (pair[0] in nodes) != (pair[1] in nodes)]
