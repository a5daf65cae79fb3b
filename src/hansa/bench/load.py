"""The run itself: prepare, sign beforehand, pour, wait for every receipt.

Rule 1  Signing is not part of the measured time; the block limit leaves room for it.
Rule 2  At most `in_flight` transactions are unanswered, spread evenly over the connections; a `rate` sends on
        a timetable instead, late or not, so that waiting is not hidden.
Rule 3  A transaction counts as settled when its receipt arrives, and as refused when the node says so; what
        has neither at the end is lost.
"""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path

from hansa.bench.processes import find_listener, own_cpu_seconds, read_usage
from hansa.bench.report import Measurements, NodeCpu
from hansa.bench.workload import SerialTransfer
from hansa.channel.errors import ClientError
from hansa.primitives import Address
from hansa.sdk import Account, ChainClient, load_artifact

__all__ = ["BenchPlan", "run"]

_REFUSED_FROM = 10000
_POOL_STATUSES = frozenset({15, 16, 28, 29})
"""Receipt statuses that only the pool gives: the transaction is in no block (client protocol §3.8)."""
_PROGRESS_S = 0.5
_SIGN_BATCH = 500


@dataclass(frozen=True, slots=True)
class BenchPlan:
    """What to do."""

    sdk_folder: Path
    endpoints: Sequence[tuple[str, int]]
    group_id: int
    count: int
    accounts: int
    in_flight: int
    rate: float | None
    """Transactions per second, or as many as `in_flight` allows."""
    pids: Sequence[int]
    """Node processes besides those that listen on the endpoints of this machine."""


async def run(plan: BenchPlan, progress: Callable[[str, int, int], None]) -> Measurements:
    """Carry out a plan.

    Args:
        progress: told the phase, how much is done, and of how much.

    Raises:
        ClientError: a connection failed before the run.
        ContractError: the workload's contract could not be deployed.
    """
    async with AsyncExitStack() as stack:
        chains = [
            await stack.enter_async_context(
                ChainClient.connect(plan.sdk_folder, host, port, group_id=plan.group_id)
            )
            for host, port in plan.endpoints
        ]
        workload = SerialTransfer(load_artifact("Transfer"), plan.accounts)
        account = Account.create()
        deployed = await chains[0].deploy(account, workload.contract)
        contract = deployed.contract_address
        opening = await _sign(chains[0], account, contract, workload.preparation())
        await _Pour(chains, opening, plan.in_flight, None).run(_named("preparing", progress))
        calls = (workload.call_data(number) for number in range(plan.count))
        raws = await _sign(chains[0], account, contract, calls, _named("signing", progress), plan.count)

        processes = _node_processes(plan)
        before = {name: read_usage(pid) for name, pid in processes.items()}
        cpu_before, height_before = own_cpu_seconds(), await chains[0].height()
        pour = _Pour(chains, raws, plan.in_flight, plan.rate)
        await pour.run(_named("pouring", progress))
        cpu_after = own_cpu_seconds()
        nodes = []
        for name, pid in processes.items():
            earlier, later = before[name], read_usage(pid)
            if earlier is not None and later is not None:
                nodes.append(NodeCpu(name, later.cpu_seconds - earlier.cpu_seconds, later.resident_bytes))
        times = await _block_times(chains[0], height_before, pour.heights)
        return pour.measurements(workload.name, times, nodes, cpu_after - cpu_before)


class _Pour:
    """One batch of signed transactions on its way."""

    def __init__(
        self, chains: Sequence[ChainClient], raws: Sequence[bytes], in_flight: int, rate: float | None
    ) -> None:
        self._chains = chains
        self._raws = raws
        self._rate = rate
        self._room = asyncio.Semaphore(in_flight)
        self._settled_count = 0
        self._all_settled = asyncio.Event()
        self._sent_at: list[float] = []
        self._settled_at: list[float] = []
        self._refused: Counter[str] = Counter()
        self._statuses: Counter[str] = Counter()
        self.heights: set[int] = set()

    async def run(self, progress: Callable[[int, int], None]) -> None:
        """Send everything and wait for everything."""
        self._started = self._ended = time.perf_counter()
        if not self._raws:
            return
        async with asyncio.TaskGroup() as tasks:
            reporter = tasks.create_task(self._report(progress))
            await self._send()
            await self._all_settled.wait()
            reporter.cancel()
        progress(self._settled_count, len(self._raws))

    async def _send(self) -> None:
        for number, raw in enumerate(self._raws):
            if self._rate is None:
                await self._room.acquire()
            else:
                await _until(self._started + number / self._rate)
            chain = self._chains[number % len(self._chains)]
            now = time.perf_counter()
            sent = self._started + number / self._rate if self._rate is not None else now
            try:
                chain.channel.submit_transaction(chain.group_id, raw, self._listener(sent))
            except ClientError as error:
                self._settle(sent, error)
            if number % 64 == 63:
                await chain.channel.drain()
                await asyncio.sleep(0)

    def _listener(self, sent: float) -> Callable[[bytes | ClientError], None]:
        return lambda result: self._settle(sent, result)

    def _settle(self, sent: float, result: bytes | ClientError) -> None:
        now = time.perf_counter()
        self._room.release()
        self._settled_count += 1
        if self._settled_count == len(self._raws):
            self._all_settled.set()
        if isinstance(result, ClientError):
            self._refused[type(result).__name__ if not str(result) else str(result)[:60]] += 1
            return
        status = _member(result, b"status")
        code = int(status, 16)
        if code >= _REFUSED_FROM or code in _POOL_STATUSES:
            self._refused[status] += 1
            return
        self._ended = now
        self._sent_at.append(sent)
        self._settled_at.append(now)
        self._statuses[status] += 1
        self.heights.add(int(_member(result, b"blockNumber"), 16))

    async def _report(self, progress: Callable[[int, int], None]) -> None:
        while True:
            await asyncio.sleep(_PROGRESS_S)
            progress(self._settled_count, len(self._raws))

    def measurements(
        self, workload: str, block_times_ms: Sequence[int], nodes: Sequence[NodeCpu], client_cpu: float
    ) -> Measurements:
        """What was seen. A request that timed out counts as lost, not as refused."""
        refused = {text: count for text, count in self._refused.items() if not _is_silence(text)}
        return Measurements(
            workload=workload,
            sent=len(self._raws),
            refused=refused,
            statuses=dict(self._statuses),
            sent_at=self._sent_at,
            settled_at=self._settled_at,
            started=self._started,
            ended=self._ended,
            block_times_ms=block_times_ms,
            blocks=len(self.heights),
            nodes=nodes,
            client_cpu_seconds=client_cpu,
        )


async def _sign(
    chain: ChainClient,
    account: Account,
    to: Address,
    calls: Iterable[bytes],
    progress: Callable[[int, int], None] | None = None,
    count: int = 0,
) -> list[bytes]:
    raws: list[bytes] = []
    for data in calls:
        raws.append(chain.sign(account, to, data).raw)
        if len(raws) % _SIGN_BATCH == 0:
            await asyncio.sleep(0)  # heartbeats and block notices go on
            if progress is not None:
                progress(len(raws), count)
    return raws


async def _until(moment: float) -> None:
    delay = moment - time.perf_counter()
    if delay > 0:
        await asyncio.sleep(delay)


async def _block_times(chain: ChainClient, before: int, heights: Iterable[int]) -> list[int]:
    """Timestamps of these blocks, the one before them first."""
    times = []
    for height in [before, *sorted(heights)]:
        header = await chain.channel.request("getBlockHeaderByNumber", [chain.group_id, str(height), False])
        assert isinstance(header, dict)
        times.append(int(header["timestamp"], 16))
    return times


def _node_processes(plan: BenchPlan) -> dict[str, int]:
    found = {f"{host}:{port}": find_listener(port) for host, port in plan.endpoints if _is_local(host)}
    processes = {name: pid for name, pid in found.items() if pid is not None}
    return processes | {f"process {pid}": pid for pid in plan.pids if pid not in processes.values()}


def _is_local(host: str) -> bool:
    return host in {"localhost", "::1"} or host.startswith("127.")


def _is_silence(text: str) -> bool:
    return "in time" in text or "connection" in text


def _member(receipt: bytes, name: bytes) -> str:
    """A text member of a receipt, found without parsing the rest, compact or styled."""
    start = receipt.index(b'"' + name + b'"') + len(name) + 2
    opening = receipt.index(b'"', start) + 1
    return receipt[opening : receipt.index(b'"', opening)].decode()


def _named(phase: str, progress: Callable[[str, int, int], None]) -> Callable[[int, int], None]:
    return lambda done, total: progress(phase, done, total)
