"""The parameters and answers of group and peer management (client protocol §3.1, §3.5)."""

from __future__ import annotations

import json
from typing import Any

import pytest

from hansa.primitives import GroupId
from hansa.rpc import RpcService
from hansa.rpc.group_operations import (
    GroupOperation,
    GroupOutcome,
    GroupResult,
    GroupStatus,
    InvalidParameter,
    NewGroup,
    PeerLimits,
    PeersOutcome,
    answer,
    peers_answer,
    read_new_group,
    read_peers,
)
from tests.unit.rpc.fakes import FakeNode

_SEALER = "ab" * 64
_GOOD: dict[str, Any] = {"timestamp": "1585214879000", "sealers": [_SEALER]}


def test_a_new_groups_parameters_are_read_as_given() -> None:
    upper = _SEALER.upper()
    given = _GOOD | {"sealers": [upper, _SEALER, _SEALER], "enable_free_storage": True, "other": 1}

    assert read_new_group(given) == NewGroup(1585214879000, (upper, _SEALER, _SEALER), free_storage=True)
    assert read_new_group(_GOOD).free_storage is False


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"timestamp": 1}, "invalid `timestamp` field"),
        ({"timestamp": ""}, "invalid timestamp: "),
        ({"timestamp": "١"}, "invalid timestamp: ١"),
        ({"timestamp": "00"}, "invalid timestamp: 00"),
        ({"timestamp": "9" * 5000}, "invalid timestamp: " + "9" * 80),
        ({"sealers": {}}, "invalid `sealers` field"),
        ({"sealers": [_SEALER] * 1001}, "invalid `sealers` field"),
        ({"sealers": [_SEALER, 5]}, "invalid sealer ID at position 2"),
        ({"enable_free_storage": None}, "invalid `enable_free_storage` field"),
    ],
)
def test_a_wrong_parameter_is_named(change: dict[str, Any], message: str) -> None:
    with pytest.raises(InvalidParameter) as caught:
        read_new_group(_GOOD | change)
    assert str(caught.value) == message


@pytest.mark.parametrize("operation", GroupOperation)
@pytest.mark.parametrize("outcome", GroupOutcome)
def test_every_outcome_has_a_text_for_every_operation(
    operation: GroupOperation, outcome: GroupOutcome
) -> None:
    given = answer(operation, GroupId(5), GroupResult(outcome, "{detail}"))

    assert isinstance(given, dict)
    assert given["code"] == outcome.value
    expected = "{detail}" if outcome in {GroupOutcome.FAILED, GroupOutcome.PEERS_MISSING} else "5"
    assert expected in str(given["message"])


async def test_an_unreadable_status_file_is_an_internal_error() -> None:
    node = FakeNode(statuses={5: GroupStatus.UNKNOWN})
    request = b'{"jsonrpc":"2.0","method":"queryGroupStatus","params":[5],"id":1}'

    assert json.loads(await RpcService(node).handle(request))["result"] == {
        "code": "0x1",
        "message": "Please check `.group_status` file of the group",
        "status": "UNKNOWN",
    }


@pytest.mark.parametrize("peer", ["127.0.0.1:30300", "[::1]:1", "node-0.example:65535"])
def test_peers_are_hosts_with_ports(peer: str) -> None:
    assert read_peers([peer], PeerLimits()) == (peer,)


@pytest.mark.parametrize(
    "peer",
    [
        "",
        "127.0.0.1",
        ":1",
        "[]:1",
        "a:0",
        "a:65536",
        "a:x",
        "a b:1",
        "[::1:1",
        "a:١",
        "a\n:1",
        5,
        "a" * 300 + ":1",
    ],
)
def test_other_peers_are_refused(peer: object) -> None:
    with pytest.raises(InvalidParameter):
        read_peers([peer], PeerLimits())  # type: ignore[list-item]


def test_too_many_peers_in_total() -> None:
    assert peers_answer(added=True, outcome=PeersOutcome.TOO_MANY, limits=PeerLimits()) == {
        "code": "0x7",
        "message": "refused for too many peers. max_nodes_limit: 100",
    }
