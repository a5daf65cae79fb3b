"""Recursive Length Prefix, strict: what decodes re-encodes to the same bytes.

The rules are those of the Ethereum yellow paper, appendix B. An item is
`bytes` or a list of items. Nesting and count are bounded, so a hostile packet costs no more than its own
size.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TypeAlias

__all__ = [
    "Item",
    "RlpError",
    "decode",
    "decode_sequence",
    "encode",
    "encode_int",
    "encode_sequence",
    "to_int",
]

Item: TypeAlias = "bytes | list[Item]"

DEPTH_MAX = 16


class RlpError(ValueError):
    """The bytes are not canonical RLP, or not of the shape that was expected."""


def encode(item: bytes | int | Iterable[object]) -> bytes:
    """Encode bytes, a non-negative integer, or a (nested) sequence of these."""
    if isinstance(item, bytes):
        if len(item) == 1 and item[0] < 0x80:
            return item
        return _prefix(len(item), 0x80) + item
    if isinstance(item, int):
        return encode(encode_int(item))
    return encode_sequence(encode(element) for element in item)  # type: ignore[arg-type]


def encode_sequence(encoded_items: Iterable[bytes]) -> bytes:
    """A list whose elements are already encoded."""
    body = b"".join(encoded_items)
    return _prefix(len(body), 0xC0) + body


def encode_int(value: int) -> bytes:
    """Big-endian without leading zeros; zero is the empty string."""
    if value < 0:
        raise RlpError(f"RLP has no negative integers: {value}")
    return value.to_bytes((value.bit_length() + 7) // 8, "big")


def to_int(item: Item, *, size_max: int = 32) -> int:
    """Read an integer item.

    Raises:
        RlpError: a list, a leading zero byte, or more than `size_max` bytes.
    """
    if not isinstance(item, bytes):
        raise RlpError("expected an integer, found a list")
    if len(item) > size_max:
        raise RlpError(f"integer of {len(item)} bytes, at most {size_max} allowed")
    if item[:1] == b"\x00":
        raise RlpError("integer with a leading zero byte")
    return int.from_bytes(item, "big")


def decode(data: bytes) -> Item:
    """Decode exactly one item that fills `data`.

    Raises:
        RlpError: not canonical, truncated, or followed by other bytes.
    """
    item, end = _decode_at(data, 0, len(data), 0)
    if end != len(data):
        raise RlpError(f"{len(data) - end} bytes after the item")
    return item


def decode_sequence(data: bytes) -> list[Item]:
    """Decode items that stand one after the other without a list header."""
    items: list[Item] = []
    position = 0
    while position < len(data):
        item, position = _decode_at(data, position, len(data), 0)
        items.append(item)
    return items


def _prefix(size: int, offset: int) -> bytes:
    if size < 56:
        return bytes((offset + size,))
    size_bytes = size.to_bytes((size.bit_length() + 7) // 8, "big")
    return bytes((offset + 55 + len(size_bytes),)) + size_bytes


def _decode_at(data: bytes, start: int, limit: int, depth: int) -> tuple[Item, int]:
    if depth > DEPTH_MAX:
        raise RlpError(f"nested deeper than {DEPTH_MAX}")
    if start >= limit:
        raise RlpError("item missing")
    first = data[start]
    if first < 0x80:
        return data[start : start + 1], start + 1
    is_list = first >= 0xC0
    offset = 0xC0 if is_list else 0x80
    if first < offset + 56:
        size, body = first - offset, start + 1
    else:
        size_size = first - offset - 55
        body = start + 1 + size_size
        size_bytes = data[start + 1 : min(body, limit)]
        if len(size_bytes) != size_size:
            raise RlpError("truncated length")
        size = int.from_bytes(size_bytes, "big")
        if size < 56 or size_bytes[0] == 0:
            raise RlpError("length not in its shortest form")
    end = body + size
    if end > limit:
        raise RlpError(f"item of {size} bytes is truncated")
    if not is_list:
        content = data[body:end]
        if size == 1 and content[0] < 0x80:
            raise RlpError("single byte not in its shortest form")
        return content, end
    items: list[Item] = []
    position = body
    while position < end:
        item, position = _decode_at(data, position, end, depth + 1)
        items.append(item)
    return items, end
