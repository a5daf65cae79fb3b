"""What the two signatures of a message cover (node §4.2, data model §2.7).

`signature` covers the block hash itself: that of a commit goes into the block. `view_signature` covers the
hash of height, view, index and timestamp, encoded one after the other without a list header.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import TypeVar

from hansa.codec import rlp
from hansa.consensus.pbft.messages import Message
from hansa.consensus.surroundings import Signer

__all__ = ["HashFunction", "digests", "sign_message", "view_preimage"]

HashFunction = Callable[[bytes], bytes]
"""The chain's: Keccak-256 or SM3."""

_Message = TypeVar("_Message", bound=Message)


def view_preimage(message: Message) -> bytes:
    """The bytes whose hash `view_signature` signs."""
    return b"".join(
        (
            rlp.encode(message.height),
            rlp.encode(message.view),
            rlp.encode(message.index),
            rlp.encode(message.timestamp),
        )
    )


def digests(message: Message, hash_function: HashFunction) -> tuple[bytes, bytes]:
    """What `signature` and `view_signature` sign."""
    return message.block_hash, hash_function(view_preimage(message))


def sign_message(message: _Message, signer: Signer, hash_function: HashFunction) -> _Message:
    """The same message with both signatures."""
    block_digest, view_digest = digests(message, hash_function)
    return replace(message, signature=signer.sign(block_digest), view_signature=signer.sign(view_digest))
