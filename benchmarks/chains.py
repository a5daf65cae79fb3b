"""Throw-away chains of real node processes on loopback, for the measurements of this folder.

    with Chain.running(nodes=4) as chain:
        measure(chain.sdk_folder, chain.endpoints)

Built with the command users run, in a temporary folder that goes away; only processes started here are ended.
"""

from __future__ import annotations

import secrets
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

HOST = "127.0.0.1"
HANSA = Path(sys.executable).with_name("hansa")
_START_S = 60
_SPAN = 1000
"""Between a node's P2P, Channel and JSON-RPC ports."""


class ChainError(Exception):
    """A chain that does not come up; the text has the end of a node's output."""


@dataclass
class Chain:
    """Some nodes of one chain, all on this machine."""

    folder: Path
    nodes: int
    base_port: int
    processes: list[subprocess.Popen[bytes]] = field(default_factory=list)

    @staticmethod
    @contextmanager
    def running(nodes: int, *, settings: Mapping[str, str] | None = None) -> Iterator[Chain]:
        """Build and start; stop and remove at the end.

        Args:
            settings: lines such as "max_trans_num" → "5000" to set in the genesis file and `group.1.ini`.

        Raises:
            ChainError: it did not start.
        """
        folder = Path(tempfile.mkdtemp(prefix="hansa-bench-"))
        chain = Chain(folder, nodes, _free_ports(nodes))
        try:
            chain._build(settings or {})
            chain._start()
            yield chain
        finally:
            chain._stop()
            shutil.rmtree(folder, ignore_errors=True)

    @property
    def sdk_folder(self) -> Path:
        """Certificates for clients."""
        return self.folder / "nodes" / HOST / "sdk"

    @property
    def endpoints(self) -> list[tuple[str, int]]:
        """The Channel addresses, node 0 first."""
        return [(HOST, self.base_port + _SPAN + index) for index in range(self.nodes)]

    @property
    def pids(self) -> list[int]:
        """The node processes, node 0 first."""
        return [process.pid for process in self.processes]

    def data_bytes(self) -> int:
        """What node 0 has on disk."""
        return sum(path.stat().st_size for path in self._node_folder(0).glob("data/**/*") if path.is_file())

    def _build(self, settings: Mapping[str, str]) -> None:
        ports = ",".join(str(self.base_port + offset * _SPAN) for offset in range(3))
        command: list[str | Path] = [
            HANSA,
            "chain",
            "build",
            "-l",
            f"{HOST}:{self.nodes}",
            "-p",
            ports,
            "-o",
            self.folder / "nodes",
        ]
        subprocess.run(command, check=True, capture_output=True, timeout=120)
        for index in range(self.nodes):
            for name in ("group.1.genesis", "group.1.ini"):
                path = self._node_folder(index) / "conf" / name
                path.write_text(change_settings(path.read_text(), settings))

    def _start(self) -> None:
        for index in range(self.nodes):
            folder = self._node_folder(index)
            with (folder / "nohup.out").open("ab") as output:
                self.processes.append(
                    subprocess.Popen(
                        [HANSA, "node", "-c", "config.ini"],
                        cwd=folder,
                        stdout=output,
                        stderr=subprocess.STDOUT,
                    )
                )
        deadline = time.monotonic() + _START_S
        for index, process in enumerate(self.processes):
            while not _listens(self.base_port + _SPAN + index):
                if process.poll() is not None or time.monotonic() > deadline:
                    printed = (self._node_folder(index) / "nohup.out").read_text(errors="replace")
                    raise ChainError(f"node{index} did not start:\n{printed[-2000:]}")
                time.sleep(0.1)

    def _stop(self) -> None:
        for process in self.processes:
            process.send_signal(signal.SIGTERM)
        for process in self.processes:
            try:
                process.wait(20)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()

    def _node_folder(self, index: int) -> Path:
        return self.folder / "nodes" / HOST / f"node{index}"


def change_settings(text: str, settings: Mapping[str, str]) -> str:
    """The ini text with the values of these keys changed where they occur."""
    lines = []
    for line in text.splitlines():
        key, separator, _ = line.partition("=")
        new = settings.get(key.strip())
        lines.append(line if not separator or new is None else f"{key}={new}")
    return "\n".join(lines) + "\n"


def _free_ports(count: int) -> int:
    """A port from which `count` are free, and as many one and two spans above."""
    for _ in range(100):
        base = 21_000 + secrets.randbelow(8_000)
        if all(_is_free(base + offset * _SPAN + index) for offset in range(3) for index in range(count)):
            return base
    raise ChainError("no free ports found")


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        try:
            probe.bind((HOST, port))
        except OSError:
            return False
    return True


def _listens(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex((HOST, port)) == 0
