"""RLP: known encodings, strictness, and refusal of everything else."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hansa.codec import rlp

ITEMS = st.recursive(st.binary(max_size=80), lambda inner: st.lists(inner, max_size=5), max_leaves=20)


@pytest.mark.parametrize(
    ("item", "encoded"),
    [
        (b"", "80"),
        (b"\x00", "00"),
        (b"\x7f", "7f"),
        (b"\x80", "8180"),
        (b"dog", "83646f67"),
        ([], "c0"),
        ([b"cat", b"dog"], "c88363617483646f67"),
        ([[], [[]], [[], [[]]]], "c7c0c1c0c3c0c1c0"),
        (b"a" * 56, "b838" + "61" * 56),
        (0, "80"),
        (15, "0f"),
        (1024, "820400"),
    ],
)
def test_known_encodings(item: rlp.Item | int, encoded: str) -> None:
    assert rlp.encode(item).hex() == encoded


@given(ITEMS)
def test_what_is_encoded_decodes_to_itself(item: rlp.Item) -> None:
    assert rlp.decode(rlp.encode(item)) == item


@given(st.binary(max_size=200))
def test_noise_is_refused_or_canonical(data: bytes) -> None:
    try:
        item = rlp.decode(data)
    except rlp.RlpError:
        return
    assert rlp.encode(item) == data


@pytest.mark.parametrize(
    ("encoded", "reason"),
    [
        ("", "item missing"),
        ("8100", "shortest form"),
        ("b80101", "shortest form"),
        ("b90001" + "61", "shortest form"),
        ("83646f", "truncated"),
        ("b9", "truncated length"),
        ("8080", "1 bytes after the item"),
        ("c3" + "83646f", "truncated"),
    ],
)
def test_what_is_not_canonical_is_refused(encoded: str, reason: str) -> None:
    with pytest.raises(rlp.RlpError, match=reason):
        rlp.decode(bytes.fromhex(encoded))


def test_nesting_is_bounded() -> None:
    item: rlp.Item = []
    for _ in range(rlp.DEPTH_MAX + 1):
        item = [item]
    with pytest.raises(rlp.RlpError, match="nested deeper"):
        rlp.decode(rlp.encode(item))


def test_integers_are_strict() -> None:
    assert rlp.to_int(b"\x04\x00") == 1024
    assert rlp.to_int(b"") == 0
    for item in (b"\x00", b"\x00\x01", [b"\x01"], b"\x01" * 33):
        with pytest.raises(rlp.RlpError):
            rlp.to_int(item)
    with pytest.raises(rlp.RlpError):
        rlp.encode_int(-1)


def test_sequences_stand_without_a_header() -> None:
    assert rlp.decode_sequence(bytes.fromhex("83646f6780c0")) == [b"dog", b"", []]
    assert rlp.decode_sequence(b"") == []
