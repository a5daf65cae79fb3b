"""What must hold in every run, looked at after every step."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hansa.consensus.pbft.events import Prepared
from hansa.consensus.pbft.messages import Commit, Sign
from hansa.consensus.pbft.votes import quorum
from hansa.primitives import Hash32, Height, View

if TYPE_CHECKING:
    from tests.simulation.pbft_cluster import SignedBlock


class Checkers:
    """Sees the whole cluster at once."""

    def __init__(self, size: int) -> None:
        self._quorum = quorum(size)
        self._signs: dict[tuple[int, Height, View], Hash32] = {}
        self._commits: dict[tuple[int, Height], Hash32] = {}
        self._blocks: dict[Height, SignedBlock] = {}
        self.committed: set[int] = set()
        """Transactions in blocks."""

    def sign_cast(self, sign: Sign) -> None:
        """No sealer signs two blocks in one view of a height."""
        before = self._signs.setdefault((sign.index, sign.height, sign.view), sign.block_hash)
        assert before == sign.block_hash, f"sealer {sign.index} signed twice in {sign.height}/{sign.view}"

    def commit_cast(self, commit: Commit, prepared: Prepared | None) -> None:
        """No sealer stands by two blocks of a height, and it stands by none before its disk does."""
        before = self._commits.setdefault((commit.index, commit.height), commit.block_hash)
        assert before == commit.block_hash, f"sealer {commit.index} committed to two blocks {commit.height}"
        assert prepared is not None, "a commit left before the prepared block was durable"
        assert prepared.height == commit.height, "a commit left before the prepared block was durable"

    def block_stored(self, index: int, stored: SignedBlock) -> None:
        """One block per height; each has a quorum of sealers that stand by it; no transaction twice."""
        block = stored.block
        known = self._blocks.get(block.height)
        if known is None:
            twice = self.committed.intersection(block.transactions)
            assert not twice, f"transactions {sorted(twice)} are in two blocks"
            self._blocks[block.height] = stored
            self.committed.update(block.transactions)
        else:
            assert known.block == block, f"node {index} stored another block {block.height}"
        assert len(stored.signers) == self._quorum
        for signer in stored.signers:
            assert self._commits.get((signer, block.height)) == block.executed_hash, "a forged signature"
