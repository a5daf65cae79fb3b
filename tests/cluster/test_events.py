"""Contract events over a real chain: history, live logs, ends, reconnects (client protocol §8)."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import pytest

from hansa.channel.client import ChannelClient
from hansa.kernel import keccak256
from hansa.sdk.account import Account
from hansa.sdk.contract import Contract, load_artifact
from tests.cluster.clients import connect, until
from tests.cluster.harness import Cluster

pytestmark = pytest.mark.cluster

GREETED = "0x" + keccak256(b"Greeted(address,string)").hex()


class Greeter:
    """A HelloWorld contract and who greets through it."""

    def __init__(self, cluster: Cluster) -> None:
        self._cluster = cluster
        self._contract: Contract = load_artifact("HelloWorld")
        self.account = Account.create()
        deployed = cluster.settle(0, cluster.send(0, self.account, None, self._contract.deployment()))
        self.address = deployed["contractAddress"]

    def greet(self, text: str) -> dict[str, Any]:
        """One event; the receipt."""
        data = self._contract.call_data("set", text)
        to = bytes.fromhex(self.address[2:])
        return self._cluster.settle(0, self._cluster.send(0, self.account, to, data))


class Listener:
    """What a connection was pushed."""

    def __init__(self, client: ChannelClient) -> None:
        self._client = client
        self.pushes: list[dict[str, Any]] = []
        client.on_events = lambda body: self.pushes.append(json.loads(body))

    async def register(self, filter_id: str, **members: object) -> int:
        body = {"addresses": [], "topics": [], "groupID": "1", "filterID": filter_id} | members
        return await self._client.register_event_filter(json.dumps(body).encode())

    async def cancel(self, filter_id: str) -> int:
        body = {"addresses": [], "topics": [], "groupID": "1", "filterID": filter_id}
        return await self._client.cancel_event_filter(json.dumps(body).encode())

    def logs(self, filter_id: str) -> list[dict[str, Any]]:
        pushes = (push["logs"] for push in self.pushes if push["filterID"] == filter_id)
        return [log for logs in pushes for log in logs or ()]

    def hashes(self, filter_id: str) -> list[str]:
        return [log["transactionHash"] for log in self.logs(filter_id)]


@pytest.fixture(scope="module")
def greeter(shared_cluster: Cluster) -> Greeter:
    return Greeter(shared_cluster)


async def test_history_and_live_logs_on_every_node(shared_cluster: Cluster, greeter: Greeter) -> None:
    past = [await asyncio.to_thread(greeter.greet, f"past {number}") for number in range(5)]
    shared_cluster.wait_equal_heads()
    first = past[0]["blockNumber"]
    for index in (0, 3):
        async with connect(shared_cluster, index) as client:
            listener = Listener(client)
            assert await listener.register("all", fromBlock=first, addresses=[greeter.address]) == 0
            await until(lambda: len(listener.logs("all")) == len(past), "the history")  # noqa: B023
            past.append(await asyncio.to_thread(greeter.greet, "live"))
            await until(lambda: len(listener.logs("all")) == len(past), "the live log")  # noqa: B023
            assert listener.hashes("all") == [receipt["transactionHash"] for receipt in past]
            for log, receipt in zip(listener.logs("all"), past, strict=True):
                expected = receipt["logs"][0] | {
                    "blockHash": receipt["blockHash"],
                    "blockNumber": str(int(receipt["blockNumber"], 16)),
                    "logIndex": "0x0",
                    "transactionHash": receipt["transactionHash"],
                    "transactionIndex": receipt["transactionIndex"],
                }
                assert log == expected


async def test_a_range_ends_and_topics_select(shared_cluster: Cluster, greeter: Greeter) -> None:
    receipts = [await asyncio.to_thread(greeter.greet, "select") for _ in range(2)]
    heights = [str(int(receipt["blockNumber"], 16)) for receipt in receipts]
    sender = "0x" + bytes(12).hex() + greeter.account.address.hex()
    async with connect(shared_cluster, 0) as client:
        listener = Listener(client)
        bounds = {"fromBlock": heights[0], "toBlock": heights[1]}
        assert await listener.register("mine", topics=[GREETED, [sender]], **bounds) == 0
        assert await listener.register("others", topics=[GREETED, "0x" + "11" * 32], **bounds) == 0
        assert await listener.register("longer", topics=[None, None, GREETED], **bounds) == 0
        ended = {"mine", "others", "longer"}
        await until(
            lambda: {push["filterID"] for push in listener.pushes if push["result"] == 1} == ended, "the ends"
        )
        assert listener.hashes("mine") == [receipt["transactionHash"] for receipt in receipts]
        assert listener.logs("others") == listener.logs("longer") == []
        assert await listener.register("backwards", fromBlock=heights[1], toBlock="1") == -41003
        assert await listener.register("nowhere", groupID="9") == -41002


async def test_a_cancelled_filter_is_silent_and_a_new_connection_registers_anew(
    shared_cluster: Cluster, greeter: Greeter
) -> None:
    async with connect(shared_cluster, 1) as client:
        listener = Listener(client)
        assert await listener.register("a", addresses=[greeter.address], fromBlock="latest") == 0
        assert await listener.cancel("a") == 0
        missed = await asyncio.to_thread(greeter.greet, "missed")
        await until(lambda: shared_cluster.height(1) >= int(missed["blockNumber"], 16), "the block on node1")
        await asyncio.sleep(0.3)
        assert missed["transactionHash"] not in listener.hashes("a")
    async with connect(shared_cluster, 1) as client:
        listener = Listener(client)
        assert await listener.register("a", addresses=[greeter.address], fromBlock=missed["blockNumber"]) == 0
        await until(lambda: listener.hashes("a") == [missed["transactionHash"]], "what was missed")
        live = await asyncio.to_thread(greeter.greet, "again")
        await until(lambda: listener.hashes("a")[-1] == live["transactionHash"], "the live log")
        assert len(listener.hashes("a")) == 2


async def test_a_node_that_was_away_pushes_what_it_catches_up_with(
    greeter: Greeter, shared_cluster: Cluster
) -> None:
    shared_cluster.stop(2)
    receipts = [await asyncio.to_thread(greeter.greet, f"away {number}") for number in range(3)]
    await asyncio.to_thread(shared_cluster.start, 2)
    async with connect(shared_cluster, 2) as client:
        listener = Listener(client)
        first = receipts[0]["blockNumber"]
        assert await listener.register("a", addresses=[greeter.address], fromBlock=first) == 0
        expected = [receipt["transactionHash"] for receipt in receipts]
        await until(lambda: listener.hashes("a") == expected, "the blocks of its absence", 30)
