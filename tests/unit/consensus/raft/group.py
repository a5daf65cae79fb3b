"""A joined group of Raft."""

from __future__ import annotations

from hansa.consensus.raft.engine import RaftEngine
from hansa.kernel import Suite
from tests.unit.consensus.joined import Member, SyncedGroup, eventually

__all__ = ["Group", "Member", "eventually"]


class Group(SyncedGroup):
    """Its elections are over soon."""

    def __init__(
        self, size: int, *, election_ms: tuple[int, int] = (100, 200), suite: Suite = Suite.STANDARD
    ) -> None:
        shortest, longest = election_ms
        consensus = f"consensus_type=raft\nmin_elect_time={shortest}\nmax_elect_time={longest}"
        super().__init__(size, RaftEngine.open, consensus, suite)

    @property
    def leaders(self) -> list[Member]:
        """Those that say of themselves that they lead."""
        return [
            member
            for member in self.members
            if member.is_up and member.engine.status().leader == member.key.id
        ]
