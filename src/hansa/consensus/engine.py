"""What every consensus engine is to the node, and which one a group has.

A new engine is one folder with one class that satisfies `ConsensusEngine`, and one line in `ENGINES`
(CONTRIBUTING.md has the recipe).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar, Protocol, TypeAlias

from hansa.consensus.pbft.engine import ConsensusStatus as PbftStatus
from hansa.consensus.pbft.engine import PbftEngine
from hansa.consensus.raft.engine import RaftEngine, RaftStatus
from hansa.consensus.rpbft.engine import RpbftEngine
from hansa.consensus.surroundings import Surroundings
from hansa.ledger.genesis import ConsensusType
from hansa.primitives import NodeId

__all__ = ["ENGINES", "ConsensusEngine", "PbftStatus", "RaftStatus", "Status"]

Status: TypeAlias = PbftStatus | RaftStatus


class ConsensusEngine(Protocol):
    """Orders one group's blocks. The `on_…` only take note; all work is done inside `run`."""

    packet_module: ClassVar[int]
    """The number of its packets in the frames between nodes (node §3.4)."""

    @classmethod
    def open(cls, surroundings: Surroundings) -> ConsensusEngine:
        """The engine of one group."""

    def status(self) -> Status:
        """How this node sees the group's consensus."""

    def on_packet(self, node: NodeId, packet_type: int, payload: bytes) -> None:
        """A peer sent a packet of the engine's module."""

    def on_head_changed(self) -> None:
        """A block became durable. Called on the loop before another one can, after the pool was told."""

    def on_pool_changed(self) -> None:
        """The pool admitted something."""

    def on_syncing_changed(self, is_syncing: bool) -> None:
        """Sync knows that this node lacks blocks, or that it no longer does."""

    def on_peer_connected(self, node: NodeId) -> None:
        """A session is up."""

    def on_peer_disconnected(self, node: NodeId) -> None:
        """A session is gone."""

    def stop(self) -> None:
        """End `run` in order: a block that is being stored is waited for."""

    async def run(self) -> None:
        """Work until `stop`; an exception means that the node must not go on."""


ENGINES: Mapping[ConsensusType, type[ConsensusEngine]] = {
    "pbft": PbftEngine,
    "rpbft": RpbftEngine,
    "raft": RaftEngine,
}
"""By the genesis file's `consensus_type`."""
