"""A stranger at each door: garbage, wrong lengths, half requests. The node answers others and stays."""

from __future__ import annotations

import os
import socket
import struct

import pytest

from hansa.sdk.account import Account
from tests.cluster.harness import Cluster, RpcFailure

pytestmark = pytest.mark.cluster

NOISE = (b"", b"\x00", b"GET / HTTP/1.1\r\n\r\n", struct.pack(">I", 1 << 31), os.urandom(4096), b"{" * 10_000)


def test_noise_at_every_port_harms_nobody(cluster: Cluster) -> None:
    for port in (cluster.base, cluster.base + 1000, cluster.base + 2000):
        for noise in NOISE:
            with socket.create_connection(("127.0.0.1", port), timeout=5) as connection:
                connection.sendall(noise)
    account = Account.create()
    receipt = cluster.settle(0, cluster.send(0, account, b"\x01" * 20, b"after the noise"))
    assert receipt["status"] == "0x1a"
    cluster.assert_same_chain()


@pytest.mark.parametrize("size", [0, 1, 2, 3])
def test_short_call_data_executes_everywhere(cluster: Cluster, size: int) -> None:
    account = Account.create()
    for to in (b"\x01" * 20, (0x1001).to_bytes(20, "big"), (4).to_bytes(20, "big")):
        receipt = cluster.settle(0, cluster.send(0, account, to, b"\x00" * size))
        assert receipt["blockNumber"] != "0x0"
    cluster.assert_same_chain()


def test_short_data_in_a_call_kills_nobody(shared_cluster: Cluster) -> None:
    """Upstream a read-only call of a system contract with less than 4 bytes ends the process."""
    for number in (0x1000, 0x1001, 0x1002, 0x1003, 0x1004, 0x1006, 0x100F, 0x1010, 4, 0x5002):
        for size in range(4):
            call = {"from": "0x" + "01" * 20, "to": f"0x{number:040x}", "data": "0x" + "00" * size}
            answer = shared_cluster.rpc(0, "call", 1, call)
            assert int(answer["status"], 16) >= 0
    assert shared_cluster.answers(0)


def test_refused_transactions_are_told_why(cluster: Cluster) -> None:
    with pytest.raises(RpcFailure) as malformed:
        cluster.rpc(0, "sendRawTransaction", 1, "0x1234")
    assert malformed.value.code == -32603
    with pytest.raises(RpcFailure) as group:
        cluster.rpc(0, "getBlockNumber", 7)
    assert group.value.code == -40001
