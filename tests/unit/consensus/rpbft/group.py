"""A joined group of rPBFT."""

from __future__ import annotations

from dataclasses import replace

from hansa.consensus.rpbft.engine import RpbftEngine
from hansa.consensus.surroundings import Surroundings
from hansa.kernel import Suite
from hansa.node.group_settings import parse_group_settings
from tests.unit.consensus.joined import Member, SyncedGroup, eventually

__all__ = ["Group", "Member", "eventually"]


class Group(SyncedGroup):
    """Some of its sealers work at a time."""

    def __init__(
        self, size: int, *, working: int, epoch: int, settings: str = "", suite: Suite = Suite.STANDARD
    ) -> None:
        """Args: `epoch` in blocks; `settings` are lines of the [consensus] section of group.1.ini."""
        text = f"[consensus]\nmin_block_generation_time=0\n{settings}\n"
        ini = parse_group_settings(text, "group.1.ini").consensus

        def open_engine(around: Surroundings) -> RpbftEngine:
            return RpbftEngine.open(replace(around, settings=ini))

        consensus = f"consensus_type=rpbft\nepoch_sealer_num={working}\nepoch_block_num={epoch}"
        super().__init__(size, open_engine, consensus, suite)

    @property
    def working(self) -> list[Member]:
        """Those who vote on the next block, as the first member sees it."""
        workers = self.members[0].ledger.membership.working
        return [member for member in self.members if member.key.id in workers]
