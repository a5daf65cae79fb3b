"""The packets of module 9: status, transactions, blocks and the requests for them (node §5.2).

A payload is one byte, the packet's id + 1, and one RLP list. Encoding a decoded packet gives the same bytes.

Rules:
- A Status has exactly four items; the three-item form of chains below 2.6 is not spoken here.
- The frame bounds a packet's bytes (100 MiB); its items are counted while they are read, so a packet of a
  hundred million tiny items costs no more than the first few. Transactions stay one string for the kernel.
- Hash lists are read in strides of 33 bytes, since one packet may hold thousands.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TypeAlias

from hansa.codec import rlp
from hansa.codec.rlp import RlpError
from hansa.primitives import Hash32, Height
from hansa.sync.errors import MalformedPacket

__all__ = [
    "BLOCK_COUNT_MAX",
    "FROM_CLIENT",
    "HASH_COUNT_MAX",
    "ORDINARY",
    "BlockRequest",
    "Blocks",
    "Packet",
    "Status",
    "Transactions",
    "TransactionsRequest",
    "TransactionsStatus",
    "decode_packet",
    "encode_packet",
    "peek_height",
]

ORDINARY = 0
"""The P2P packet type of everything but …"""
FROM_CLIENT = 1
"""… transactions a node got from its own SDKs."""

HASH_COUNT_MAX = 100_000
"""Transaction hashes in one packet; more than a pool of the default size ever announces at once."""
BLOCK_COUNT_MAX = 1024
"""Blocks in one packet, and blocks one request may ask for."""

_HASH_ITEM_BYTES = 33
_HEIGHT_FIELD = 6
"""The place of the number among the fields of a header (data model §6.1)."""


@dataclass(frozen=True, slots=True)
class Status:
    """Where a node's chain stands."""

    height: Height
    genesis_hash: Hash32
    latest_hash: Hash32
    aligned_time_ms: int
    """The sender's wall clock, corrected by what it knows of other clocks."""


@dataclass(frozen=True, slots=True)
class Transactions:
    """Transactions in full."""

    blob: bytes
    """The offset table form (data model §6.2)."""
    root_index: int | None = None
    """The sealer they spread from, when they travel down the tree; else None."""


@dataclass(frozen=True, slots=True)
class Blocks:
    """Committed blocks."""

    blocks: tuple[bytes, ...]
    """Each in the 5-item form (data model §6.2)."""


@dataclass(frozen=True, slots=True)
class BlockRequest:
    """Asks for `count` blocks from `start` on."""

    start: Height
    count: int


@dataclass(frozen=True, slots=True)
class TransactionsStatus:
    """Announces transactions the sender holds."""

    height: Height
    """The sender's head."""
    hashes: tuple[Hash32, ...]


@dataclass(frozen=True, slots=True)
class TransactionsRequest:
    """Asks for announced transactions."""

    hashes: tuple[Hash32, ...]


Packet: TypeAlias = Status | Transactions | Blocks | BlockRequest | TransactionsStatus | TransactionsRequest


def encode_packet(packet: Packet) -> bytes:
    """The payload of a packet."""
    match packet:
        case Status(height=height, genesis_hash=genesis, latest_hash=latest, aligned_time_ms=time_ms):
            return b"\x01" + rlp.encode((height, genesis, latest, time_ms))
        case Transactions(blob=blob, root_index=None):
            return b"\x02" + rlp.encode((blob,))
        case Transactions(blob=blob, root_index=root_index):
            return b"\x02" + rlp.encode((blob, root_index))
        case Blocks(blocks=blocks):
            return b"\x03" + rlp.encode(blocks)
        case BlockRequest(start=start, count=count):
            return b"\x04" + rlp.encode((start, count))
        case TransactionsStatus(height=height, hashes=hashes):
            return b"\x05" + rlp.encode_sequence((rlp.encode(height), _encode_hashes(hashes)))
        case TransactionsRequest(hashes=hashes):
            return b"\x06" + rlp.encode_sequence((_encode_hashes(hashes),))


def decode_packet(payload: bytes) -> Packet:
    """Read a payload that fills `payload` exactly.

    Raises:
        MalformedPacket: an unknown id, bytes that are not RLP, another shape, or too much of something.
    """
    if not payload:
        raise MalformedPacket("an empty payload")
    decode = _DECODERS.get(payload[0])
    if decode is None:
        raise MalformedPacket(f"there is no packet with first byte {payload[0]:#04x}")
    try:
        return decode(payload[1:])
    except RlpError as error:
        raise MalformedPacket(str(error)) from error


def peek_height(block: bytes) -> Height:
    """The height an encoded block claims, without decoding the rest of it.

    Raises:
        MalformedPacket: it does not begin like a block.
    """
    position, _ = _list_bounds(block, 0)
    position, header_end = _list_bounds(block, position)
    for _ in range(_HEIGHT_FIELD):
        _, position = _read_string(block, position)
    height, end = _read_string(block, position)
    if end > header_end:
        raise MalformedPacket("a block header without a height")
    try:
        return _height(height)
    except RlpError as error:
        raise MalformedPacket(str(error)) from error


def _decode_status(body: bytes) -> Status:
    height, genesis_hash, latest_hash, time_ms = _decode_strings(body, 4, 4)
    return Status(_height(height), _hash(genesis_hash), _hash(latest_hash), rlp.to_int(time_ms, size_max=8))


def _decode_transactions(body: bytes) -> Transactions:
    blob, *root_index = _decode_strings(body, 1, 2)
    return Transactions(blob, rlp.to_int(root_index[0], size_max=4) if root_index else None)


def _decode_blocks(body: bytes) -> Blocks:
    return Blocks(tuple(_decode_strings(body, 0, BLOCK_COUNT_MAX)))


def _decode_block_request(body: bytes) -> BlockRequest:
    start, count = _decode_strings(body, 2, 2)
    return BlockRequest(_height(start), rlp.to_int(count, size_max=8))


def _decode_transactions_status(body: bytes) -> TransactionsStatus:
    height, hashes_start = _read_string(body, _list_start(body, 0))
    return TransactionsStatus(_height(height), _decode_hashes(body, hashes_start))


def _decode_transactions_request(body: bytes) -> TransactionsRequest:
    return TransactionsRequest(_decode_hashes(body, _list_start(body, 0)))


_DECODERS: dict[int, Callable[[bytes], Packet]] = {
    1: _decode_status,
    2: _decode_transactions,
    3: _decode_blocks,
    4: _decode_block_request,
    5: _decode_transactions_status,
    6: _decode_transactions_request,
}


def _height(item: bytes) -> Height:
    return Height(rlp.to_int(item, size_max=8))


def _hash(item: bytes) -> Hash32:
    if len(item) != 32:
        raise MalformedPacket(f"a hash of {len(item)} bytes, not 32")
    return Hash32(item)


def _encode_hashes(hashes: Sequence[Hash32]) -> bytes:
    return rlp.encode_sequence([b"\xa0" + transaction_hash for transaction_hash in hashes])


def _decode_hashes(data: bytes, list_position: int) -> tuple[Hash32, ...]:
    """The hashes of the list that stands at `list_position` and ends with `data`."""
    start = _list_start(data, list_position)
    count, rest = divmod(len(data) - start, _HASH_ITEM_BYTES)
    if count > HASH_COUNT_MAX:
        raise MalformedPacket(f"{count} hashes in one packet, at most {HASH_COUNT_MAX} allowed")
    if rest or data[start::_HASH_ITEM_BYTES] != b"\xa0" * count:
        raise MalformedPacket("expected hashes of 32 bytes")
    return tuple(
        Hash32(data[position + 1 : position + _HASH_ITEM_BYTES])
        for position in range(start, len(data), _HASH_ITEM_BYTES)
    )


def _decode_strings(data: bytes, count_min: int, count_max: int) -> list[bytes]:
    """The items of a list of strings that fills `data`."""
    position = _list_start(data, 0)
    items: list[bytes] = []
    while position < len(data):
        if len(items) == count_max:
            raise MalformedPacket(f"more than {count_max} items")
        item, position = _read_string(data, position)
        items.append(item)
    if len(items) < count_min:
        raise MalformedPacket(f"{len(items)} items, at least {count_min} needed")
    return items


def _read_string(data: bytes, position: int) -> tuple[bytes, int]:
    """The string item at `position`, and where the next item begins."""
    first = data[position : position + 1]
    if first < b"\x80":
        if not first:
            raise MalformedPacket("an item is missing")
        return first, position + 1
    if first >= b"\xc0":
        raise MalformedPacket("expected a string, found a list")
    start, end = _bounds(data, position, 0x80)
    item = data[start:end]
    if len(item) == 1 and item < b"\x80":
        raise MalformedPacket("a single byte that is not in its shortest form")
    return item, end


def _list_start(data: bytes, position: int) -> int:
    """Where the content of the list at `position` begins; it must end with `data`."""
    start, end = _list_bounds(data, position)
    if end != len(data):
        raise MalformedPacket(f"{len(data) - end} bytes after the list")
    return start


def _list_bounds(data: bytes, position: int) -> tuple[int, int]:
    """Where the content of the list at `position` begins and ends."""
    if data[position : position + 1] < b"\xc0":
        raise MalformedPacket("expected a list")
    return _bounds(data, position, 0xC0)


def _bounds(data: bytes, position: int, offset: int) -> tuple[int, int]:
    """Where the content of the item at `position` begins and ends; `offset` is that of its kind."""
    size = data[position] - offset
    start = position + 1
    if size > 55:
        start += size - 55
        size_bytes = data[position + 1 : start]
        size = int.from_bytes(size_bytes, "big")
        if size < 56 or size_bytes[0] == 0:
            raise MalformedPacket("a length that is truncated or not in its shortest form")
    if start + size > len(data):
        raise MalformedPacket(f"an item of {size} bytes is truncated")
    return start, start + size
