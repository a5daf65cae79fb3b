"""Which local process serves a port, and what it has used: read from Linux's /proc.

Processes of other machines, or of other users, are not seen; a report then has no line for them.
"""

from __future__ import annotations

import os
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

__all__ = ["Usage", "find_listener", "own_cpu_seconds", "read_usage"]

_PROC = Path("/proc")
_TICKS = os.sysconf("SC_CLK_TCK")
_PAGE_BYTES = os.sysconf("SC_PAGE_SIZE")
_LISTEN = "0A"


@dataclass(frozen=True, slots=True)
class Usage:
    """What a process has used so far."""

    cpu_seconds: float
    resident_bytes: int
    descriptors: int
    """Open files and sockets; 0 if they may not be counted."""


def find_listener(port: int) -> int | None:
    """The id of the process that listens on a TCP port of this machine, if it can be told."""
    inodes = set(_listening_inodes(port))
    if not inodes:
        return None
    for directory in _PROC.iterdir():
        if directory.name.isdigit() and inodes & set(_socket_inodes(directory)):
            return int(directory.name)
    return None


def read_usage(pid: int) -> Usage | None:
    """Processor time (user and system), memory and descriptors of a process; None once it is gone."""
    try:
        text = (_PROC / str(pid) / "stat").read_text()
    except OSError:
        return None
    fields = text[text.rindex(")") + 2 :].split()  # the name before may contain blanks
    ticks = int(fields[11]) + int(fields[12])
    return Usage(ticks / _TICKS, int(fields[21]) * _PAGE_BYTES, _count_descriptors(pid))


def own_cpu_seconds() -> float:
    """Processor time of this process."""
    times = os.times()
    return times.user + times.system


def _count_descriptors(pid: int) -> int:
    try:
        return len(os.listdir(_PROC / str(pid) / "fd"))
    except OSError:
        return 0


def _listening_inodes(port: int) -> Iterable[str]:
    for name in ("tcp", "tcp6"):
        try:
            lines = (_PROC / "net" / name).read_text().splitlines()[1:]
        except OSError:
            continue
        for line in lines:
            fields = line.split()
            if fields[3] == _LISTEN and int(fields[1].rsplit(":", 1)[1], 16) == port:
                yield fields[9]


def _socket_inodes(directory: Path) -> Iterable[str]:
    try:
        entries = list((directory / "fd").iterdir())
    except OSError:
        return
    for entry in entries:
        try:
            target = os.readlink(entry)
        except OSError:
            continue
        if target.startswith("socket:["):
            yield target[8:-1]
