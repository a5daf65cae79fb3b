"""Block 0 of recorded chains, from their genesis files."""

import json
from pathlib import Path
from typing import Any

import pytest

from hansa.kernel import Suite
from hansa.ledger.genesis import genesis_header, genesis_mark, parse_genesis_settings

VECTORS = json.loads(Path(__file__).with_name("genesis.json").read_text("utf-8"))


@pytest.mark.parametrize("record", VECTORS["recorded"], ids=lambda record: record["file"])
def test_recorded_chains(record: dict[str, Any]) -> None:
    settings = parse_genesis_settings(record["text"], record["file"], (2, 11, 1))
    header = genesis_header(settings)
    assert genesis_mark(settings) == record["mark"]
    assert header.timestamp == record["timestamp"]
    assert header.hash.hex() == record["hash"]
    assert settings.warnings == ()


@pytest.mark.parametrize("vector", VECTORS["computed"], ids=lambda vector: vector["consensus"])
def test_computed_vectors(vector: dict[str, Any]) -> None:
    lines = [
        "[group]",
        f"id={vector['groupId']}",
        f"timestamp={vector['timestamp']}",
        "[consensus]",
        f"consensus_type={vector['consensus']}",
        f"max_trans_num={vector['maxTransNum']}",
        f"consensus_timeout={vector['consensusTimeout']}",
        *(f"node.{index}={sealer}" for index, sealer in enumerate(vector["genesisSealers"])),
    ]
    if vector["consensus"] == "rpbft":
        lines += [
            f"epoch_sealer_num={vector['epochSealerNum']}",
            f"epoch_block_num={vector['epochBlockNum']}",
        ]
    lines += ["[tx]", f"gas_limit={vector['txGasLimit']}"]
    settings = parse_genesis_settings("\n".join(lines), "group.1.genesis", (2, 9, 1))
    header = genesis_header(settings)
    assert genesis_mark(settings) == vector["mark"]
    assert header.encode().hex() == vector["headerRlp"]
    assert header.hash.hex() == vector["hash"]
    guomi = parse_genesis_settings("\n".join(lines), "group.1.genesis", (2, 9, 1), Suite.SM)
    assert genesis_header(guomi).hash.hex() == vector["hashSm"]
