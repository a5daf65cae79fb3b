"""The network between the nodes of a cluster, in our hands: a proxy for each ordered pair of nodes.

`port(source, target)` is what `source` dials to reach `target`. Every direction of every pair can be held
(nothing passes, and nobody is told: what was sent arrives once the direction is free again, as with TCP after
a partition) or slowed down. `sever` closes what is open, which both ends notice at once.

The proxies run on a loop in a thread of their own, so that blocking tests and asyncio ones use them alike.
"""

from __future__ import annotations

import asyncio
import contextlib
import threading
from collections.abc import Callable, Coroutine, Iterable
from dataclasses import dataclass, field
from itertools import permutations
from types import TracebackType
from typing import Self, TypeVar

__all__ = ["Links", "Pair"]

Pair = tuple[int, int]
"""A direction: what the first node sends to the second."""

_CHUNK_BYTES = 64 << 10
_QUEUED_CHUNKS_MAX = 256

_Result = TypeVar("_Result")


@dataclass(slots=True)
class _Direction:
    """What may pass from one node to another."""

    is_free: asyncio.Event = field(default_factory=asyncio.Event)
    delay_s: float = 0.0


class Links:
    """Proxies to the P2P ports of nodes; a context manager, working inside the block."""

    def __init__(self, ports: Iterable[int]) -> None:
        """`ports`: where each node listens, by index."""
        self._targets = list(ports)
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="links", daemon=True)
        self._directions = {pair: _Direction() for pair in permutations(range(len(self._targets)), 2)}
        self._servers: dict[Pair, asyncio.Server] = {}
        self._connections: dict[asyncio.Task[None], Pair] = {}

    def __enter__(self) -> Self:
        self._thread.start()
        self._run(self._listen())
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._run(self._close())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    def port(self, source: int, target: int) -> int:
        """Where `source` reaches `target`."""
        port: int = self._servers[source, target].sockets[0].getsockname()[1]
        return port

    def hold(self, pairs: Iterable[Pair]) -> None:
        """Let nothing pass in these directions."""
        self._change(pairs, lambda direction: direction.is_free.clear())

    def slow(self, pairs: Iterable[Pair], delay_s: float) -> None:
        """Let everything take this much longer in these directions."""

        def change(direction: _Direction) -> None:
            direction.delay_s = delay_s

        self._change(pairs, change)

    def heal(self) -> None:
        """Every direction free and quick; what was held arrives."""

        def change(direction: _Direction) -> None:
            direction.delay_s = 0.0
            direction.is_free.set()

        self._change(self._directions, change)

    def sever(self, pairs: Iterable[Pair]) -> None:
        """Close the connections between these nodes; they may dial again."""
        wanted = {frozenset(pair) for pair in pairs}

        async def cut() -> None:
            for task, pair in list(self._connections.items()):
                if frozenset(pair) in wanted:
                    task.cancel()

        self._run(cut())

    # --- on the loop ------------------------------------------------------------------------------------

    async def _listen(self) -> None:
        for pair, direction in self._directions.items():
            direction.is_free.set()
            self._servers[pair] = await asyncio.start_server(self._acceptor(pair), "127.0.0.1", 0)

    async def _close(self) -> None:
        for server in self._servers.values():
            server.close()
        for task in list(self._connections):
            task.cancel()
        await asyncio.gather(*self._connections, return_exceptions=True)

    def _acceptor(
        self, pair: Pair
    ) -> Callable[[asyncio.StreamReader, asyncio.StreamWriter], Coroutine[None, None, None]]:
        async def accept(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            task = asyncio.current_task()
            assert task is not None
            self._connections[task] = pair
            try:
                await self._join(pair, reader, writer)
            except (OSError, asyncio.CancelledError):
                pass
            finally:
                del self._connections[task]
                writer.transport.abort()

        return accept

    async def _join(self, pair: Pair, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        source, target = pair
        far_reader, far_writer = await asyncio.open_connection("127.0.0.1", self._targets[target])
        try:
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(_carry(reader, far_writer, self._directions[source, target]))
                tasks.create_task(_carry(far_reader, writer, self._directions[target, source]))
        except* OSError:
            pass  # one end is gone, and with it the connection
        finally:
            far_writer.transport.abort()

    # --- from other threads -----------------------------------------------------------------------------

    def _change(self, pairs: Iterable[Pair], change: Callable[[_Direction], None]) -> None:
        async def apply() -> None:
            for pair in pairs:
                change(self._directions[pair])

        self._run(apply())

    def _run(self, work: Coroutine[None, None, _Result]) -> _Result:
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(10)


async def _carry(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, direction: _Direction) -> None:
    """Pass on bytes in order, each chunk when its time has come, until the source closes."""
    loop = asyncio.get_running_loop()
    waiting: asyncio.Queue[tuple[float, bytes]] = asyncio.Queue(_QUEUED_CHUNKS_MAX)

    async def deliver() -> None:
        while True:
            due, chunk = await waiting.get()
            if due > loop.time():
                await asyncio.sleep(due - loop.time())
            await direction.is_free.wait()
            if not chunk:
                with contextlib.suppress(OSError):
                    writer.write_eof()
                return
            writer.write(chunk)
            await writer.drain()

    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(deliver())
        chunk = b"more"
        while chunk:
            chunk = await reader.read(_CHUNK_BYTES)
            await waiting.put((loop.time() + direction.delay_s, chunk))
