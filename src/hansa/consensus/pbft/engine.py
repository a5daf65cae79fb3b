"""The shell around `PbftMachine`: packets, keys, the ledger, the pool and time.

Rules:
- One task tells the machine one event at a time and carries out its effects in order, so that a vote is on
  the disk before it is on the wire. Blocks are executed and committed beside it, in tasks of their own.
- `on_packet` and the other `on_…` only take note; they never wait and never raise.
- Only current sealers are listened to. A message counts for the sealer that signed it: another one may have
  passed it on (node §3.4, §4.6).
- Signatures are verified in batches, and only of messages that may still matter.
- What a peer does wrong is logged and dropped. A backup that cannot be written or read and a commit that
  fails end `run`, and so the node.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections import deque
from collections.abc import Callable, Coroutine, Sequence
from dataclasses import dataclass, field
from typing import ClassVar, Final

from hansa.consensus.errors import CommitFailed, InvalidProposal, MalformedPacket, UnreadableBackup
from hansa.consensus.headers import header_on
from hansa.consensus.inbox import Inbox, ReceivedPacket
from hansa.consensus.invariant import present
from hansa.consensus.log import short
from hansa.consensus.pbft import backup
from hansa.consensus.pbft.agenda import Agenda, EmptyAgenda
from hansa.consensus.pbft.delivery import Delivery, DirectDelivery
from hansa.consensus.pbft.events import (
    BlockSealed,
    BroadcastCommit,
    BroadcastEmptyPrepare,
    BroadcastPrepare,
    BroadcastSign,
    BroadcastViewChange,
    Cause,
    CommitBlock,
    CommitReceived,
    Effect,
    Event,
    ExecuteProposal,
    Head,
    HeadAdvanced,
    MissedTransactionsArrived,
    PeerConnected,
    PeerDisconnected,
    Persist,
    PoolChanged,
    Prepared,
    ProposalExecuted,
    ProposalFailed,
    ProposalReceived,
    Refused,
    RequestMissedTransactions,
    Restored,
    SealBlock,
    SendViewChange,
    SignReceived,
    SyncChanged,
    TimerFired,
    TransactionsMissing,
    ViewChangeReceived,
    Vote,
)
from hansa.consensus.pbft.machine import PbftMachine
from hansa.consensus.pbft.messages import (
    NOT_A_SEALER,
    Commit,
    Message,
    MissedTransactionsRequest,
    MissedTransactionsResponse,
    PacketType,
    Prepare,
    Sign,
    ViewChange,
)
from hansa.consensus.pbft.post import Post, PostSettings
from hansa.consensus.pbft.proposals import (
    EMPTY_PROPOSAL_SEALER,
    Proposal,
    open_proposal,
    proposal_of,
)
from hansa.consensus.pbft.sealing import SealingSettings
from hansa.consensus.surroundings import Backup, Chain, EngineSettings, Network, Pool, Signer, Surroundings
from hansa.kernel import Block, ExecutedBlock, Header, TransactionList
from hansa.ledger.errors import InvalidBlock, StaleBlock
from hansa.primitives import GroupId, Hash32, Height, NodeId, View

__all__ = ["ConsensusStatus", "PbftEngine", "PbftSettings"]

logger = logging.getLogger("hansa.consensus.pbft")

PACKETS_PER_TURN_MAX: Final = 256
_STATEMENTS: Final = (PacketType.NORMAL, PacketType.PREPARE_WITH_HASHES)


@dataclass(frozen=True, slots=True)
class PbftSettings:
    """The [consensus] section of group.N.ini, as far as PBFT reads it (node §1.5)."""

    sealing: SealingSettings = field(default_factory=SealingSettings)
    post: PostSettings = field(default_factory=PostSettings)
    propose_with_hashes: bool = True
    """Proposals carry transaction hashes instead of transactions."""

    @staticmethod
    def of(settings: EngineSettings) -> PbftSettings:
        """As the operator wrote it."""
        return PbftSettings(
            sealing=SealingSettings(
                min_block_generation_ms=settings.block_interval_ms_min,
                dynamic_block_size=settings.enable_dynamic_block_size,
                block_size_increase_percent=int(settings.block_size_increase_ratio * 100),
            ),
            post=PostSettings(ttl=settings.forwarding_depth, optimize_ttl=settings.enable_ttl_optimization),
            propose_with_hashes=settings.enable_prepare_with_hashes,
        )


@dataclass(frozen=True, slots=True)
class ConsensusStatus:
    """What getConsensusStatus tells (client protocol §3.6.2)."""

    me: NodeId
    height: Height
    """Of the head."""
    head_hash: Hash32
    sealers: tuple[NodeId, ...]
    index: int | None
    """None: this node is not a sealer."""
    view: View
    to_view: View
    leader_failed: bool
    connected_nodes: int
    views: tuple[tuple[NodeId, View], ...]
    """As last heard from each sealer, this node included."""


class PbftEngine:
    """One group's PBFT."""

    packet_module: ClassVar[int] = 8

    @classmethod
    def open(cls, surroundings: Surroundings) -> PbftEngine:
        """The engine of a group whose genesis file says `pbft`."""
        return cls(
            me=surroundings.me,
            group_id=surroundings.group_id,
            settings=PbftSettings.of(surroundings.settings),
            chain=surroundings.chain,
            pool=surroundings.pool,
            network=surroundings.network,
            signer=surroundings.signer,
            store=surroundings.store,
            aligned_ms=surroundings.aligned_ms,
            steady_ms=surroundings.steady_ms,
            on_working=surroundings.on_working,
        )

    def __init__(
        self,
        *,
        me: NodeId,
        group_id: GroupId,
        settings: PbftSettings,
        chain: Chain,
        pool: Pool,
        network: Network,
        signer: Signer,
        store: Backup,
        aligned_ms: Callable[[], int],
        steady_ms: Callable[[], int] = lambda: time.monotonic_ns() // 1_000_000,
        on_working: Callable[[Height], None] = lambda height: None,
        agenda: Agenda | None = None,
        delivery: Delivery | None = None,
    ) -> None:
        """Connect the machine with the world; nothing is sent before `run`.

        Args:
            store: keeps votes and the prepared block.
            aligned_ms: the group's time, milliseconds since 1970: what blocks and messages are dated with.
            steady_ms: a clock that only moves forward.
            on_working: told before a block is committed: sync need not download it.
            agenda: what must be in blocks beside pooled transactions; None: nothing.
            delivery: how proposals travel; None: from the leader directly.
        """
        self._me = me
        self._group_id = group_id
        self._settings = settings
        self._chain = chain
        self._pool = pool
        self._network = network
        self._store = store
        self._aligned_ms = aligned_ms
        self._steady_ms = steady_ms
        self._on_working = on_working

        self._agenda = agenda or EmptyAgenda()
        self._delivery = delivery or DirectDelivery()
        self._header = chain.head
        self._machine = PbftMachine(me, settings.sealing, self._observe_head(), steady_ms())
        self._delivery.head_advanced(self._machine.head)
        self._proposals: dict[Hash32, Proposal] = {}
        self._post = Post(
            me=me,
            group_id=group_id,
            settings=settings.post,
            machine=self._machine,
            network=network,
            signer=signer,
            suite=chain.head.suite,
            aligned_ms=aligned_ms,
            recipients=self._delivery.recipients,
        )
        self._inbox = Inbox()
        self._events: deque[Event] = deque()
        self._new_head: tuple[Header, Head] | None = None
        self._pool_is_new = True
        self._wake = asyncio.Event()
        self._is_stopping = False
        self._tasks: asyncio.TaskGroup | None = None

    # --- what others may ask -----------------------------------------------------------------------------

    @property
    def view(self) -> View:
        """The view this node is in: what getPbftView answers."""
        return self._machine.view

    def status(self) -> ConsensusStatus:
        """How this node sees the group's consensus."""
        machine = self._machine
        sealers = machine.head.sealers
        return ConsensusStatus(
            me=self._me,
            height=machine.head.height,
            head_hash=machine.head.hash,
            sealers=sealers,
            index=machine.index,
            view=machine.view,
            to_view=machine.to_view,
            leader_failed=machine.leader_has_failed,
            connected_nodes=len(self._network.connected_ids()),
            views=tuple(zip(sealers, machine.seen_views(), strict=True)),
        )

    # --- what happens ------------------------------------------------------------------------------------

    def on_packet(self, node: NodeId, packet_type: int, payload: bytes) -> None:
        """A peer sent a packet of module 8."""
        sealers = self._machine.head.sealers
        if self._me not in sealers or node not in sealers:
            logger.debug("[g:%d][PBFT]packet of %s, who is no sealer here", self._group_id, short(node))
        elif self._inbox.put(ReceivedPacket(node, packet_type, payload)):
            self._wake.set()
        else:
            logger.warning("[g:%d][PBFT]%s sends too much, packet dropped", self._group_id, short(node))

    def on_head_changed(self) -> None:
        """A block became durable. Call it on the loop before another one can, after the pool was told."""
        self._new_head = (self._chain.head, self._observe_head())
        self._wake.set()

    def on_pool_changed(self) -> None:
        """The pool admitted something."""
        self._pool_is_new = True
        self._wake.set()

    def on_syncing_changed(self, is_syncing: bool) -> None:
        """Sync knows that this node lacks blocks, or that it no longer does."""
        self._note(SyncChanged(is_syncing))

    def on_peer_connected(self, node: NodeId) -> None:
        """A session is up."""
        self._note(PeerConnected(node))

    def on_peer_disconnected(self, node: NodeId) -> None:
        """A session is gone."""
        self._post.forget(node)
        self._note(PeerDisconnected(node))

    def stop(self) -> None:
        """End `run` in order: a block that is being stored is waited for."""
        self._is_stopping = True
        self._wake.set()

    async def run(self) -> None:
        """Work until `stop`.

        Raises:
            ExceptionGroup: the node must not go on. It holds `UnreadableBackup`: what must not be
                contradicted cannot be read; what `store` raised: a vote cannot be kept; `CommitFailed`: an
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
        vote_data, prepared_data = self._store.load(backup.VOTE), self._store.load(backup.PREPARED)
        vote = None if vote_data is None else backup.decode_vote(vote_data)
        prepared: Prepared | None = None
        if prepared_data is not None:
            kept = backup.decode_prepared(prepared_data)
            prepared = kept.record
            if prepared.height == self._machine.head.height + 1:
                self._proposals[prepared.block_hash] = self._reopen(kept)
        await self._tell(Restored(vote, prepared))

    def _reopen(self, kept: backup.PreparedBlock) -> Proposal:
        try:
            proposal = proposal_of(Block.decode(kept.block, suite=self._header.suite))
        except ValueError as error:
            raise UnreadableBackup(f"{backup.PREPARED}: {error}") from error
        if proposal.block_hash != kept.record.block_hash:
            raise UnreadableBackup(f"{backup.PREPARED}: another block than it says")
        return proposal

    async def _turn(self) -> None:
        """Everything that has come since the last turn, the chain's news first."""
        self._wake.clear()
        if self._new_head is not None:
            self._header, head = self._new_head
            self._new_head = None
            self._delivery.head_advanced(head)
            await self._tell(HeadAdvanced(head))
            self._pool_is_new = True
        if self._pool_is_new:
            self._pool_is_new = False
            await self._tell(PoolChanged(len(self._pool) or int(self._agenda.is_due())))
        for _ in range(len(self._events)):
            await self._tell(self._events.popleft())
        await self._read(self._inbox.take(PACKETS_PER_TURN_MAX))
        if _has_come(self._delivery.next_deadline(), self._steady_ms()):
            self._delivery.fire()
        if _has_come(self._machine.next_deadline(), self._steady_ms()):
            await self._tell(TimerFired())
        if self._events or self._inbox:
            self._wake.set()

    async def _read(self, packets: Sequence[ReceivedPacket]) -> None:
        statements = [
            statement for packet in packets if (statement := self._statement_in(packet)) is not None
        ]
        for message in self._post.read(statements):
            event = self._event_of(message)
            if event is not None:
                await self._tell(event)

    def _statement_in(self, packet: ReceivedPacket) -> ReceivedPacket | None:
        """A packet with a message of PBFT; what else there is, is read here."""
        if packet.packet_type in _STATEMENTS:
            return packet
        try:
            match packet.packet_type:
                case PacketType.MISSED_TRANSACTIONS_REQUEST:
                    self._answer_missed(packet.sender, MissedTransactionsRequest.decode(packet.payload))
                case PacketType.MISSED_TRANSACTIONS_RESPONSE:
                    self._take_missed(packet.sender, MissedTransactionsResponse.decode(packet.payload))
                case _:
                    return self._delivery.read(packet)
        except MalformedPacket as error:
            sender = short(packet.sender)
            logger.warning("[g:%d][PBFT]malformed packet of %s: %s", self._group_id, sender, error)
        return None

    def _event_of(self, message: Message) -> Event | None:
        match message:
            case Prepare():
                return self._open(message)
            case Sign():
                return SignReceived(message)
            case Commit():
                return CommitReceived(message)
            case ViewChange():
                return ViewChangeReceived(message)

    def _open(self, prepare: Prepare) -> Event | None:
        try:
            proposal = open_proposal(prepare, self._header, self._machine.head.voter_ids)
        except InvalidProposal as error:
            self._failed(prepare.block_hash, error)
            return None
        self._delivery.arrived(prepare)
        known = self._proposals.setdefault(prepare.block_hash, proposal)
        if known.fetched is None:
            known.fetched = proposal.fetched
        return ProposalReceived(
            prepare.height,
            prepare.view,
            prepare.index,
            prepare.block_hash,
            Hash32(proposal.header.parent_hash),
            len(proposal.hashes),
        )

    async def _wait(self) -> None:
        if self._wake.is_set():
            await asyncio.sleep(0)  # There is more to do, but the others have their turn first.
            return
        deadlines = [
            deadline
            for deadline in (self._machine.next_deadline(), self._delivery.next_deadline())
            if deadline is not None
        ]
        wait_s = max(0, min(deadlines) - self._steady_ms()) / 1000 if deadlines else None
        try:
            async with asyncio.timeout(wait_s):
                await self._wake.wait()
        except TimeoutError:
            pass

    async def _tell(self, event: Event) -> None:
        """Tell the machine, carry out what it asks for, and tell it what comes of that at once."""
        waiting = deque([event])
        while waiting:
            for effect in self._machine.handle(waiting.popleft(), self._steady_ms()):
                answer = await self._carry_out(effect)
                if answer is not None:
                    waiting.append(answer)
        in_use = self._machine.proposals_in_use()
        self._proposals = {key: kept for key, kept in self._proposals.items() if key in in_use}

    def _note(self, event: Event) -> None:
        self._events.append(event)
        self._wake.set()

    def _observe_head(self) -> Head:
        chain = self._chain
        sealers, working = chain.membership.sealers, chain.membership.working
        return Head(
            height=Height(chain.head.number),
            hash=Hash32(chain.head.hash),
            sealers=sealers,
            working=tuple(sealers.index(worker) for worker in working),
            transaction_count_max=chain.transaction_count_max,
            execution_timeout_ms=int(chain.system_config("consensus_timeout")) * 1000,
        )

    # --- effects -----------------------------------------------------------------------------------------

    async def _carry_out(self, effect: Effect) -> Event | None:
        match effect:
            case Persist(record=record):
                await self._persist(record)
            case SealBlock():
                return self._seal(effect)
            case BroadcastPrepare():
                self._propose(effect)
            case BroadcastEmptyPrepare():
                self._propose_nothing(effect)
            case ExecuteProposal(block_hash=block_hash):
                return self._execute(block_hash)
            case RequestMissedTransactions():
                self._delivery.request_missed(effect, self._request_missed)
            case BroadcastSign():
                return SignReceived(self._post.vote(Sign, effect))
            case BroadcastCommit():
                return CommitReceived(self._post.vote(Commit, effect))
            case BroadcastViewChange():
                self._log_view_change(effect)
                return ViewChangeReceived(self._post.vote(ViewChange, effect))
            case SendViewChange():
                self._post.tell_view(effect)
            case CommitBlock():
                self._commit(effect)
            case Refused():
                self._log_refusal(effect)
        return None

    async def _persist(self, record: Vote | Prepared) -> None:
        match record:
            case Vote():
                await self._store.save(backup.VOTE, backup.encode_vote(record))
            case Prepared(block_hash=block_hash):
                block = present(self._proposals[block_hash].block, "a prepared block is complete")
                await self._store.save(backup.PREPARED, backup.encode_prepared(record, block.encode()))

    def _seal(self, order: SealBlock) -> Event:
        transactions = self._agenda.complete(self._pool.seal(order.transaction_count_max), self._header)
        timestamp = max(self._header.timestamp + 1, self._aligned_ms())
        header = header_on(
            self._header, self._machine.head.voter_ids, timestamp=timestamp, sealer=self._post.index
        )
        proposal = proposal_of(Block.propose(header, transactions))
        self._proposals[proposal.block_hash] = proposal
        return BlockSealed(order.height, order.view, proposal.block_hash, len(transactions))

    def _propose(self, order: BroadcastPrepare) -> None:
        block = present(self._proposals[order.block_hash].block, "what we propose is complete")
        with_hashes = self._settings.propose_with_hashes and not order.is_repeated
        data = block.encode_proposal() if with_hashes else block.encode()
        prepare = self._post.propose(order, order.block_hash, data, with_hashes=with_hashes)
        self._delivery.arrived(prepare)
        logger.info(
            "[g:%d][PBFT]++++++++++++++++ Generating seal on,blkNum=%d,tx=%d,nodeIdx=%d,hash=%s",
            self._group_id,
            order.height,
            len(block.transactions),
            self._post.index,
            short(order.block_hash),
        )

    def _propose_nothing(self, order: BroadcastEmptyPrepare) -> None:
        timestamp = max(self._header.timestamp + 1, self._aligned_ms())
        header = header_on(
            self._header, self._machine.head.voter_ids, timestamp=timestamp, sealer=EMPTY_PROPOSAL_SEALER
        )
        block = Block.propose(header, TransactionList.decode([]))
        data = block.encode_proposal() if self._settings.propose_with_hashes else block.encode()
        self._post.propose(order, Hash32(block.hash), data)

    def _execute(self, block_hash: Hash32) -> Event | None:
        proposal = self._proposals[block_hash]
        if proposal.executed is not None:
            return ProposalExecuted(block_hash, Hash32(proposal.executed.block.hash))
        if proposal.is_executing:
            return None
        if proposal.block is None:
            try:
                found, missing = self._pool.lookup(proposal.hashes)
                proposal.fill(found, missing, self._header, self._machine.head.voter_ids)
            except InvalidProposal as error:
                return self._failed(block_hash, error)
            if proposal.block is None:
                return TransactionsMissing(block_hash, proposal.wanted)
        self._delivery.completed(block_hash, proposal.block)
        proposal.is_executing = True
        self._start(self._run_execution(proposal, proposal.block))
        return None

    async def _run_execution(self, proposal: Proposal, block: Block) -> None:
        try:
            unfit = await self._pool.first_unfit(block.transactions)
            if unfit is not None:
                raise InvalidProposal(f"transaction {unfit} may not be in this block")
            self._agenda.check(block)
            executed = await self._chain.execute(block)
        except StaleBlock:
            return  # The head advanced; the machine will hear of it.
        except (InvalidBlock, InvalidProposal) as error:
            answer: Event = self._failed(proposal.block_hash, error)
        else:
            proposal.executed = executed
            answer = ProposalExecuted(proposal.block_hash, Hash32(executed.block.hash))
        finally:
            proposal.is_executing = False
        if self._proposals.get(proposal.block_hash) is proposal:  # else the view that wanted it is over
            self._note(answer)

    def _failed(self, block_hash: Hash32, error: Exception) -> ProposalFailed:
        logger.warning("[g:%d][PBFT]InvalidPrepare: %s,hash=%s", self._group_id, error, short(block_hash))
        return ProposalFailed(block_hash)

    def _commit(self, order: CommitBlock) -> None:
        executed = present(self._proposals[order.block_hash].executed, "what is committed was executed")
        self._on_working(order.height)
        self._start(self._run_commit(order, executed))

    async def _run_commit(self, order: CommitBlock, executed: ExecutedBlock) -> None:
        try:
            block = await self._chain.commit(executed, order.signatures)
        except StaleBlock:
            return  # Sync was faster with the same block.
        except Exception as error:
            raise CommitFailed(order.height) from error
        logger.info(
            "[g:%d][PBFT]^^^^^^^^Report,num=%d,sealerIdx=%d,hash=%s,next=%d,tx=%d,nodeIdx=%d",
            self._group_id,
            order.height,
            block.header.sealer,
            short(order.executed_hash),
            order.height + 1,
            len(block.transactions),
            NOT_A_SEALER if self._machine.index is None else self._machine.index,
        )

    # --- transactions that are missing -------------------------------------------------------------

    def _request_missed(self, order: RequestMissedTransactions, source: NodeId) -> None:
        proposal = self._proposals.get(order.block_hash)
        if proposal is None or proposal.block is not None:
            return  # It is over, or was completed while this waited.
        proposal.asked = source
        request = MissedTransactionsRequest(order.height, order.block_hash, order.wanted)
        self._network.send(source, PacketType.MISSED_TRANSACTIONS_REQUEST, request.encode())

    def _answer_missed(self, asking: NodeId, request: MissedTransactionsRequest) -> None:
        proposal = self._proposals.get(request.block_hash)
        transactions = None if proposal is None else proposal.answer(asking, request.wanted)
        if transactions is None:
            logger.debug("[g:%d][PBFT]nothing to give to %s", self._group_id, short(asking))
            return
        response = MissedTransactionsResponse(request.height, request.block_hash, transactions)
        self._network.send(asking, PacketType.MISSED_TRANSACTIONS_RESPONSE, response.encode())

    def _take_missed(self, sender: NodeId, response: MissedTransactionsResponse) -> None:
        proposal = self._proposals.get(response.block_hash)
        if proposal is None or proposal.asked != sender:
            return
        try:
            transactions = TransactionList.decode_blob(response.transactions, suite=self._header.suite)
        except ValueError as error:
            raise MalformedPacket(str(error)) from error
        if proposal.accept_fetched(transactions):
            proposal.asked = None
            self._start(self._admit_missed(proposal.block_hash, transactions))
        else:
            logger.warning("[g:%d][PBFT]%s answers with other transactions", self._group_id, short(sender))

    async def _admit_missed(self, block_hash: Hash32, transactions: TransactionList) -> None:
        """Through the pool, which recovers the senders and keeps them for execution."""
        await self._pool.submit_list(transactions)
        self._note(MissedTransactionsArrived(block_hash))

    # --- small things ------------------------------------------------------------------------------------

    def _start(self, work: Coroutine[object, object, None]) -> None:
        present(self._tasks, "effects are carried out inside `run`").create_task(work)

    def _log_view_change(self, order: BroadcastViewChange) -> None:
        if order.cause is Cause.IDLE:
            return
        logger.warning(
            "[g:%d][PBFT]ViewChangeWarning: not caused by omit empty block ,v=%d,toV=%d,curNum=%d,cause=%s",
            self._group_id,
            self._machine.view,
            order.view,
            order.height,
            order.cause.value,
        )

    def _log_refusal(self, refused: Refused) -> None:
        logger.warning(
            "[g:%d][PBFT]InvalidPrepare: %s,reqIdx=%d,reqNum=%d,reqView=%d,hash=%s",
            self._group_id,
            refused.reason.value,
            refused.index,
            refused.height,
            refused.view,
            short(refused.block_hash),
        )


def _has_come(deadline_ms: int | None, now_ms: int) -> bool:
    return deadline_ms is not None and deadline_ms <= now_ms
