"""Which peer has which message already (node §4.2): nothing is worked on twice, nothing is sent back.

Per peer and kind of message the newest `MESSAGES_PER_KIND_MAX` are remembered.
"""

from __future__ import annotations

from collections import OrderedDict
from typing import Final

from hansa.consensus.pbft.messages import Message
from hansa.primitives import NodeId

__all__ = ["KnownMessages", "message_key"]

MESSAGES_PER_KIND_MAX: Final = 1024


def message_key(message: Message) -> bytes:
    """What two copies of a message share: both signatures."""
    return message.signature + message.view_signature


class KnownMessages:
    """Remembers what came from, or went to, each peer."""

    def __init__(self) -> None:
        self._known: dict[NodeId, dict[type[Message], OrderedDict[bytes, None]]] = {}

    def add(self, peer: NodeId, message: Message) -> bool:
        """Note that `peer` has a message. False: that was known."""
        keys = self._known.setdefault(peer, {}).setdefault(type(message), OrderedDict())
        key = message_key(message)
        if key in keys:
            return False
        keys[key] = None
        if len(keys) > MESSAGES_PER_KIND_MAX:
            keys.popitem(last=False)
        return True

    def has(self, peer: NodeId, message: Message) -> bool:
        """Is it known that `peer` has this message?"""
        return message_key(message) in self._known.get(peer, {}).get(type(message), {})

    def forget(self, peer: NodeId) -> None:
        """The session ended: what was sent last may not have arrived."""
        self._known.pop(peer, None)
