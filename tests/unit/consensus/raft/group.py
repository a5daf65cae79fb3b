"""A joined group of Raft, with block sync as far as it needs it."""

from __future__ import annotations

import asyncio

from hansa.consensus.raft.engine import RaftEngine
from hansa.ledger.errors import StaleBlock
from tests.unit.consensus.joined import JoinedGroup, Member, eventually

__all__ = ["Group", "Member", "eventually"]


class Group(JoinedGroup):
    """Its members give one another the blocks they have stored."""

    def __init__(self, size: int, *, election_ms: tuple[int, int] = (100, 200)) -> None:
        shortest, longest = election_ms
        consensus = f"consensus_type=raft\nmin_elect_time={shortest}\nmax_elect_time={longest}"
        super().__init__(size, RaftEngine.open, consensus)
        self.wire.on_committed = self._offer
        self._imports: set[asyncio.Task[None]] = set()

    @property
    def leaders(self) -> list[Member]:
        """Those that say of themselves that they lead."""
        return [
            member
            for member in self.members
            if member.is_up and member.engine.status().leader == member.key.id
        ]

    async def start(self, member: Member) -> None:
        """Bring a member up; it fetches what it lacks."""
        await member.start()
        for other in self.members:
            self._begin_import(other, member)

    def _offer(self, source: Member) -> None:
        for target in self.members:
            self._begin_import(source, target)

    def _begin_import(self, source: Member, target: Member) -> None:
        if self.wire.are_linked(source.key.id, target.key.id):
            task = asyncio.get_running_loop().create_task(self._import(source, target))
            self._imports.add(task)
            task.add_done_callback(self._imports.discard)

    async def _import(self, source: Member, target: Member) -> None:
        while target.ledger.head.number < source.ledger.head.number:
            data = source.ledger.block_bytes(target.ledger.head.number + 1)
            assert data is not None
            try:
                await target.ledger.import_block(data)
            except StaleBlock:
                continue
