"""A contract in Python on a chain of real nodes: all of them run it alike, whatever it does."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from hansa.execution.sandbox import encode_call
from hansa.sdk.account import Account
from tests.cluster.harness import HANSA, Cluster

pytestmark = pytest.mark.cluster

POINTS = (0x5100).to_bytes(20)
ENDLESS = (0x5101).to_bytes(20)

ENDLESS_SOURCE = """
from hansa.execution import Context, Contract, method

class Endless(Contract):
    address = 0x5101

    @method("run()")
    def run(self, context: Context) -> None:
        while True:
            context.own_table("turns", key_field="k", fields=["v"]).put("k", {"v": 1})
"""


def install(directory: Path, names: str) -> None:
    config = directory / "config.ini"
    config.write_text(f"{config.read_text()}\n[execution]\n    contracts={names}\n")


@pytest.fixture
def chain(tmp_path: Path) -> Iterator[Cluster]:
    """Four running nodes with two contracts: one installed with Hansa, one beside each config.ini."""
    built = Cluster.build(tmp_path)
    try:
        for index in range(built.count):
            directory = built.node_directory(index)
            (directory / "bank").mkdir()
            (directory / "bank" / "endless.py").write_text(ENDLESS_SOURCE)
            install(directory, "hansa.execution.samples.points:Points, bank.endless:Endless")
        built.start_all()
        yield built
    finally:
        built.close()


def test_four_nodes_agree_on_what_contracts_do(chain: Cluster) -> None:
    alice, bob = Account.create(), Account.create()
    sent = [
        chain.send(0, alice, POINTS, encode_call("becomeIssuer()", [])),
    ]
    assert chain.settle(1, sent[0])["status"] == "0x0"
    issue = encode_call("issue(address,uint256)", [bob.address, 100])
    sent.append(chain.send(1, alice, POINTS, issue))
    chain.settle(2, sent[-1])
    transfer = encode_call("transfer(address,uint256)", [alice.address, 30])
    sent += [chain.send(index, bob, POINTS, transfer) for index in range(4)]
    statuses = sorted(chain.settle(0, each)["status"] for each in sent)
    assert statuses == ["0x0"] * 5 + ["0x15"]

    endless = chain.settle(3, chain.send(3, alice, ENDLESS, encode_call("run()", [])))
    assert endless["status"] == "0x15"
    assert b"OutOfGas when executing" in bytes.fromhex(endless["output"][2:])

    # Every block was made by a leader and executed by all others; none of them stopped.
    chain.assert_same_chain()
    for index in range(4):
        answer = chain.rpc(
            index,
            "call",
            1,
            {
                "from": "0x" + alice.address.hex(),
                "to": "0x" + POINTS.hex(),
                "value": "0x0",
                "data": "0x" + encode_call("balanceOf(address)", [alice.address]).hex(),
            },
        )
        assert int(answer["output"], 16) == 90
    assert "hansa.execution.samples.points:Points at 0x" in chain.log(0)


@pytest.mark.parametrize(
    ("names", "text"),
    [
        ("bank.missing:Missing", "there is no bank/missing.py"),
        ("hansa.execution.samples.points", "is not the name of a contract"),
        ("a:B,a:B", "a name is missing or written twice"),
        ("clock:Clock", "clock.py:1: a contract may not use import"),
    ],
)
def test_a_node_does_not_start_with_a_contract_it_cannot_run(tmp_path: Path, names: str, text: str) -> None:
    built = Cluster.build(tmp_path, count=1)
    directory = tmp_path / "node"
    shutil.copytree(built.node_directory(0), directory)
    (directory / "clock.py").write_text("import time\n")
    install(directory, names)
    ended = subprocess.run(
        [HANSA, "node", "-c", "config.ini"], cwd=directory, capture_output=True, text=True, timeout=30
    )
    output = ended.stdout + ended.stderr
    assert ended.returncode == 1, output
    assert "Traceback" not in output
    assert "config.ini" in output
    assert "[execution] contracts: " in output
    assert text in output
