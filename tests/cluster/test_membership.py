"""A chain grows from four sealers to seven and shrinks to four others, under load, and loses nothing."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable
from dataclasses import replace
from pathlib import Path

import pytest

from hansa.sdk import Account, ChainClient, load_artifact
from tests.cluster import governance
from tests.cluster.harness import GROUP, Cluster
from tests.cluster.nemesis.checker import StoredBlock, violations
from tests.cluster.nemesis.client import Clients
from tests.cluster.nemesis.history import History
from tests.cluster.nemesis.reading import read_balances, read_chain
from tests.cluster.nemesis.workload import OPENING_BALANCE, Workload

pytestmark = pytest.mark.cluster

SEED = 4711
STAYING = (1, 2, 3, 5)
LEAVING = (6, 4, 0)
RATE = 40.0


async def until(holds: Callable[[], bool], seconds: float, what: str) -> None:
    """Poll while the load goes on."""
    loop = asyncio.get_running_loop()
    deadline = loop.time() + seconds
    while not await asyncio.to_thread(holds):
        assert loop.time() < deadline, f"not within {seconds} s: {what}"
        await asyncio.sleep(0.1)


def signers(cluster: Cluster, height: int) -> set[str]:
    """Whose signatures the block carries."""
    header = cluster.rpc(1, "getBlockHeaderByNumber", GROUP, str(height), True)
    sealers = header["sealerList"]
    return {sealers[int(signature["index"], 16)] for signature in header["signatureList"]}


def sealed_by(cluster: Cluster, height: int) -> str:
    header = cluster.rpc(1, "getBlockHeaderByNumber", GROUP, str(height), False)
    return str(header["sealerList"][int(header["sealer"], 16)])


def load_only(chain: Iterable[StoredBlock]) -> list[StoredBlock]:
    """Without the transactions of governance."""
    others = "0x" + governance.CONSENSUS_ADDRESS.hex()
    return [
        replace(block, receipts=[receipt for receipt in block.receipts if receipt["to"] != others])
        for block in chain
    ]


async def join(cluster: Cluster, chain: ChainClient) -> None:
    """A further node: first a stranger, then an observer, then a sealer."""
    index = cluster.add_node()
    node_id = cluster.node_id(index)
    await asyncio.to_thread(cluster.start, index)
    await asyncio.sleep(1)
    assert cluster.height(index) == 0, "a stranger is told nothing"

    added = await governance.add_observer(chain, node_id)
    await until(lambda: cluster.height(index) >= added.height + 2, 20, "an observer follows")
    assert node_id in cluster.rpc(index, "getObserverList", GROUP)
    for height in range(added.height + 1, cluster.height(1) + 1):
        assert node_id not in signers(cluster, height)

    await governance.add_sealer(chain, node_id)
    await until(lambda: node_id in cluster.rpc(index, "getSealerList", GROUP), 20, "it knows its rank")


async def every_sealer_leads(cluster: Cluster, count: int) -> None:
    start = cluster.height(1) + 1
    await until(lambda: cluster.height(1) >= start + 2 * count, 40, "blocks")
    leaders = {sealed_by(cluster, height) for height in range(start, start + 2 * count)}
    assert leaders == set(cluster.rpc(1, "getSealerList", GROUP))
    assert len(leaders) == count


async def leave(cluster: Cluster, chain: ChainClient, index: int) -> None:
    """A sealer is removed: it learns of it, votes no more and follows no more."""
    node_id = cluster.node_id(index)
    removed = await governance.remove(chain, node_id)
    await until(lambda: cluster.height(1) >= removed.height + 6, 20, "the others go on")
    assert cluster.height(index) == removed.height, "it has the block that removed it and no other"
    assert node_id not in cluster.rpc(index, "getSealerList", GROUP)
    for height in range(removed.height + 1, removed.height + 6):
        assert node_id not in signers(cluster, height)


async def test_a_chain_grows_and_shrinks_under_load(tmp_path: Path) -> None:
    cluster = Cluster.build(tmp_path, 4, room=7)
    history, workload, contract = History(), Workload(SEED), load_artifact("Transfer")
    endpoints = {index: ("127.0.0.1", cluster.base + 1000 + index) for index in STAYING}
    try:
        cluster.answer_as_stranger(0)  # and with it all nodes that are made like it
        await asyncio.to_thread(cluster.start_all)
        async with ChainClient.connect(cluster.sdk_directory, *endpoints[1]) as chain:
            account = Account.create()
            address = (await chain.deploy(account, contract)).contract_address
            for name in workload.accounts:
                opened = await chain.transact(
                    account, address, contract.call_data("open", name, OPENING_BALANCE)
                )
            clients = Clients(history, cluster.sdk_directory, endpoints, workload, seed=SEED)
            async with asyncio.TaskGroup() as tasks:
                connecting = tasks.create_task(clients.keep_connected())
                pouring = tasks.create_task(clients.pour(contract, address, rate=RATE))
                for _ in range(3):
                    await join(cluster, chain)
                await every_sealer_leads(cluster, 7)

                cluster.kill(6)
                cluster.kill(0)
                height = cluster.height(1)
                await until(lambda: cluster.height(1) >= height + 5, 40, "five of seven go on")
                await asyncio.to_thread(cluster.start, 0, 6)
                await until(lambda: cluster.heads([0, 1]) == cluster.heads([6]), 30, "seven again")

                for index in LEAVING:
                    await leave(cluster, chain, index)
                await every_sealer_leads(cluster, 4)

                back = await governance.add_observer(chain, cluster.node_id(0))
                await until(lambda: cluster.height(0) >= back.height, 20, "who comes back follows again")
                pouring.cancel()
                await until(lambda: clients.open_count == 0, 40, "every transaction is answered")
                connecting.cancel()

        members = [0, *STAYING]
        await until(lambda: len(cluster.heads(members)) == 1, 20, "equal heads")
        heights = range(opened.height + 1, cluster.height(1) + 1)
        chains = {index: load_only(read_chain(cluster, index, heights)) for index in members}
        balances = {
            index: read_balances(cluster, index, contract, address, workload.accounts) for index in members
        }
        entries = [entry for _, entry in history.entries]
        assert violations(entries, chains, dict.fromkeys(workload.accounts, OPENING_BALANCE), balances) == []
    finally:
        cluster.close()
