"""The ABI of the sample contracts, with selectors known from elsewhere."""

from __future__ import annotations

import pytest

from hansa.sdk import Contract, ContractError, load_artifact
from hansa.sdk.contract import error_text


def test_call_data_begins_with_the_selector() -> None:
    hello = load_artifact("HelloWorld")
    assert hello.call_data("get").hex() == "6d4ce63c"
    assert hello.call_data("set", "hi").hex() == "4ed3885e" + "20".zfill(64) + "2".zfill(
        64
    ) + b"hi".hex().ljust(64, "0")


def test_outputs_decode_to_values() -> None:
    hello = load_artifact("HelloWorld")
    output = bytes.fromhex("20".zfill(64) + "2".zfill(64) + b"hi".hex().ljust(64, "0"))
    assert hello.decode_output("get", output) == ("hi",)
    with pytest.raises(ContractError, match="returned bytes that are not"):
        hello.decode_output("get", b"\x01")


def test_what_does_not_fit_is_refused() -> None:
    hello = load_artifact("HelloWorld")
    with pytest.raises(ContractError, match="this contract has get, set"):
        hello.call_data("greet")
    with pytest.raises(ContractError, match="0 values for"):
        hello.call_data("set")
    with pytest.raises(ContractError):
        hello.call_data("set", 7)


def test_constructor_arguments_follow_the_code() -> None:
    abi = [
        {
            "type": "constructor",
            "inputs": [{"type": "tuple", "components": [{"type": "uint256"}, {"type": "bool"}]}],
        }
    ]
    contract = Contract(abi, b"\xfe")
    assert contract.deployment((5, True)).hex() == "fe" + "5".zfill(64) + "1".zfill(64)
    assert load_artifact("HelloWorld").deployment() == load_artifact("HelloWorld").bytecode


def test_error_texts() -> None:
    output = bytes.fromhex("08c379a0" + "20".zfill(64) + "3".zfill(64) + b"why".hex().ljust(64, "0"))
    assert error_text(output) == "why"
    assert error_text(b"") is None
    assert error_text(bytes.fromhex("08c379a0ff")) is None
