"""What goes wrong, as data, and a timetable of it drawn from a seed.

A chain of four bears one faulty node and goes on; with two away it must wait and lose nothing. Both happen
here. Every round shows each kind of fault once, in an order of its own.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TypeAlias

__all__ = [
    "Corrupt",
    "Deafen",
    "Fault",
    "FillDisk",
    "Kill",
    "Pause",
    "Restart",
    "Sever",
    "Slow",
    "Split",
    "Step",
    "timetable",
]

SECONDS_MIN, SECONDS_MEAN, SECONDS_MAX = 1.0, 3.0, 20.0

Nodes: TypeAlias = tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Kill:
    """`kill -9`, all at once; started again when the fault ends."""

    nodes: Nodes


@dataclass(frozen=True, slots=True)
class Restart:
    """An orderly stop, and a start when the fault ends."""

    nodes: Nodes


@dataclass(frozen=True, slots=True)
class Pause:
    """SIGSTOP; SIGCONT when the fault ends."""

    nodes: Nodes


@dataclass(frozen=True, slots=True)
class Split:
    """Nothing passes between these nodes and the others; nobody is told."""

    nodes: Nodes


@dataclass(frozen=True, slots=True)
class Deafen:
    """These nodes are heard and hear nothing."""

    nodes: Nodes


@dataclass(frozen=True, slots=True)
class Slow:
    """Everything these nodes send and receive takes longer."""

    nodes: Nodes
    delay_s: float


@dataclass(frozen=True, slots=True)
class Sever:
    """The connections of these nodes are cut; they may dial again at once."""

    nodes: Nodes


@dataclass(frozen=True, slots=True)
class FillDisk:
    """The node cannot write any more: it must end by itself. Started again, with room, as the fault ends."""

    node: int


@dataclass(frozen=True, slots=True)
class Corrupt:
    """The node's chain is damaged on the disk while it is stopped: it must refuse to start. As the fault ends
    that database is removed, and the node begins with nothing but the memory of its votes."""

    node: int


Fault: TypeAlias = Kill | Restart | Pause | Split | Deafen | Slow | Sever | FillDisk | Corrupt


@dataclass(frozen=True, slots=True)
class Step:
    """A fault and how long it lasts."""

    fault: Fault
    seconds: float


def timetable(seed: int, node_count: int) -> Iterator[Step]:
    """An endless timetable; the same seed gives the same one."""
    chance = random.Random(seed)
    everybody = tuple(range(node_count))
    tolerated = (node_count - 1) // 3

    def some(count: int) -> Nodes:
        return tuple(sorted(chance.sample(everybody, count)))

    while True:
        faults: list[Fault] = [
            Kill(some(tolerated)),
            Kill(everybody),
            Restart(some(tolerated)),
            Pause(some(tolerated)),
            Pause(some(tolerated + 1)),
            Split(some(tolerated)),
            Split(some(node_count // 2)),
            Deafen(some(tolerated)),
            Slow(everybody, chance.choice((0.02, 0.1, 0.3))),
            Sever(everybody),
            FillDisk(chance.randrange(node_count)),
            Corrupt(chance.randrange(node_count)),
        ]
        chance.shuffle(faults)
        for fault in faults:
            yield Step(fault, min(max(chance.expovariate(1 / SECONDS_MEAN), SECONDS_MIN), SECONDS_MAX))
