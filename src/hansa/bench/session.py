"""A workload at home on a chain: connected, deployed and prepared once, then measured as often as wanted.

async with Session.open(target, make_workload("dag", options), progress) as session:
    report = make_report(await session.measure(Load(count=10_000)))

Rule 1  Numbers of a stream are used once: a second measurement goes on where the first ended.
Rule 2  `audit` reads back what the chain holds and compares it with what the receipts of all measurements
        promised. It can tell only when no request was lost.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from hansa.bench.environment import describe_client
from hansa.bench.measurements import Measurements
from hansa.bench.pour import Load, Pour
from hansa.bench.processes import own_cpu_seconds
from hansa.bench.progress import Progress, Snapshot
from hansa.bench.sampling import Sampler, find_nodes
from hansa.bench.signing import BLOCK_LIMIT_AHEAD, Recipe, Supply, make_ready
from hansa.bench.tally import Tally
from hansa.bench.workload import Action, Workload
from hansa.channel.errors import ClientError
from hansa.primitives import Address
from hansa.sdk import Account, ChainClient, ContractError
from hansa.sdk.client import Receipt

__all__ = ["BenchError", "Session", "Target"]

_PREPARATION_IN_FLIGHT = 1000
_AHEAD_MAX = 200_000
_AHEAD_ENDLESS = 30_000
_AHEAD_S = 30
_READ_AT_ONCE = 64
_CATCH_UP_S = 20.0


class BenchError(Exception):
    """The run cannot start, or what it promised does not hold; the text says why."""


@dataclass(frozen=True, slots=True)
class Target:
    """Where the load goes."""

    sdk_folder: Path
    endpoints: Sequence[tuple[str, int]]
    group_id: int = 1
    pids: Sequence[int] = ()
    """Node processes besides those that listen on the endpoints of this machine."""
    account: Account | None = None
    """Who signs; a new account if None."""


class Session:
    """A prepared workload. Made by `open`."""

    def __init__(
        self,
        target: Target,
        chains: Sequence[ChainClient],
        workload: Workload,
        account: Account,
        addresses: Sequence[Address],
        progress: Progress,
        node_version: str,
    ) -> None:
        self._target = target
        self._chains = chains
        self._workload = workload
        self._addresses = addresses
        self._progress = progress
        self._node_version = node_version
        self._recipe = Recipe(workload, addresses, account.secret, chains[0].chain_id, target.group_id)
        self._height = 0
        self._next_number = 0
        self._pour: Pour | None = None
        self._tallies: list[Tally] = []

    @staticmethod
    @asynccontextmanager
    async def open(target: Target, workload: Workload, progress: Progress) -> AsyncIterator[Session]:
        """Connect, deploy, prepare.

        Raises:
            ClientError: a connection failed.
            BenchError: the chain did not take the preparation.
        """
        async with AsyncExitStack() as stack:
            chains = [
                await stack.enter_async_context(
                    ChainClient.connect(target.sdk_folder, host, port, group_id=target.group_id)
                )
                for host, port in target.endpoints
            ]
            account = target.account or Account.create()
            try:
                deployed = [await chains[0].deploy(account, contract) for contract in workload.contracts]
            except ContractError as error:
                raise BenchError(str(error)) from error
            addresses = [receipt.contract_address for receipt in deployed]
            version = chains[0].channel.node_version
            session = Session(target, chains, workload, account, addresses, progress, version)
            await session._prepare()
            yield session

    async def _prepare(self) -> None:
        for chain in self._chains:
            chain.channel.on_block = self._hear_of_block
        self._height = await self._chains[0].height()
        stages = self._workload.preparation(self._addresses)
        total = sum(map(len, stages))
        done = 0
        for stage in stages:
            for start in range(0, len(stage), _PREPARATION_IN_FLIGHT):
                part = stage[start : start + _PREPARATION_IN_FLIGHT]
                await asyncio.gather(*(self._prepare_one(action) for action in part))
                done += len(part)
                self._progress.step("preparing", done, total)

    async def _prepare_one(self, action: Action) -> None:
        chain = self._chains[0]
        request = make_ready(self._recipe, action, self._height + BLOCK_LIMIT_AHEAD)
        receipt = Receipt.decode(await chain.channel.send_transaction(chain.group_id, request.payload))
        if receipt.error is not None:
            raise BenchError(f"the chain did not take the preparation: {receipt.error}")

    async def measure(self, load: Load) -> Measurements:
        """One load, from signing to the last answer.

        Raises:
            ClientError: a connection failed before the load began.
        """
        self._height = height_before = await self._chains[0].height()
        supply = Supply(
            self._recipe,
            first=self._next_number,
            count=load.total,
            ahead=_ahead(load),
            height=lambda: self._height,
        )
        environment = describe_client(self._node_version, self._target.endpoints)
        sampler = Sampler(find_nodes(self._target.endpoints, self._target.pids))
        watch = _Watch(load, sampler, self._progress)
        async with supply:
            await supply.fill(lambda done, total: self._progress.step("signing", done, total))
            pour = Pour(self._chains, supply, load, first_number=self._next_number, tick=watch.tick)
            self._pour = pour
            try:
                tally = await pour.run()
            finally:
                self._pour = None
        self._next_number += tally.sent
        self._tallies.append(tally)
        return Measurements(
            workload=self._workload.name,
            load=load,
            is_interrupted=pour.is_interrupted,
            tally=tally,
            block_time_s=await self._block_time(tally, height_before),
            nodes=sampler.usages(),
            client_cpu_seconds=watch.client_cpu_seconds,
            environment=environment,
        )

    def stop(self) -> bool:
        """End a load that is going on, keeping what it measured; False if there is none."""
        if self._pour is None:
            return False
        self._pour.stop()
        return True

    async def audit(self) -> str | None:
        """Compare what the chain holds with what the receipts promised; None, or what is wrong.

        Raises:
            ClientError: the chain cannot be read.
            BenchError: requests were lost, so that nobody knows what the chain should hold.
        """
        if any(tally.lost for tally in self._tallies):
            raise BenchError("requests were lost: what the chain should hold is not known")
        await self._catch_up()
        executed = (number for tally in self._tallies for number in tally.succeeded())
        readings = self._workload.readings(self._addresses, executed)
        chain = self._chains[0]
        for start in range(0, len(readings), _READ_AT_ONCE):
            part = readings[start : start + _READ_AT_ONCE]
            try:
                answers = await asyncio.gather(
                    *(chain.call(item.to, item.contract, item.method, *item.arguments) for item in part)
                )
            except ContractError as error:
                return str(error)
            for reading, answer in zip(part, answers, strict=True):
                if tuple(answer) != reading.expected:
                    arguments = ", ".join(map(str, reading.arguments))
                    return f"{reading.method}({arguments}) is {answer}, expected {reading.expected}"
            self._progress.step("reading back", start + len(part), len(readings))
        return None

    async def _catch_up(self) -> None:
        """Wait until the node asked has the last block with a receipt."""
        last = max((height for tally in self._tallies for height in tally.heights), default=0)
        try:
            async with asyncio.timeout(_CATCH_UP_S):
                while await self._chains[0].height() < last:
                    await asyncio.sleep(0.1)
        except TimeoutError as error:
            raise BenchError(f"the node does not reach block {last}") from error

    def _hear_of_block(self, group_id: int, height: int) -> None:
        if group_id == self._target.group_id:
            self._height = max(self._height, height)

    async def _block_time(self, tally: Tally, height_before: int) -> float | None:
        """Seconds from the timestamp of the block before the first one to that of the last one."""
        if not tally.heights:
            return None
        first, last = max(min(tally.heights) - 1, height_before), max(tally.heights)
        try:
            times = [await self._timestamp_ms(height) for height in (first, last)]
        except ClientError:
            return None  # a node that went away during the run; the wall clock has to do
        return (times[1] - times[0]) / 1000

    async def _timestamp_ms(self, height: int) -> int:
        chain = next((chain for chain in self._chains if chain.channel.is_connected), self._chains[0])
        header = await chain.channel.request("getBlockHeaderByNumber", [chain.group_id, str(height), False])
        assert isinstance(header, dict)
        return int(header["timestamp"], 16)


class _Watch:
    """What happens at every tick of a load: samples of the nodes, and a line of progress."""

    def __init__(self, load: Load, sampler: Sampler, progress: Progress) -> None:
        self._total = load.total
        self._sampler = sampler
        self._progress = progress
        self._last = (0.0, 0)
        self._cpu_before: float | None = None
        self.client_cpu_seconds = 0.0
        """Of this process, after the warm-up."""

    def tick(self, tally: Tally) -> None:
        """Look around."""
        now = time.perf_counter()
        seconds = now - tally.started
        self._sampler.sample(seconds)
        if now >= tally.measured_from:
            cpu = own_cpu_seconds()
            self._cpu_before = cpu if self._cpu_before is None else self._cpu_before
            self.client_cpu_seconds = cpu - self._cpu_before
        self._progress.load(self._snapshot(tally, seconds))

    def _snapshot(self, tally: Tally, seconds: float) -> Snapshot:
        before_seconds, before_settled = self._last
        self._last = (seconds, tally.settled)
        latencies = tally.latencies
        return Snapshot(
            seconds=seconds,
            sent=tally.sent,
            settled=tally.settled,
            open=tally.open,
            refused=tally.refused,
            lost=tally.silences.total(),
            total=self._total,
            tps=(tally.settled - before_settled) / max(seconds - before_seconds, 1e-9),
            p50_ms=latencies.percentile(50) * 1000 if latencies.count else None,
            p99_ms=latencies.percentile(99) * 1000 if latencies.count else None,
            is_warm_up=tally.started + seconds < tally.measured_from,
        )


def _ahead(load: Load) -> int:
    """How many requests are made ready before a load starts: all of them, if known and valid for so long."""
    reach = _AHEAD_MAX if load.rate is None else max(round(load.rate * _AHEAD_S), 1)
    if load.total is None:
        return min(reach, _AHEAD_ENDLESS)
    return min(load.total, reach, _AHEAD_MAX)
