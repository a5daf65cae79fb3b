"""What one measurement leaves behind: raw counts, before anything is divided."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from hansa.bench.environment import Environment
from hansa.bench.pour import Load
from hansa.bench.sampling import NodeUsage
from hansa.bench.tally import Tally

__all__ = ["Measurements"]


@dataclass(frozen=True, slots=True)
class Measurements:
    """One load on one workload."""

    workload: str
    load: Load
    is_interrupted: bool
    tally: Tally
    block_time_s: float | None
    """By the timestamps of the blocks, from the block before the first one to the last one."""
    nodes: Sequence[NodeUsage]
    client_cpu_seconds: float
    """After the warm-up, signing beforehand not included."""
    environment: Environment
