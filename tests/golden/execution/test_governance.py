"""The governance contracts answer published calls as published (governance.json says where they are from).

A sequence runs on a fresh chain, in one block per parent height. Its origins have no keys we know: accounts
of ours stand in for them, in what is sent and in what is expected.
"""

from __future__ import annotations

from collections.abc import Mapping
from itertools import groupby
from pathlib import Path
from typing import Any

import orjson
import pytest

from hansa.execution import abi
from hansa.execution.contracts.working_sealers import draw, leaving_and_coming
from hansa.execution.sandbox import Sandbox, SandboxAccount
from hansa.kernel import vrf_verify

Record = dict[str, Any]
VECTORS: Record = orjson.loads((Path(__file__).parent / "governance.json").read_bytes())

ANYBODY = "0x" + "42" * 20
CODE = bytes.fromhex("6001600c60003960016000f300")


class Standing:
    """Who stands in for whom."""

    def __init__(self, sequence: Record) -> None:
        origins = sorted({step.get("origin", ANYBODY) for step in sequence["steps"]})
        # In the same order: rows of one block get their places by what is in them.
        accounts = sorted(map(Sandbox.account, origins), key=lambda account: account.address)
        self.accounts = dict(zip(origins, accounts, strict=True))
        self._replaced = {
            origin[2:]: account.address.hex()
            for origin, account in self.accounts.items()
            if origin not in (ANYBODY, "0x" + "00" * 20)
        }

    def replace(self, address: str, by: bytes) -> None:
        self._replaced[address.removeprefix("0x")] = by.hex()

    def account(self, step: Record) -> SandboxAccount:
        return self.accounts[step.get("origin", ANYBODY)]

    def translate(self, data: str) -> bytes:
        """The same bytes with other addresses, raw and as text."""
        digits = data.removeprefix("0x")
        for old, new in self._replaced.items():
            digits = digits.replace(old, new).replace(old.encode().hex(), new.encode().hex())
        return bytes.fromhex(digits)


def prepared(sequence: Record, standing: Standing) -> Sandbox:
    match sequence.get("setup", {}):
        case {"chargers_effective_before_this_block": [charger]}:
            listed = standing.accounts[charger].address.hex() + ","
            return Sandbox(
                rows=[("_sys_config_", [("key", "charger_list"), ("value", listed), ("enable_num", "0")])]
            )
        case {"contract": contract, "deployed_by": deployer}:
            sandbox = Sandbox()
            receipt = sandbox.deploy(standing.accounts[deployer], CODE)
            standing.replace(contract, receipt.contract_address)
            return sandbox
        case _:
            return Sandbox()


@pytest.mark.parametrize("sequence", VECTORS["sequences"], ids=lambda sequence: sequence["name"])
def test_calls_are_answered_as_published(sequence: Record) -> None:
    standing = Standing(sequence)
    sandbox = prepared(sequence, standing)
    to = int(sequence["to"], 16)
    for parent, steps in groupby(sequence["steps"], key=lambda step: step.get("parent_number")):
        if parent is not None:
            sandbox.skip_to(parent)
        block = list(steps)
        receipts = sandbox.send_block(
            [sandbox.sign(standing.account(step), to, standing.translate(step["data"])) for step in block]
        )
        for step, receipt in zip(block, receipts, strict=True):
            expected = (step.get("status", 0), standing.translate(step["output"]))
            assert (receipt.status, receipt.output) == expected, step["call"]


@pytest.mark.parametrize("contract", sorted(VECTORS["unknown_selector"]["results"]))
@pytest.mark.parametrize("data", [VECTORS["unknown_selector"]["data"], "0x", "0x010203"])
def test_unknown_selectors_are_answered_each_in_its_own_way(contract: str, data: str) -> None:
    sandbox = Sandbox()
    receipt = sandbox.send_data(sandbox.account("a"), int(contract, 16), bytes.fromhex(data[2:]))
    expected = VECTORS["unknown_selector"]["results"][contract]
    assert (receipt.status, "0x" + receipt.output.hex()) == (0, expected)


WORKING: Mapping[str, Any] = VECTORS["working_sealers"]


@pytest.mark.parametrize("case", sorted(WORKING["drawn"]))
def test_sealers_are_drawn_from_the_proof(case: str) -> None:
    count, drawn = (int(part.split("=")[1]) for part in case.split(","))
    nodes = [bytes([index]) * 64 for index in reversed(range(count))]
    chosen = draw(nodes, drawn, int(WORKING["proof_hash"], 16))
    assert [node[0] for node in chosen] == WORKING["drawn"][case]


@pytest.mark.parametrize("case", WORKING["counts"])
def test_the_working_set_grows_and_shrinks_to_its_size(case: Record) -> None:
    working, pending = case["working"], case["pending"]
    leaving, coming = leaving_and_coming(working, pending, case["epoch_sealer_num"])
    after = {"working": working - leaving + coming, "pending": pending + leaving - coming}
    assert after == case["after"]


def test_a_proof_has_its_random_value() -> None:
    vrf = WORKING["vrf"]
    texts = (vrf["input"].encode(), vrf["public_key"].encode(), vrf["proof"].encode())
    random = vrf_verify(*texts)
    assert random is not None
    assert "0x" + random.hex() == vrf["hash"]
    assert vrf_verify(b"abce", *texts[1:]) is None


def test_selectors_of_the_contracts_are_those_clients_send() -> None:
    assert abi.selector("setValueByKey(string,string)").hex() == "bd291aef"
    assert abi.selector("rotateWorkingSealer(std::string, std::string, std::string)").hex() == "df04e6b2"
