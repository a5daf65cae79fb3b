"""Where a committed block and its companions stand in the key-value store.

Everything of one block is written in one atomic, synced batch, so a crash leaves the whole block or none.

    s ‖ …                      rows of the world state (the kernel's own layout)
    b ‖ height8                block, 5-item form with signatures (data model §6.2)
    d ‖ height8                its header alone, for what needs no transactions
    h ‖ hash32                 height8
    t ‖ transaction hash32     height8 ‖ index4
    n ‖ height8                RLP list of the block's nonces
    m head                     height8 ‖ hash32
    m totals                   transactions8 ‖ failed8
    m format                   version of this layout, ASCII decimal

Integers are big-endian.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from typing import NamedTuple

from hansa.codec import rlp
from hansa.kernel import Block
from hansa.primitives import Hash32, Height
from hansa.storage import WriteBatch

__all__ = [
    "FORMAT",
    "FORMAT_KEY",
    "HEAD_KEY",
    "TOTALS_KEY",
    "Position",
    "Totals",
    "block_key",
    "decode_height",
    "decode_position",
    "decode_totals",
    "encode_nonces",
    "encode_totals",
    "header_key",
    "height_key",
    "nonces_key",
    "put_block",
    "transaction_key",
]

FORMAT = b"1"
FORMAT_KEY = b"m format"
HEAD_KEY = b"m head"
TOTALS_KEY = b"m totals"

_HEIGHT = struct.Struct(">Q")
_POSITION = struct.Struct(">QI")
_TOTALS = struct.Struct(">QQ")


@dataclass(frozen=True, slots=True)
class Position:
    """Where a transaction stands."""

    height: Height
    index: int


class Totals(NamedTuple):
    """Transactions since genesis, and those whose receipt has a status other than 0."""

    transactions: int
    failed: int


def block_key(height: int) -> bytes:
    """Key of a block."""
    return b"b" + _HEIGHT.pack(height)


def header_key(height: int) -> bytes:
    """Key of a header."""
    return b"d" + _HEIGHT.pack(height)


def height_key(block_hash: bytes) -> bytes:
    """Key of a block hash's height."""
    return b"h" + block_hash


def transaction_key(transaction_hash: bytes) -> bytes:
    """Key of a transaction's position."""
    return b"t" + transaction_hash


def nonces_key(height: int) -> bytes:
    """Key of a block's nonces."""
    return b"n" + _HEIGHT.pack(height)


def decode_height(value: bytes) -> Height:
    """Read a value of `height_key`, or the beginning of the head's."""
    return Height(_HEIGHT.unpack_from(value)[0])


def decode_position(value: bytes) -> Position:
    """Read a value of `transaction_key`."""
    height, index = _POSITION.unpack(value)
    return Position(Height(height), index)


def encode_totals(totals: Totals) -> bytes:
    """Form of the `m totals` value."""
    return _TOTALS.pack(*totals)


def decode_totals(value: bytes) -> Totals:
    """Read the `m totals` value."""
    return Totals(*_TOTALS.unpack(value))


def encode_nonces(block: Block) -> bytes:
    """The RLP list under `nonces_key`; the pool reads it back at start."""
    return rlp.encode([nonce.lstrip(b"\x00") for nonce in block.nonces])


def put_block(batch: WriteBatch, block: Block, totals: Totals) -> None:
    """Add all that belongs to a block, except the world state, to a batch.

    Args:
        batch: what will be written at once.
        block: executed and signed; becomes the head.
        totals: of the chain including this block.
    """
    height, block_hash = block.number, Hash32(block.hash)
    height8 = _HEIGHT.pack(height)
    batch.put(block_key(height), block.encode())
    batch.put(header_key(height), block.header.encode())
    batch.put(height_key(block_hash), height8)
    batch.put(nonces_key(height), encode_nonces(block))
    for index, transaction_hash in enumerate(block.transactions.hashes):
        batch.put(transaction_key(transaction_hash), _POSITION.pack(height, index))
    batch.put(HEAD_KEY, height8 + block_hash)
    batch.put(TOTALS_KEY, encode_totals(totals))
