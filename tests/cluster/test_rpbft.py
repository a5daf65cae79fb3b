"""Five sealers of rPBFT, of which four work at a time: they take turns, and bear that one of them is away."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from hansa.sdk.account import Account
from hansa.sdk.contract import load_artifact
from tests.cluster.harness import GROUP, HANSA, Cluster, free_port_base

pytestmark = pytest.mark.cluster

NODES, WORKING, EPOCH_BLOCKS = 5, 4, 4
ROTATION = "0x" + "1011".rjust(40, "0")


@pytest.fixture
def rpbft(tmp_path: Path) -> Iterator[Cluster]:
    """Five running nodes with short epochs."""
    base = free_port_base(NODES)
    ports = f"{base},{base + 1000},{base + 2000}"
    command = [HANSA, "chain", "build", "-l", f"127.0.0.1:{NODES}", "-p", ports, "-o", tmp_path / "nodes"]
    subprocess.run([*command, "-c", "rpbft"], check=True, capture_output=True, timeout=120)
    built = Cluster(tmp_path, NODES, base)
    for index in range(NODES):
        genesis = built.node_directory(index) / "conf" / "group.1.genesis"
        text = re.sub(r"epoch_sealer_num *=.*", f"epoch_sealer_num={WORKING}", genesis.read_text())
        genesis.write_text(re.sub(r"epoch_block_num *=.*", f"epoch_block_num={EPOCH_BLOCKS}", text))
    try:
        built.start_all()
        yield built
    finally:
        built.close()


def test_sealers_take_turns_and_one_may_be_away(rpbft: Cluster) -> None:
    account, hello = Account.create(), load_artifact("HelloWorld")
    deployed = rpbft.settle(0, rpbft.send(0, account, None, hello.deployment()))
    assert deployed["status"] == "0x0"
    contract = bytes.fromhex(deployed["contractAddress"][2:])

    def greet(index: int, text: str) -> str:
        return rpbft.send(index, account, contract, hello.call_data("set", text))

    def committee(index: int) -> set[str]:
        return set(rpbft.rpc(index, "getEpochSealersList", GROUP))

    first = committee(0)
    assert len(first) == WORKING
    sealers = rpbft.rpc(0, "getSealerList", GROUP)
    assert len(sealers) == NODES
    assert set(sealers[:WORKING]) == first

    for round_number in range(2):
        for index in range(NODES):
            assert rpbft.settle(index, greet(index, f"{round_number} of {index}"))["status"] == "0x0"
    rpbft.wait(lambda: rpbft.height(0) > EPOCH_BLOCKS, 20, "the end of an epoch")
    rotation = rpbft.rpc(0, "getBlockByNumber", GROUP, str(EPOCH_BLOCKS + 1), True)["transactions"][0]
    assert rotation["to"] == ROTATION
    assert rpbft.receipt(0, rotation["hash"])["status"] == "0x0"
    rpbft.wait_equal_heads()
    assert len(committee(0)) == WORKING

    status = rpbft.rpc(0, "getConsensusStatus", GROUP)[0]
    assert (status["nodeNum"], status["max_faulty_leader"]) == (NODES, 1)

    ids = [rpbft.node_id(index) for index in range(NODES)]
    away = next(index for index in range(1, NODES) if ids[index] in committee(0))
    rpbft.kill(away)
    height = rpbft.height(0)
    alive = sorted(rpbft.processes)
    for turn in range(2 * EPOCH_BLOCKS):
        index = alive[turn % len(alive)]
        assert rpbft.settle(index, greet(index, f"without {away}, {turn}"), 40)["status"] == "0x0"
    assert rpbft.height(0) >= height + 2 * EPOCH_BLOCKS

    rpbft.start(away)
    assert rpbft.settle(away, greet(away, "back again"), 40)["status"] == "0x0"
    rpbft.assert_same_chain()
