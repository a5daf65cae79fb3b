"""The committed chain of one group.

Rules:
- Blocks are executed on the committed head and become durable one after the other, each in one synced batch.
- Memory follows the disk: the head, the membership and the kernel's cache change after the batch is written.
- Work runs on a thread pool with the interpreter lock released; listeners are told on the loop.
"""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import Callable, Sequence
from concurrent.futures import Executor as ThreadPool
from dataclasses import dataclass
from typing import TypeVar

from hansa.execution import InstalledContract
from hansa.execution.installing import installations
from hansa.kernel import Block, CallResult, ExecutedBlock, Executor, Header
from hansa.ledger import schema
from hansa.ledger.errors import ForeignDatabase, InvalidBlock, StaleBlock
from hansa.ledger.genesis import GenesisSettings, genesis_header, genesis_rows
from hansa.ledger.membership import Epoch, Membership, load_epoch, load_membership, load_parameters
from hansa.ledger.schema import Position, Totals
from hansa.ledger.verification import verify_committed_block
from hansa.primitives import Address, Hash32, Height
from hansa.storage import KeyValueStore, WriteBatch

__all__ = ["NONCE_WINDOW", "CommittedBlock", "Ledger"]

NONCE_WINDOW = 1000
"""Blocks whose nonces may not be used again (data model §3.2)."""

_RECENT_BLOCKS = 16

_Result = TypeVar("_Result")


@dataclass(frozen=True, slots=True)
class CommittedBlock:
    """What listeners are told."""

    block: Block
    membership: Membership
    """As it counts for the next block."""


class Ledger:
    """One group's chain: read from anywhere, extended by `execute` and `commit` or by `import_block`."""

    def __init__(
        self,
        store: KeyValueStore,
        genesis: GenesisSettings,
        threads: ThreadPool,
        contracts: Sequence[InstalledContract] = (),
        *,
        parallel: bool = True,
    ) -> None:
        """Open the chain in `store`, or begin it with the genesis block. `contracts` are those of users. With
        `parallel`, transactions that work on different things run at the same time.

        Raises:
            ForeignDatabase: the store holds another chain, or a layout this version does not know.
        """
        self._store = store
        self._threads = threads
        self._suite = genesis.suite
        self._executor = Executor(
            read_many=store.get_many,
            read_block_hash=self._read_block_hash,
            free_storage=genesis.free_storage,
            supported_version=genesis.supported_version,
            contracts=installations(contracts),
            parallel=parallel,
            suite=genesis.suite,
        )
        self._writing = asyncio.Lock()
        self._listeners: list[Callable[[CommittedBlock], None]] = []
        self._recent: OrderedDict[Height, Block] = OrderedDict()
        self._blocks_are_signed = genesis.consensus != "raft"
        self.group_id = genesis.group_id
        head = store.get(schema.HEAD_KEY)
        if head is None:
            self._begin(genesis)
        else:
            self._resume(genesis, schema.decode_height(head))

    # --- what stands -------------------------------------------------------------------------------

    @property
    def head(self) -> Header:
        """The header of the newest committed block."""
        return self._head

    @property
    def genesis_hash(self) -> Hash32:
        """The hash of block 0: nodes with different genesis files differ here."""
        return self._genesis_hash

    @property
    def membership(self) -> Membership:
        """The group's nodes as they count for the next block."""
        return self._membership

    @property
    def epoch(self) -> Epoch:
        """How the sealers take turns, in a group with rPBFT."""
        return self._epoch

    @property
    def totals(self) -> Totals:
        """Transactions and failed ones since genesis."""
        return self._totals

    @property
    def transaction_count_max(self) -> int:
        """Transactions the next block may hold."""
        return int(self._parameters["tx_count_limit"])

    def system_config(self, key: str) -> str:
        """A chain parameter as it counts for the next block; empty if never set, or unknown."""
        return self._parameters.get(key, "")

    def block(self, height: int) -> Block | None:
        """A committed block with receipts and signatures; recent ones come from memory."""
        recent = self._recent.get(Height(height))
        if recent is not None:
            return recent
        data = self._store.get(schema.block_key(height))
        return None if data is None else Block.decode(data, suite=self._suite)

    def block_bytes(self, height: int) -> bytes | None:
        """The encoding of a committed block."""
        return self._store.get(schema.block_key(height))

    def header(self, height: int) -> Header | None:
        """The header of a committed block."""
        data = self._store.get(schema.header_key(height))
        return None if data is None else Header.decode(data, suite=self._suite)

    def block_hash(self, height: int) -> Hash32 | None:
        """The hash of a committed height."""
        header = self._head if height == self._head.number else self.header(height)
        return None if header is None else Hash32(header.hash)

    def height_of(self, block_hash: bytes) -> Height | None:
        """The height of a committed hash."""
        data = self._store.get(schema.height_key(block_hash))
        return None if data is None else schema.decode_height(data)

    def find_transaction(self, transaction_hash: bytes) -> Position | None:
        """Where a committed transaction stands."""
        data = self._store.get(schema.transaction_key(transaction_hash))
        return None if data is None else schema.decode_position(data)

    def recent_nonces(self) -> list[tuple[int, bytes]]:
        """(height, RLP list) of the last 1000 blocks, for the pool's start."""
        first = max(0, self._head.number - NONCE_WINDOW + 1)
        heights = range(first, self._head.number + 1)
        values = self._store.get_many([schema.nonces_key(height) for height in heights])
        return [(height, value) for height, value in zip(heights, values, strict=True) if value is not None]

    def code(self, address: Address) -> bytes:
        """A contract's code, empty if there is none."""
        return self._executor.code(address)

    def call(self, sender: bytes, to: bytes, data: bytes, value: int) -> tuple[Height, CallResult]:
        """A read-only message call on the head (execution §1.13), and the head's height.

        Blocking: call it on a thread.
        """
        head = self._head
        result = self._executor.call(
            sender=sender, to=to, data=data, value=value, height=head.number, timestamp=head.timestamp
        )
        return Height(head.number), result

    # --- how it grows ------------------------------------------------------------------------------

    def subscribe(self, listener: Callable[[CommittedBlock], None]) -> None:
        """Tell `listener`, on the loop and in order, of each block that became durable."""
        self._listeners.append(listener)

    async def execute(self, block: Block) -> ExecutedBlock:
        """Run a proposal on the committed head; nothing changes yet.

        Raises:
            StaleBlock: the head moved on.
            InvalidBlock: it cannot be executed here.
        """
        async with self._writing:
            return await self._run(self._execute, block)

    async def commit(self, executed: ExecutedBlock, signatures: Sequence[tuple[int, bytes]]) -> Block:
        """Make an executed block durable, then tell the listeners.

        Args:
            executed: from `execute` on the present head.
            signatures: (sealer index, signature) entries of at least a quorum; the caller has verified them.

        Raises:
            StaleBlock: another block has this height already.
            StorageError: nothing was written; the node must not go on.
        """
        async with self._writing:
            block = await self._run(self._commit, executed, signatures)
        self._tell(block)
        return block

    async def import_block(self, data: bytes) -> Block:
        """Verify, execute and commit a block that other nodes committed.

        Raises:
            StaleBlock: it does not follow the head (it may be known already).
            InvalidBlock: it breaks a rule.
        """
        async with self._writing:
            block = await self._run(self._import, data)
        self._tell(block)
        return block

    # --- on a worker thread ------------------------------------------------------------------------

    def _execute(self, block: Block) -> ExecutedBlock:
        self._check_follows(block)
        try:
            return self._executor.execute(block)
        except ValueError as error:
            raise InvalidBlock(block.number, str(error)) from error

    def _import(self, data: bytes) -> Block:
        try:
            block = Block.decode(data, suite=self._suite)
        except ValueError as error:
            raise InvalidBlock(self._head.number + 1, str(error)) from error
        self._check_follows(block)
        verify_committed_block(
            block,
            parent=self._head,
            membership=self._membership,
            transaction_count_max=self.transaction_count_max,
            is_signed=self._blocks_are_signed,
        )
        executed = self._execute(block)
        if executed.block.hash != block.hash:
            raise InvalidBlock(
                block.number, f"executes to {executed.block.hash.hex()}, not to {block.hash.hex()}"
            )
        return self._commit(executed, block.signatures)

    def _commit(self, executed: ExecutedBlock, signatures: Sequence[tuple[int, bytes]]) -> Block:
        self._check_follows(executed.block)
        block = executed.block.with_signatures(signatures)
        totals = Totals(
            self._totals.transactions + len(block.transactions), self._totals.failed + block.failed_count()
        )
        self._write(executed, block, totals)
        self._executor.apply(executed)
        self._advance(block, totals, executed.changed_tables())
        return block

    def _write(self, executed: ExecutedBlock, block: Block, totals: Totals) -> None:
        batch = WriteBatch()
        for key, value in executed.state_rows():
            batch.put(key, value)
        schema.put_block(batch, block, totals)
        self._store.write(batch, sync=True)

    def _advance(self, block: Block, totals: Totals, changed_tables: Sequence[str]) -> None:
        self._head, self._totals = block.header, totals
        self._recent[Height(block.number)] = block
        while len(self._recent) > _RECENT_BLOCKS:
            self._recent.popitem(last=False)
        if "_sys_consensus_" in changed_tables or "_sys_config_" in changed_tables:
            self._load_agreements()

    def _check_follows(self, block: Block) -> None:
        head = self._head
        if block.number != head.number + 1:
            raise StaleBlock(block.number, head.number)
        if block.header.parent_hash != head.hash:
            raise InvalidBlock(block.number, f"its parent is not block {head.number}")

    # --- opening -----------------------------------------------------------------------------------

    def _begin(self, genesis: GenesisSettings) -> None:
        executed = self._executor.genesis(genesis_header(genesis), genesis_rows(genesis))
        totals = Totals(0, 0)
        batch = WriteBatch()
        batch.put(schema.FORMAT_KEY, schema.FORMAT)
        for key, value in executed.state_rows():
            batch.put(key, value)
        schema.put_block(batch, executed.block, totals)
        self._store.write(batch, sync=True)
        self._executor.apply(executed)
        self._head, self._totals = executed.block.header, totals
        self._genesis_hash = Hash32(executed.block.hash)
        self._load_agreements()

    def _resume(self, genesis: GenesisSettings, height: Height) -> None:
        layout = self._store.get(schema.FORMAT_KEY)
        if layout != schema.FORMAT:
            raise ForeignDatabase(
                f"layout {layout!r} is not {schema.FORMAT!r}: written by another version of Hansa"
            )
        stored, head = self.header(0), self.header(height)
        totals = self._store.get(schema.TOTALS_KEY)
        if stored is None or head is None or totals is None:
            raise ForeignDatabase(
                "the database lacks its genesis block or its head: restore it, or sync anew"
            )
        configured = genesis_header(genesis)
        if self.height_of(stored.hash) != 0:
            raise ForeignDatabase(
                "the database was begun with the other crypto suite: put back the sm_crypto of config.ini "
                "that this chain was begun with"
            )
        if stored.hash != configured.hash:
            raise ForeignDatabase(
                f"the database begins with block {stored.hash.hex()[:16]}…, the genesis file with "
                f"{configured.hash.hex()[:16]}…: put back the genesis file this chain was begun with"
            )
        self._genesis_hash = Hash32(stored.hash)
        self._head, self._totals = head, schema.decode_totals(totals)
        self._load_agreements()

    def _load_agreements(self) -> None:
        self._membership = load_membership(self._executor.select, Height(self._head.number + 1))
        self._parameters = load_parameters(self._executor.select, Height(self._head.number + 1))
        self._epoch = load_epoch(self._executor.select)

    # --- plumbing ----------------------------------------------------------------------------------

    def _read_block_hash(self, height: int) -> bytes | None:
        return self.block_hash(height)

    async def _run(self, work: Callable[..., _Result], *arguments: object) -> _Result:
        return await asyncio.get_running_loop().run_in_executor(self._threads, work, *arguments)

    def _tell(self, block: Block) -> None:
        committed = CommittedBlock(block, self._membership)
        for listener in self._listeners:
            listener(committed)
