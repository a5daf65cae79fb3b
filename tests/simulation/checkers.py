"""What must hold in every run, looked at after every step."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hansa.primitives import Height

if TYPE_CHECKING:
    from tests.simulation.cluster import SignedBlock


class Checkers:
    """Sees the whole cluster at once. Engines add what they promise."""

    def __init__(self) -> None:
        self._blocks: dict[Height, SignedBlock] = {}
        self.committed: set[int] = set()
        """Transactions in blocks."""

    def block_stored(self, index: int, stored: SignedBlock) -> None:
        """One block per height, and no transaction twice."""
        block = stored.block
        known = self._blocks.get(block.height)
        if known is None:
            twice = self.committed.intersection(block.transactions)
            assert not twice, f"transactions {sorted(twice)} are in two blocks"
            self._blocks[block.height] = stored
            self.committed.update(block.transactions)
            self.block_committed(stored)
        else:
            assert known.block == block, f"node {index} stored another block {block.height}"

    def block_committed(self, stored: SignedBlock) -> None:
        """A block is stored for the first time: does the engine's promise hold?"""
