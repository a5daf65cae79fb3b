"""One ledger at work: chain, pool, consensus and sync of a group, and who tells whom.

    client or peer → pool ─admitted→ consensus, sync
    consensus or sync → ledger ─committed→ pool → consensus, sync → whoever waits for receipts

The order in which a committed block is told matters: the pool first, so that nothing of the block is sealed
again; clients last.
"""

from __future__ import annotations

import asyncio
import secrets
import time
from collections.abc import Awaitable, Callable, Sequence
from concurrent.futures import Executor as ThreadPool
from contextlib import ExitStack
from functools import partial
from pathlib import Path

from hansa.channel.allow_list import AllowList
from hansa.codec.ini import SettingsError
from hansa.consensus.engine import ENGINES, ConsensusEngine, Status
from hansa.consensus.surroundings import Surroundings
from hansa.events import EventLimits
from hansa.execution import InstalledContract
from hansa.kernel import Block, TransactionList
from hansa.ledger.genesis import ConsensusType, GenesisSettings
from hansa.ledger.ledger import CommittedBlock, Ledger
from hansa.node.flow_control import Bandwidth
from hansa.node.group_settings import GroupSettings
from hansa.node.links import DurableRecords, ModuleLink, NodeSigner
from hansa.p2p import Gateway, Module, Packet
from hansa.primitives import NodeId
from hansa.storage import KeyValueStore, MemoryStore, RocksStore
from hansa.sync import AnnouncingSettings, GossipSettings, SyncEngine, SyncSettings
from hansa.txpool import Pool

__all__ = ["FAR_BEHIND_BLOCKS", "Group"]

FAR_BEHIND_BLOCKS = 20
"""A node that lacks more than this takes no transactions from clients (node §5.1)."""


class Group:
    """Opened by the constructor, at work inside `run`, closed by `close`."""

    def __init__(
        self,
        *,
        genesis: GenesisSettings,
        genesis_file: Path,
        settings: GroupSettings,
        settings_file: Path,
        data_path: Path,
        chain_id: int,
        gateway: Gateway,
        bandwidth: Bandwidth,
        signer: NodeSigner,
        threads: ThreadPool,
        contracts: Sequence[InstalledContract] = (),
    ) -> None:
        """Open the databases and put the parts together.

        Raises:
            SettingsError: the files ask for what this version cannot do.
            StorageError, ForeignDatabase: the data cannot be used.
        """
        _check_supported(genesis, genesis_file, settings, settings_file)
        self.me = gateway.node_id
        self.allow_list = AllowList.parse(key.hex() for key in settings.sdk_allowlist)
        """Which SDKs may use this group over the Channel."""
        self.event_limits = EventLimits(genesis.event_block_range_max, genesis.event_blocks_per_turn_max)
        """What one event filter of a client may ask for."""
        self._gateway = gateway
        self._committed: asyncio.Queue[Block] = asyncio.Queue()
        self._stores = ExitStack()
        try:
            block_store = self._open(settings, data_path / "block" / "RocksDB")
            backup_store = self._open(settings, data_path / "pbftMsgBackup" / "RocksDB")
            self.ledger = Ledger(block_store, genesis, threads, contracts, parallel=settings.enable_parallel)
        except BaseException:
            self._stores.close()
            raise
        group_id = self.ledger.group_id
        self.pool = Pool(
            chain_id=chain_id,
            group_id=group_id,
            count_limit=settings.pool.transaction_count_max,
            byte_limit=settings.pool.memory_bytes_max,
            expiry_s=max(settings.pool.expiration_s, genesis.consensus_timeout_s),
            threads=threads,
            head=self.ledger.head.number,
            nonces=self.ledger.recent_nonces(),
            suite=genesis.suite,
        )
        self.sync: SyncEngine[TransactionList] = SyncEngine(
            me=self.me,
            group_id=group_id,
            settings=_sync_settings(settings, genesis),
            network=ModuleLink(gateway, Module.BLOCK_SYNC, group_id, bandwidth),
            chain=self.ledger,
            pool=self.pool,
            decode_transactions=partial(TransactionList.decode_blob, suite=genesis.suite),
            threads=threads,
        )
        self._consensus_type = genesis.consensus
        engine = ENGINES[genesis.consensus]
        self._consensus_module = Module(engine.packet_module)
        self.consensus: ConsensusEngine = engine.open(
            Surroundings(
                me=self.me,
                chain_id=chain_id,
                genesis=genesis,
                settings=settings.consensus,
                chain=self.ledger,
                pool=self.pool,
                network=ModuleLink(gateway, self._consensus_module, group_id, bandwidth),
                signer=signer,
                store=DurableRecords(backup_store, threads),
                aligned_ms=self.sync.aligned_time_ms,
                steady_ms=_steady_ms,
                draw=secrets.randbelow,
                on_working=self.sync.on_consensus_working,
            )
        )
        self._connect()

    # --- what others may ask -------------------------------------------------------------------

    @property
    def is_member(self) -> bool:
        """This node is a sealer or an observer of the group."""
        return self.me in self.ledger.membership

    @property
    def consensus_type(self) -> ConsensusType:
        """What the genesis file says."""
        return self._consensus_type

    def consensus_status(self) -> Status:
        """How this node sees the group's consensus."""
        return self.consensus.status()

    # --- life ----------------------------------------------------------------------------------

    async def run(self, announce: Callable[[Block], Awaitable[None]]) -> None:
        """Work until `stop`.

        Args:
            announce: tells clients of a committed block; called in order, after the node's own parts know.

        Raises:
            ExceptionGroup: something failed that the node must not survive.
        """
        async with asyncio.TaskGroup() as tasks:
            others = [
                tasks.create_task(work)
                for work in (self.pool.run(), self.sync.run(), self._announce(announce))
            ]
            await self.consensus.run()
            for task in others:
                task.cancel()

    def stop(self) -> None:
        """End `run` in order: a block that is being stored is waited for."""
        self.consensus.stop()

    def close(self) -> None:
        """Close the databases; nothing of the group may run any more."""
        group_id = self.ledger.group_id
        self._gateway.unregister(self._consensus_module, group_id)
        self._gateway.unregister(Module.BLOCK_SYNC, group_id)
        self._stores.close()

    # --- who tells whom ------------------------------------------------------------------------

    def _connect(self) -> None:
        group_id, gateway = self.ledger.group_id, self._gateway
        self.ledger.subscribe(self._on_committed)
        self.pool.on_admitted(self.consensus.on_pool_changed)
        self.pool.on_admitted(self.sync.on_pool_changed)
        self.sync.subscribe(self.consensus.on_syncing_changed)
        gateway.register(self._consensus_module, group_id, self._on_consensus_packet)
        gateway.register(Module.BLOCK_SYNC, group_id, self._on_sync_packet)
        gateway.add_listener(on_connect=self._on_connect, on_disconnect=self._on_disconnect)

    def _on_committed(self, committed: CommittedBlock) -> None:
        self.pool.commit(committed.block)
        self.consensus.on_head_changed()
        self.sync.on_head_changed()
        self._committed.put_nowait(committed.block)

    async def _announce(self, announce: Callable[[Block], Awaitable[None]]) -> None:
        while True:
            await announce(await self._committed.get())

    def _on_consensus_packet(self, node: NodeId, packet: Packet) -> None:
        self.consensus.on_packet(node, packet.packet_type, packet.payload)

    def _on_sync_packet(self, node: NodeId, packet: Packet) -> None:
        self.sync.on_packet(node, packet.packet_type, packet.payload)

    def _on_connect(self, node: NodeId) -> None:
        self.consensus.on_peer_connected(node)
        self.sync.on_connections_changed()

    def _on_disconnect(self, node: NodeId) -> None:
        self.consensus.on_peer_disconnected(node)
        self.sync.on_connections_changed()

    def _open(self, settings: GroupSettings, path: Path) -> KeyValueStore:
        store: KeyValueStore
        store = MemoryStore() if settings.storage.type == "memory" else RocksStore(path)
        self._stores.callback(store.close)
        return store


def _steady_ms() -> int:
    return time.monotonic_ns() // 1_000_000


def _check_supported(
    genesis: GenesisSettings, genesis_file: Path, settings: GroupSettings, settings_file: Path
) -> None:
    if genesis.consensus not in ENGINES:
        raise SettingsError(
            file=str(genesis_file),
            section="consensus",
            key="consensus_type",
            problem=f"{genesis.consensus} is not supported by this version",
            remedy=f"write one of {', '.join(ENGINES)} for a new chain",
        )
    if settings.storage.type not in ("rocksdb", "leveldb", "memory"):
        raise SettingsError(
            file=str(settings_file),
            section="storage",
            key="type",
            problem=f"{settings.storage.type} is not supported by this version",
            remedy="write rocksdb",
        )


def _sync_settings(settings: GroupSettings, genesis: GenesisSettings) -> SyncSettings:
    sync = settings.sync
    return SyncSettings(
        announcing=AnnouncingSettings(
            is_tree=sync.blocks_by_tree and genesis.consensus != "raft",
            gossip_interval_ms=sync.gossip_interval_ms,
            gossip_peer_count=sync.gossip_peer_count,
            tells_strangers=sync.allow_free_node,
        ),
        gossip=GossipSettings(
            is_tree=sync.transactions_by_tree and genesis.consensus != "raft",
            announced_peer_count_max=sync.transactions_gossip_peer_count_max,
        ),
        memory_bytes_max=sync.memory_bytes_max,
        consensus_brings_blocks=genesis.consensus != "raft",
    )
