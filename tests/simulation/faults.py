"""Fault mixes: small TOML files in `mixes/`, one story of a bad day each."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from pathlib import Path

__all__ = ["FaultMix", "load_mixes"]


@dataclass(frozen=True, slots=True)
class FaultMix:
    """How bad a day is. Probabilities are per message or event, times in milliseconds."""

    name: str
    sizes: tuple[int, ...]
    """Numbers of sealers, one of which is drawn."""
    faulty_ms: int
    """How long the bad time lasts."""
    delay_ms: tuple[int, int] = (1, 20)
    late: float = 0.0
    """How many messages are much later than the others."""
    late_ms: tuple[int, int] = (0, 0)
    drop: float = 0.0
    repeat: float = 0.0
    split_every_ms: int = 0
    """A random part of the group is cut off this often, for half of that time; 0: never."""
    crash_every_ms: int = 0
    """A random node dies this often; 0: never."""
    crash_in_effects: float = 0.0
    """A node dies between two effects of one event."""
    crash_at_commit: float = 0.0
    """A node dies when a block has just become durable."""
    down_ms: tuple[int, int] = (100, 3000)
    """How long a dead node stays dead."""
    execution_ms: tuple[int, int] = (1, 30)
    commit_ms: tuple[int, int] = (1, 10)
    gossip_loss: float = 0.0
    """A transaction does not reach a pool before it is in a block."""


def load_mixes() -> list[FaultMix]:
    """All mixes, by name."""
    files = sorted((Path(__file__).parent / "mixes").glob("*.toml"))
    return [_load(path) for path in files]


def _load(path: Path) -> FaultMix:
    values = tomllib.loads(path.read_text())
    return FaultMix(
        name=path.stem,
        **{key: tuple(value) if isinstance(value, list) else value for key, value in values.items()},
    )
