"""The load itself: requests leave by a timetable or as fast as a window allows, and every answer is counted.

Rule 1  Open loop: with a `rate`, request n is meant to leave n / rate seconds after the start, whatever
        became of those before it, and its latency counts from then.
Rule 2  Closed flood: without a rate, at most `in_flight` requests are unanswered at any time.
Rule 3  Requests go round the endpoints that are connected; with none left the run ends.
Rule 4  Told to stop, it sends nothing more, waits a little for what is open, and keeps what it has seen.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import orjson

from hansa.bench.signing import Request, Supply
from hansa.bench.tally import Tally
from hansa.channel.errors import ClientError, ConnectionLost, RequestTimedOut
from hansa.sdk import ChainClient

__all__ = ["Load", "Pour"]

_REFUSED_FROM = 10_000
_POOL_STATUSES = frozenset({15, 16, 28, 29})
"""Receipt statuses that only the pool gives: the transaction is in no block (client protocol §3.8)."""
_TICK_S = 0.5
_BREATHE_EVERY = 64
_GRACE_S = 10.0
_REASON_LENGTH_MAX = 80
_NOT_UNDERSTOOD = "an answer that is not understood"


@dataclass(frozen=True, slots=True)
class Load:
    """How much, how fast, how long. It ends with whichever of `count` and `duration_s` comes first."""

    count: int | None = None
    duration_s: float | None = None
    """Of the measured part."""
    rate: float | None = None
    """Requests per second, or as many as `in_flight` allows."""
    in_flight: int = 5000
    warm_up_s: float = 0.0

    @property
    def total(self) -> int | None:
        """How many requests there are at most, if that can be told beforehand."""
        counts = [] if self.count is None else [self.count]
        if self.rate is not None and self.duration_s is not None:
            counts.append(max(round((self.warm_up_s + self.duration_s) * self.rate), 1))
        return min(counts, default=None)


class Pour:
    """One load on its way. Made for one run."""

    def __init__(
        self,
        chains: Sequence[ChainClient],
        supply: Supply,
        load: Load,
        *,
        first_number: int,
        tick: Callable[[Tally], None],
    ) -> None:
        """`tick` is called at the start, twice a second, when the warm-up ends, and at the end."""
        self._chains = chains
        self._supply = supply
        self._load = load
        self._first_number = first_number
        self._tick = tick
        self._room = asyncio.Event()
        self._all_settled = asyncio.Event()
        self._is_sending = True
        self.is_interrupted = False
        """Whether it was stopped, or lost its last connection, before its time."""

    async def run(self) -> Tally:
        """Send everything and wait for everything."""
        started = time.perf_counter()
        self._tally = Tally(
            started=started, measured_from=started + self._load.warm_up_s, first_number=self._first_number
        )
        self._tick(self._tally)
        async with asyncio.TaskGroup() as tasks:
            self._tasks = tasks
            ticker = tasks.create_task(self._keep_ticking())
            self._sender = tasks.create_task(self._send())
            await asyncio.wait([self._sender])
            self._is_sending = False
            self._look_whether_all_settled()
            await self._wait_for_all()
            ticker.cancel()
        self._tick(self._tally)
        return self._tally

    def stop(self) -> None:
        """Send no more and wait for what is open; a second time, do not even wait."""
        if self.is_interrupted:
            self._all_settled.set()
        self.is_interrupted = True
        self._sender.cancel()

    async def _wait_for_all(self) -> None:
        # Every request ends by itself (hansa.channel.client, rule 2), but an interrupted run shall end soon.
        try:
            async with asyncio.timeout(_GRACE_S if self.is_interrupted else None):
                await self._all_settled.wait()
        except TimeoutError:
            pass

    async def _send(self) -> None:
        load, tally = self._load, self._tally
        end = None if load.duration_s is None else tally.measured_from + load.duration_s
        while requests := await self._supply.take():
            for request in requests:
                intended = await self._next_moment()
                if end is not None and intended >= end:
                    return
                chain = self._next_chain(tally.sent)
                if chain is None:
                    self.is_interrupted = True
                    return
                self._submit(chain, request, tally.send(), intended)
                if tally.sent % _BREATHE_EVERY == 0:
                    await self._breathe()

    async def _next_moment(self) -> float:
        """Wait until the next request may leave; the moment it was meant to."""
        tally, rate = self._tally, self._load.rate
        if rate is not None:
            intended = tally.started + tally.sent / rate
            delay = intended - time.perf_counter()
            if delay > 0:
                await asyncio.sleep(delay)
            return intended
        while tally.open >= self._load.in_flight:
            self._room.clear()
            await self._room.wait()
        return time.perf_counter()

    async def _breathe(self) -> None:
        """Let answers in, and wait for nodes that read slowly."""
        for chain in self._chains:
            await chain.channel.drain()
        await asyncio.sleep(0)

    def _next_chain(self, turn: int) -> ChainClient | None:
        for offset in range(len(self._chains)):
            chain = self._chains[(turn + offset) % len(self._chains)]
            if chain.channel.is_connected:
                return chain
        return None

    def _submit(self, chain: ChainClient, request: Request, number: int, intended: float) -> None:
        if request.is_read:
            self._tasks.create_task(self._ask(chain, request.payload, number, intended))
            return
        try:
            chain.channel.submit_transaction(
                chain.group_id, request.payload, lambda result: self._take_receipt(result, number, intended)
            )
        except ClientError as error:
            self._take_failure(error)

    async def _ask(self, chain: ChainClient, text: bytes, number: int, intended: float) -> None:
        try:
            answer = await chain.channel.request_raw(text)
        except ClientError as error:
            self._take_failure(error)
            return
        now = time.perf_counter()
        try:
            members = orjson.loads(answer)
            if "error" in members:
                self._tally.refuse(_shorten(str(members["error"]["message"])), now=now)
            else:
                status = str(members["result"]["status"])
                self._tally.settle(number, intended=intended, now=now, status=status)
        except (ValueError, KeyError, TypeError):
            self._tally.refuse(_NOT_UNDERSTOOD, now=now)
        self._look_whether_all_settled()

    def _take_receipt(self, result: bytes | ClientError, number: int, intended: float) -> None:
        if isinstance(result, ClientError):
            self._take_failure(result)
            return
        now = time.perf_counter()
        try:
            status = _member(result, b"status")
            code = int(status, 16)
            if code >= _REFUSED_FROM or code in _POOL_STATUSES:
                self._tally.refuse(status, now=now)
            else:
                height = int(_member(result, b"blockNumber"), 16)
                self._tally.settle(number, intended=intended, now=now, status=status, height=height)
        except ValueError:
            self._tally.refuse(_NOT_UNDERSTOOD, now=now)
        self._look_whether_all_settled()

    def _take_failure(self, error: ClientError) -> None:
        reason = _shorten(str(error))
        if isinstance(error, (ConnectionLost, RequestTimedOut)):
            self._tally.give_up(reason)
        else:
            self._tally.refuse(reason, now=time.perf_counter())
        self._look_whether_all_settled()

    def _look_whether_all_settled(self) -> None:
        self._room.set()
        if not self._is_sending and self._tally.open == 0:
            self._all_settled.set()

    async def _keep_ticking(self) -> None:
        warm_up_end = self._tally.measured_from
        while True:
            now = time.perf_counter()
            is_warm = now >= warm_up_end
            await asyncio.sleep(_TICK_S if is_warm else min(_TICK_S, warm_up_end - now))
            self._tick(self._tally)


def _member(receipt: bytes, name: bytes) -> str:
    """A text member of a receipt, found without parsing the rest, compact or styled.

    Raises:
        ValueError: it is not there.
    """
    start = receipt.index(b'"' + name + b'"') + len(name) + 2
    opening = receipt.index(b'"', start) + 1
    return receipt[opening : receipt.index(b'"', opening)].decode()


def _shorten(reason: str) -> str:
    return reason if len(reason) <= _REASON_LENGTH_MAX else reason[: _REASON_LENGTH_MAX - 1] + "…"
