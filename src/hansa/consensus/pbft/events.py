"""What can happen to a sealer, and what it may ask of the world.

The shell tells events one at a time and carries the effects of each out in order before it tells the next:
a `Persist` is durable before the broadcast behind it leaves. Messages in events carry verified signatures of
sealers of the present list. Own votes come back as events once they are signed.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum
from typing import TypeAlias

from hansa.consensus.pbft.messages import Commit, Sign, ViewChange, WantedTransaction
from hansa.primitives import Hash32, Height, NodeId, View

__all__ = [
    "BlockSealed",
    "BroadcastCommit",
    "BroadcastEmptyPrepare",
    "BroadcastPrepare",
    "BroadcastSign",
    "BroadcastViewChange",
    "Cause",
    "CommitBlock",
    "CommitReceived",
    "Effect",
    "Event",
    "ExecuteProposal",
    "Head",
    "HeadAdvanced",
    "MissedTransactionsArrived",
    "PeerConnected",
    "PeerDisconnected",
    "Persist",
    "PoolChanged",
    "Prepared",
    "ProposalExecuted",
    "ProposalFailed",
    "ProposalReceived",
    "Refusal",
    "Refused",
    "RequestMissedTransactions",
    "Restored",
    "SealBlock",
    "SendViewChange",
    "SignReceived",
    "SyncChanged",
    "TimerFired",
    "TransactionsMissing",
    "ViewChangeReceived",
    "Vote",
]


@dataclass(frozen=True, slots=True)
class Head:
    """The newest committed block, and what counts for the next one."""

    height: Height
    hash: Hash32
    sealers: tuple[NodeId, ...]
    """Ascending; a sealer's index is its place here."""
    transaction_count_max: int
    """The agreed `tx_count_limit`."""
    execution_timeout_ms: int
    """The agreed `consensus_timeout`."""
    working: tuple[int, ...] | None = None
    """Indices of the sealers that vote on the next block, ascending; None: all of them (PBFT)."""

    @property
    def voters(self) -> Sequence[int]:
        """Indices of those that vote on the next block, ascending."""
        return range(len(self.sealers)) if self.working is None else self.working

    @property
    def voter_ids(self) -> tuple[NodeId, ...]:
        """Their ids: the sealer list of the next block's header."""
        return tuple(self.sealers[index] for index in self.voters)

    @property
    def are_all_voting(self) -> bool:
        """False where sealers take turns: then nobody knows yet who leads after the next block."""
        return len(self.voters) == len(self.sealers)


# --- what must survive a restart ---------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Vote:
    """The newest sign this node cast: it casts no other in this view, and none in an earlier one."""

    height: Height
    view: View
    block_hash: Hash32
    """After execution."""


@dataclass(frozen=True, slots=True)
class Prepared:
    """A block that a quorum signed: at its height this node takes no other."""

    height: Height
    block_hash: Hash32
    """Before execution."""
    transaction_count: int


# --- events ------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Restored:
    """The first event after a restart: what was persisted."""

    vote: Vote | None
    prepared: Prepared | None


@dataclass(frozen=True, slots=True)
class HeadAdvanced:
    """A block became durable: committed by us, or synced."""

    head: Head


@dataclass(frozen=True, slots=True)
class SyncChanged:
    """Blocks that others have committed are being downloaded, or no longer."""

    is_syncing: bool


@dataclass(frozen=True, slots=True)
class PoolChanged:
    """How many transactions wait."""

    transaction_count: int


@dataclass(frozen=True, slots=True)
class PeerConnected:
    """A session with a node is up."""

    node: NodeId


@dataclass(frozen=True, slots=True)
class PeerDisconnected:
    """A session with a node is gone."""

    node: NodeId


@dataclass(frozen=True, slots=True)
class TimerFired:
    """`next_deadline` has come. Early, late or for nothing: harmless."""


@dataclass(frozen=True, slots=True)
class BlockSealed:
    """Answers `SealBlock`."""

    height: Height
    view: View
    block_hash: Hash32
    """Before execution. Of no meaning when nothing was sealed."""
    transaction_count: int
    """0: the pool had nothing for a block."""


@dataclass(frozen=True, slots=True)
class ProposalReceived:
    """A prepare of another sealer. Its block belongs to `block_hash`; transactions may be missing."""

    height: Height
    view: View
    index: int
    block_hash: Hash32
    """Before execution."""
    parent_hash: Hash32
    transaction_count: int


@dataclass(frozen=True, slots=True)
class TransactionsMissing:
    """Answers `ExecuteProposal`: the pool lacks some of its transactions."""

    block_hash: Hash32
    wanted: tuple[WantedTransaction, ...]


@dataclass(frozen=True, slots=True)
class MissedTransactionsArrived:
    """A proposal has all its transactions now."""

    block_hash: Hash32


@dataclass(frozen=True, slots=True)
class ProposalExecuted:
    """Answers `ExecuteProposal`."""

    block_hash: Hash32
    """Before execution."""
    executed_hash: Hash32
    """After execution: what is signed."""


@dataclass(frozen=True, slots=True)
class ProposalFailed:
    """Answers `ExecuteProposal`: no honest leader proposes this block."""

    block_hash: Hash32


@dataclass(frozen=True, slots=True)
class SignReceived:
    """A sealer signed a block, perhaps this one."""

    sign: Sign


@dataclass(frozen=True, slots=True)
class CommitReceived:
    """A sealer stands by a block, perhaps this one."""

    commit: Commit


@dataclass(frozen=True, slots=True)
class ViewChangeReceived:
    """A sealer asks for another view, perhaps this one."""

    view_change: ViewChange


Event: TypeAlias = (
    Restored
    | HeadAdvanced
    | SyncChanged
    | PoolChanged
    | PeerConnected
    | PeerDisconnected
    | TimerFired
    | BlockSealed
    | ProposalReceived
    | TransactionsMissing
    | MissedTransactionsArrived
    | ProposalExecuted
    | ProposalFailed
    | SignReceived
    | CommitReceived
    | ViewChangeReceived
)


# --- effects -----------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Persist:
    """Make this durable before going on. It replaces the record of its kind."""

    record: Vote | Prepared


@dataclass(frozen=True, slots=True)
class SealBlock:
    """Make a block of pooled transactions on the head; answer with `BlockSealed`."""

    height: Height
    view: View
    transaction_count_max: int


@dataclass(frozen=True, slots=True)
class BroadcastPrepare:
    """Propose a block we sealed, or one that a quorum signed in an earlier view."""

    height: Height
    view: View
    block_hash: Hash32
    is_repeated: bool


@dataclass(frozen=True, slots=True)
class BroadcastEmptyPrepare:
    """Tell the others that we lead and have nothing to propose."""

    height: Height
    view: View


@dataclass(frozen=True, slots=True)
class ExecuteProposal:
    """Fill the proposal from the pool and execute it, without making anything durable."""

    block_hash: Hash32


@dataclass(frozen=True, slots=True)
class RequestMissedTransactions:
    """Ask the leader for transactions of its proposal."""

    index: int
    height: Height
    block_hash: Hash32
    wanted: tuple[WantedTransaction, ...]


@dataclass(frozen=True, slots=True)
class BroadcastSign:
    """Sign and send our vote for an executed block; give it back as `SignReceived`."""

    height: Height
    view: View
    block_hash: Hash32


@dataclass(frozen=True, slots=True)
class BroadcastCommit:
    """Sign and send that we stand by a block; give it back as `CommitReceived`."""

    height: Height
    view: View
    block_hash: Hash32


class Cause(Enum):
    """Why this node asks for another view."""

    IDLE = "the leader has nothing to propose"
    TIMEOUT = "the leader took too long"
    JOINED = "more than f others ask for it"
    RESTARTED = "this node may have voted in the view before"


@dataclass(frozen=True, slots=True)
class BroadcastViewChange:
    """Sign and send which view we want; give it back as `ViewChangeReceived`."""

    height: Height
    view: View
    block_hash: Hash32
    cause: Cause
    """For the log."""


@dataclass(frozen=True, slots=True)
class SendViewChange:
    """Tell one sealer which view we are in or want, so that it can follow."""

    index: int
    height: Height
    view: View
    block_hash: Hash32


@dataclass(frozen=True, slots=True)
class CommitBlock:
    """Make the executed block durable with these signatures; `HeadAdvanced` follows."""

    height: Height
    block_hash: Hash32
    """Before execution: which of the executed proposals it is."""
    executed_hash: Hash32
    signatures: tuple[tuple[int, bytes], ...]
    """(sealer index, signature over `executed_hash`), exactly a quorum."""


class Refusal(Enum):
    """Why a proposal was not taken."""

    CONTRADICTS_PREPARED = "not the block that was prepared at this height"
    NOT_THE_LEADER = "its sender does not lead this view"
    SECOND_PROPOSAL = "another block was proposed in this view"
    FOREIGN_PARENT = "its parent is not our head"
    TOO_MANY_TRANSACTIONS = "more transactions than the group allows"


@dataclass(frozen=True, slots=True)
class Refused:
    """For the log: a proposal was not taken."""

    height: Height
    view: View
    index: int
    block_hash: Hash32
    reason: Refusal


Effect: TypeAlias = (
    Persist
    | SealBlock
    | BroadcastPrepare
    | BroadcastEmptyPrepare
    | ExecuteProposal
    | RequestMissedTransactions
    | BroadcastSign
    | BroadcastCommit
    | BroadcastViewChange
    | SendViewChange
    | CommitBlock
    | Refused
)
