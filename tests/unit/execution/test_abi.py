"""Solidity's ABI: as another implementation has it; strict for users, lenient for the chain's own."""

from __future__ import annotations

import eth_abi
import pytest

from hansa.execution import abi
from hansa.execution.errors import Malformed

EXAMPLES: list[tuple[str, list[object]]] = [
    ("uint256", [1 << 255]),
    ("int256", [-1]),
    ("int8,uint8,bool", [-128, 255, True]),
    ("address", [bytes(range(20))]),
    ("bytes4,bytes32", [b"abcd", b"\xff" * 32]),
    ("bytes", [b""]),
    ("string,uint256,string", ["a" * 33, 7, "日本"]),
    ("uint256[],address[]", [[1, 2, 3], [bytes(20), b"\x01" * 20]]),
    ("string[],bytes[],bool", [["", "abc"], [b"x" * 40], False]),
]


def kinds(text: str) -> tuple[abi.Kind, ...]:
    return abi.parse_kinds(text)


@pytest.mark.parametrize(("types", "values"), EXAMPLES)
def test_encoding_is_the_one_of_another_implementation(types: str, values: list[object]) -> None:
    foreign = [
        "0x" + value.hex() if isinstance(value, bytes) and kind == "address" else value
        for kind, value in zip(types.split(","), values, strict=True)
    ]
    encoded = abi.encode(kinds(types), values)
    assert encoded == eth_abi.encode(types.split(","), foreign)
    assert abi.decode(kinds(types), encoded) == values


def test_signatures_are_read_and_hashed() -> None:
    name, parameters = abi.parse_signature("transfer(address,uint256)")
    assert (name, [kind.name for kind in parameters]) == ("transfer", ["address", "uint"])
    assert abi.selector("transfer(address,uint256)").hex() == "a9059cbb"
    assert abi.parse_signature("f()")[1] == ()


@pytest.mark.parametrize(
    "signature", ["f", "f(uint)", "f(uint7)", "f(bytes33)", "f(uint256[3])", "f(a b)", "(uint8)"]
)
def test_what_is_no_signature_is_refused(signature: str) -> None:
    with pytest.raises(ValueError, match=r"is not|have"):
        abi.parse_signature(signature)


def word(number: int) -> bytes:
    return number.to_bytes(32)


@pytest.mark.parametrize(
    ("types", "data"),
    [
        ("uint256", b""),
        ("uint256", bytes(31)),
        ("uint8", word(256)),
        ("int8", word(128)),
        ("bool", word(2)),
        ("address", word(1 << 160)),
        ("bytes4", word(1)),
        ("string", word(64)),
        ("string", word(32) + word(33) + bytes(32)),
        ("string", word(1 << 255)),
        ("string", word(32) + word(1) + b"\xff".ljust(32, b"\0")),
        ("uint256[]", word(32) + word(2) + word(1)),
        ("uint256[]", word(32) + word(1 << 60)),
    ],
)
def test_strict_decoding_refuses_what_is_not_an_encoding(types: str, data: bytes) -> None:
    with pytest.raises(Malformed):
        abi.decode(kinds(types), data)


def test_many_parameters_on_one_text_do_not_multiply_it() -> None:
    count = 1000
    shared = word(32) + word(count) + word(count * 32) * count + word(3200) + bytes(3200)
    with pytest.raises(Malformed, match="longer than the call data"):
        abi.decode(kinds("bytes[]"), shared)


def test_lenient_decoding_never_fails() -> None:
    types = kinds("string,uint256,address,int256")
    assert abi.decode_leniently(types, b"") == ["", 0, bytes(20), 0]
    good = abi.encode(types, ["abc", 7, b"\x01" * 20, -5])
    assert abi.decode_leniently(types, good) == ["abc", 7, b"\x01" * 20, -5]
    # From the first parameter that is not all there, all have their defaults.
    assert abi.decode_leniently(types, good[:-30]) == ["", 0, bytes(20), 0]
    assert abi.decode_leniently(types, good[:64]) == ["", 0, bytes(20), 0]
    assert abi.decode_leniently(kinds("uint256,string"), word(7) + word(1 << 200)) == [7, ""]


def test_lenient_numbers_are_negative_beyond_0x8f() -> None:
    types = kinds("int256")
    assert abi.decode_leniently(types, bytes([0x8F]) + b"\xff" * 31) == [
        int.from_bytes(b"\x8f" + b"\xff" * 31)
    ]
    assert abi.decode_leniently(types, bytes([0x90]) + bytes(31)) == [(0x90 << 248) - (1 << 256)]


def test_lenient_texts_are_any_bytes_and_become_them_again() -> None:
    data = word(32) + word(3) + b"a\xff\x80".ljust(32, b"\0")
    (text,) = abi.decode_leniently(kinds("string"), data)
    assert abi.encode(kinds("string"), [text]) == data


@pytest.mark.parametrize(
    ("types", "value"),
    [
        ("uint256", -1),
        ("uint8", 256),
        ("int8", 128),
        ("uint256", True),
        ("bool", 1),
        ("address", b"short"),
        ("bytes4", b"abc"),
        ("string", b"abc"),
        ("bytes", "abc"),
        ("uint256[]", 1),
        ("uint256", None),
        ("uint256", 1.0),
    ],
)
def test_a_value_of_another_type_is_not_encoded(types: str, value: object) -> None:
    with pytest.raises(TypeError):
        abi.encode(kinds(types), [value])


def test_errors_carry_their_text() -> None:
    assert abi.error_output("no").hex().startswith("08c379a0")
    assert abi.decode(kinds("string"), abi.error_output("no")[4:]) == ["no"]
