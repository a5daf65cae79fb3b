"""The load on chains that answer as a test wants them to."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import asynccontextmanager
from typing import Any

import pytest

from hansa.bench.pour import Load, Pour
from hansa.bench.signing import Request
from hansa.bench.tally import Tally
from hansa.channel.errors import ClientError, ConnectionLost, RequestTimedOut, RpcError

Answer = Callable[[int], bytes | ClientError | None]


def receipt(status: str = "0x0", block: str = "0x5") -> bytes:
    return b'{"blockNumber":"%b","status":"%b"}' % (block.encode(), status.encode())


class FakeChannel:
    """Answers after `delay_s`; with None, never. Its connection breaks after `breaks_after` requests."""

    def __init__(self, answer: Answer, *, delay_s: float = 0.0, breaks_after: int | None = None) -> None:
        self.taken = 0
        self.open = 0
        self.open_max = 0
        self._answer = answer
        self._delay_s = delay_s
        self._breaks_after = breaks_after

    @property
    def is_connected(self) -> bool:
        return self._breaks_after is None or self.taken < self._breaks_after

    async def drain(self) -> None:
        pass

    def submit_transaction(
        self, group_id: int, raw: bytes, on_result: Callable[[bytes | ClientError], None]
    ) -> None:
        if not self.is_connected:
            raise ConnectionLost("hung up")
        answer = self._answer(self.taken)
        self.taken += 1
        self.open += 1
        self.open_max = max(self.open_max, self.open)
        if answer is not None:
            asyncio.get_running_loop().call_later(self._delay_s, self._settle, on_result, answer)

    async def request_raw(self, text: bytes) -> bytes:
        answer = self._answer(self.taken)
        self.taken += 1
        await asyncio.sleep(self._delay_s)
        if isinstance(answer, ClientError):
            raise answer
        assert answer is not None
        return answer

    def _settle(self, on_result: Callable[[bytes | ClientError], None], answer: bytes | ClientError) -> None:
        self.open -= 1
        on_result(answer)


class FakeChain:
    group_id = 1

    def __init__(self, answer: Answer, **options: Any) -> None:
        self.channel = FakeChannel(answer, **options)


class FakeSupply:
    """Requests without end, or so many."""

    def __init__(self, count: int | None = None, *, is_read: bool = False) -> None:
        self._left = count
        self._request = Request(is_read, b"raw")

    async def take(self) -> list[Request]:
        size = 100 if self._left is None else min(self._left, 100)
        if self._left is not None:
            self._left -= size
        return [self._request] * size


def make_pour(chains: list[FakeChain], supply: FakeSupply, load: Load) -> Pour:
    return Pour(chains, supply, load, first_number=0, tick=lambda tally: None)  # type: ignore[arg-type]


@asynccontextmanager
async def running(pour: Pour) -> Any:
    task = asyncio.create_task(pour.run())
    await asyncio.sleep(0.05)
    yield task


async def test_every_receipt_is_counted_and_endpoints_share_the_load() -> None:
    chains = [FakeChain(lambda number: receipt()) for _ in range(3)]
    pour = make_pour(chains, FakeSupply(300), Load(count=300))
    tally = await pour.run()
    assert (tally.sent, tally.settled, tally.lost) == (300, 300, 0)
    assert [chain.channel.taken for chain in chains] == [100, 100, 100]
    assert tally.heights == {5}
    assert not pour.is_interrupted


async def test_a_flood_keeps_to_its_window() -> None:
    chain = FakeChain(lambda number: receipt(), delay_s=0.002)
    tally = await make_pour([chain], FakeSupply(200), Load(count=200, in_flight=7)).run()
    assert tally.settled == 200
    assert chain.channel.open_max == 7


async def test_a_timetable_goes_on_however_slow_the_answers_are() -> None:
    chain = FakeChain(lambda number: receipt(), delay_s=0.2)
    tally = await make_pour([chain], FakeSupply(100), Load(count=100, rate=1000, in_flight=1)).run()
    assert chain.channel.open_max > 50
    assert tally.latencies.percentile(50) >= 0.2


async def test_latency_counts_from_the_timetable_when_the_sender_is_held_up() -> None:
    chain = FakeChain(lambda number: receipt())

    async def hold_up() -> None:
        await asyncio.sleep(0.3 if chain.channel.taken == 64 else 0)

    chain.channel.drain = hold_up  # type: ignore[method-assign]
    tally = await make_pour([chain], FakeSupply(100), Load(count=100, rate=10_000)).run()
    assert tally.latencies.percentile(99) > 0.25


async def test_a_duration_ends_it() -> None:
    chain = FakeChain(lambda number: receipt())
    tally = await make_pour([chain], FakeSupply(), Load(duration_s=0.2, rate=500, warm_up_s=0.1)).run()
    assert tally.sent == pytest.approx(150, abs=2)
    assert tally.settled == tally.sent
    assert tally.latencies.count < tally.settled


async def test_refusals_failures_and_silences_are_told_apart() -> None:
    answers: list[bytes | ClientError] = [
        receipt("0x2714"),
        receipt("0xf"),
        receipt("0x16"),
        RpcError(-32000, "no"),
        RequestTimedOut("no answer"),
        ConnectionLost("gone"),
        b"{}",
        b'{"status":"zz"}',
    ]
    tally = await make_pour([FakeChain(answers.__getitem__)], FakeSupply(8), Load(count=8)).run()
    assert tally.settled == 1
    assert tally.statuses == {"0x16": 1}
    assert tally.refusals == {"0x2714": 1, "0xf": 1, "no (-32000)": 1, "an answer that is not understood": 2}
    assert tally.silences == {"no answer": 1, "gone": 1}


async def test_reads() -> None:
    answers: list[bytes | ClientError] = [
        b'{"result":{"status":"0x0"}}',
        b'{"error":{"message":"busy"}}',
        RequestTimedOut("late"),
        b"[]",
    ]
    tally = await make_pour(
        [FakeChain(answers.__getitem__)], FakeSupply(4, is_read=True), Load(count=4)
    ).run()
    assert (tally.settled, tally.refused, tally.lost) == (1, 2, 1)
    assert tally.heights == set()


async def test_a_broken_connection_leaves_the_load_to_the_others() -> None:
    breaking = FakeChain(lambda number: receipt(), breaks_after=10)
    chains = [breaking, FakeChain(lambda number: receipt())]
    tally = await make_pour(chains, FakeSupply(100), Load(count=100)).run()
    assert tally.settled == 100
    assert [chain.channel.taken for chain in chains] == [10, 90]


async def test_with_no_connection_left_it_ends_and_says_so() -> None:
    pour = make_pour(
        [FakeChain(lambda number: receipt(), breaks_after=10)], FakeSupply(), Load(duration_s=60)
    )
    tally = await pour.run()
    assert pour.is_interrupted
    assert (tally.sent, tally.settled) == (10, 10)


async def test_told_to_stop_it_waits_for_what_is_open_and_keeps_it() -> None:
    chain = FakeChain(lambda number: receipt(), delay_s=0.1)
    pour = make_pour([chain], FakeSupply(), Load(duration_s=60, in_flight=20))
    async with running(pour) as task:
        pour.stop()
        tally: Tally = await task
    assert pour.is_interrupted
    assert tally.sent == tally.settled == 20


async def test_told_twice_it_does_not_wait() -> None:
    pour = make_pour([FakeChain(lambda number: None)], FakeSupply(), Load(duration_s=60, in_flight=20))
    async with running(pour) as task:
        pour.stop()
        await asyncio.sleep(0)
        pour.stop()
        tally = await asyncio.wait_for(task, 1)
    assert (tally.sent, tally.lost, tally.open) == (20, 20, 20)


def test_how_many_requests_a_load_has() -> None:
    assert Load(count=5).total == 5
    assert Load(duration_s=2, rate=10, warm_up_s=1).total == 30
    assert Load(count=5, duration_s=2, rate=10).total == 5
    assert Load(duration_s=2).total is None
