"""How proposals reach the sealers: with PBFT from the leader directly.

rPBFT has its own way (`rpbft.delivery`): down a tree, with sealers that tell one another what they have.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from typing import Protocol

from hansa.consensus.errors import MalformedPacket
from hansa.consensus.inbox import ReceivedPacket
from hansa.consensus.pbft.events import Head, RequestMissedTransactions
from hansa.consensus.pbft.messages import Prepare
from hansa.kernel import Block
from hansa.primitives import Hash32, NodeId

__all__ = ["Ask", "Delivery", "DirectDelivery"]

Ask = Callable[[RequestMissedTransactions, NodeId], None]
"""Sends a request for missing transactions to a sealer."""


class Delivery(Protocol):
    """Told of every proposal; asked where it goes."""

    def recipients(self, leader: NodeId) -> Collection[NodeId] | None:
        """To whom this node gives a proposal of `leader`; None: to everybody, as any other message."""

    def head_advanced(self, head: Head) -> None:
        """What went before is of no interest any more."""

    def arrived(self, prepare: Prepare) -> None:
        """A proposal is here, with or without its transactions; its signatures are verified."""

    def completed(self, block_hash: Hash32, block: Block) -> None:
        """It has all its transactions."""

    def request_missed(self, order: RequestMissedTransactions, ask: Ask) -> None:
        """Call `ask`, now or later, with whoever shall be asked."""

    def read(self, received: ReceivedPacket) -> ReceivedPacket | None:
        """A packet of a type that PBFT does not know; a proposal in it is given back as the packet it is.

        Raises:
            MalformedPacket: nobody knows it.
        """

    def next_deadline(self) -> int | None:
        """When `fire` is due, on the steady clock."""

    def fire(self) -> None:
        """Time has come."""


class DirectDelivery:
    """Everything comes from the leader, and is asked of the leader."""

    def __init__(self) -> None:
        self._sealers: tuple[NodeId, ...] = ()

    def recipients(self, leader: NodeId) -> None:
        """Everybody."""

    def head_advanced(self, head: Head) -> None:
        """Remember who is who."""
        self._sealers = head.sealers

    def arrived(self, prepare: Prepare) -> None:
        """The engine has it; nobody else asks."""

    def completed(self, block_hash: Hash32, block: Block) -> None:
        """The engine has it; nobody else asks."""

    def request_missed(self, order: RequestMissedTransactions, ask: Ask) -> None:
        """Ask the leader at once."""
        ask(order, self._sealers[order.index])

    def read(self, received: ReceivedPacket) -> None:
        """There are no others."""
        raise MalformedPacket(f"packet type {received.packet_type} is unknown")

    def next_deadline(self) -> None:
        """Nothing waits."""

    def fire(self) -> None:
        """Nothing waits."""
