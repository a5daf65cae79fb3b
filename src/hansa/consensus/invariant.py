"""Assertions that stay on in production: they guard what the group relies on, in the words of the protocol.

A packet of a peer never breaks an invariant: it is an event to answer. Only our own mistakes do.
"""

from typing import TypeVar

from hansa.consensus.errors import InvariantBroken

__all__ = ["invariant", "present"]

_Value = TypeVar("_Value")


def invariant(holds: bool, statement: str) -> None:
    """State what must be true here.

    Raises:
        InvariantBroken: it is not.
    """
    if not holds:
        raise InvariantBroken(statement)


def present(value: _Value | None, statement: str) -> _Value:
    """The value, which must be there.

    Raises:
        InvariantBroken: it is None.
    """
    if value is None:
        raise InvariantBroken(statement)
    return value
