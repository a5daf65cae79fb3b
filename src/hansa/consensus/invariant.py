"""Assertions that stay on in production: they guard what the group relies on, in the words of the protocol.

A packet of a peer never breaks an invariant: it is an event to answer. Only our own mistakes do.
"""

from hansa.consensus.errors import InvariantBroken

__all__ = ["invariant"]


def invariant(holds: bool, statement: str) -> None:
    """State what must be true here.

    Raises:
        InvariantBroken: it is not.
    """
    if not holds:
        raise InvariantBroken(statement)
