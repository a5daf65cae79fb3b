"""What the builder writes is what build_chain.sh writes, byte for byte."""

import json
from pathlib import Path

import pytest

from hansa.chain.plan import ChainPlan, Ports, parse_hosts
from hansa.chain.templates import config_ini, group_genesis, group_ini
from hansa.ledger.genesis import parse_genesis_settings
from hansa.node.endpoint import Endpoint
from hansa.node.settings import replace_peers
from hansa.primitives import node_id_from_hex

RECORDED = json.loads(Path(__file__).with_name("configuration-files.json").read_text("utf-8"))


def plan_of(chain: str) -> ChainPlan:
    count = {"one-node": 1, "four-node": 4, "raft-three-node": 3}[chain]
    nodes = parse_hosts(f"127.0.0.1:{count}", Ports(*RECORDED[chain]["ports"]))
    consensus = "raft" if chain.startswith("raft") else "pbft"
    return ChainPlan(nodes, Path("nodes"), consensus=consensus, supported_version=(2, 11, 1))


@pytest.mark.parametrize(
    ("chain", "node"), [("one-node", 0), ("four-node", 1), ("four-node", 3), ("raft-three-node", 0)]
)
def test_config_ini(chain: str, node: int) -> None:
    plan = plan_of(chain)
    assert config_ini(plan, plan.nodes[node]) == RECORDED[chain][f"node{node}"]["config.ini"]


@pytest.mark.parametrize(("chain", "node"), [("one-node", 0), ("four-node", 1), ("raft-three-node", 0)])
def test_group_genesis(chain: str, node: int) -> None:
    text = RECORDED[chain][f"node{node}"]["group.1.genesis"]
    ids = [
        node_id_from_hex(line.partition("=")[2])
        for line in text.splitlines()
        if line.strip().startswith("node.")
    ]
    timestamp_ms = parse_genesis_settings(text, "group.1.genesis", (2, 11, 1)).timestamp_ms
    assert group_genesis(plan_of(chain), 1, ids, timestamp_ms) == text


@pytest.mark.parametrize(("chain", "node"), [("one-node", 0), ("four-node", 1)])
def test_group_ini(chain: str, node: int) -> None:
    assert group_ini(plan_of(chain)) == RECORDED[chain][f"node{node}"]["group.1.ini"]


def test_peers_are_rewritten_as_the_reference_node_does() -> None:
    plan = plan_of("four-node")
    written = config_ini(plan, plan.nodes[0])
    rewritten = replace_peers(written, [Endpoint(node.host, node.ports.p2p) for node in plan.nodes])
    assert rewritten == RECORDED["four-node"]["node0 after addPeers and erasePeers"]["config.ini"]
