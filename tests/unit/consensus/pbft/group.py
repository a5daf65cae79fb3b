"""A joined group of PBFT."""

from __future__ import annotations

from hansa.consensus.pbft.engine import PbftEngine, PbftSettings
from hansa.consensus.surroundings import Surroundings
from hansa.kernel import Suite
from tests.unit.consensus.joined import JoinedGroup, Member, eventually

__all__ = ["Group", "Member", "eventually"]


class Group(JoinedGroup):
    """Its sealers share their settings."""

    def __init__(
        self, size: int, settings: PbftSettings | None = None, suite: Suite = Suite.STANDARD
    ) -> None:
        def open_engine(around: Surroundings) -> PbftEngine:
            return PbftEngine(
                me=around.me,
                group_id=around.group_id,
                settings=settings or PbftSettings(),
                chain=around.chain,
                pool=around.pool,
                network=around.network,
                signer=around.signer,
                store=around.store,
                aligned_ms=around.aligned_ms,
                steady_ms=around.steady_ms,
            )

        super().__init__(size, open_engine, suite=suite)

    def leader(self, *, view: int = 0) -> Member:
        """Whose turn it is after the first member's head."""
        height = self.members[0].ledger.head.number
        return self.members[(view + height) % len(self.members)]
