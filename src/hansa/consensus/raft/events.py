"""What can happen to a sealer, and what it may ask of the world.

The shell tells events one at a time and carries the effects of each out in order before it tells the next:
a `Persist` is durable before the packet behind it leaves. Packets in events come from the sealer their index
names.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import TypeAlias

from hansa.consensus.raft.messages import (
    HeartBeat,
    HeartBeatResponse,
    Term,
    VoteRequest,
    VoteResponse,
)
from hansa.primitives import Hash32, Height, NodeId

__all__ = [
    "Accepted",
    "Ballot",
    "BlockExecuted",
    "BlockFailed",
    "BlockOffer",
    "BlockSealed",
    "CommitBlock",
    "Effect",
    "Event",
    "ExecuteBlock",
    "Head",
    "HeadAdvanced",
    "HeartBeatAnswered",
    "HeartBeatReceived",
    "Persist",
    "PoolChanged",
    "Restored",
    "Role",
    "RoleChanged",
    "SealBlock",
    "Send",
    "SendHeartBeat",
    "SyncChanged",
    "TimerFired",
    "VoteAnswered",
    "VoteRequested",
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


# --- what must survive a restart ---------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Ballot:
    """The newest vote this node cast: it votes for nobody else in this term, and in none before it."""

    term: Term
    candidate: NodeId


@dataclass(frozen=True, slots=True)
class Accepted:
    """The block after the head that a leader wants. It may be committed already: this node cannot know."""

    term: Term
    """Of that leader."""
    height: Height
    block_hash: Hash32
    """Before execution."""


# --- events ------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Restored:
    """The first event after a restart: what was persisted."""

    ballot: Ballot | None
    accepted: Accepted | None


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
class TimerFired:
    """`next_deadline` has come. Early, late or for nothing: harmless."""


@dataclass(frozen=True, slots=True)
class BlockSealed:
    """Answers `SealBlock`."""

    height: Height
    term: Term
    block_hash: Hash32
    """Before execution. Of no meaning when nothing was sealed."""
    transaction_count: int
    """0: the pool had nothing for a block."""


@dataclass(frozen=True, slots=True)
class BlockExecuted:
    """Answers `ExecuteBlock`."""

    block_hash: Hash32


@dataclass(frozen=True, slots=True)
class BlockFailed:
    """Answers `ExecuteBlock`: this node cannot make a block of it."""

    block_hash: Hash32


@dataclass(frozen=True, slots=True)
class VoteRequested:
    """A sealer stands for election."""

    request: VoteRequest


@dataclass(frozen=True, slots=True)
class VoteAnswered:
    """A sealer says what it thinks of our candidacy."""

    response: VoteResponse


@dataclass(frozen=True, slots=True)
class BlockOffer:
    """The block in a heartbeat, as far as the rules look at it."""

    height: Height
    block_hash: Hash32
    """Before execution."""
    parent_hash: Hash32


@dataclass(frozen=True, slots=True)
class HeartBeatReceived:
    """A sealer leads."""

    heartbeat: HeartBeat
    offer: BlockOffer | None


@dataclass(frozen=True, slots=True)
class HeartBeatAnswered:
    """A sealer follows us, or knows better."""

    response: HeartBeatResponse


Event: TypeAlias = (
    Restored
    | HeadAdvanced
    | SyncChanged
    | PoolChanged
    | TimerFired
    | BlockSealed
    | BlockExecuted
    | BlockFailed
    | VoteRequested
    | VoteAnswered
    | HeartBeatReceived
    | HeartBeatAnswered
)


# --- effects -----------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Persist:
    """Make this durable before going on. It replaces the record of its kind; a block is kept with it."""

    record: Ballot | Accepted


@dataclass(frozen=True, slots=True)
class Send:
    """Send a packet to one sealer."""

    target: int
    message: VoteRequest | VoteResponse | HeartBeatResponse


@dataclass(frozen=True, slots=True)
class SendHeartBeat:
    """Send a heartbeat to one sealer, with the bytes of a block put into it."""

    target: int
    heartbeat: HeartBeat
    block_hash: Hash32 | None
    """Before execution; None: without a block."""


@dataclass(frozen=True, slots=True)
class SealBlock:
    """Make a block of pooled transactions on the head; answer with `BlockSealed`."""

    height: Height
    term: Term
    transaction_count_max: int


@dataclass(frozen=True, slots=True)
class ExecuteBlock:
    """Execute a block on the head, without making anything durable."""

    block_hash: Hash32


@dataclass(frozen=True, slots=True)
class CommitBlock:
    """Make an executed block durable; `HeadAdvanced` follows."""

    height: Height
    block_hash: Hash32
    """Before execution."""


class Role(Enum):
    """What a sealer does in a term."""

    LEADER = 1
    FOLLOWER = 2
    CANDIDATE = 3


@dataclass(frozen=True, slots=True)
class RoleChanged:
    """For the log."""

    role: Role
    term: Term
    reason: str


Effect: TypeAlias = Persist | Send | SendHeartBeat | SealBlock | ExecuteBlock | CommitBlock | RoleChanged
