"""What the JSON-RPC reads and asks of a node: Protocols the node implements, and the values they speak in.

Rules:
- What is plain `def` or a property answers from memory, without waiting: it is called on the event loop.
- What is `async` touches storage or executes: the node runs it on its threads.
- What knows no answer returns None; the codes of client protocol §2.3 are given here in `rpc`, not there.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum
from typing import NamedTuple, Protocol

from hansa.kernel import Block, TransactionList
from hansa.primitives import Address, GroupId, Hash32, Height, NodeId, View
from hansa.rpc.group_operations import (
    GroupOperation,
    GroupResult,
    GroupStatus,
    NewGroup,
    PeerLimits,
    PeersOutcome,
)
from hansa.txpool import Admission

__all__ = [
    "CallOutcome",
    "CallRequest",
    "Gate",
    "GroupView",
    "NodeView",
    "PbftStatus",
    "PeerInfo",
    "PeerSyncStatus",
    "RaftStatus",
    "Refusal",
    "SyncStatus",
    "Totals",
    "TransactionPlace",
]


# --- who asks -------------------------------------------------------------------------------------------


class Refusal(Enum):
    """Why a session may not ask this now (client protocol §5.6)."""

    OVER_QPS_LIMIT = "over QPS limit"
    SDK_NOT_ALLOWED = "SDK not allowed"


Gate = Callable[[str, int | None], Refusal | None]
"""Asked before each request, also within a batch: the method and, if it is about one, the group. Channel has
gates, HTTP has none."""


# --- what a group says ----------------------------------------------------------------------------------


class Totals(NamedTuple):
    """Counts since genesis, at one height."""

    height: Height
    transactions: int
    failed: int


@dataclass(frozen=True, slots=True)
class TransactionPlace:
    """Where a committed transaction stands."""

    height: Height
    index: int


@dataclass(frozen=True, slots=True)
class CallRequest:
    """A read-only message call (client protocol §3.6.8)."""

    sender: Address
    to: Address
    """Zeros when the client named nobody."""
    data: bytes
    value: int


class CallOutcome(NamedTuple):
    """What came of it, and on which head it ran."""

    height: Height
    status: int
    output: bytes


@dataclass(frozen=True, slots=True)
class PbftStatus:
    """A node's view of PBFT or rPBFT in one group."""

    me: NodeId
    height: Height
    """Of the head."""
    head_hash: Hash32
    sealers: Sequence[NodeId]
    """In the order of their indices."""
    view: View
    to_view: View
    """The view a change is under way to; equal to `view` otherwise."""
    leader_failed: bool
    config_error: bool
    """This node is not among the sealers."""
    connected_nodes: int
    views: Sequence[tuple[NodeId, View]]
    """As last heard from each sealer, this node included."""
    voter_count: int | None = None
    """How many of the sealers vote on the next block; None: all."""


@dataclass(frozen=True, slots=True)
class RaftStatus:
    """A node's view of Raft in one group."""

    me: NodeId
    height: Height
    head_hash: Hash32
    sealers: Sequence[NodeId]
    config_error: bool
    leader: NodeId | None


@dataclass(frozen=True, slots=True)
class PeerSyncStatus:
    """What a peer last said of its chain."""

    node_id: NodeId
    height: Height
    head_hash: Hash32
    genesis_hash: Hash32


@dataclass(frozen=True, slots=True)
class SyncStatus:
    """How far this node and its peers are."""

    me: NodeId
    height: Height
    head_hash: Hash32
    genesis_hash: Hash32
    is_syncing: bool
    known_height: Height
    """The highest that any peer announced, or our own."""
    known_hash: Hash32
    peers: Sequence[PeerSyncStatus]


class GroupView(Protocol):
    """One running group."""

    @property
    def id(self) -> GroupId: ...
    @property
    def is_member(self) -> bool:
        """This node is a sealer or observer, or `rpc.act_as_group_member` says to act as one."""

    @property
    def is_far_behind(self) -> bool:
        """Too far to check a client's transaction against the head (data model §3.2, step 2)."""

    @property
    def height(self) -> Height:
        """Of the head."""

    @property
    def consensus_type(self) -> str:
        """`pbft`, `rpbft` or `raft`."""

    @property
    def sealers(self) -> Sequence[NodeId]:
        """For rPBFT the working sealers, then the pending ones."""

    @property
    def observers(self) -> Sequence[NodeId]: ...
    @property
    def epoch_sealers(self) -> Sequence[NodeId]:
        """The committee of rPBFT; asked of such groups only."""

    @property
    def totals(self) -> Totals: ...
    @property
    def pending_count(self) -> int: ...
    def pending(self) -> TransactionList:
        """What waits in the pool, oldest first."""

    def consensus_status(self) -> PbftStatus | RaftStatus: ...
    def sync_status(self) -> SyncStatus: ...

    async def block(self, height: Height) -> Block | None:
        """A committed block with receipts and signatures."""

    async def block_hash(self, height: Height) -> Hash32 | None: ...
    async def height_of(self, block_hash: Hash32) -> Height | None: ...
    async def find_transaction(self, transaction_hash: Hash32) -> TransactionPlace | None: ...
    async def system_config(self, key: str) -> str:
        """The value that counts for the next block; empty if never set."""

    async def code(self, address: Address) -> bytes: ...
    async def call(self, request: CallRequest) -> CallOutcome: ...
    async def submit(self, raw: bytes) -> Admission:
        """Hand a client's transaction to the pool; MALFORMED if it is none or its signature is not valid."""


# --- what a node says -----------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class PeerInfo:
    """A node as getPeers and getNodeInfo show it (client protocol §3.1)."""

    node_id: NodeId
    endpoint: str
    """`ip:port`, IPv6 without brackets; for this node its p2p listen address."""
    agency: str = ""
    """The issuer CN of its certificate."""
    name: str = ""
    """The subject CN."""
    topics: Sequence[str] = field(default=())


class NodeView(Protocol):
    """The process as a whole."""

    @property
    def is_ready(self) -> bool:
        """The groups are loaded; before that, requests about groups are answered with −40010."""

    @property
    def client_version(self) -> Mapping[str, str]:
        """The seven members of getClientVersion (§3.6.1)."""

    @property
    def node_id(self) -> NodeId: ...
    @property
    def info(self) -> PeerInfo:
        """This node."""

    @property
    def peers(self) -> Sequence[PeerInfo]:
        """Those connected now."""

    @property
    def groups(self) -> Sequence[GroupId]:
        """Ascending; the groups this node belongs to."""

    def group(self, group: int) -> GroupView | None:
        """A running group, whether or not this node belongs to it."""

    @property
    def configured_peers(self) -> Sequence[str]:
        """`ip:port` of the configuration, in its order."""

    @property
    def peer_limits(self) -> PeerLimits: ...
    async def add_peers(self, peers: Sequence[str]) -> PeersOutcome:
        """Write them to config.ini and connect."""

    async def erase_peers(self, peers: Sequence[str]) -> PeersOutcome:
        """Remove them from config.ini and disconnect."""

    @property
    def dynamic_groups_enabled(self) -> bool:
        """Not `rpc.disable_dynamic_group`."""

    async def generate_group(self, group: GroupId, parameters: NewGroup) -> GroupResult:
        """Write the genesis and ini files of a group that does not exist yet."""

    async def change_group(self, group: GroupId, operation: GroupOperation) -> GroupResult:
        """START, STOP, REMOVE or RECOVER."""

    async def group_status(self, group: GroupId) -> GroupStatus:
        """The state on disk and in memory (node §6.1)."""
