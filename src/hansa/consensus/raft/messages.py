"""The packets of Raft, bytes ↔ values (node §4.9).

Rules:
- A packet is its type and a byte string, one after the other without a list around them. The byte string
  holds a list of one byte string, which holds the concatenated items.
- Every packet says who sends it and where its chain ends. None is signed: the session says who speaks.
- Decoding is strict: what decodes encodes to the same bytes, anything else is a `MalformedPacket`.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum
from typing import ClassVar, Final, NewType, TypeAlias

from hansa.codec import rlp
from hansa.consensus.errors import MalformedPacket
from hansa.primitives import Hash32, Height

__all__ = [
    "NO_BLOCK",
    "NO_HEIGHT",
    "HeartBeat",
    "HeartBeatResponse",
    "Message",
    "Term",
    "VoteFlag",
    "VoteRequest",
    "VoteResponse",
    "decode_packet",
    "encode_packet",
]

Term = NewType("Term", int)
"""An attempt at leadership. Each has at most one leader."""

NO_BLOCK: Final = Hash32(bytes(32))
"""Stands for the hash of a block that is not there."""

NO_HEIGHT: Final = Height(0)
"""Stands for the height of such a block."""

_INTEGER_SIZE_MAX: Final = 8
_INDEX_SIZE_MAX: Final = 2
_HASH_SIZE: Final = 32


class VoteFlag(IntEnum):
    """What a sealer thinks of a candidacy."""

    REJECTED = 0
    """Its term is over."""
    LEADER_ALIVE = 1
    LAST_TERM_WRONG = 2
    """Its uncommitted block is of an earlier term than ours."""
    OUTDATED = 3
    """Its chain ends before ours."""
    FIRST_VOTE = 4
    """The voter has just started and votes from the next time on. We remember votes and never say this."""
    DISCARDED = 5
    """Another candidate has this vote."""
    GRANTED = 6


@dataclass(frozen=True, slots=True)
class _Statement:
    """The items every packet begins with, in wire order."""

    index: int
    """The sender's place in the sealer list."""
    term: Term
    height: Height
    """Of the sender's newest committed block."""
    block_hash: Hash32
    """Of the same."""


@dataclass(frozen=True, slots=True)
class VoteRequest(_Statement):
    """A candidate asks for a vote in `term`."""

    packet_type: ClassVar[int] = 0

    candidate: int
    """The sender once more."""
    last_leader_term: Term
    """Of its uncommitted block, if it has one; else of the leader it heard last."""
    last_block_number: Height
    """`height`, or one more with an uncommitted block."""


@dataclass(frozen=True, slots=True)
class VoteResponse(_Statement):
    """Answers a request."""

    packet_type: ClassVar[int] = 1

    flag: VoteFlag
    last_leader_term: Term


@dataclass(frozen=True, slots=True)
class HeartBeat(_Statement):
    """The leader of `term` lives."""

    packet_type: ClassVar[int] = 2

    leader: int
    """The sender once more."""
    block: bytes = b""
    """The block it wants to commit, in the 5-item form before execution; empty: none."""
    block_number: Height = NO_HEIGHT
    """Of that block."""


@dataclass(frozen=True, slots=True)
class HeartBeatResponse(_Statement):
    """Answers a heartbeat."""

    packet_type: ClassVar[int] = 3

    uncommitted_hash: Hash32 = NO_BLOCK
    """Before execution: the sender keeps this block through a crash."""


Message: TypeAlias = VoteRequest | VoteResponse | HeartBeat | HeartBeatResponse

_ITEM_COUNTS: Final = {0: 7, 1: 6, 2: 7, 3: 5}


def encode_packet(message: Message) -> bytes:
    """The payload of a frame of module 11."""
    items: list[bytes | int] = [message.index, message.term, message.height, message.block_hash]
    match message:
        case VoteRequest():
            items += [message.candidate, message.last_leader_term, message.last_block_number]
        case VoteResponse():
            items += [message.flag, message.last_leader_term]
        case HeartBeat():
            items += [message.leader, message.block, message.block_number]
        case HeartBeatResponse():
            items.append(message.uncommitted_hash)
    content = b"".join(rlp.encode(item) for item in items)
    data = rlp.encode_sequence([rlp.encode(content)])
    return rlp.encode(message.packet_type) + rlp.encode(data)


def decode_packet(payload: bytes) -> Message:
    """Read the payload of a frame of module 11.

    Raises:
        MalformedPacket: anything but such a packet.
    """
    try:
        return _decode(payload)
    except rlp.RlpError as error:
        raise MalformedPacket(str(error)) from error


def _decode(payload: bytes) -> Message:
    envelope = rlp.decode_sequence(payload)
    if len(envelope) != 2:
        raise MalformedPacket(f"packet of {len(envelope)} items, not 2")
    packet_type = rlp.to_int(envelope[0], size_max=1)
    count = _ITEM_COUNTS.get(packet_type)
    if count is None:
        raise MalformedPacket(f"packet type {packet_type} is unknown")
    wrapped = rlp.decode(_bytes(envelope[1], "data"))
    if not isinstance(wrapped, list) or len(wrapped) != 1:
        raise MalformedPacket("expected a list of one byte string")
    items = rlp.decode_sequence(_bytes(wrapped[0], "content"))
    if len(items) != count:
        raise MalformedPacket(f"packet of type {packet_type} with {len(items)} items, not {count}")
    statement = (_index(items[0]), Term(_integer(items[1])), Height(_integer(items[2])), _hash(items[3]))
    match packet_type:
        case 0:
            return VoteRequest(
                *statement, _index(items[4]), Term(_integer(items[5])), Height(_integer(items[6]))
            )
        case 1:
            return VoteResponse(*statement, _flag(items[4]), Term(_integer(items[5])))
        case 2:
            return HeartBeat(
                *statement, _index(items[4]), _bytes(items[5], "block"), Height(_integer(items[6]))
            )
        case _:
            return HeartBeatResponse(*statement, _hash(items[4]))


def _integer(item: rlp.Item) -> int:
    return rlp.to_int(item, size_max=_INTEGER_SIZE_MAX)


def _index(item: rlp.Item) -> int:
    return rlp.to_int(item, size_max=_INDEX_SIZE_MAX)


def _flag(item: rlp.Item) -> VoteFlag:
    value = rlp.to_int(item, size_max=1)
    try:
        return VoteFlag(value)
    except ValueError:
        raise MalformedPacket(f"vote flag {value} is unknown") from None


def _bytes(item: rlp.Item, name: str) -> bytes:
    if not isinstance(item, bytes):
        raise MalformedPacket(f"{name} is a list, not a byte string")
    return item


def _hash(item: rlp.Item) -> Hash32:
    value = _bytes(item, "hash")
    if len(value) != _HASH_SIZE:
        raise MalformedPacket(f"hash of {len(value)} bytes")
    return Hash32(value)
