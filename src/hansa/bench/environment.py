"""What a result depends on besides the chain: the machine, the versions and the time."""

from __future__ import annotations

import os
import platform
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from hansa import __version__

__all__ = ["Environment", "describe_client", "parse_processor"]

_CPU_INFO = Path("/proc/cpuinfo")


@dataclass(frozen=True, slots=True)
class Environment:
    """Where and when a run took place, as the load generator sees it."""

    started_at: str
    """UTC, ISO 8601."""
    processor: str
    cores: int
    """Processors the load generator may use."""
    system: str
    python: str
    client_version: str
    node_version: str
    """As the first node tells it in the handshake."""
    endpoints: list[str]


def describe_client(node_version: str, endpoints: Sequence[tuple[str, int]]) -> Environment:
    """This machine, now."""
    try:
        processor = parse_processor(_CPU_INFO.read_text())
    except OSError:
        processor = None
    return Environment(
        started_at=datetime.now(UTC).isoformat(timespec="seconds"),
        processor=processor or platform.machine(),
        cores=len(os.sched_getaffinity(0)),
        system=f"{platform.system()} {platform.release()}",
        python=platform.python_version(),
        client_version=__version__,
        node_version=node_version,
        endpoints=[f"{host}:{port}" for host, port in endpoints],
    )


def parse_processor(text: str) -> str | None:
    """The name of the first processor in `/proc/cpuinfo`."""
    for line in text.splitlines():
        name, _, value = line.partition(":")
        if name.strip() == "model name" and value.strip():
            return value.strip()
    return None
