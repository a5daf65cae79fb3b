"""`[flow_control]` of a running node: what SDKs may ask and send (client protocol §9)."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from hansa.channel.client_protocol import AmopArrived
from hansa.channel.frames import FrameType
from tests.cluster.clients import connect, until
from tests.cluster.harness import Cluster

pytestmark = pytest.mark.cluster


@pytest.fixture
def limited(tmp_path: Path) -> Iterator[Cluster]:
    """A node that answers 20 requests a second, 5 for group 1, and sends 0.01 Mbit/s."""
    built = Cluster.build(tmp_path, 1)
    conf = built.node_directory(0)
    for file, limits in (
        (conf / "config.ini", "limit_req=20\n    outgoing_bandwidth_limit=0.01\n"),
        (conf / "conf" / "group.1.ini", "limit_req=5\n"),
    ):
        lines = [line for line in file.read_text().splitlines() if "flow_control" not in line]
        file.write_text("\n".join([*lines, "[flow_control]", f"    {limits}"]))
    try:
        built.start(0)
        yield built
    finally:
        built.close()


async def test_requests_over_the_quota_are_refused_and_the_version_never(limited: Cluster) -> None:
    async with connect(limited, 0) as client:

        async def ask(method: str, *parameters: object) -> int:
            call = {"id": 1, "jsonrpc": "2.0", "method": method, "params": parameters}
            answer = json.loads(await client.request_raw(json.dumps(call).encode()))
            if "error" not in answer:
                return 0
            assert answer["error"]["message"] == f"{method} Over QPS limit"
            code: int = answer["error"]["code"]
            return code

        await asyncio.sleep(1.1)
        codes = [await ask("getBlockNumber", 1) for _ in range(8)]
        assert codes[:5] == [0] * 5
        assert codes[-1] == -40011
        await asyncio.sleep(1.1)
        assert await ask("getBlockNumber", 1) == 0
        assert [await ask("getClientVersion") for _ in range(40)] == [0] * 40
        assert await ask("getNodeIDList", 1) == -40011
        raw = b'{"id":3,"jsonrpc":"2.0","method":"sendRawTransaction","params":[1,"0x00"]}'
        answer = json.loads(await client.request_raw(raw))
        message = "sendRawTransaction Over QPS limit"
        assert answer == {"error": {"code": -40011, "message": message}, "id": 3, "jsonrpc": "2.0"}
        item = {"id": 1, "jsonrpc": "2.0", "method": "getBlockNumber", "params": [1]}
        batch = json.loads(await client.request_raw(json.dumps([item] * 40).encode()))
        assert batch[-1]["error"]["code"] == -40011
    for _ in range(40):
        assert limited.height(0) == 0, "HTTP is free"


async def test_messages_over_the_bandwidth_limit_come_back_with_103(limited: Cluster) -> None:
    async with connect(limited, 0) as client:
        heard: list[AmopArrived] = []
        client.on_amop = heard.append
        client.send_amop(FrameType.AMOP_UNICAST, "T", bytes(20_000))
        client.send_amop(FrameType.AMOP_UNICAST, "T", b"late")
        client.send_amop(FrameType.AMOP_MULTICAST, "T", b"late")
        await until(lambda: len(heard) == 3, "three answers")
        assert [message.frame.result for message in heard] == [100, 103, 103]
