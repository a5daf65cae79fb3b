"""What can go wrong in consensus.

ConsensusError
 ├─ MalformedPacket    bytes of a peer that are no packet; drop them and note the peer
 ├─ InvalidProposal    a proposal no honest leader makes; do not sign it
 ├─ UnreadableBackup   what was persisted before a restart cannot be read; the node must not vote
 ├─ CommitFailed       an agreed block did not become durable; stop the node
 └─ InvariantBroken    our own bug; stop loudly
"""

from hansa.primitives import Height

__all__ = [
    "CommitFailed",
    "ConsensusError",
    "InvalidProposal",
    "InvariantBroken",
    "MalformedPacket",
    "UnreadableBackup",
]


class ConsensusError(Exception):
    """Base of this package's errors."""


class MalformedPacket(ConsensusError):
    """Not a packet of the protocol; the text says which part is wrong."""


class InvalidProposal(ConsensusError):
    """The block of a prepare breaks a rule; the text says which."""


class UnreadableBackup(ConsensusError):
    """Persisted votes or a persisted prepared block are damaged."""


class CommitFailed(ConsensusError):
    """The ledger could not make an agreed block durable."""

    def __init__(self, height: Height) -> None:
        super().__init__(f"block {height} was agreed on but could not be stored: the node must stop")
        self.height = height


class InvariantBroken(ConsensusError):
    """Something that must hold does not."""
