"""What can go wrong with a sync packet.

SyncError
 └─ MalformedPacket    bytes of a peer that are no packet of this module: drop them, go on
"""

__all__ = ["MalformedPacket", "SyncError"]


class SyncError(Exception):
    """Base of this package's errors."""


class MalformedPacket(SyncError):
    """The text says what is wrong, not what was sent."""
