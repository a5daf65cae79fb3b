"""Contracts in Python and noise: encodings survive, decoders refuse or read, calls end in a receipt."""

from __future__ import annotations

from functools import cache

import eth_abi
from hypothesis import given, settings
from hypothesis import strategies as st

from hansa.execution import abi
from hansa.execution.contract import methods_of
from hansa.execution.contracts import GOVERNANCE_CONTRACTS
from hansa.execution.errors import Malformed
from hansa.execution.sandbox import Sandbox
from hansa.execution.text import from_bytes, to_bytes
from hansa.kernel import Suite

VALUES: dict[str, st.SearchStrategy[object]] = {
    "uint256": st.integers(0, (1 << 256) - 1),
    "uint8": st.integers(0, 255),
    "int256": st.integers(-(1 << 255), (1 << 255) - 1),
    "bool": st.booleans(),
    "address": st.binary(min_size=20, max_size=20),
    "bytes7": st.binary(min_size=7, max_size=7),
    "bytes": st.binary(max_size=100),
    "string": st.text(st.characters(exclude_categories=["Cs"]), max_size=40),
}
VALUES |= {f"{name}[]": st.lists(values, max_size=4) for name, values in VALUES.items()}

SIGNED = st.lists(st.sampled_from(sorted(VALUES)), max_size=5).flatmap(
    lambda types: st.tuples(st.just(types), st.tuples(*(VALUES[name] for name in types)))
)
"""Types with values of them."""


@given(SIGNED)
def test_what_was_encoded_is_decoded_here_and_elsewhere(signed: tuple[list[str], tuple[object, ...]]) -> None:
    types, values = signed
    kinds = abi.parse_kinds(",".join(types))
    encoded = abi.encode(kinds, values)
    assert tuple(abi.decode(kinds, encoded)) == values
    assert len(eth_abi.decode(types, encoded)) == len(values)


@given(st.lists(st.sampled_from(sorted(VALUES)), max_size=5), st.binary(max_size=300))
def test_noise_is_read_or_refused(types: list[str], noise: bytes) -> None:
    kinds = abi.parse_kinds(",".join(types))
    padded = noise.ljust(-(-len(noise) // 32) * 32, b"\0")
    try:
        values = abi.decode(kinds, padded)
    except Malformed:
        return
    assert len(abi.encode(kinds, values)) <= len(padded) + 64 * len(values)


@given(st.binary(max_size=300))
def test_lenient_decoding_takes_everything(noise: bytes) -> None:
    kinds = abi.parse_kinds("string,uint256,address,int256,string")
    text, number, address, signed, _ = abi.decode_leniently(kinds, noise)
    assert isinstance(text, str)
    assert isinstance(number, int)
    assert isinstance(address, bytes)
    assert isinstance(signed, int)


@given(st.binary(max_size=200))
def test_any_bytes_are_a_text_and_become_themselves_again(data: bytes) -> None:
    assert to_bytes(from_bytes(data)) == data


@cache
def chain() -> Sandbox:
    return Sandbox(["hansa.execution.samples.points:Points"])


SELECTORS = [
    (contract.address, selector)
    for contract in GOVERNANCE_CONTRACTS
    for selector in methods_of(contract)[Suite.STANDARD]
] + [(0x5100, abi.selector(name)) for name in ("issue(address,uint256)", "balancesOf(address[])")]


@settings(deadline=None)
@given(st.sampled_from(SELECTORS), st.binary(max_size=200))
def test_a_call_with_noise_ends_in_a_receipt(target: tuple[int, bytes], noise: bytes) -> None:
    address, selector = target
    sandbox = chain()
    receipt = sandbox.send_data(sandbox.account("anybody"), address, selector + noise)
    assert receipt.status in (0, 21)
