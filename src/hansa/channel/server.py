"""The node's channel port: sessions, batches and pushes around `ChannelConnection`.

Rule 1: everything a stranger chooses is bounded: connections, unfinished handshakes (in all and by address),
        time for a handshake, frame sizes, requests a session has open, bytes queued for a session.
Rule 2: a session that does not read is first not read from, then dropped; the others never wait for it.
Rule 3: what arrives in one turn of the loop is handed over as one batch, and so is what arrives while a
        batch is being checked. What is queued in one turn leaves in one write to the socket.
Rule 4: a transaction's hash is entered in the receipt book before the sink sees the transaction, so that
        no block can be faster than its receipt; `ChannelConnection` keeps the receipt behind the reply.
"""

from __future__ import annotations

import asyncio
import logging
from collections import Counter, deque
from collections.abc import Callable, Coroutine, Iterable, Sequence
from dataclasses import dataclass, field
from itertools import count
from types import TracebackType
from typing import Protocol, Self

from hansa.channel.errors import ChannelError, PeerRefused
from hansa.channel.frames import Frame, FrameType, ResultCode
from hansa.channel.handlers import (
    Accepted,
    AmopRouter,
    EventFilters,
    Refused,
    Rejected,
    RpcHandler,
    SessionInfo,
    SubmissionOutcome,
    SubmittedTransaction,
    TransactionSink,
)
from hansa.channel.protocol import (
    AmopReceived,
    ChannelConnection,
    ChannelEvent,
    CloseRequired,
    ConnectionLimits,
    EventFilterCancelled,
    EventFilterRegistered,
    FrameIgnored,
    HandshakeAgreed,
    RpcReceived,
    TopicsReplaced,
)
from hansa.channel.receipts import ReceiptBook, WaitingReceipt, refusal_receipt
from hansa.channel.session import Session, SessionBounds
from hansa.channel.submissions import encode_error, encode_hash, parse_submission
from hansa.channel.tls import PeerIdentity
from hansa.channel.tls_pipe import SecurePipe

__all__ = ["ChannelServer", "ChannelServerConfig", "ServerSecurity"]

_LOG = logging.getLogger(__name__)

_ASYNCHRONOUS_FROM = 3
"""Protocol version from which a refusal is told by receipt (client protocol §3.8)."""

_INVALID_REQUEST = -41001
_INTERNAL_ERROR = -32603


@dataclass(frozen=True, slots=True)
class ChannelServerConfig:
    """Where to listen and what one node can carry."""

    host: str
    port: int
    """0 lets the system choose; `ChannelServer.port` tells."""
    node_version: str
    """The chain's supported version, told in the handshake."""
    connections_max: int = 1024
    handshakes_max: int = 256
    """Connections that have not finished their handshake."""
    handshakes_per_address_max: int = 32
    batch_max: int = 4096
    """Transactions handed over at once."""
    receipts_max: int = 400_000
    """Transactions whose receipt somebody waits for."""
    stop_timeout_s: float = 1.0
    """When the node stops: time for clients to take what is queued."""
    limits: ConnectionLimits = field(default_factory=ConnectionLimits)
    bounds: SessionBounds = field(default_factory=SessionBounds)


class ServerSecurity(Protocol):
    """TLS of the port: `ServerTls`, or another one with SM suites."""

    def open_pipe(self) -> SecurePipe:
        """The server's end of a new connection."""

    def admit(self, certificate: bytes) -> PeerIdentity:
        """Judge a verified certificate; raises PeerRefused."""


class ChannelServer:
    """An async context manager: listening inside the block, everything closed after it."""

    def __init__(
        self,
        config: ChannelServerConfig,
        security: ServerSecurity,
        *,
        rpc: RpcHandler,
        transactions: TransactionSink,
        transaction_hash: Callable[[bytes], bytes],
        event_filters: EventFilters | None = None,
        amop: AmopRouter | None = None,
    ) -> None:
        """Without `event_filters` registrations are refused, without `amop` messages reach nobody.

        Args:
            transaction_hash: the chain's hash function over raw transaction bytes.
        """
        self._config = config
        self._security = security
        self._rpc = rpc
        self._transactions = transactions
        self._transaction_hash = transaction_hash
        self._event_filters = event_filters
        self._amop = amop
        self._receipts = ReceiptBook(config.receipts_max)
        self._session_ids = count(1)
        self._connections: set[Session] = set()
        self._sessions: dict[int, Session] = {}
        self._handshakes: dict[Session, str] = {}
        """Connections without a finished handshake, with their address."""
        self._handshakes_of_address: Counter[str] = Counter()
        self._failures = _FailureLog()
        self._arrived: deque[SubmittedTransaction] = deque()
        self._arrival = asyncio.Event()
        self._unsent: set[Session] = set()
        self._tasks = asyncio.TaskGroup()
        self._running: set[asyncio.Task[None]] = set()

    # --- life --------------------------------------------------------------------------------------

    async def __aenter__(self) -> Self:
        """Listen.

        Raises:
            OSError: the address cannot be listened on.
        """
        self._loop = asyncio.get_running_loop()
        self._listener = await self._loop.create_server(
            lambda: Session(self, self._config.bounds, self._loop),
            self._config.host,
            self._config.port,
            backlog=512,
        )
        await self._tasks.__aenter__()
        self._spawn(self._submit_arrivals())
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Stop listening, end what is under way, say goodbye to every session."""
        self._listener.close()
        for task in self._running:
            task.cancel()
        for session in tuple(self._connections):
            session.end("the node is stopping")
        last_moment = self._loop.time() + self._config.stop_timeout_s
        while self._connections and self._loop.time() < last_moment:
            await asyncio.sleep(0.005)
        for session in tuple(self._connections):
            session.drop("the node is stopping")
        await self._listener.wait_closed()
        # The group learns of a cancellation only, so that an error of the block leaves it as it is.
        if kind is asyncio.CancelledError:
            await self._tasks.__aexit__(kind, error, trace)
        else:
            await self._tasks.__aexit__(None, None, None)

    @property
    def port(self) -> int:
        """The port in use."""
        port: int = self._listener.sockets[0].getsockname()[1]
        return port

    @property
    def sessions(self) -> list[SessionInfo]:
        """Everyone connected."""
        return [session.info for session in self._sessions.values()]

    def _spawn(self, work: Coroutine[None, None, None]) -> None:
        task = self._tasks.create_task(work)
        self._running.add(task)
        task.add_done_callback(self._running.discard)

    # --- what the node tells its clients -----------------------------------------------------------

    def notify_block(self, group_id: int, height: int) -> None:
        """Tell all subscribers that a block was committed. Call it before the block's receipts are pushed."""
        for session in self._sessions.values():
            session.core.notify_block(group_id, height)
            self._flush_soon(session)

    def take_waiting(self, hashes: Sequence[bytes]) -> list[tuple[int, WaitingReceipt]]:
        """Which transactions of a committed block a session here waits for.

        Each is returned once, as (index into `hashes`, who): answer with `push_receipts`.
        """
        return self._receipts.take(hashes)

    def push_receipts(self, receipts: Iterable[tuple[int, bytes, bytes]]) -> None:
        """Send receipts, each as (session id, seq, receipt JSON). A session that is gone is passed over."""
        for session_id, seq, receipt in receipts:
            session = self._sessions.get(session_id)
            if session is not None:
                session.core.push_receipt(seq, receipt)
                self._flush_soon(session)

    def push_refusals(self, hashes: Sequence[bytes], status: int, message: str) -> None:
        """Tell whoever waits for these transactions that they will not be executed, such as expired ones."""
        self.push_receipts(
            (waiting.session_id, waiting.seq, refusal_receipt(hashes[index], status, message))
            for index, waiting in self._receipts.take(hashes)
        )

    def push_events(self, session_id: int, body: bytes) -> None:
        """Send contract events to a session, if it is still here."""
        session = self._sessions.get(session_id)
        if session is not None:
            session.core.push_events(body)
            self._flush_soon(session)

    def takes_more(self, session_id: int) -> bool:
        """Whether a session keeps up with what it is sent; one that is gone does."""
        session = self._sessions.get(session_id)
        return session is None or session.takes_more

    def send_frame(self, session_id: int, frame: Frame) -> bool:
        """Send an AMOP frame as it is; False if the session is gone."""
        session = self._sessions.get(session_id)
        if session is None:
            return False
        session.core.send(frame)
        self._flush_soon(session)
        return True

    # --- connections (SessionOwner) ----------------------------------------------------------------

    def accept(self, session: Session) -> SecurePipe:
        """Count a new connection, or raise PeerRefused when there is no room for it."""
        config = self._config
        if len(self._connections) >= config.connections_max:
            raise PeerRefused(f"{config.connections_max} connections are open")
        if len(self._handshakes) >= config.handshakes_max:
            raise PeerRefused(f"{config.handshakes_max} handshakes are unfinished")
        if self._handshakes_of_address[session.host] >= config.handshakes_per_address_max:
            raise PeerRefused(f"{config.handshakes_per_address_max} handshakes of its address are unfinished")
        self._connections.add(session)
        self._handshakes[session] = session.host
        self._handshakes_of_address[session.host] += 1
        return self._security.open_pipe()

    def admit(self, session: Session, certificate: bytes) -> tuple[SessionInfo, ChannelConnection]:
        """A handshake succeeded: make it a session, or raise PeerRefused."""
        identity = self._security.admit(certificate)
        self._finish_handshake(session)
        info = SessionInfo(next(self._session_ids), session.address, identity.subject, identity.public_key)
        self._sessions[info.session_id] = session
        _LOG.info("channel %s: connected, %s", session.address, identity.subject)
        core = ChannelConnection(
            node_version=self._config.node_version, now=self._loop.time(), limits=self._config.limits
        )
        return info, core

    def refuse(self, session: Session, reason: str) -> None:
        """A connection did not become a session: the log says why."""
        self._failures.write(session.address, reason, self._loop.time())

    def retire(self, session: Session, reason: str) -> None:
        """A session is over: forget what was kept for it."""
        info = session.info
        _LOG.info("channel %s: closed, %s", session.address, reason)
        del self._sessions[info.session_id]
        self._unsent.discard(session)
        self._receipts.forget_session(info.session_id)
        if self._event_filters is not None:
            self._event_filters.forget_session(info)
        if self._amop is not None:
            self._amop.forget_session(info)

    def leave(self, session: Session) -> None:
        """A socket is closed."""
        self._connections.discard(session)
        self._finish_handshake(session)

    def _finish_handshake(self, session: Session) -> None:
        host = self._handshakes.pop(session, None)
        if host is None:
            return
        self._handshakes_of_address[host] -= 1
        if not self._handshakes_of_address[host]:
            del self._handshakes_of_address[host]

    def _flush_soon(self, session: Session) -> None:
        """Send what a session has queued at the end of this turn of the loop."""
        if not self._unsent:
            self._loop.call_soon(self._flush)
        self._unsent.add(session)

    def _flush(self) -> None:
        unsent, self._unsent = self._unsent, set()
        for session in unsent:
            session.flush()

    # --- what clients ask --------------------------------------------------------------------------

    def dispatch(self, session: Session, events: Iterable[ChannelEvent]) -> None:
        """Act on what a session's bytes meant."""
        for event in events:
            match event:
                case RpcReceived(seq=seq, data=data):
                    self._receive_request(session, seq, data)
                case EventFilterRegistered(seq=seq, body=body):
                    filters = self._event_filters
                    code = _INVALID_REQUEST if filters is None else filters.register(session.info, body)
                    session.core.answer_event_filter(FrameType.EVENT_REGISTER, seq, code)
                case EventFilterCancelled(seq=seq, body=body):
                    filters = self._event_filters
                    code = _INVALID_REQUEST if filters is None else filters.cancel(session.info, body)
                    session.core.answer_event_filter(FrameType.EVENT_CANCEL, seq, code)
                case AmopReceived():
                    self._receive_amop(session, event)
                case TopicsReplaced(topics=topics):
                    if self._amop is not None:
                        self._amop.change_topics(session.info, topics)
                case HandshakeAgreed(version=version, client_type=client):
                    _LOG.debug("channel %s: %.40r speaks protocol %d", session.address, client, version)
                case FrameIgnored(type=type, reason=reason):
                    _LOG.debug("channel %s: frame 0x%x ignored, %s", session.address, type, reason)
                case CloseRequired(reason=reason):
                    session.end(reason)
                    return
        self._flush_soon(session)

    def _receive_request(self, session: Session, seq: bytes, data: bytes) -> None:
        submission = parse_submission(data)
        if submission is None:
            session.open_request(len(data))
            self._spawn(self._answer(session, seq, data))
            return
        request_id, group_id, raw, with_proof = submission
        session.open_request(len(raw))
        self._arrived.append(SubmittedTransaction(session.info, seq, request_id, group_id, raw, with_proof))
        self._arrival.set()

    async def _answer(self, session: Session, seq: bytes, data: bytes) -> None:
        try:
            response = await self._rpc.handle(data, session.info)
        except Exception:
            # A handler answers every failure it knows. This one is our bug; the client must not wait for it.
            _LOG.exception("channel %s: an RPC request failed", session.address)
            response = encode_error(None, _INTERNAL_ERROR, "INTERNAL_ERROR: the request failed in the node")
        session.close_request(len(data))
        if session.is_open:
            session.core.reply(seq, response)
            self._flush_soon(session)

    def _receive_amop(self, session: Session, message: AmopReceived) -> None:
        if self._amop is not None:
            self._amop.receive(session.info, message)
        elif message.frame.type == FrameType.AMOP_UNICAST:
            session.core.refuse_amop(message.frame.seq, ResultCode.NO_REMOTE_NODE)
        elif message.frame.type == FrameType.AMOP_MULTICAST:
            session.core.refuse_amop(message.frame.seq, ResultCode.REFUSED)

    # --- transactions ------------------------------------------------------------------------------

    async def _submit_arrivals(self) -> None:
        """Hand over what has arrived, batch by batch, until cancelled."""
        arrived = self._arrived
        while True:
            await self._arrival.wait()
            batch = [arrived.popleft() for _ in range(min(len(arrived), self._config.batch_max))]
            if not arrived:
                self._arrival.clear()
            expected = [self._expect(transaction) for transaction in batch]
            outcomes = await self._submit(batch)
            for transaction, hash_expected, outcome in zip(batch, expected, outcomes, strict=True):
                self._settle(transaction, hash_expected, outcome)

    async def _submit(self, batch: Sequence[SubmittedTransaction]) -> Sequence[SubmissionOutcome]:
        try:
            outcomes = await self._transactions.submit_transactions(batch)
            if len(outcomes) != len(batch):
                raise ChannelError(f"{len(outcomes)} outcomes for {len(batch)} transactions")
        except Exception:
            # As in `_answer`: our bug, and the clients must not wait for it.
            _LOG.exception("channel: a batch of %d transactions failed", len(batch))
            failure = Rejected(_INTERNAL_ERROR, "INTERNAL_ERROR: the transaction failed in the node")
            return [failure] * len(batch)
        return outcomes

    def _expect(self, transaction: SubmittedTransaction) -> bytes | None:
        """Enter a transaction's receipt before its outcome is known; the hash, if it is the first."""
        if transaction.session.session_id not in self._sessions:
            return None
        transaction_hash = self._transaction_hash(transaction.raw)
        is_first = self._receipts.expect(transaction_hash, _waiting(transaction))
        return transaction_hash if is_first else None

    def _settle(
        self, transaction: SubmittedTransaction, hash_expected: bytes | None, outcome: SubmissionOutcome
    ) -> None:
        """Answer one submission (client protocol §3.8)."""
        session = self._sessions.get(transaction.session.session_id)
        if session is None:
            return
        session.close_request(len(transaction.raw))
        waiting = _waiting(transaction)
        is_as_expected = isinstance(outcome, Accepted) and outcome.hash == hash_expected
        if hash_expected is not None and not is_as_expected:
            self._receipts.forget(hash_expected, waiting)
        core, seq, request_id = session.core, transaction.seq, transaction.request_id
        match outcome:
            case Accepted(hash=transaction_hash):
                # Otherwise its encoding is not canonical, or an earlier request for it was refused meanwhile.
                if not is_as_expected:
                    self._receipts.expect(transaction_hash, waiting)
                core.reply(seq, encode_hash(request_id, transaction_hash))
            case Refused(hash=transaction_hash, status=status, status_message=text) if (
                core.version >= _ASYNCHRONOUS_FROM
            ):
                core.reply(seq, encode_hash(request_id, transaction_hash))
                core.push_receipt(seq, refusal_receipt(transaction_hash, status, text))
            case Refused(code=code, message=message) | Rejected(code=code, message=message):
                core.reply(seq, encode_error(request_id, code, message))
        self._flush_soon(session)


def _waiting(transaction: SubmittedTransaction) -> WaitingReceipt:
    return WaitingReceipt(transaction.session.session_id, transaction.seq, transaction.with_proof)


class _FailureLog:
    """Writes why connections fail, but not as often as a stranger may wish."""

    _LINES_MAX = 20
    _PERIOD_S = 10.0

    def __init__(self) -> None:
        self._period_end = 0.0
        self._lines = 0

    def write(self, address: str, reason: str, now: float) -> None:
        if now >= self._period_end:
            if self._lines > self._LINES_MAX:
                _LOG.warning("channel: %d more connections failed", self._lines - self._LINES_MAX)
            self._period_end = now + self._PERIOD_S
            self._lines = 0
        self._lines += 1
        if self._lines <= self._LINES_MAX:
            _LOG.warning("channel %s: refused, %s", address, reason)
