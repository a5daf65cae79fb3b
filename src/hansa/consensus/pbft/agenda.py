"""What a group wants in its next block beside what waits in the pool: with PBFT nothing.

rPBFT has its own (`rpbft.rotation`): from time to time a transaction that says who works next.
"""

from __future__ import annotations

from typing import Protocol

from hansa.kernel import Block, Header, TransactionList

__all__ = ["Agenda", "EmptyAgenda"]


class Agenda(Protocol):
    """Asked about the block after the head."""

    def is_due(self) -> bool:
        """Must there be a block now, even if nothing waits in the pool?"""

    def complete(self, pooled: TransactionList, head: Header) -> TransactionList:
        """What the leader proposes: at most as many transactions as were taken from the pool, or one."""

    def check(self, block: Block) -> None:
        """Is what must be in a proposed block in it? Its senders are recovered.

        Raises:
            InvalidProposal: no honest leader proposes it.
        """


class EmptyAgenda:
    """Whatever waits is all there is."""

    def is_due(self) -> bool:
        """Never."""
        return False

    def complete(self, pooled: TransactionList, head: Header) -> TransactionList:
        """As it is."""
        return pooled

    def check(self, block: Block) -> None:
        """Anything goes."""
