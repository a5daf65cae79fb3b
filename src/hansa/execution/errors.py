"""Why a contract gives no answer, or cannot be had.

    Failure             the call fails with this text (status 21, execution §2.0)
    ├─ NotAuthorized    the origin may not write a table
    └─ Malformed        the call data is not what the signature says
    Exhausted           the call used more steps or gas than it may; a contract cannot catch it
    ContractError       a contract that cannot be used: said when the node starts

Any other exception of a contract fails the call too, with one text for all of them, since the words of
Python's own errors differ between its versions.
"""

from __future__ import annotations

from typing import NoReturn

__all__ = ["ContractError", "Exhausted", "Failure", "Malformed", "NotAuthorized", "fail"]


class Failure(Exception):
    """The call fails: what it changed is taken back, and its caller reads `text`."""

    def __init__(self, text: str) -> None:
        super().__init__(text)
        self.text = text


class NotAuthorized(Failure):
    """The sender of the transaction may not write this table (execution §4.1)."""

    def __init__(self, origin: bytes, table: str) -> None:
        super().__init__(f"Permission denied. {origin.hex()} can't write {table}")


class Malformed(Failure):
    """The call data does not fit the signature."""


class Exhausted(BaseException):
    """The call used more than it may. Not an `Exception`: a contract that catches those ends too."""

    def __init__(self, text: str) -> None:
        super().__init__(text)
        self.text = text


class ContractError(Exception):
    """A contract that the node cannot run: which, where and why."""


def fail(text: str) -> NoReturn:
    """End the call: its changes are taken back, and the caller reads the text."""
    raise Failure(text)
