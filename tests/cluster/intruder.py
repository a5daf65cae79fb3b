"""Somebody with a valid certificate of the chain and bad intentions: raw frames to every node's P2P port.

It speaks TLS and frames as a node does and nothing else; what it sends is up to the attack. It may read what
comes back, or not at all, which is an attack of its own.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from types import TracebackType
from typing import Self

from hansa.p2p import Module, Packet, load_node_tls
from hansa.p2p.frames import FrameEncoder, decode_frame
from hansa.primitives import NodeId
from tests.cluster.harness import GROUP

__all__ = ["Intruder", "frame"]

_ENCODER = FrameEncoder(compress=True)


def frame(module: int, payload: bytes, *, packet_type: int = 0, group: int = GROUP, seq: int = 1) -> bytes:
    """The bytes of one packet."""
    return _ENCODER.encode(Packet(group, module, packet_type, seq, payload))


class Intruder:
    """Connected to some nodes inside the block. A node that hangs up is called again."""

    def __init__(self, directory: Path, ports: Iterable[int], *, reads: bool = True) -> None:
        """Use the certificate of a node's folder."""
        conf = directory / "conf"
        self._tls = load_node_tls(conf / "ca.crt", conf / "node.crt", conf / "node.key")
        self._ports = list(ports)
        self._reads = reads
        self._writers: dict[int, asyncio.StreamWriter] = {}
        self._readers: dict[int, asyncio.Task[None]] = {}
        self.received: list[Packet] = []
        """What came back, in order."""
        self.hung_up_count = 0

    @property
    def node_id(self) -> NodeId:
        """Who it is."""
        return self._tls.identity.node_id

    async def __aenter__(self) -> Self:
        for port in self._ports:
            await self._connect(port)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for task in self._readers.values():
            task.cancel()
        await asyncio.gather(*self._readers.values(), return_exceptions=True)
        for writer in self._writers.values():
            writer.transport.abort()

    async def send(self, frames: Sequence[bytes]) -> None:
        """To every node, as fast as it takes them."""
        for port in self._ports:
            writer = self._writers[port]
            try:
                writer.writelines(frames)
                async with asyncio.timeout(0.5):
                    await writer.drain()
            except (OSError, TimeoutError):
                self.hung_up_count += 1
                writer.transport.abort()
                await self._connect(port)

    async def flood(self, frames: Iterator[bytes], seconds: float, *, at_once: int = 100 << 10) -> int:
        """Send for some time, so many bytes in one go; how many frames each node was sent."""
        loop = asyncio.get_running_loop()
        ends_at, count = loop.time() + seconds, 0
        while loop.time() < ends_at:
            batch = [next(frames)]
            while sum(map(len, batch)) < at_once and len(batch) < 20:
                batch.append(next(frames))
            await self.send(batch)
            count += len(batch)
            await asyncio.sleep(0.001)
        return count

    async def _connect(self, port: int) -> None:
        """Until it works: a node may still hold the session that was just cut for alive."""
        async with asyncio.timeout(30):
            while True:
                with contextlib.suppress(OSError):
                    reader, writer = await asyncio.open_connection(
                        "127.0.0.1", port, ssl=self._tls.client, limit=1 << 20
                    )
                    break
                await asyncio.sleep(0.2)
        self._writers[port] = writer
        if (before := self._readers.pop(port, None)) is not None:
            before.cancel()
        if self._reads:
            self._readers[port] = asyncio.create_task(self._read(reader))

    async def _read(self, reader: asyncio.StreamReader) -> None:
        with contextlib.suppress(asyncio.IncompleteReadError, OSError):
            while True:
                length = await reader.readexactly(4)
                packet = decode_frame(length + await reader.readexactly(int.from_bytes(length, "big") - 4))
                if packet.module != Module.TOPIC:
                    self.received.append(packet)
