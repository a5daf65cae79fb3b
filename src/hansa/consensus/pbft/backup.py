"""What a sealer must remember through a restart, as bytes.

Two records, each replaced as a whole: the newest vote, and the prepared block with its transactions. A node
that lost them could contradict itself, so bytes that cannot be read are an error, never an empty memory. The
formats are our own and begin with a version byte.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from hansa.codec import rlp
from hansa.consensus.errors import UnreadableBackup
from hansa.consensus.pbft.events import Prepared, Vote
from hansa.primitives import Hash32, Height, View

__all__ = [
    "PREPARED",
    "VOTE",
    "PreparedBlock",
    "decode_prepared",
    "decode_vote",
    "encode_prepared",
    "encode_vote",
]

VOTE: Final = "vote"
PREPARED: Final = "prepared"
"""Names of the records."""

_VERSION: Final = b"\x01"


@dataclass(frozen=True, slots=True)
class PreparedBlock:
    """The prepared block itself."""

    record: Prepared
    block: bytes
    """Before execution, in the 5-item form (data model §6.2)."""


def encode_vote(vote: Vote) -> bytes:
    """The record `VOTE`."""
    return _VERSION + rlp.encode([vote.height, vote.view, vote.block_hash])


def decode_vote(data: bytes) -> Vote:
    """Read the record `VOTE`.

    Raises:
        UnreadableBackup: damaged, or of another version.
    """
    height, view, block_hash = _items(VOTE, data)
    try:
        return Vote(Height(rlp.to_int(height)), View(rlp.to_int(view)), _hash(block_hash))
    except rlp.RlpError as error:
        raise UnreadableBackup(f"{VOTE}: {error}") from error


def encode_prepared(record: Prepared, block: bytes) -> bytes:
    """The record `PREPARED`."""
    return _VERSION + rlp.encode([record.height, record.block_hash, record.transaction_count, block])


def decode_prepared(data: bytes) -> PreparedBlock:
    """Read the record `PREPARED`.

    Raises:
        UnreadableBackup: damaged, or of another version.
    """
    height, block_hash, count, block = _items(PREPARED, data, 4)
    if not isinstance(block, bytes):
        raise UnreadableBackup(f"{PREPARED}: the block is a list")
    try:
        record = Prepared(Height(rlp.to_int(height)), _hash(block_hash), rlp.to_int(count))
    except rlp.RlpError as error:
        raise UnreadableBackup(f"{PREPARED}: {error}") from error
    return PreparedBlock(record, block)


def _items(name: str, data: bytes, count: int = 3) -> list[rlp.Item]:
    if data[:1] != _VERSION:
        raise UnreadableBackup(f"{name}: written by another version")
    try:
        items = rlp.decode(data[1:])
    except rlp.RlpError as error:
        raise UnreadableBackup(f"{name}: {error}") from error
    if not isinstance(items, list) or len(items) != count:
        raise UnreadableBackup(f"{name}: not of {count} items")
    return items


def _hash(item: rlp.Item) -> Hash32:
    if not isinstance(item, bytes) or len(item) != 32:
        raise rlp.RlpError("not a hash")
    return Hash32(item)
