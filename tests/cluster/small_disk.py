"""A disk of a few megabytes for one node, seen by nobody else: a tmpfs in a mount namespace of its own.

A process that sleeps keeps the namespace, so what the node stored outlives the node; root (or a kernel that
lets users have namespaces) is needed.
"""

from __future__ import annotations

import os
import subprocess
from pathlib import Path
from types import TracebackType
from typing import Self

__all__ = ["SmallDisk"]


class SmallDisk:
    """Mounted on `mount_point` inside the block, for commands run through `command`."""

    def __init__(self, mount_point: Path, megabytes: int) -> None:
        self._mount_point = mount_point
        self._megabytes = megabytes

    def __enter__(self) -> Self:
        self._mount_point.mkdir(exist_ok=True)
        as_user = [] if os.geteuid() == 0 else ["--user", "--map-root-user"]
        mount = f'mount -t tmpfs -o size={self._megabytes}m tmpfs "$0" && echo mounted && exec sleep 3600'
        self._keeper = subprocess.Popen(
            ["unshare", *as_user, "--mount", "sh", "-c", mount, str(self._mount_point)],
            stdout=subprocess.PIPE,
        )
        assert self._keeper.stdout is not None
        assert self._keeper.stdout.readline() == b"mounted\n"
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._keeper.kill()
        self._keeper.communicate()

    def command(self, directory: Path) -> list[str]:
        """What stands before a command that shall see the disk and run in `directory`."""
        as_user = [] if os.geteuid() == 0 else ["--user", "--preserve-credentials"]
        return ["nsenter", "--target", str(self._keeper.pid), *as_user, "--mount", f"--wd={directory}"]

    def fill(self) -> None:
        """Leave no room."""
        with self._ballast.open("wb", buffering=0) as file:
            try:
                while True:
                    file.write(bytes(1 << 16))
            except OSError:
                pass  # full

    def clear(self) -> None:
        """Make room again."""
        self._ballast.unlink()

    @property
    def _ballast(self) -> Path:
        return Path(f"/proc/{self._keeper.pid}/root") / self._mount_point.relative_to("/") / "ballast"
