"""From text to text: order of checks, batches, gates, and failures of the node itself."""

from __future__ import annotations

import asyncio
import json
import logging
from typing import Any

import pytest

from hansa.primitives import GroupId, Height
from hansa.rpc import Refusal, RpcService
from hansa.rpc.framing import BATCH_COUNT_MAX
from hansa.rpc.methods import METHODS
from hansa.rpc.views import CallOutcome
from tests.unit.rpc.fakes import ME, FakeGroup, FakeNode

_HEIGHT_TEXT = b'{"id":7,"jsonrpc":"2.0","result":"0x1"}\n'


def _request(method: str, *params: object, identity: object = 7) -> bytes:
    return json.dumps({"jsonrpc": "2.0", "method": method, "params": params, "id": identity}).encode()


async def _ask(node: FakeNode, method: str, *params: object) -> dict[str, Any]:
    answered: dict[str, Any] = json.loads(await RpcService(node).handle(_request(method, *params)))
    return answered


async def _code(node: FakeNode, method: str, *params: object) -> int:
    return int((await _ask(node, method, *params))["error"]["code"])


def test_the_table_has_every_method_once() -> None:
    assert len(METHODS) == 44
    assert "rpc_modules" in METHODS


# --- at once or later -------------------------------------------------------------------------------------


def test_the_height_is_answered_without_waiting() -> None:
    service = RpcService(FakeNode())

    assert service.handle_now(_request("getBlockNumber", 1)) == _HEIGHT_TEXT
    assert service.answer(_request("getBlockNumber", 1)) == _HEIGHT_TEXT


async def test_what_executes_is_awaited_and_not_begun_before() -> None:
    group = FakeGroup(call_outcome=CallOutcome(Height(1), 0, b"\x2a"))
    service = RpcService(FakeNode({1: group}))
    request = _request("call", 1, {"from": "0x" + "11" * 20, "to": "0x" + "22" * 20, "data": "0x01"})

    assert service.handle_now(request) is None
    assert group.calls == []
    assert json.loads(await service.handle(request))["result"] == {
        "currentBlockNumber": "0x1",
        "output": "0x2a",
        "status": "0x0",
    }
    assert len(group.calls) == 1


async def test_errors_are_answered_without_waiting() -> None:
    service = RpcService(FakeNode())

    for text in (b"hello", b"{}", b"[]", _request("nope"), _request("call", 1), _request("call", 9, {})):
        assert isinstance(service.answer(text), bytes)


# --- order of checks --------------------------------------------------------------------------------------


async def test_an_unknown_method_comes_before_a_missing_id_and_that_before_parameters() -> None:
    service = RpcService(FakeNode())

    assert b"-32601" in await service.handle(b'{"jsonrpc":"2.0","method":"nope"}')
    assert b"-32604" in await service.handle(b'{"jsonrpc":"2.0","method":"getBlockNumber","params":[]}')


@pytest.mark.parametrize(
    "params",
    [[], [1, 2], ["1"], [1.5], [1.0], [None], [True], [2**31], [-(2**31) - 1], [[1]], {"group": 1}, None],
)
async def test_parameters_of_another_number_or_type_are_refused(params: object) -> None:
    text = json.dumps({"jsonrpc": "2.0", "method": "getBlockNumber", "params": params, "id": 1})

    answered = json.loads(await RpcService(FakeNode()).handle(text.encode()))

    assert answered["error"]["code"] == -32602
    assert "data" not in answered["error"]


@pytest.mark.parametrize("params", ['"params":[1],', '"params":{"a":1},', '"params":null,', ""])
async def test_a_method_without_parameters_takes_any(params: str) -> None:
    text = '{"jsonrpc":"2.0","method":"getGroupList",' + params + '"id":1}'

    assert json.loads(await RpcService(FakeNode()).handle(text.encode()))["result"] == [1]


async def test_the_group_is_checked_before_other_parameters_are_read() -> None:
    outsider = FakeGroup(GroupId(2), is_member=False)
    node = FakeNode({1: FakeGroup(), 2: outsider})

    assert await _code(node, "getBlockByNumber", 9, "zzz", True) == -40001
    assert await _code(node, "getBlockByNumber", 2, "zzz", True) == -40009
    assert await _code(node, "getBlockByNumber", 1, "zzz", True) == -32603


async def test_the_pending_methods_need_no_membership() -> None:
    node = FakeNode({2: FakeGroup(GroupId(2), is_member=False, pending_count=3)})

    assert (await _ask(node, "getPendingTxSize", 2))["result"] == "0x3"
    assert (await _ask(node, "getPendingTransactions", 2))["result"] == []
    assert await _code(node, "getPendingTxSize", 3) == -40001


async def test_before_the_groups_are_loaded_only_the_node_answers() -> None:
    node = FakeNode(is_ready=False)

    assert await _code(node, "getBlockNumber", 1) == -40010
    assert (await _ask(node, "getNodeIDList", 1))["result"] == [ME.hex()]


async def test_disabled_group_management_still_tells_the_status() -> None:
    node = FakeNode(dynamic_groups_enabled=False)

    for method in ("startGroup", "stopGroup", "removeGroup", "recoverGroup"):
        assert await _code(node, method, 2) == -100001
    assert await _code(node, "generateGroup", 2, {}) == -100001
    assert (await _ask(node, "queryGroupStatus", 2))["result"]["status"] == "INEXISTENT"


# --- batches ----------------------------------------------------------------------------------------------


async def test_a_batch_keeps_its_order_whatever_has_to_wait() -> None:
    address = "0x" + "11" * 20
    items = [
        _request("getCode", 1, address, identity=1),
        _request("getBlockNumber", 1, identity=2),
        b"5",
        _request("getCode", 1, "zz", identity=4),
    ]

    answered = json.loads(await RpcService(FakeNode()).handle(b"[" + b",".join(items) + b"]"))

    assert [item["id"] for item in answered] == [1, 2, None, 4]
    assert [item.get("result") for item in answered] == ["0x", "0x1", None, None]
    assert [item.get("error", {}).get("code") for item in answered] == [None, None, -32600, -32603]


async def test_a_batch_has_an_end() -> None:
    service = RpcService(FakeNode())
    one = _request("getBlockNumber", 1)

    assert (
        len(json.loads(await service.handle(b"[" + b",".join([one] * BATCH_COUNT_MAX) + b"]")))
        == BATCH_COUNT_MAX
    )
    too_long = json.loads(await service.handle(b"[" + b",".join([one] * (BATCH_COUNT_MAX + 1)) + b"]"))
    assert too_long["error"]["code"] == -32600


# --- gates ------------------------------------------------------------------------------------------------


async def test_a_gate_is_asked_of_every_request_with_its_group() -> None:
    asked: list[tuple[str, int | None]] = []

    def gate(method: str, group: int | None) -> Refusal | None:
        asked.append((method, group))
        return Refusal.SDK_NOT_ALLOWED if group == 1 else None

    items = [
        _request("getBlockNumber", 1),
        _request("getPeers", 1),
        _request("startGroup", 2),
        _request("generateGroup", 1, {}),
    ]
    answered = json.loads(await RpcService(FakeNode()).handle(b"[" + b",".join(items) + b"]", gate))

    # The group of getPeers is ignored, and generateGroup is open to every SDK (client protocol §5.6).
    assert asked == [("getBlockNumber", 1), ("getPeers", None), ("startGroup", 2), ("generateGroup", None)]
    assert answered[0]["error"] == {
        "code": -40012,
        "message": "getBlockNumber The SDK is not allowed to access this group",
    }


async def test_a_gate_is_asked_before_the_parameters_are_checked() -> None:
    service = RpcService(FakeNode())

    answered = await service.handle(
        _request("getBlockNumber", "1"), lambda method, group: Refusal.OVER_QPS_LIMIT
    )

    assert json.loads(answered)["error"]["code"] == -40011


# --- the node's own failures ------------------------------------------------------------------------------


class _BrokenGroup(FakeGroup):
    @property
    def is_member(self) -> bool:
        raise RuntimeError("secret detail")

    @is_member.setter
    def is_member(self, value: bool) -> None:
        pass


class _BrokenCall(FakeGroup):
    async def call(self, request: object) -> CallOutcome:
        raise RuntimeError("secret detail")


@pytest.mark.parametrize("group", [_BrokenGroup(), _BrokenCall()])
async def test_a_failure_of_the_node_is_logged_and_answered_without_its_detail(
    group: FakeGroup, caplog: pytest.LogCaptureFixture
) -> None:
    request = _request("call", 1, {"from": "11" * 20})

    with caplog.at_level(logging.ERROR):
        answered = await RpcService(FakeNode({1: group})).handle(request)

    assert json.loads(answered)["error"]["code"] == -32603
    assert b"secret" not in answered
    assert "secret detail" in caplog.text


async def test_what_json_cannot_say_spoils_only_its_own_answer(caplog: pytest.LogCaptureFixture) -> None:
    node = FakeNode(client_version={"Git Branch": "\ud800"})
    batch = b"[" + _request("getClientVersion") + b"," + _request("getBlockNumber", 1) + b"]"

    with caplog.at_level(logging.ERROR):
        single = json.loads(await RpcService(node).handle(_request("getClientVersion")))
        first, second = json.loads(await RpcService(node).handle(batch))

    assert single["error"]["code"] == first["error"]["code"] == -32603
    assert second["result"] == "0x1"


async def test_cancelling_a_request_is_not_swallowed() -> None:
    class Slow(FakeGroup):
        async def code(self, address: object) -> bytes:
            await asyncio.sleep(3600)
            return b""

    task = asyncio.create_task(RpcService(FakeNode({1: Slow()})).handle(_request("getCode", 1, "11" * 20)))
    await asyncio.sleep(0)
    task.cancel()

    with pytest.raises(asyncio.CancelledError):
        await task
