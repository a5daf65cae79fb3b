"""What an operator may set for one group of a node: group.N.ini (node §1.5).

The rules are those of `settings`. All of it concerns this node alone: two members of a group may differ.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path
from typing import Literal, TypeAlias, cast

from hansa.codec.ini import IniFile, Section
from hansa.node.endpoint import PORT_MAX, Endpoint
from hansa.node.settings import FlowControlSettings, flow_control
from hansa.primitives import NodeId

__all__ = [
    "ConsensusSettings",
    "DatabaseSettings",
    "GroupSettings",
    "PoolSettings",
    "StorageSettings",
    "StorageType",
    "SyncSettings",
    "load_group_settings",
    "parse_group_settings",
]

StorageType: TypeAlias = Literal["rocksdb", "leveldb", "mysql", "scalable", "memory"]
_STORAGE_TYPES: tuple[StorageType, ...] = ("rocksdb", "leveldb", "mysql", "scalable", "memory")

_INT32_MAX = (1 << 31) - 1
_MEGABYTE = 1 << 20
_MEGABYTES_MAX = 1 << 20
_THREADS_MAX = 256
_PEERS_MAX = 10_000


@dataclass(frozen=True, slots=True)
class ConsensusSettings:
    """`[consensus]` of a group: how this node takes part."""

    forwarding_depth: int
    """How often a PBFT packet may be passed on."""
    block_interval_ms_min: int
    """A block that is not full waits this long for more transactions."""
    enable_dynamic_block_size: bool
    block_size_increase_ratio: Decimal
    enable_ttl_optimization: bool
    """Packets name those they must still be forwarded to."""
    enable_prepare_with_hashes: bool
    """Proposals carry transaction hashes instead of transactions."""
    broadcast_prepare_by_tree: bool
    """rPBFT: a proposal travels down a tree."""
    prepare_status_broadcast_percent: int
    missed_transactions_wait_ms_max: int
    """rPBFT: how long to wait before asking for transactions that a proposal names."""
    missed_prepare_wait_ms_max: int
    """rPBFT: how long to wait before asking for a proposal."""


@dataclass(frozen=True, slots=True)
class DatabaseSettings:
    """The MySQL server of `[storage] type=mysql`."""

    address: Endpoint
    name: str
    user: str
    password: str = field(repr=False)
    charset: str
    connection_count_initial: int
    connection_count_max: int
    retry_count_max: int


@dataclass(frozen=True, slots=True)
class StorageSettings:
    """`[storage]` of a group."""

    type: StorageType
    binary_log: bool
    cached_storage: bool
    cache_bytes_max: int
    forward_block_count_max: int
    """Blocks that may be executed but not yet on the disk."""
    scroll_threshold_blocks: int
    """Blocks in one database of the scalable engine."""
    enable_reconfirm_committee: bool
    database: DatabaseSettings | None
    """Set with type=mysql only."""


@dataclass(frozen=True, slots=True)
class PoolSettings:
    """`[tx_pool]` of a group."""

    transaction_count_max: int
    memory_bytes_max: int
    notify_worker_count: int
    expiration_s: int
    """Raise it to the consensus timeout if that is longer."""


@dataclass(frozen=True, slots=True)
class SyncSettings:
    """`[sync]` of a group."""

    memory_bytes_max: int
    idle_wait_ms: int
    blocks_by_tree: bool
    transactions_by_tree: bool
    """Not with Raft."""
    gossip_interval_ms: int
    gossip_peer_count: int
    transactions_gossip_peer_count_max: int
    allow_free_node: bool
    """Let nodes that are no members download blocks."""
    print_info_interval_min: int


@dataclass(frozen=True, slots=True)
class GroupSettings:
    """A whole group.N.ini."""

    consensus: ConsensusSettings
    storage: StorageSettings
    pool: PoolSettings
    sync: SyncSettings
    enable_parallel: bool
    """Execute transactions that cannot touch each other at the same time."""
    flow_control: FlowControlSettings
    sdk_allowlist: frozenset[NodeId]
    """Public keys of SDKs; empty: everybody."""
    warnings: tuple[str, ...]
    """Sentences for the log about keys that mean nothing here."""


def load_group_settings(path: Path) -> GroupSettings:
    """Read a group.N.ini; a missing file means the defaults.

    Raises:
        SettingsError: the file is there but cannot be read or followed.
    """
    if not path.exists():
        return parse_group_settings("", str(path))
    return _group_settings(IniFile.load(path))


def parse_group_settings(text: str, file: str) -> GroupSettings:
    """Parse the text of a group.N.ini; `file` is its name in messages.

    Raises:
        SettingsError: the text cannot be followed.
    """
    return _group_settings(IniFile.parse(text, file))


def _group_settings(ini: IniFile) -> GroupSettings:
    return GroupSettings(
        consensus=_consensus(ini.section("consensus")),
        storage=_storage(ini.section("storage")),
        pool=_pool(ini.section("tx_pool")),
        sync=_sync(ini.section("sync")),
        enable_parallel=ini.section("tx_execute").flag("enable_parallel", True),
        flow_control=flow_control(ini.section("flow_control")),
        sdk_allowlist=frozenset(ini.section("sdk_allowlist").node_ids("public_key")),
        warnings=ini.warnings(),
    )


def _consensus(section: Section) -> ConsensusSettings:
    block_interval_ms = section.integer("min_block_generation_time", 500, minimum=0, maximum=_INT32_MAX)
    return ConsensusSettings(
        forwarding_depth=section.integer("ttl", 2, minimum=0, maximum=5),
        block_interval_ms_min=min(block_interval_ms, 999),  # an empty block is due after 1000
        enable_dynamic_block_size=section.flag("enable_dynamic_block_size", True),
        block_size_increase_ratio=section.decimal(
            "block_size_increase_ratio", Decimal("0.5"), minimum=Decimal(0), maximum=Decimal(2)
        ),
        enable_ttl_optimization=section.flag("enable_ttl_optimization", True),
        enable_prepare_with_hashes=section.flag("enable_prepare_with_txsHash", True),
        broadcast_prepare_by_tree=section.flag("broadcast_prepare_by_tree", True),
        prepare_status_broadcast_percent=section.integer(
            "prepare_status_broadcast_percent", 33, minimum=25, maximum=100
        ),
        missed_transactions_wait_ms_max=section.integer(
            "max_request_missedTxs_waitTime", 100, minimum=5, maximum=1000
        ),
        missed_prepare_wait_ms_max=section.integer(
            "max_request_prepare_waitTime", 100, minimum=10, maximum=1000
        ),
    )


def _storage(section: Section) -> StorageSettings:
    if section.text("type").lower() == "external":
        raise section.error(
            "type", "this engine ended with version 2.3.0", "write rocksdb, or mysql for a database server"
        )
    kind = cast(StorageType, section.choice("type", "rocksdb", _STORAGE_TYPES))
    section.ignore("topic", "db_type")  # of the engine that is no more
    database = _database(section)
    return StorageSettings(
        type=kind,
        binary_log=section.flag("binary_log", False),
        cached_storage=section.flag("cached_storage", True),
        cache_bytes_max=section.integer("max_capacity", 32, minimum=1, maximum=_MEGABYTES_MAX) * _MEGABYTE,
        forward_block_count_max=section.integer("max_forward_block", 10, minimum=1, maximum=10_000),
        scroll_threshold_blocks=section.integer("scroll_threshold_multiple", 2, minimum=1, maximum=1_000_000)
        * 1000,
        enable_reconfirm_committee=section.flag("enable_reconfirm_committee", False),
        database=database if kind == "mysql" else None,
    )


def _database(section: Section) -> DatabaseSettings:
    initial = section.integer("init_connections", 15, minimum=1, maximum=10_000)
    return DatabaseSettings(
        address=Endpoint(
            section.text("db_ip", "127.0.0.1"),
            section.integer("db_port", 3306, minimum=1, maximum=PORT_MAX),
        ),
        name=section.text("db_name"),
        user=section.text("db_username"),
        password=section.text("db_passwd"),
        charset=section.text("db_charset", "utf8mb4"),
        connection_count_initial=initial,
        connection_count_max=section.integer(
            "max_connections", max(50, initial), minimum=initial, maximum=10_000
        ),
        retry_count_max=section.integer("max_retry", 60, minimum=0, maximum=_INT32_MAX),
    )


def _pool(section: Section) -> PoolSettings:
    return PoolSettings(
        transaction_count_max=section.integer("limit", 102_400, minimum=1, maximum=100_000_000),
        memory_bytes_max=section.integer("memory_limit", 512, minimum=1, maximum=_MEGABYTES_MAX) * _MEGABYTE,
        notify_worker_count=section.integer("notify_worker_num", 2, minimum=1, maximum=_THREADS_MAX),
        expiration_s=section.integer("txs_expiration_time", 600, minimum=1, maximum=_INT32_MAX),
    )


def _sync(section: Section) -> SyncSettings:
    return SyncSettings(
        memory_bytes_max=section.integer(
            "max_block_sync_memory_size", 512, minimum=32, maximum=_MEGABYTES_MAX
        )
        * _MEGABYTE,
        idle_wait_ms=section.integer("idle_wait_ms", 200, minimum=1, maximum=60_000),
        blocks_by_tree=section.flag("sync_block_by_tree", True),
        transactions_by_tree=section.flag("send_txs_by_tree", True),
        gossip_interval_ms=section.integer("gossip_interval_ms", 1000, minimum=1000, maximum=3000),
        gossip_peer_count=section.integer("gossip_peers_number", 3, minimum=1, maximum=_PEERS_MAX),
        transactions_gossip_peer_count_max=section.integer(
            "txs_max_gossip_peers_num", 5, minimum=1, maximum=_PEERS_MAX
        ),
        allow_free_node=section.flag("allow_free_node", False),
        print_info_interval_min=section.integer("print_info_interval", 10, minimum=2, maximum=_INT32_MAX),
    )
