"""What is poured: the contracts, what prepares them, and the stream of requests.

Rule 1  A workload is deterministic: the same number gives the same request at the same addresses, so that two
        chains can be given the same work.
Rule 2  The requests of a stream may be executed in any order and leave the same state: then what a chain
        holds afterwards can be judged exactly, though its nodes order requests as they like.
Rule 3  A workload is a value: it travels to the processes that sign.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from hansa.primitives import Address
from hansa.sdk import Contract

__all__ = ["Action", "Reading", "Workload", "WorkloadOptions"]


@dataclass(frozen=True, slots=True)
class WorkloadOptions:
    """What a user may choose about a workload."""

    accounts: int = 1000
    """Accounts, rows or keys the requests are spread over; at least 2."""
    conflicts: float = 0.0
    """The share of transfers that touch one account in common, 0 to 1. Other transfers conflict only with
    those that are half the number of accounts away in the stream."""
    seed: str = ""
    """Begins every account name. On ledgers that a whole chain shares, names must be new."""


@dataclass(frozen=True, slots=True)
class Action:
    """One request: a transaction to be signed, or a question to one node."""

    to: Address
    data: bytes
    is_read: bool = False


@dataclass(frozen=True, slots=True)
class Reading:
    """A value to read back, and what it must be."""

    to: Address
    contract: Contract
    method: str
    arguments: tuple[Any, ...]
    expected: tuple[Any, ...]


class Workload(Protocol):
    """A stream of requests. `addresses` are those of the deployed `contracts`, in their order."""

    @property
    def name(self) -> str:
        """As the command line knows it."""

    @property
    def contracts(self) -> Sequence[Contract]:
        """What is to be deployed."""

    def preparation(self, addresses: Sequence[Address]) -> list[list[Action]]:
        """What comes before the stream: every list is in blocks before the next one is sent."""

    def action(self, addresses: Sequence[Address], number: int) -> Action:
        """Request `number` of the stream."""

    def readings(self, addresses: Sequence[Address], executed: Iterable[int]) -> list[Reading]:
        """What the chain must hold when the requests of these numbers, and no others, were executed."""
