"""What sealers tell one another about proposals, bytes ↔ values (node §4.2, packet types 4 to 6).

A status is a list of one byte string that holds the concatenated items, unsigned. The answer to a request is
a PBFT packet with the whole proposal, signed by its leader as always.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum
from typing import Final

from hansa.codec import rlp
from hansa.consensus.errors import MalformedPacket
from hansa.consensus.pbft.messages import HASH_SIZE, Prepare
from hansa.primitives import Hash32, Height, View

__all__ = ["ProposalPacketType", "ProposalStatus", "status_of"]

_INTEGER_SIZE_MAX: Final = 8
_INDEX_SIZE_MAX: Final = 2


class ProposalPacketType(IntEnum):
    """How the frame names what it carries; the other types are those of PBFT."""

    STATUS = 4
    """The sender has this proposal, with all its transactions."""
    REQUEST = 5
    """The sender wants this proposal."""
    RESPONSE = 6
    """Here it is."""


@dataclass(frozen=True, slots=True)
class ProposalStatus:
    """Names a proposal."""

    height: Height
    view: View
    index: int
    """Of its leader."""
    block_hash: Hash32
    """Before execution."""

    def encode(self) -> bytes:
        """The payload of a frame of type `STATUS` or `REQUEST`."""
        items = (self.height, self.view, self.index, self.block_hash)
        return rlp.encode_sequence([rlp.encode(b"".join(rlp.encode(item) for item in items))])

    @staticmethod
    def decode(payload: bytes) -> ProposalStatus:
        """Read such a payload.

        Raises:
            MalformedPacket: anything else.
        """
        try:
            return _decode(payload)
        except rlp.RlpError as error:
            raise MalformedPacket(str(error)) from error


def status_of(prepare: Prepare) -> ProposalStatus:
    """What names this proposal."""
    return ProposalStatus(prepare.height, prepare.view, prepare.index, prepare.block_hash)


def _decode(payload: bytes) -> ProposalStatus:
    outer = rlp.decode(payload)
    if not isinstance(outer, list) or len(outer) != 1 or not isinstance(outer[0], bytes):
        raise MalformedPacket("expected a list of one byte string")
    items = rlp.decode_sequence(outer[0])
    if len(items) != 4:
        raise MalformedPacket(f"status of {len(items)} items, not 4")
    block_hash = items[3]
    if not isinstance(block_hash, bytes) or len(block_hash) != HASH_SIZE:
        raise MalformedPacket("expected a hash")
    return ProposalStatus(
        Height(rlp.to_int(items[0], size_max=_INTEGER_SIZE_MAX)),
        View(rlp.to_int(items[1], size_max=_INTEGER_SIZE_MAX)),
        rlp.to_int(items[2], size_max=_INDEX_SIZE_MAX),
        Hash32(block_hash),
    )
