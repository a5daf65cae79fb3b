"""What every engine finds around it: small `Protocol`s, which the node fulfils, and a record that holds all.

An engine reads and extends the chain, takes transactions from the pool, talks over a slice of the network,
signs with the node's key, and keeps a few records through a crash. Time and chance are functions it is given.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Protocol

from hansa.kernel import Block, ExecutedBlock, Header, Transaction, TransactionList
from hansa.ledger.genesis import GenesisSettings
from hansa.ledger.membership import Epoch
from hansa.primitives import GroupId, Height, NodeId

__all__ = [
    "Backup",
    "Chain",
    "EngineSettings",
    "Membership",
    "Network",
    "NodeKey",
    "Pool",
    "Signer",
    "Surroundings",
]


class Membership(Protocol):
    """Who votes on the next block."""

    @property
    def sealers(self) -> tuple[NodeId, ...]:
        """Ascending; a sealer's index is its place here."""

    @property
    def working(self) -> tuple[NodeId, ...]:
        """Those of them whose votes count, ascending: all, unless they take turns (rPBFT)."""


class Chain(Protocol):
    """The committed chain; `ledger.Ledger` is one."""

    @property
    def head(self) -> Header: ...
    @property
    def membership(self) -> Membership: ...
    @property
    def epoch(self) -> Epoch: ...
    @property
    def transaction_count_max(self) -> int: ...
    def system_config(self, key: str) -> str: ...
    async def execute(self, block: Block) -> ExecutedBlock:
        """Run a proposal on the head; raises InvalidBlock or StaleBlock."""

    async def commit(self, executed: ExecutedBlock, signatures: Sequence[tuple[int, bytes]]) -> Block:
        """Make an executed block durable, then tell `on_head_changed`; raises StaleBlock."""


class Pool(Protocol):
    """Transactions that wait; `txpool.Pool` is one."""

    def __len__(self) -> int: ...
    def seal(self, count_limit: int, excluded: Sequence[bytes] = ()) -> TransactionList: ...
    def lookup(self, hashes: Sequence[bytes]) -> tuple[TransactionList, list[int]]: ...
    async def submit_list(self, transactions: TransactionList, *, from_client: bool = False) -> list[int]: ...
    async def first_unfit(self, transactions: TransactionList) -> int | None:
        """The index of the first transaction that no block on the head may hold."""


class Backup(Protocol):
    """A few records that survive a crash."""

    def load(self, name: str) -> bytes | None:
        """The record as it was saved last; None if it never was."""

    async def save(self, name: str, data: bytes) -> None:
        """Replace a record; it is on the disk when this returns. Raises if it cannot be."""


class Network(Protocol):
    """This group's packets of the engine's module."""

    def send(self, node: NodeId, packet_type: int, payload: bytes) -> None:
        """Queue a packet; without a session it is dropped."""

    def connected_ids(self) -> Collection[NodeId]:
        """Nodes there is a session with."""


class Signer(Protocol):
    """The node's key."""

    def sign(self, digest: bytes) -> bytes:
        """Sign 32 bytes."""
        ...


class NodeKey(Signer, Protocol):
    """The same, for all an engine may ask of it."""

    def prove(self, text: str) -> tuple[str, str]:
        """The public key of the node's verifiable random function, and its proof for a text."""
        ...

    def sign_transaction(
        self, *, nonce: int, block_limit: int, to: bytes, data: bytes, chain_id: int, group_id: int
    ) -> Transaction:
        """A transaction of the node itself, without gas."""
        ...


class EngineSettings(Protocol):
    """The [consensus] section of group.N.ini (node §1.5); an engine reads what concerns it."""

    @property
    def forwarding_depth(self) -> int: ...
    @property
    def block_interval_ms_min(self) -> int: ...
    @property
    def enable_dynamic_block_size(self) -> bool: ...
    @property
    def block_size_increase_ratio(self) -> Decimal: ...
    @property
    def enable_ttl_optimization(self) -> bool: ...
    @property
    def enable_prepare_with_hashes(self) -> bool: ...
    @property
    def broadcast_prepare_by_tree(self) -> bool: ...
    @property
    def prepare_status_broadcast_percent(self) -> int: ...
    @property
    def missed_transactions_wait_ms_max(self) -> int: ...
    @property
    def missed_prepare_wait_ms_max(self) -> int: ...


@dataclass(frozen=True, slots=True)
class Surroundings:
    """All of it, for one group."""

    me: NodeId
    chain_id: int
    genesis: GenesisSettings
    settings: EngineSettings
    chain: Chain
    pool: Pool
    network: Network
    signer: NodeKey
    store: Backup
    aligned_ms: Callable[[], int]
    """The group's time, milliseconds since 1970: what blocks and packets are dated with."""
    steady_ms: Callable[[], int]
    """A clock that only moves forward."""
    draw: Callable[[int], int]
    """Chance: one of the integers from 0 up to, but without, the given one."""
    on_working: Callable[[Height], None] = lambda height: None
    """Told before a block is committed: sync need not download it."""

    @property
    def group_id(self) -> GroupId:
        """The group's number."""
        return self.genesis.group_id
