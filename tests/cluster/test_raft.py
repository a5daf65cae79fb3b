"""Three sealers of Raft: they commit, they survive their leader, and all end with one chain."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from hansa.sdk.account import Account
from hansa.sdk.contract import load_artifact
from tests.cluster.harness import GROUP, HANSA, Cluster, RpcFailure, free_port_base

pytestmark = pytest.mark.cluster


@pytest.fixture
def raft(tmp_path: Path) -> Iterator[Cluster]:
    """Three running nodes."""
    base = free_port_base(3)
    ports = f"{base},{base + 1000},{base + 2000}"
    command = [
        HANSA,
        "chain",
        "build",
        "-l",
        "127.0.0.1:3",
        "-p",
        ports,
        "-o",
        tmp_path / "nodes",
        "-c",
        "raft",
    ]
    subprocess.run(command, check=True, capture_output=True, timeout=120)
    built = Cluster(tmp_path, 3, base)
    try:
        built.start_all()
        yield built
    finally:
        built.close()


def leader_of(cluster: Cluster, index: int) -> int | None:
    """The node that leads, as this one sees it."""
    status = cluster.rpc(index, "getConsensusStatus", GROUP)[0]
    ids = {cluster.rpc(node, "getNodeInfo")["NodeID"]: node for node in cluster.processes}
    return ids.get(status["leaderId"])


def test_the_leader_dies_and_nothing_is_lost(raft: Cluster) -> None:
    raft.wait(lambda: len({leader_of(raft, index) for index in range(3)} - {None}) == 1, 20, "a leader")
    account, hello = Account.create(), load_artifact("HelloWorld")
    deployed = raft.settle(0, raft.send(0, account, None, hello.deployment()))
    assert deployed["status"] == "0x0"
    contract = bytes.fromhex(deployed["contractAddress"][2:])

    def greet(index: int, text: str) -> str:
        return raft.send(index, account, contract, hello.call_data("set", text))

    for round_number in range(3):
        for index in range(3):
            raft.settle(index, greet(index, f"{round_number} of {index}"))
    header = raft.rpc(0, "getBlockHeaderByNumber", GROUP, "1", True)
    assert header["signatureList"] == []
    assert len(header["sealerList"]) == 3

    leader = leader_of(raft, 0)
    assert leader is not None
    raft.kill(leader)
    alive = sorted(raft.processes)
    assert raft.settle(alive[0], greet(alive[0], "two of three"), 30)["status"] == "0x0"
    assert leader_of(raft, alive[0]) in alive

    height = raft.height(alive[0])
    raft.kill(alive[1])
    waiting = greet(alive[0], "one of three")
    raft.start(alive[1])
    assert raft.settle(alive[0], waiting, 30)["status"] == "0x0"
    assert raft.height(alive[0]) > height

    raft.start(leader)
    assert raft.settle(leader, greet(leader, "three of three"), 30)["status"] == "0x0"
    raft.assert_same_chain()


def test_questions_about_another_engine_are_refused(raft: Cluster) -> None:
    with pytest.raises(RpcFailure, match="Only pbft consensus supports the view property") as no_view:
        raft.rpc(0, "getPbftView", GROUP)
    assert no_view.value.code == -40007
    with pytest.raises(RpcFailure, match="current consensus type is raft") as no_epoch:
        raft.rpc(0, "getEpochSealersList", GROUP)
    assert no_epoch.value.code == -40009
    assert len(raft.rpc(0, "getSealerList", GROUP)) == 3
