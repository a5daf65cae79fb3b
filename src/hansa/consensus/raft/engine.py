"""The shell around `RaftMachine`: packets, the ledger, the pool and time.

Rules:
- One task tells the machine one event at a time and carries out its effects in order, so that what must not
  be contradicted is on the disk before it is on the wire. Blocks are executed and committed beside it.
- `on_packet` and the other `on_…` only take note; they never wait and never raise.
- Only current sealers are listened to, each under its own index. Nothing is signed: the session vouches.
- Only the leader executes a block here. The others get it by block sync once it is committed (node §4.9).
- A backup that cannot be written or read and a commit that fails end `run`, and so the node.
"""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from collections.abc import Coroutine
from dataclasses import dataclass, replace
from typing import ClassVar, Final

from hansa.consensus.errors import CommitFailed, InvalidProposal, MalformedPacket, UnreadableBackup
from hansa.consensus.headers import header_on
from hansa.consensus.inbox import Inbox, ReceivedPacket
from hansa.consensus.invariant import present
from hansa.consensus.log import short
from hansa.consensus.raft import backup
from hansa.consensus.raft.events import (
    Accepted,
    Ballot,
    BlockExecuted,
    BlockFailed,
    BlockOffer,
    BlockSealed,
    CommitBlock,
    Effect,
    Event,
    ExecuteBlock,
    Head,
    HeadAdvanced,
    HeartBeatAnswered,
    HeartBeatReceived,
    Persist,
    PoolChanged,
    Restored,
    RoleChanged,
    SealBlock,
    Send,
    SendHeartBeat,
    SyncChanged,
    TimerFired,
    VoteAnswered,
    VoteRequested,
)
from hansa.consensus.raft.machine import RaftMachine
from hansa.consensus.raft.messages import (
    HeartBeat,
    HeartBeatResponse,
    VoteRequest,
    VoteResponse,
    decode_packet,
    encode_packet,
)
from hansa.consensus.raft.patience import RaftTiming
from hansa.consensus.surroundings import Surroundings
from hansa.kernel import Block, ExecutedBlock, Header, transactions_root
from hansa.ledger.errors import InvalidBlock, StaleBlock
from hansa.primitives import Hash32, Height, NodeId

__all__ = ["RaftEngine", "RaftStatus"]

logger = logging.getLogger("hansa.consensus.raft")

PACKETS_PER_TURN_MAX: Final = 256
_FRAME_TYPE: Final = 0
"""The frame's own packet type: all packets of Raft have this one."""


@dataclass(frozen=True, slots=True)
class RaftStatus:
    """What getConsensusStatus tells (client protocol §3.6.2)."""

    me: NodeId
    height: Height
    """Of the head."""
    head_hash: Hash32
    sealers: tuple[NodeId, ...]
    index: int | None
    """None: this node is not a sealer."""
    leader: NodeId | None


@dataclass(slots=True)
class _Work:
    """A block on its way to a commit."""

    block: Block
    """Before execution."""
    encoded: bytes
    """The same in the 5-item form, as heartbeats and the backup carry it."""
    executed: ExecutedBlock | None = None
    is_executing: bool = False


class RaftEngine:
    """One group's Raft."""

    packet_module: ClassVar[int] = 11

    def __init__(self, surroundings: Surroundings) -> None:
        """Connect the machine with the world; nothing is sent before `run`."""
        self._around = surroundings
        self._group_id = surroundings.group_id
        genesis = surroundings.genesis
        self._header = surroundings.chain.head
        self._machine = RaftMachine(
            surroundings.me,
            RaftTiming(genesis.election_ms_min, genesis.election_ms_max),
            surroundings.settings.block_interval_ms_min,
            self._observe_head(),
            surroundings.draw,
            surroundings.steady_ms(),
        )
        self._works: dict[Hash32, _Work] = {}
        self._inbox = Inbox()
        self._events: deque[Event] = deque()
        self._new_head: tuple[Header, Head] | None = None
        self._pool_is_new = True
        self._wake = asyncio.Event()
        self._is_stopping = False
        self._tasks: asyncio.TaskGroup | None = None

    @classmethod
    def open(cls, surroundings: Surroundings) -> RaftEngine:
        """The engine of a group whose genesis file says `raft`."""
        return cls(surroundings)

    # --- what others may ask -----------------------------------------------------------------------------

    def status(self) -> RaftStatus:
        """How this node sees the group's consensus."""
        machine = self._machine
        return RaftStatus(
            me=self._around.me,
            height=machine.head.height,
            head_hash=machine.head.hash,
            sealers=machine.head.sealers,
            index=machine.index,
            leader=machine.leader,
        )

    # --- what happens ------------------------------------------------------------------------------------

    def on_packet(self, node: NodeId, packet_type: int, payload: bytes) -> None:
        """A peer sent a packet of module 11."""
        if self._machine.index is None or node not in self._machine.head.sealers:
            logger.debug("[g:%d][RAFT]packet of %s, who is no sealer here", self._group_id, short(node))
        elif self._inbox.put(ReceivedPacket(node, packet_type, payload)):
            self._wake.set()
        else:
            logger.warning("[g:%d][RAFT]%s sends too much, packet dropped", self._group_id, short(node))

    def on_head_changed(self) -> None:
        """A block became durable. Call it on the loop before another one can, after the pool was told."""
        self._new_head = (self._around.chain.head, self._observe_head())
        self._wake.set()

    def on_pool_changed(self) -> None:
        """The pool admitted something."""
        self._pool_is_new = True
        self._wake.set()

    def on_syncing_changed(self, is_syncing: bool) -> None:
        """Sync knows that this node lacks blocks, or that it no longer does."""
        self._note(SyncChanged(is_syncing))

    def on_peer_connected(self, node: NodeId) -> None:
        """A session is up: the next heartbeat or candidacy reaches it."""

    def on_peer_disconnected(self, node: NodeId) -> None:
        """A session is gone: silence tells, in time."""

    def stop(self) -> None:
        """End `run` in order: a block that is being stored is waited for."""
        self._is_stopping = True
        self._wake.set()

    async def run(self) -> None:
        """Work until `stop`.

        Raises:
            ExceptionGroup: the node must not go on. It holds `UnreadableBackup`: what must not be
                contradicted cannot be read; what the store raised: a vote cannot be kept; `CommitFailed`: an
                agreed block cannot be stored; anything else is a defect.
        """
        async with asyncio.TaskGroup() as tasks:
            self._tasks = tasks
            await self._restore()
            while not self._is_stopping:
                await self._turn()
                await self._wait()

    # --- the loop ----------------------------------------------------------------------------------------

    async def _restore(self) -> None:
        store = self._around.store
        ballot_data, accepted_data = store.load(backup.BALLOT), store.load(backup.ACCEPTED)
        ballot = None if ballot_data is None else backup.decode_ballot(ballot_data)
        accepted: Accepted | None = None
        if accepted_data is not None:
            kept = backup.decode_accepted(accepted_data)
            accepted = kept.record
            if accepted.height == self._machine.head.height + 1:
                self._works[accepted.block_hash] = self._reopen(kept)
        await self._tell(Restored(ballot, accepted))

    def _reopen(self, kept: backup.AcceptedBlock) -> _Work:
        try:
            block = Block.decode(kept.block, suite=self._header.suite)
        except ValueError as error:
            raise UnreadableBackup(f"{backup.ACCEPTED}: {error}") from error
        if block.hash != kept.record.block_hash:
            raise UnreadableBackup(f"{backup.ACCEPTED}: another block than it says")
        return _Work(block, kept.block)

    async def _turn(self) -> None:
        """Everything that has come since the last turn, the chain's news first."""
        self._wake.clear()
        if self._new_head is not None:
            self._header, head = self._new_head
            self._new_head = None
            await self._tell(HeadAdvanced(head))
            self._pool_is_new = True
        if self._pool_is_new:
            self._pool_is_new = False
            await self._tell(PoolChanged(len(self._around.pool)))
        for _ in range(len(self._events)):
            await self._tell(self._events.popleft())
        for received in self._inbox.take(PACKETS_PER_TURN_MAX):
            event = self._read(received)
            if event is not None:
                await self._tell(event)
        deadline = self._machine.next_deadline()
        if deadline is not None and deadline <= self._around.steady_ms():
            await self._tell(TimerFired())
        if self._events or self._inbox:
            self._wake.set()

    async def _wait(self) -> None:
        if self._wake.is_set():
            await asyncio.sleep(0)  # There is more to do, but the others have their turn first.
            return
        deadline = self._machine.next_deadline()
        wait_s = None if deadline is None else max(0, deadline - self._around.steady_ms()) / 1000
        try:
            async with asyncio.timeout(wait_s):
                await self._wake.wait()
        except TimeoutError:
            pass

    async def _tell(self, event: Event) -> None:
        """Tell the machine, carry out what it asks for, and tell it what comes of that at once."""
        waiting = deque([event])
        while waiting:
            for effect in self._machine.handle(waiting.popleft(), self._around.steady_ms()):
                answer = await self._carry_out(effect)
                if answer is not None:
                    waiting.append(answer)
        in_use = self._machine.blocks_in_use()
        self._works = {key: work for key, work in self._works.items() if key in in_use}

    def _note(self, event: Event) -> None:
        self._events.append(event)
        self._wake.set()

    def _observe_head(self) -> Head:
        chain = self._around.chain
        return Head(
            height=Height(chain.head.number),
            hash=Hash32(chain.head.hash),
            sealers=chain.membership.sealers,
            transaction_count_max=chain.transaction_count_max,
        )

    # --- packets in --------------------------------------------------------------------------------------

    def _read(self, received: ReceivedPacket) -> Event | None:
        sender, sealers = received.sender, self._machine.head.sealers
        try:
            message = decode_packet(received.payload)
            if message.index >= len(sealers) or sealers[message.index] != sender:
                raise MalformedPacket(f"it speaks for sealer {message.index}")
            return self._event_of(message)
        except (MalformedPacket, InvalidProposal) as error:
            logger.warning("[g:%d][RAFT]packet of %s: %s", self._group_id, short(sender), error)
            return None

    def _event_of(self, message: VoteRequest | VoteResponse | HeartBeat | HeartBeatResponse) -> Event:
        match message:
            case VoteRequest():
                if message.candidate != message.index:
                    raise MalformedPacket("a vote for another than its sender")
                return VoteRequested(message)
            case VoteResponse():
                return VoteAnswered(message)
            case HeartBeat():
                if message.leader != message.index:
                    raise MalformedPacket("a heartbeat of another than its sender")
                return HeartBeatReceived(replace(message, block=b""), self._open(message))
            case HeartBeatResponse():
                return HeartBeatAnswered(message)

    def _open(self, heartbeat: HeartBeat) -> BlockOffer | None:
        """The block in a heartbeat, kept by its hash until the machine has judged it."""
        if not heartbeat.block:
            return None
        try:
            block = Block.decode(heartbeat.block, suite=self._header.suite)
        except ValueError as error:
            raise InvalidProposal(str(error)) from error
        header, head = block.header, self._machine.head
        if header.number != heartbeat.block_number:
            raise InvalidProposal(f"block {header.number} announced as {heartbeat.block_number}")
        if not 0 < len(block.transactions) <= head.transaction_count_max:
            raise InvalidProposal(f"a block of {len(block.transactions)} transactions")
        if header.transactions_root != transactions_root(block.transactions.hashes, suite=block.suite):
            raise InvalidProposal("its transactions root differs")
        block_hash = Hash32(block.hash)
        self._works.setdefault(block_hash, _Work(block, heartbeat.block))
        return BlockOffer(Height(header.number), block_hash, Hash32(header.parent_hash))

    # --- effects -----------------------------------------------------------------------------------------

    async def _carry_out(self, effect: Effect) -> Event | None:
        match effect:
            case Persist(record=record):
                await self._persist(record)
            case Send(target=target, message=message):
                self._send(target, encode_packet(message))
            case SendHeartBeat(target=target, heartbeat=heartbeat, block_hash=block_hash):
                encoded = b"" if block_hash is None else self._works[block_hash].encoded
                self._send(target, encode_packet(replace(heartbeat, block=encoded)))
            case SealBlock():
                return self._seal(effect)
            case ExecuteBlock(block_hash=block_hash):
                return self._execute(block_hash)
            case CommitBlock():
                self._commit(effect)
            case RoleChanged(role=role, term=term, reason=reason):
                name = role.name.lower()
                logger.info("[g:%d][RAFT]%s in term %d: %s", self._group_id, name, term, reason)
        return None

    async def _persist(self, record: Ballot | Accepted) -> None:
        match record:
            case Ballot():
                await self._around.store.save(backup.BALLOT, backup.encode_ballot(record))
            case Accepted(block_hash=block_hash):
                data = backup.encode_accepted(record, self._works[block_hash].encoded)
                await self._around.store.save(backup.ACCEPTED, data)

    def _send(self, target: int, payload: bytes) -> None:
        self._around.network.send(self._machine.head.sealers[target], _FRAME_TYPE, payload)

    def _seal(self, order: SealBlock) -> Event:
        transactions = self._around.pool.seal(order.transaction_count_max)
        header = header_on(
            self._header,
            self._machine.head.sealers,
            timestamp=max(self._header.timestamp + 1, self._around.aligned_ms()),
            sealer=present(self._machine.index, "only sealers lead"),
        )
        block = Block.propose(header, transactions)
        block_hash = Hash32(block.hash)
        self._works[block_hash] = _Work(block, block.encode())
        logger.info(
            "[g:%d][RAFT]++++++++++++++++ Generating seal on,blkNum=%d,tx=%d,hash=%s",
            self._group_id,
            order.height,
            len(transactions),
            short(block_hash),
        )
        return BlockSealed(order.height, order.term, block_hash, len(transactions))

    def _execute(self, block_hash: Hash32) -> Event | None:
        work = self._works[block_hash]
        if work.executed is not None:
            return BlockExecuted(block_hash)
        if not work.is_executing:
            work.is_executing = True
            self._start(self._run_execution(block_hash, work))
        return None

    async def _run_execution(self, block_hash: Hash32, work: _Work) -> None:
        try:
            work.executed = await self._around.chain.execute(work.block)
        except StaleBlock:
            return  # The head advanced; the machine will hear of it.
        except InvalidBlock as error:
            logger.error("[g:%d][RAFT]%s,hash=%s", self._group_id, error, short(block_hash))
            self._note(BlockFailed(block_hash))
        else:
            self._note(BlockExecuted(block_hash))
        finally:
            work.is_executing = False

    def _commit(self, order: CommitBlock) -> None:
        executed = present(self._works[order.block_hash].executed, "what is committed was executed")
        self._around.on_working(order.height)
        self._start(self._run_commit(order, executed))

    async def _run_commit(self, order: CommitBlock, executed: ExecutedBlock) -> None:
        try:
            block = await self._around.chain.commit(executed, ())
        except StaleBlock:
            return  # Sync was faster with the same block.
        except Exception as error:
            raise CommitFailed(order.height) from error
        logger.info(
            "[g:%d][RAFT]^^^^^^^^Report,num=%d,sealerIdx=%d,hash=%s,next=%d,tx=%d",
            self._group_id,
            order.height,
            block.header.sealer,
            short(block.hash),
            order.height + 1,
            len(block.transactions),
        )

    def _start(self, work: Coroutine[object, object, None]) -> None:
        present(self._tasks, "effects are carried out inside `run`").create_task(work)
