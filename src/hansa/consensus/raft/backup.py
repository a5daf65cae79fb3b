"""What a sealer must remember through a restart, as bytes.

Two records, each replaced as a whole: the newest vote, and the block it keeps for a leader. A node that lost
them could contradict itself, so bytes that cannot be read are an error, never an empty memory. The formats
are our own and begin with a version byte: nodes of the reference keep nothing.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from hansa.codec import rlp
from hansa.consensus.errors import UnreadableBackup
from hansa.consensus.raft.events import Accepted, Ballot
from hansa.consensus.raft.messages import Term
from hansa.primitives import Hash32, Height, NodeId

__all__ = [
    "ACCEPTED",
    "BALLOT",
    "AcceptedBlock",
    "decode_accepted",
    "decode_ballot",
    "encode_accepted",
    "encode_ballot",
]

BALLOT: Final = "raft-ballot"
ACCEPTED: Final = "raft-accepted"
"""Names of the records."""

_VERSION: Final = b"\x01"
_HASH_SIZE: Final = 32
_NODE_ID_SIZE: Final = 64


@dataclass(frozen=True, slots=True)
class AcceptedBlock:
    """The kept block itself."""

    record: Accepted
    block: bytes
    """Before execution, in the 5-item form (data model §6.2)."""


def encode_ballot(ballot: Ballot) -> bytes:
    """The record `BALLOT`."""
    return _VERSION + rlp.encode([ballot.term, ballot.candidate])


def decode_ballot(data: bytes) -> Ballot:
    """Read the record `BALLOT`.

    Raises:
        UnreadableBackup: damaged, or of another version.
    """
    try:
        term, candidate = _items(data, 2)
        return Ballot(Term(rlp.to_int(term)), NodeId(_bytes(candidate, _NODE_ID_SIZE)))
    except rlp.RlpError as error:
        raise UnreadableBackup(f"{BALLOT}: {error}") from error


def encode_accepted(record: Accepted, block: bytes) -> bytes:
    """The record `ACCEPTED`."""
    return _VERSION + rlp.encode([record.term, record.height, record.block_hash, block])


def decode_accepted(data: bytes) -> AcceptedBlock:
    """Read the record `ACCEPTED`.

    Raises:
        UnreadableBackup: damaged, or of another version.
    """
    try:
        term, height, block_hash, block = _items(data, 4)
        record = Accepted(
            Term(rlp.to_int(term)), Height(rlp.to_int(height)), Hash32(_bytes(block_hash, _HASH_SIZE))
        )
        return AcceptedBlock(record, _bytes(block))
    except rlp.RlpError as error:
        raise UnreadableBackup(f"{ACCEPTED}: {error}") from error


def _items(data: bytes, count: int) -> list[rlp.Item]:
    if data[:1] != _VERSION:
        raise rlp.RlpError("written by another version")
    items = rlp.decode(data[1:])
    if not isinstance(items, list) or len(items) != count:
        raise rlp.RlpError(f"not of {count} items")
    return items


def _bytes(item: rlp.Item, size: int | None = None) -> bytes:
    if not isinstance(item, bytes) or (size is not None and len(item) != size):
        raise rlp.RlpError("a field of another size")
    return item
