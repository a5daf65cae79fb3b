"""Four sealers bear one fault: one away, the chain goes on; two away, it waits; one back, it goes on."""

from __future__ import annotations

import time

import pytest

from hansa.sdk.account import Account
from hansa.sdk.contract import load_artifact
from tests.cluster.harness import Cluster

pytestmark = pytest.mark.cluster

STANDSTILL_S = 8


def test_one_fault_is_borne_and_two_are_waited_out(cluster: Cluster) -> None:
    account, hello = Account.create(), load_artifact("HelloWorld")
    deployed = cluster.settle(0, cluster.send(0, account, None, hello.deployment()))
    assert deployed["status"] == "0x0"
    contract = bytes.fromhex(deployed["contractAddress"][2:])

    def greet(index: int, text: str) -> str:
        return cluster.send(index, account, contract, hello.call_data("set", text))

    cluster.kill(3)
    assert cluster.settle(0, greet(0, "three of four"), 30)["status"] == "0x0"

    cluster.kill(2)
    height = cluster.height(0)
    waiting = greet(0, "two of four")
    time.sleep(STANDSTILL_S)
    assert cluster.height(0) == cluster.height(1) == height
    assert cluster.receipt(0, waiting) is None

    cluster.start(2)
    assert cluster.settle(0, waiting, 60)["status"] == "0x0"

    cluster.start(3)
    cluster.settle(3, waiting, 60)
    assert cluster.settle(3, greet(3, "four of four"), 30)["status"] == "0x0"
    cluster.assert_same_chain()
    for index in range(cluster.count):
        call = {
            "from": "0x" + "01" * 20,
            "to": "0x" + contract.hex(),
            "data": "0x" + hello.call_data("get").hex(),
        }
        output = bytes.fromhex(cluster.rpc(index, "call", 1, call)["output"][2:])
        assert hello.decode_output("get", output) == ("four of four",)


def test_an_orderly_stop_ends_with_zero(cluster: Cluster) -> None:
    assert cluster.stop(1) == 0
    cluster.start(1)
    cluster.wait_equal_heads()
