"""Requests made ready ahead of their time, by processes of their own: 100 000 signatures take seconds.

A signature takes about 30 µs of the kernel and encoding a call about 20 µs of the interpreter, so threads
would wait for each other; processes do not.

Rule 1  Signing is done before the load starts as far as `ahead` reaches, and goes on beside it only where a
        run is longer than that, because a signed transaction is valid for a limited number of blocks.
Rule 2  Requests come out in the order of their numbers.
"""

from __future__ import annotations

import asyncio
import multiprocessing
import os
import signal
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import Executor, ProcessPoolExecutor, ThreadPoolExecutor
from dataclasses import dataclass, field
from types import TracebackType
from typing import NamedTuple, Self

import orjson

from hansa.bench.workload import Action, Workload
from hansa.kernel import Transaction
from hansa.primitives import Address

__all__ = ["Recipe", "Request", "Supply", "make_ready"]

BLOCK_LIMIT_AHEAD = 900
"""Nodes accept up to 1000 blocks ahead of their head (data model §3.2)."""

_BATCH = 500
_PROCESSES_FROM = 4000
_PROCESSES_MAX = 8
_GAS = 300_000_000
_ANONYMOUS = "0x" + "00" * 20


class Request(NamedTuple):
    """Ready to leave."""

    is_read: bool
    payload: bytes
    """A signed transaction, or the JSON-RPC text of a `call`."""


@dataclass(frozen=True, slots=True)
class Recipe:
    """All it takes to make request n of a stream."""

    workload: Workload
    addresses: Sequence[Address]
    secret: bytes = field(repr=False)
    chain_id: int
    group_id: int


def make_ready(recipe: Recipe, action: Action, block_limit: int) -> Request:
    """Sign a transaction, or word a question."""
    if action.is_read:
        return Request(True, _call_text(recipe.group_id, action))
    transaction = Transaction.create(
        recipe.secret,
        nonce=int.from_bytes(os.urandom(31), "big"),
        gas_price=1,
        gas=_GAS,
        block_limit=block_limit,
        to=action.to,
        value=0,
        data=action.data,
        chain_id=recipe.chain_id,
        group_id=recipe.group_id,
    )
    return Request(False, transaction.raw)


def _make_batch(recipe: Recipe, start: int, count: int, block_limit: int) -> list[Request]:
    workload, addresses = recipe.workload, recipe.addresses
    return [
        make_ready(recipe, workload.action(addresses, number), block_limit)
        for number in range(start, start + count)
    ]


def _call_text(group_id: int, action: Action) -> bytes:
    question = {
        "from": _ANONYMOUS,
        "to": "0x" + action.to.hex(),
        "value": "0x0",
        "data": "0x" + action.data.hex(),
    }
    return orjson.dumps({"id": 1, "jsonrpc": "2.0", "method": "call", "params": [group_id, question]})


class Supply:
    """The requests of one run, in order. An async context manager.

    Args:
        first: the number of the first request.
        count: how many there are, or None for no end.
        ahead: how many are kept ready.
        height: the height of the chain's head as last heard of.
    """

    def __init__(
        self, recipe: Recipe, *, first: int, count: int | None, ahead: int, height: Callable[[], int]
    ) -> None:
        self._recipe = recipe
        self._next = first
        self._end = None if count is None else first + count
        self._ahead = max(ahead, _BATCH) if count is None else min(ahead, count)
        self._height = height
        self._batches: deque[tuple[int, asyncio.Future[list[Request]]]] = deque()
        self._scheduled = 0

    async def __aenter__(self) -> Self:
        self._executor: Executor
        if self._ahead < _PROCESSES_FROM:
            self._executor = ThreadPoolExecutor(1, "sign")
        else:
            # A fork of a process with threads may hang, a fresh interpreter does not.
            self._executor = ProcessPoolExecutor(
                min(os.cpu_count() or 1, _PROCESSES_MAX),
                mp_context=multiprocessing.get_context("spawn"),
                initializer=_ignore_interrupts,
            )
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for _, batch in self._batches:
            batch.cancel()
        self._batches.clear()
        await asyncio.to_thread(self._executor.shutdown, wait=True, cancel_futures=True)

    async def fill(self, progress: Callable[[int, int], None]) -> None:
        """Make ready what is kept ready; `progress` hears how many are, and of how many."""
        self._top_up()
        done = 0
        for count, batch in list(self._batches):
            await batch
            done += count
            progress(done, self._ahead)

    async def take(self) -> list[Request]:
        """The next requests; none when the stream has ended."""
        self._top_up()
        if not self._batches:
            return []
        count, batch = self._batches.popleft()
        requests = await batch
        self._scheduled -= count
        return requests

    def _top_up(self) -> None:
        loop = asyncio.get_running_loop()
        while self._scheduled < self._ahead:
            count = _BATCH if self._end is None else min(_BATCH, self._end - self._next)
            if count == 0:
                return
            limit = self._height() + BLOCK_LIMIT_AHEAD
            batch = loop.run_in_executor(self._executor, _make_batch, self._recipe, self._next, count, limit)
            self._batches.append((count, batch))
            self._next += count
            self._scheduled += count


def _ignore_interrupts() -> None:
    """Ctrl-C reaches every process of a terminal; only the one that reports acts on it."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
