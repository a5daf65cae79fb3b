"""What the JSON-RPC sees of a group: `rpc.GroupView` on a `Group`.

What needs the disk or the kernel runs on the node's threads.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from concurrent.futures import Executor as ThreadPool
from typing import TypeVar

from hansa.consensus import engine
from hansa.kernel import Block, TransactionList
from hansa.node.group import FAR_BEHIND_BLOCKS, Group
from hansa.primitives import Address, GroupId, Hash32, Height, NodeId
from hansa.rpc.views import (
    CallOutcome,
    CallRequest,
    PbftStatus,
    PeerSyncStatus,
    RaftStatus,
    SyncStatus,
    Totals,
    TransactionPlace,
)
from hansa.txpool import Admission

__all__ = ["RunningGroup"]

_Result = TypeVar("_Result")


class RunningGroup:
    """A group as clients may ask about it."""

    def __init__(self, group: Group, threads: ThreadPool, *, acts_as_member: bool) -> None:
        self._group = group
        self._ledger = group.ledger
        self._threads = threads
        self._acts_as_member = acts_as_member

    @property
    def id(self) -> GroupId:
        """Its number."""
        return self._ledger.group_id

    @property
    def is_member(self) -> bool:
        """This node belongs to it, or answers as if it did."""
        return self._acts_as_member or self._group.is_member

    @property
    def is_far_behind(self) -> bool:
        """Too far to judge a client's transaction."""
        return self._group.sync.blocks_behind > FAR_BEHIND_BLOCKS

    @property
    def height(self) -> Height:
        """Of the head."""
        return Height(self._ledger.head.number)

    @property
    def consensus_type(self) -> str:
        """The engine that orders this group's blocks."""
        return self._group.consensus_type

    @property
    def sealers(self) -> Sequence[NodeId]:
        """Those who vote on the next block, then those who wait for their turn."""
        membership = self._ledger.membership
        return (*membership.working, *membership.pending)

    @property
    def observers(self) -> Sequence[NodeId]:
        """Those who follow."""
        return self._ledger.membership.observers

    @property
    def epoch_sealers(self) -> Sequence[NodeId]:
        """Those who vote on the next block."""
        return self._ledger.membership.working

    @property
    def totals(self) -> Totals:
        """Transactions since genesis."""
        totals = self._ledger.totals
        return Totals(self.height, totals.transactions, totals.failed)

    @property
    def pending_count(self) -> int:
        """How many transactions wait."""
        return len(self._group.pool)

    def pending(self) -> TransactionList:
        """What waits, oldest first."""
        return self._group.pool.all()

    def consensus_status(self) -> PbftStatus | RaftStatus:
        """The state of the group's engine."""
        status = self._group.consensus_status()
        match status:
            case engine.PbftStatus():
                return PbftStatus(
                    me=status.me,
                    height=status.height,
                    head_hash=status.head_hash,
                    sealers=status.sealers,
                    view=status.view,
                    to_view=status.to_view,
                    leader_failed=status.leader_failed,
                    config_error=status.me not in status.sealers,
                    connected_nodes=status.connected_nodes,
                    views=status.views,
                    voter_count=len(self._ledger.membership.working),
                )
            case engine.RaftStatus():
                return RaftStatus(
                    me=status.me,
                    height=status.height,
                    head_hash=status.head_hash,
                    sealers=status.sealers,
                    config_error=status.index is None,
                    leader=status.leader,
                )

    def sync_status(self) -> SyncStatus:
        """How far this node and its peers are."""
        status = self._group.sync.status()
        return SyncStatus(
            me=self._group.me,
            height=status.head.height,
            head_hash=status.head.hash,
            genesis_hash=self._ledger.genesis_hash,
            is_syncing=status.is_syncing,
            known_height=status.known_highest.height,
            known_hash=status.known_highest.hash,
            peers=[
                PeerSyncStatus(peer.peer, peer.height, peer.latest_hash, peer.genesis_hash)
                for peer in status.peers
            ],
        )

    async def block(self, height: Height) -> Block | None:
        """A committed block with receipts and signatures."""
        return await self._run(self._ledger.block, height)

    async def block_hash(self, height: Height) -> Hash32 | None:
        """The hash of a committed height."""
        return await self._run(self._ledger.block_hash, height)

    async def height_of(self, block_hash: Hash32) -> Height | None:
        """The height of a committed hash."""
        return await self._run(self._ledger.height_of, block_hash)

    async def find_transaction(self, transaction_hash: Hash32) -> TransactionPlace | None:
        """Where a committed transaction stands."""
        place = await self._run(self._ledger.find_transaction, transaction_hash)
        return None if place is None else TransactionPlace(place.height, place.index)

    async def system_config(self, key: str) -> str:
        """The value that counts for the next block."""
        return self._ledger.system_config(key)

    async def code(self, address: Address) -> bytes:
        """A contract's code."""
        return await self._run(self._ledger.code, address)

    async def call(self, request: CallRequest) -> CallOutcome:
        """A read-only message call on the head."""
        height, result = await self._run(
            self._ledger.call, request.sender, request.to, request.data, request.value
        )
        return CallOutcome(height, result.status, result.output)

    async def submit(self, raw: bytes) -> Admission:
        """Hand a client's transaction to the pool."""
        (admission,) = await self._group.pool.submit([raw], from_client=True)
        return admission

    async def _run(self, work: Callable[..., _Result], *arguments: object) -> _Result:
        return await asyncio.get_running_loop().run_in_executor(self._threads, work, *arguments)
