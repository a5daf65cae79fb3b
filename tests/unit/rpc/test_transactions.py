"""Calls and submissions: how they are read, and what a refusal says (client protocol §3.6.8, §3.8)."""

from __future__ import annotations

import json
from typing import Any

import pytest

from hansa.kernel import Transaction
from hansa.primitives import Hash32
from hansa.rpc import RpcService
from hansa.rpc.refusals import transaction_refused
from hansa.rpc.views import CallRequest
from hansa.txpool import AdmissionStatus
from tests.unit.rpc.fakes import FakeGroup, FakeNode

_FROM = "0x" + "11" * 20
_TO = "22" * 20


def _transaction(**changes: Any) -> Transaction:
    fields = {
        "nonce": 5,
        "gas_price": 1,
        "gas": 2,
        "block_limit": 501,
        "to": b"\x22" * 20,
        "value": 0,
        "data": b"\x01",
        "chain_id": 1,
        "group_id": 1,
    }
    return Transaction.create(b"\x07" * 32, **(fields | changes))


async def _ask(group: FakeGroup, method: str, parameter: object) -> dict[str, Any]:
    request = {"jsonrpc": "2.0", "method": method, "params": [1, parameter], "id": 1}
    answered = await RpcService(FakeNode({1: group})).handle(json.dumps(request).encode())
    loaded: dict[str, Any] = json.loads(answered)
    return loaded


# --- calls ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("request_object", "expected"),
    [
        (
            {"from": _FROM, "to": _TO, "data": "0x0102"},
            CallRequest(b"\x11" * 20, b"\x22" * 20, b"\x01\x02", 0),
        ),
        ({"from": _FROM, "to": "", "value": "0x10"}, CallRequest(b"\x11" * 20, bytes(20), b"", 16)),
        ({"from": _FROM, "to": "0x", "value": 7}, CallRequest(b"\x11" * 20, bytes(20), b"", 7)),
        ({"from": _FROM, "to": None, "value": "12"}, CallRequest(b"\x11" * 20, bytes(20), b"", 12)),
        ({"from": _FROM, "data": "01", "code": "0x02"}, CallRequest(b"\x11" * 20, bytes(20), b"\x02", 0)),
        (
            {"from": _FROM, "gas": "junk", "gasPrice": "junk", "randomid": 1, "blockLimit": 2},
            CallRequest(b"\x11" * 20, bytes(20), b"", 0),
        ),
    ],
)
async def test_a_calls_members_are_read_leniently(
    request_object: dict[str, Any], expected: CallRequest
) -> None:
    group = FakeGroup()

    assert "result" in await _ask(group, "call", request_object)
    assert group.calls == [expected]


@pytest.mark.parametrize("request_object", [{}, {"to": _TO}, {"from": ""}, {"from": None}])
async def test_a_call_needs_a_sender(request_object: dict[str, Any]) -> None:
    assert (await _ask(FakeGroup(), "call", request_object))["error"]["code"] == -40006


@pytest.mark.parametrize(
    "request_object",
    [
        {"from": "zz"},
        {"from": ["x"]},
        {"from": _FROM, "to": "0x12"},
        {"from": _FROM, "data": "0x1"},
        {"from": _FROM, "data": {"a": 1}},
        {"from": _FROM, "value": "-1"},
        {"from": _FROM, "value": -1},
        {"from": _FROM, "value": f"{2**256}"},
    ],
)
async def test_a_call_that_cannot_be_read_is_not_run(request_object: dict[str, Any]) -> None:
    group = FakeGroup()

    assert (await _ask(group, "call", request_object))["error"]["code"] == -32603
    assert group.calls == []


# --- submissions ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("prefix", ["", "0x"])
@pytest.mark.parametrize("method", ["sendRawTransaction", "sendRawTransactionAndGetProof"])
async def test_an_admitted_transaction_is_answered_with_its_hash(method: str, prefix: str) -> None:
    transaction, group = _transaction(), FakeGroup()

    answered = await _ask(group, method, prefix + transaction.raw.hex())

    assert answered["result"] == "0x" + transaction.hash.hex()
    assert group.submitted == [transaction.raw]


@pytest.mark.parametrize(
    ("status", "words"),
    [
        (AdmissionStatus.NONCE_CHECK_FAIL, "TransactionNonceCheckFail, txHash="),
        (AdmissionStatus.BLOCK_LIMIT_CHECK_FAIL, "BlockLimitCheckFailed, txBlockLimit=501, txHash="),
        (AdmissionStatus.POOL_IS_FULL, "TransactionPoolIsFull, txHash="),
        (AdmissionStatus.ALREADY_KNOWN, "TransactionAlreadyKown, txHash="),
        (AdmissionStatus.ALREADY_IN_CHAIN, "TransactionAlreadyInChain, txHash="),
        (AdmissionStatus.INVALID_CHAIN_ID, "InvalidChainId, txHash="),
        (AdmissionStatus.INVALID_GROUP_ID, "InvalidGroupId, txHash="),
        (AdmissionStatus.OVER_MEMORY_LIMIT, "OverGroupMemoryLimit, txHash="),
        (AdmissionStatus.REFUSED, "TransactionSubmitFailed, txHash="),
    ],
)
async def test_a_refusal_names_its_reason(status: AdmissionStatus, words: str) -> None:
    transaction = _transaction()

    error = (await _ask(FakeGroup(status=status), "sendRawTransaction", transaction.raw.hex()))["error"]

    assert error["code"] == -32603
    assert error["data"] is None
    assert error["message"] == (
        f"INTERNAL_ERROR: : INTERNAL_ERROR: : TransactionRefused: {words}{transaction.hash.hex()[:8]}..."
    )


@pytest.mark.parametrize("raw", ["", "c0", "0xdeadbeef"])
async def test_what_is_no_transaction_is_refused(raw: str) -> None:
    error = (await _ask(FakeGroup(), "sendRawTransaction", raw))["error"]

    assert error["code"] == -32603
    assert "not the RLP of a transaction" in error["message"]


def test_a_bad_signature_is_told_from_bad_bytes() -> None:
    fault = transaction_refused(b"", AdmissionStatus.MALFORMED, Hash32(bytes(32)))

    assert "the signature is not valid" in fault.message


async def test_a_node_that_is_far_behind_does_not_check() -> None:
    group = FakeGroup(is_far_behind=True)

    error = (await _ask(group, "sendRawTransaction", _transaction().raw.hex()))["error"]

    assert "ImportResult::NodeIsSyncing" in error["message"]
    assert group.submitted == []


async def test_pending_transactions_have_no_block() -> None:
    transaction = _transaction()
    request = b'{"jsonrpc":"2.0","method":"getPendingTransactions","params":[1],"id":1}'
    node = FakeNode({1: FakeGroup(pending_raws=[transaction.raw])})

    (pending,) = json.loads(await RpcService(node).handle(request))["result"]

    assert pending["hash"] == "0x" + transaction.hash.hex()
    assert not {"blockHash", "blockNumber", "transactionIndex"} & pending.keys()
