"""Input and output forms (client protocol §2.4)."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from hansa.rpc.errors import RpcError
from hansa.rpc.values import (
    data_text,
    quantity,
    read_address,
    read_bytes,
    read_count,
    read_hash,
    read_number,
)

_DIGEST = "ab" * 32


@pytest.mark.parametrize(
    ("number", "text"),
    [
        (0, "0x0"),
        (10, "0xa"),
        (1000000000, "0x3b9aca00"),
        (
            1772861041098534266678449809915894369213026771391178448478218602723502205288,
            "0x3eb675ec791c2d19858c91d0046821c27d815e2e9c151604912205000002968",
        ),
    ],
)
def test_quantities_have_no_padding(number: int, text: str) -> None:
    assert quantity(number) == text


def test_bytes_are_printed_whole() -> None:
    assert data_text(b"") == "0x"
    assert data_text(b"\x00\xff") == "0x00ff"


@pytest.mark.parametrize(
    ("text", "number"),
    [("1", 1), ("0x1", 1), ("0x01", 1), ("0xfF", 255), ("010", 10), (f"{2**256 - 1}", 2**256 - 1)],
)
def test_numbers_are_decimal_or_hexadecimal(text: str, number: int) -> None:
    assert read_number(text) == number


@pytest.mark.parametrize(
    "text",
    [
        "",
        "0x",
        "abc",
        "latest",
        "earliest",
        "pending",
        "-1",
        "+1",
        " 1",
        "1 ",
        "0X1",
        "0x-1",
        "1_0",
        "٣",
        f"{2**256}",
    ],
)
def test_what_is_no_number_is_an_internal_error_that_names_it(text: str) -> None:
    with pytest.raises(RpcError) as caught:
        read_number(text)
    assert caught.value.fault.code == -32603
    assert caught.value.fault.message.endswith(f"can't convert {text} to int")


def test_a_long_text_is_not_repeated_whole() -> None:
    with pytest.raises(RpcError) as caught:
        read_number("z" * 1_000_000)
    assert len(caught.value.fault.message) < 200


def test_a_count_may_mean_all() -> None:
    assert read_count("-1") is None
    assert read_count("0x10") == 16


@pytest.mark.parametrize(
    ("text", "digest"),
    [
        ("0x" + _DIGEST, bytes.fromhex(_DIGEST)),
        ("0x" + _DIGEST.upper(), bytes.fromhex(_DIGEST)),
        ("0x99" + _DIGEST, bytes.fromhex(_DIGEST)),
        ("258", bytes(30) + b"\x01\x02"),
        ("0x12", bytes(32)),
        (_DIGEST, bytes(32)),
        ("0x" + "g" * 64, bytes(32)),
        ("zz", bytes(32)),
        ("", bytes(32)),
    ],
)
def test_a_hash_that_cannot_be_read_is_the_zero_hash(text: str, digest: bytes) -> None:
    assert read_hash(text) == digest


@pytest.mark.parametrize("prefix", ["", "0x"])
def test_addresses_come_with_and_without_prefix_in_any_case(prefix: str) -> None:
    assert read_address(prefix + "aB" * 20) == b"\xab" * 20


@pytest.mark.parametrize("read", [read_address, read_bytes])
@pytest.mark.parametrize("text", ["zz", "0xzz", "abc", "ab cd", "0x0x12", "é" * 40, "\n"])
def test_other_texts_are_internal_errors(read: Callable[[str], bytes], text: str) -> None:
    with pytest.raises(RpcError) as caught:
        read(text)
    assert caught.value.fault.code == -32603


@pytest.mark.parametrize(("text", "data"), [("", b""), ("0x", b""), ("f8", b"\xf8"), ("0xF8ff", b"\xf8\xff")])
def test_bytes_come_with_and_without_prefix(text: str, data: bytes) -> None:
    assert read_bytes(text) == data
