"""The packets of PBFT, bytes ↔ values (node §4.2, §4.7).

Rules:
- A packet is a list of one byte string that holds the concatenated items; its `data` is built the same way.
- Decoding is strict: what decodes encodes to the same bytes, anything else is a `MalformedPacket`.
- Sizes are checked before work is done. A signature is not checked here: see `signing`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import IntEnum
from typing import Final, TypeAlias

from hansa.codec import rlp
from hansa.consensus.errors import MalformedPacket
from hansa.primitives import Hash32, Height, NodeId, View

__all__ = [
    "NOT_A_SEALER",
    "Commit",
    "Message",
    "MissedTransactionsRequest",
    "MissedTransactionsResponse",
    "PacketType",
    "PbftPacket",
    "Prepare",
    "Sign",
    "ViewChange",
    "WantedTransaction",
    "decode_message",
    "encode_message",
]

NOT_A_SEALER: Final = 0xFFFF
"""The index of a node that takes no part."""

TTL_MAX: Final = 0x7F
_EMPTY_BLOCK_BIT: Final = 0x80

HASH_SIZE: Final = 32
NODE_ID_SIZE: Final = 64
SIGNATURE_SIZES: Final = (65, 128)
"""ECDSA: r ‖ s ‖ v. SM2: r ‖ s ‖ public key."""

UNREACHED_COUNT_MAX: Final = 1024
WANTED_COUNT_MAX: Final = 131_072
_WANTED_SIZE_MAX: Final = 1 + 1 + HASH_SIZE + 5
_REQUEST_SIZE_MAX: Final = WANTED_COUNT_MAX * _WANTED_SIZE_MAX + 64

_INTEGER_SIZE_MAX: Final = 8
_INDEX_SIZE_MAX: Final = 2


class PacketType(IntEnum):
    """How the frame names what it carries."""

    NORMAL = 0
    PREPARE_WITH_HASHES = 1
    MISSED_TRANSACTIONS_REQUEST = 2
    MISSED_TRANSACTIONS_RESPONSE = 3


# --- what sealers tell each other -------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Statement:
    """The items every message begins with, in wire order."""

    height: Height
    view: View
    index: int
    """The sender's place in the sealer list."""
    timestamp: int
    """Milliseconds, the sender's aligned clock."""
    block_hash: Hash32
    signature: bytes = b""
    """Over `block_hash`. Empty until it is signed."""
    view_signature: bytes = b""
    """Over height, view, index and timestamp (`signing.view_preimage`)."""


@dataclass(frozen=True, slots=True)
class Prepare(_Statement):
    """The leader proposes a block. `block_hash` is of its header before execution."""

    block: bytes = b""
    """Header and transaction hashes, or the full block."""


@dataclass(frozen=True, slots=True)
class Sign(_Statement):
    """A sealer executed the proposal. `block_hash` is of the header after execution."""


@dataclass(frozen=True, slots=True)
class Commit(_Statement):
    """A sealer saw a quorum of signs and will stand by this block. `signature` goes into the block."""


@dataclass(frozen=True, slots=True)
class ViewChange(_Statement):
    """A sealer wants `view`. `height` and `block_hash` are of its newest committed block."""


Message: TypeAlias = Prepare | Sign | Commit | ViewChange

_IDS: Final[dict[type[Message], int]] = {Prepare: 0, Sign: 1, Commit: 2, ViewChange: 3}
_VOTES: Final[dict[int, type[Sign] | type[Commit] | type[ViewChange]]] = {1: Sign, 2: Commit, 3: ViewChange}


def encode_message(message: Message) -> bytes:
    """The `data` item of a packet."""
    items = [
        rlp.encode(message.height),
        rlp.encode(message.view),
        rlp.encode(message.index),
        rlp.encode(message.timestamp),
        rlp.encode(message.block_hash),
        rlp.encode(message.signature),
        rlp.encode(message.view_signature),
    ]
    if isinstance(message, Prepare):
        items.append(rlp.encode(message.block))
    return _wrap(items)


def decode_message(packet_id: int, data: bytes) -> Message:
    """Read the `data` item of a packet.

    Raises:
        MalformedPacket: unknown id, or not of the shape this id has.
    """
    kind = Prepare if packet_id == 0 else _VOTES.get(packet_id)
    if kind is None:
        raise MalformedPacket(f"packet id {packet_id} is unknown")
    try:
        items = _unwrap(data)
        count = 8 if kind is Prepare else 7
        if len(items) != count:
            raise MalformedPacket(f"{kind.__name__} of {len(items)} items, not {count}")
        statement = (
            Height(rlp.to_int(items[0], size_max=_INTEGER_SIZE_MAX)),
            View(rlp.to_int(items[1], size_max=_INTEGER_SIZE_MAX)),
            rlp.to_int(items[2], size_max=_INDEX_SIZE_MAX),
            rlp.to_int(items[3], size_max=_INTEGER_SIZE_MAX),
            _hash(items[4]),
            _signature(items[5]),
            _signature(items[6]),
        )
    except rlp.RlpError as error:
        raise MalformedPacket(str(error)) from error
    if kind is Prepare:
        return Prepare(*statement, _bytes(items[7], "block"))
    return kind(*statement)


@dataclass(frozen=True, slots=True)
class PbftPacket:
    """One message on its way through the group."""

    message: Message
    ttl: int
    """How often it may still be passed on."""
    has_empty_block: bool = False
    """Marks a prepare without transactions."""
    unreached: tuple[NodeId, ...] | None = ()
    """Sealers that still lack it; None where the group runs without this optimisation (a shorter packet)."""

    def encode(self) -> bytes:
        """The payload of a frame of type `NORMAL` or `PREPARE_WITH_HASHES`."""
        items = [
            rlp.encode(_IDS[type(self.message)]),
            rlp.encode(self.ttl | (_EMPTY_BLOCK_BIT if self.has_empty_block else 0)),
            rlp.encode(encode_message(self.message)),
        ]
        if self.unreached is not None:
            items.append(rlp.encode(self.unreached))
        return _wrap(items)

    @staticmethod
    def decode(payload: bytes) -> PbftPacket:
        """Read the payload of a frame of type `NORMAL` or `PREPARE_WITH_HASHES`.

        Raises:
            MalformedPacket: anything but such a packet.
        """
        try:
            items = _unwrap(payload)
            if len(items) not in (3, 4):
                raise MalformedPacket(f"packet of {len(items)} items, not 3 or 4")
            packet_id = rlp.to_int(items[0], size_max=1)
            ttl = rlp.to_int(items[1], size_max=1)
        except rlp.RlpError as error:
            raise MalformedPacket(str(error)) from error
        return PbftPacket(
            message=decode_message(packet_id, _bytes(items[2], "data")),
            ttl=ttl & TTL_MAX,
            has_empty_block=bool(ttl & _EMPTY_BLOCK_BIT),
            unreached=_node_ids(items[3]) if len(items) == 4 else None,
        )


# --- transactions a sealer lacks (node §4.7) ---------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class WantedTransaction:
    """One transaction of a proposal that is not in the pool here."""

    hash: Hash32
    index: int
    """Its place in the block."""


@dataclass(frozen=True, slots=True)
class MissedTransactionsRequest:
    """Asks the leader for transactions of its proposal. A bare list, without a packet around it."""

    height: Height
    block_hash: Hash32
    wanted: tuple[WantedTransaction, ...]

    def encode(self) -> bytes:
        """The payload of a frame of type `MISSED_TRANSACTIONS_REQUEST`."""
        return rlp.encode(
            [self.height, self.block_hash, [(wanted.hash, wanted.index) for wanted in self.wanted]]
        )

    @staticmethod
    def decode(payload: bytes) -> MissedTransactionsRequest:
        """Read such a payload.

        Raises:
            MalformedPacket: anything else, or more than `WANTED_COUNT_MAX` transactions.
        """
        if len(payload) > _REQUEST_SIZE_MAX:
            raise MalformedPacket(f"request of {len(payload)} bytes, at most {_REQUEST_SIZE_MAX} allowed")
        height, block_hash, entries = _missed_items(payload)
        if not isinstance(entries, list) or not 0 < len(entries) <= WANTED_COUNT_MAX:
            raise MalformedPacket(f"a request names 1 to {WANTED_COUNT_MAX} transactions")
        return MissedTransactionsRequest(height, block_hash, tuple(_wanted(entry) for entry in entries))


@dataclass(frozen=True, slots=True)
class MissedTransactionsResponse:
    """Answers a request, in its order."""

    height: Height
    block_hash: Hash32
    transactions: bytes
    """The offset table form (data model §6.2)."""

    def encode(self) -> bytes:
        """The payload of a frame of type `MISSED_TRANSACTIONS_RESPONSE`."""
        return rlp.encode([self.height, self.block_hash, self.transactions])

    @staticmethod
    def decode(payload: bytes) -> MissedTransactionsResponse:
        """Read such a payload.

        Raises:
            MalformedPacket: anything else.
        """
        height, block_hash, transactions = _missed_items(payload)
        return MissedTransactionsResponse(height, block_hash, _bytes(transactions, "transactions"))


# --- shapes ------------------------------------------------------------------------------------------------


def _wrap(encoded_items: Sequence[bytes]) -> bytes:
    return rlp.encode_sequence([rlp.encode(b"".join(encoded_items))])


def _unwrap(data: bytes) -> list[rlp.Item]:
    outer = rlp.decode(data)
    if not isinstance(outer, list) or len(outer) != 1:
        raise MalformedPacket("expected a list of one byte string")
    return rlp.decode_sequence(_bytes(outer[0], "content"))


def _bytes(item: rlp.Item, name: str) -> bytes:
    if not isinstance(item, bytes):
        raise MalformedPacket(f"{name} is a list, not a byte string")
    return item


def _hash(item: rlp.Item) -> Hash32:
    value = _bytes(item, "hash")
    if len(value) != HASH_SIZE:
        raise MalformedPacket(f"hash of {len(value)} bytes")
    return Hash32(value)


def _signature(item: rlp.Item) -> bytes:
    value = _bytes(item, "signature")
    if len(value) not in SIGNATURE_SIZES:
        raise MalformedPacket(f"signature of {len(value)} bytes")
    return value


def _node_ids(item: rlp.Item) -> tuple[NodeId, ...]:
    if not isinstance(item, list) or len(item) > UNREACHED_COUNT_MAX:
        raise MalformedPacket(f"the forwarding list holds at most {UNREACHED_COUNT_MAX} node ids")
    node_ids = tuple(NodeId(_bytes(entry, "node id")) for entry in item)
    if any(len(node_id) != NODE_ID_SIZE for node_id in node_ids):
        raise MalformedPacket("a node id has 64 bytes")
    return node_ids


def _missed_items(payload: bytes) -> tuple[Height, Hash32, rlp.Item]:
    try:
        items = rlp.decode(payload)
        if not isinstance(items, list) or len(items) != 3:
            raise MalformedPacket("expected a list of height, block hash and transactions")
        height = Height(rlp.to_int(items[0], size_max=_INTEGER_SIZE_MAX))
    except rlp.RlpError as error:
        raise MalformedPacket(str(error)) from error
    return height, _hash(items[1]), items[2]


def _wanted(entry: rlp.Item) -> WantedTransaction:
    if not isinstance(entry, list) or len(entry) != 2:
        raise MalformedPacket("expected a pair of transaction hash and index")
    try:
        index = rlp.to_int(entry[1], size_max=4)
    except rlp.RlpError as error:
        raise MalformedPacket(str(error)) from error
    return WantedTransaction(_hash(entry[0]), index)
