"""One run: a chain behind proxies, a load, a timetable of faults, and the verdict."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from hansa.primitives import Address
from hansa.sdk import Account, ChainClient, Contract, load_artifact
from tests.cluster.harness import Cluster
from tests.cluster.links import Links
from tests.cluster.nemesis.checker import violations
from tests.cluster.nemesis.client import Clients
from tests.cluster.nemesis.faults import Fault, Step, timetable
from tests.cluster.nemesis.history import FaultBegan, FaultEnded, History, Receipt, Recovered, Sent
from tests.cluster.nemesis.nemesis import Nemesis
from tests.cluster.nemesis.reading import read_balances, read_chain
from tests.cluster.nemesis.workload import OPENING_BALANCE, Workload

__all__ = ["RECOVERY_S", "Outcome", "Plan", "run"]

RECOVERY_S = 30.0
"""All nodes go on together within this time after a fault has ended."""
PROGRESS_BLOCKS = 2
_SETTLING_S = 40.0
"""Longer than a client waits for a receipt."""


@dataclass(frozen=True, slots=True)
class Plan:
    """What to do."""

    seed: int
    seconds: float
    """No fault begins after this."""
    rate: float = 60.0
    """Transactions a second."""
    node_count: int = 4


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of it."""

    violations: list[str]
    sent: int
    receipts: int
    blocks: int
    recoveries: list[tuple[Fault, float | None]]
    """For each fault, how long after its end all nodes went on together."""


async def run(plan: Plan, directory: Path, say: Callable[[str], None] = lambda line: None) -> Outcome:
    """Carry out a plan in an empty directory, which keeps the nodes' files and `history.jsonl` afterwards."""
    cluster = Cluster.build(directory, plan.node_count)
    history = History()
    with Links(cluster.p2p_port(node) for node in range(plan.node_count)) as links:
        cluster.link_through(links)
        try:
            cluster.start_all()
            return await _Run(plan, cluster, links, history, say).run()
        finally:
            cluster.close()
            history.save(directory / "history.jsonl")


class _Run:
    def __init__(
        self, plan: Plan, cluster: Cluster, links: Links, history: History, say: Callable[[str], None]
    ) -> None:
        self._plan = plan
        self._cluster = cluster
        self._history = history
        self._say = say
        self._nodes = range(plan.node_count)
        self._nemesis = Nemesis(cluster, links, plan.seed)
        self._workload = Workload(plan.seed)
        self._endpoints = {node: ("127.0.0.1", cluster.base + 1000 + node) for node in self._nodes}
        self._clients = Clients(
            history, cluster.sdk_directory, self._endpoints, self._workload, seed=plan.seed
        )
        self._found: list[str] = []

    async def run(self) -> Outcome:
        contract = load_artifact("Transfer")
        address, first_height = await self._prepare(contract)
        async with asyncio.TaskGroup() as tasks:
            connecting = tasks.create_task(self._clients.keep_connected())
            pouring = tasks.create_task(self._clients.pour(contract, address, rate=self._plan.rate))
            await self._break_things()
            pouring.cancel()
            await self._settle()
            connecting.cancel()
        return await asyncio.to_thread(self._judge, contract, address, first_height)

    async def _prepare(self, contract: Contract) -> tuple[Address, int]:
        """The workload's contract, its accounts open; the height after that."""
        account = Account.create()
        async with ChainClient.connect(self._cluster.sdk_directory, *self._endpoints[0]) as chain:
            deployed = await chain.deploy(account, contract)
            address = deployed.contract_address
            opened = [
                await chain.transact(account, address, contract.call_data("open", name, OPENING_BALANCE))
                for name in self._workload.accounts
            ]
        return address, max(receipt.height for receipt in opened) + 1

    async def _break_things(self) -> None:
        loop = asyncio.get_running_loop()
        ends_at = loop.time() + self._plan.seconds
        for step in timetable(self._plan.seed, self._plan.node_count):
            if loop.time() > ends_at:
                return
            try:
                await self._carry_out(step)
            except AssertionError as error:
                self._found.append(f"{step.fault}: {error}")
                return
            if await self._recover(step.fault) is None:
                return

    async def _carry_out(self, step: Step) -> None:
        self._history.note(FaultBegan(step.fault))
        await asyncio.to_thread(self._nemesis.begin, step.fault)
        await asyncio.sleep(step.seconds)
        await asyncio.to_thread(self._nemesis.end, step.fault)
        self._history.note(FaultEnded(step.fault))

    async def _recover(self, fault: Fault) -> float | None:
        loop = asyncio.get_running_loop()
        began = loop.time()
        target: int | None = None
        while loop.time() - began < RECOVERY_S:
            heights = await asyncio.to_thread(self._heights)
            if heights and target is None:
                target = max(heights) + PROGRESS_BLOCKS
            if len(heights) == len(self._nodes) and target is not None and min(heights) >= target:
                seconds = loop.time() - began
                self._history.note(Recovered(fault, seconds))
                self._say(f"{fault}: went on after {seconds:.1f} s")
                return seconds
            await asyncio.sleep(0.2)
        self._history.note(Recovered(fault, None))
        self._say(f"{fault}: no common progress within {RECOVERY_S:.0f} s")
        return None

    def _heights(self) -> list[int]:
        heights = []
        for node in self._nodes:
            try:
                heights.append(self._cluster.height(node))
            except OSError:
                continue
        return heights

    async def _settle(self) -> None:
        deadline = asyncio.get_running_loop().time() + _SETTLING_S
        while self._clients.open_count and asyncio.get_running_loop().time() < deadline:
            await asyncio.sleep(0.1)
        if self._clients.open_count:
            self._found.append(f"{self._clients.open_count} transactions never settled at the client")

    def _judge(self, contract: Contract, address: Address, first_height: int) -> Outcome:
        try:
            head = self._cluster.wait_equal_heads()
        except AssertionError as error:
            self._found.append(str(error).splitlines()[0])
            head = min(self._heights())
        heights = range(first_height, head + 1)
        running = sorted(self._cluster.processes)
        chains = {node: read_chain(self._cluster, node, heights) for node in running}
        accounts = self._workload.accounts
        balances = {node: read_balances(self._cluster, node, contract, address, accounts) for node in running}
        entries = [entry for _, entry in self._history.entries]
        opening = dict.fromkeys(accounts, OPENING_BALANCE)
        return Outcome(
            violations=[*self._found, *violations(entries, chains, opening, balances)],
            sent=len({entry.hash for entry in entries if isinstance(entry, Sent)}),
            receipts=len({entry.hash for entry in entries if isinstance(entry, Receipt)}),
            blocks=len(heights),
            recoveries=[(entry.fault, entry.seconds) for entry in entries if isinstance(entry, Recovered)],
        )
