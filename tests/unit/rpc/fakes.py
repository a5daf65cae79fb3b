"""A node and a group in memory, with everything the JSON-RPC reads from them settable."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from hansa.kernel import Block, Transaction, TransactionList
from hansa.primitives import Address, GroupId, Hash32, Height, NodeId, View
from hansa.rpc.group_operations import (
    GroupOperation,
    GroupOutcome,
    GroupResult,
    GroupStatus,
    NewGroup,
    PeerLimits,
    PeersOutcome,
)
from hansa.rpc.views import (
    CallOutcome,
    CallRequest,
    PbftStatus,
    PeerInfo,
    RaftStatus,
    SyncStatus,
    Totals,
    TransactionPlace,
)
from hansa.txpool import Admission, AdmissionStatus

ME = NodeId(bytes(range(64)))
NO_HASH = Hash32(bytes(32))

_GROUP = GroupId(1)
_HEIGHT = Height(1)
_TOTALS = Totals(_HEIGHT, 1, 0)
_CALL_OUTCOME = CallOutcome(_HEIGHT, 0, b"")
_INFO = PeerInfo(ME, "127.0.0.1:30300")
_LIMITS = PeerLimits()
_DONE = GroupResult(GroupOutcome.DONE)


@dataclass
class FakeGroup:
    id: GroupId = _GROUP
    is_member: bool = True
    is_far_behind: bool = False
    height: Height = _HEIGHT
    consensus_type: str = "pbft"
    sealers: Sequence[NodeId] = (ME,)
    observers: Sequence[NodeId] = ()
    epoch_sealers: Sequence[NodeId] = ()
    totals: Totals = _TOTALS
    pending_count: int = 0
    pending_raws: Sequence[bytes] = ()
    consensus: PbftStatus | RaftStatus | None = None
    sync: SyncStatus | None = None
    blocks: dict[int, Block] = field(default_factory=dict)
    config: Mapping[str, str] = field(default_factory=dict)
    codes: Mapping[Address, bytes] = field(default_factory=dict)
    call_outcome: CallOutcome = _CALL_OUTCOME
    status: int = AdmissionStatus.ADMITTED
    calls: list[CallRequest] = field(default_factory=list)
    submitted: list[bytes] = field(default_factory=list)

    def pending(self) -> TransactionList:
        return TransactionList.decode(self.pending_raws)

    def consensus_status(self) -> PbftStatus | RaftStatus:
        return self.consensus or PbftStatus(
            me=ME,
            height=self.height,
            head_hash=NO_HASH,
            sealers=self.sealers,
            view=View(7),
            to_view=View(7),
            leader_failed=False,
            config_error=False,
            connected_nodes=0,
            views=[(ME, View(7))],
        )

    def sync_status(self) -> SyncStatus:
        return self.sync or SyncStatus(
            me=ME,
            height=self.height,
            head_hash=NO_HASH,
            genesis_hash=NO_HASH,
            is_syncing=False,
            known_height=self.height,
            known_hash=NO_HASH,
            peers=(),
        )

    async def block(self, height: Height) -> Block | None:
        return self.blocks.get(height)

    async def block_hash(self, height: Height) -> Hash32 | None:
        block = self.blocks.get(height)
        return None if block is None else Hash32(block.hash)

    async def height_of(self, block_hash: Hash32) -> Height | None:
        return next((Height(n) for n, block in self.blocks.items() if block.hash == block_hash), None)

    async def find_transaction(self, transaction_hash: Hash32) -> TransactionPlace | None:
        for number, block in self.blocks.items():
            index = block.index_of(transaction_hash)
            if index is not None:
                return TransactionPlace(Height(number), index)
        return None

    async def system_config(self, key: str) -> str:
        return self.config.get(key, "")

    async def code(self, address: Address) -> bytes:
        return self.codes.get(address, b"")

    async def call(self, request: CallRequest) -> CallOutcome:
        self.calls.append(request)
        return self.call_outcome

    async def submit(self, raw: bytes) -> Admission:
        """Decoded and recovered by the kernel as in the pool; the status of the rest is settable."""
        self.submitted.append(raw)
        try:
            transaction = Transaction.decode(raw)
        except ValueError:
            return Admission(AdmissionStatus.MALFORMED, Hash32(b""))
        if transaction.sender is None:
            return Admission(AdmissionStatus.MALFORMED, Hash32(transaction.hash))
        return Admission(self.status, Hash32(transaction.hash))


@dataclass
class FakeNode:
    loaded: dict[int, FakeGroup] = field(default_factory=lambda: {1: FakeGroup()})
    is_ready: bool = True
    client_version: Mapping[str, str] = field(default_factory=lambda: {"Supported Version": "2.9.1"})
    node_id: NodeId = ME
    info: PeerInfo = _INFO
    peers: Sequence[PeerInfo] = ()
    groups: Sequence[GroupId] = (_GROUP,)
    configured_peers: Sequence[str] = ()
    peer_limits: PeerLimits = _LIMITS
    peers_outcome: PeersOutcome = PeersOutcome.UPDATED
    dynamic_groups_enabled: bool = True
    result: GroupResult = _DONE
    statuses: Mapping[int, GroupStatus] = field(default_factory=dict)
    asked: list[object] = field(default_factory=list)

    def group(self, group: int) -> FakeGroup | None:
        return self.loaded.get(group)

    async def add_peers(self, peers: Sequence[str]) -> PeersOutcome:
        self.asked.append(("add", tuple(peers)))
        return self.peers_outcome

    async def erase_peers(self, peers: Sequence[str]) -> PeersOutcome:
        self.asked.append(("erase", tuple(peers)))
        return self.peers_outcome

    async def generate_group(self, group: GroupId, parameters: NewGroup) -> GroupResult:
        self.asked.append(parameters)
        return self.result

    async def change_group(self, group: GroupId, operation: GroupOperation) -> GroupResult:
        self.asked.append(operation)
        return self.result

    async def group_status(self, group: GroupId) -> GroupStatus:
        return self.statuses.get(group, GroupStatus.INEXISTENT)
