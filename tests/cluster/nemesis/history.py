"""What happened, in the order it did: the only thing besides the chains that the checker looks at."""

from __future__ import annotations

import json
import time
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import TypeAlias

from tests.cluster.nemesis.faults import Fault
from tests.cluster.nemesis.workload import Transfer

__all__ = [
    "Entry",
    "FaultBegan",
    "FaultEnded",
    "History",
    "Receipt",
    "Recovered",
    "Refused",
    "Sent",
    "Unanswered",
]


@dataclass(frozen=True, slots=True)
class Sent:
    """A client handed a transaction to a node. The same one may go to several nodes."""

    node: int
    hash: str
    transfer: Transfer


@dataclass(frozen=True, slots=True)
class Receipt:
    """The node told the client that it was executed, and how it went."""

    node: int
    hash: str
    height: int
    status: int


@dataclass(frozen=True, slots=True)
class Refused:
    """The node told the client that it will not be executed through this node."""

    node: int
    hash: str
    reason: str


@dataclass(frozen=True, slots=True)
class Unanswered:
    """Nothing came: whether it was executed is unknown."""

    node: int
    hash: str
    reason: str
    is_connected: bool
    """The connection was still there when the client gave up waiting."""


@dataclass(frozen=True, slots=True)
class FaultBegan:
    """The nemesis broke something."""

    fault: Fault


@dataclass(frozen=True, slots=True)
class FaultEnded:
    """And mended it again."""

    fault: Fault


@dataclass(frozen=True, slots=True)
class Recovered:
    """All nodes answered, and went on together, this long after the fault had ended; None: not in time."""

    fault: Fault
    seconds: float | None


Entry: TypeAlias = Sent | Receipt | Refused | Unanswered | FaultBegan | FaultEnded | Recovered


@dataclass(slots=True)
class History:
    """Entries with their time in seconds since the beginning."""

    entries: list[tuple[float, Entry]] = field(default_factory=list)
    began_at: float = field(default_factory=time.monotonic)

    def note(self, entry: Entry) -> None:
        """It happens now."""
        self.entries.append((time.monotonic() - self.began_at, entry))

    def save(self, path: Path) -> None:
        """One JSON object a line."""
        with path.open("w") as file:
            for seconds, entry in self.entries:
                kind = type(entry).__name__
                line = {"at": round(seconds, 3), "kind": kind, **asdict(entry)}
                if isinstance(entry, FaultBegan | FaultEnded | Recovered):
                    line["fault"] = str(entry.fault)
                file.write(json.dumps(line) + "\n")
