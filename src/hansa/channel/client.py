"""A connection to a node for the SDK and the load generator: `ClientConnection` on asyncio.

    async with ChannelClient("127.0.0.1", 20200, client_context(sdk_certificate_files(folder))) as client:
        height = await client.request("getBlockNumber", [1])
        receipt = await client.send_transaction(1, raw)

Rule 1: `send_transaction` awaits one receipt; `submit_transaction` never waits and calls back, for thousands
        at once. What is submitted in one turn of the loop leaves in one write; `drain` waits for room.
Rule 2: every request ends: with an answer, with `RequestTimedOut`, or with `ConnectionLost`.
"""

from __future__ import annotations

import asyncio
import secrets
import ssl
from collections.abc import Callable, Iterable, Sequence
from types import TracebackType
from typing import NamedTuple, Self, cast

import orjson

from hansa.channel.client_protocol import (
    AmopArrived,
    BlockAnnounced,
    ClientConnection,
    ClientEvent,
    EventFilterAnswered,
    EventsPushed,
    HandshakeAnswered,
    ReceiptPushed,
    RpcReplied,
)
from hansa.channel.errors import (
    ClientError,
    ConnectionLost,
    HandshakeFailed,
    RequestTimedOut,
    RpcError,
)
from hansa.channel.frames import Frame, FrameType
from hansa.channel.protocol import PROTOCOL_MAX, CloseRequired, block_topic
from hansa.channel.tls_pipe import TlsPipe

__all__ = ["ChannelClient", "OnResult"]

OnResult = Callable[[bytes | ClientError], None]
"""Called once, with what was asked for or with the reason why there is none."""

_SWEEP_S = 0.25


class _Pending(NamedTuple):
    deadline: float
    on_result: OnResult


class ChannelClient:
    """An async context manager: connected inside the block. It does not reconnect; its owner decides that."""

    def __init__(
        self,
        host: str,
        port: int,
        context: ssl.SSLContext,
        *,
        client_type: str = "hansa-sdk",
        version_max: int = PROTOCOL_MAX,
        connect_timeout_s: float = 10.0,
        request_timeout_s: float = 10.0,
        receipt_timeout_s: float = 30.0,
    ) -> None:
        self._host = host
        self._port = port
        self._context = context
        self._client_type = client_type
        self._version_max = version_max
        self._connect_timeout_s = connect_timeout_s
        self._request_timeout_s = request_timeout_s
        self._receipt_timeout_s = receipt_timeout_s
        # Timeouts do not differ within each of these, so the oldest entry is always the next to expire.
        self._replies: dict[bytes, _Pending] = {}
        self._receipts: dict[bytes, _Pending] = {}
        self._filter_answers: dict[bytes, asyncio.Future[int]] = {}
        self._topics: frozenset[str] = frozenset()
        self._is_flush_due = False
        self._timer: asyncio.TimerHandle | None = None
        self._end: ClientError | None = None
        self.node_version = ""
        self.on_block: Callable[[int, int], None] = _ignore
        """Called with (group id, height) for the groups of `subscribe_blocks`."""
        self.on_events: Callable[[bytes], None] = _ignore
        """Called with each push of contract events (client protocol §8.2)."""
        self.on_amop: Callable[[AmopArrived], None] = _ignore
        """Called with each AMOP frame; answer with `send_frame`."""

    # --- life --------------------------------------------------------------------------------------

    async def __aenter__(self) -> Self:
        """Connect, agree on TLS and on the protocol version.

        Raises:
            HandshakeFailed: TLS failed; the text says why.
            ConnectionLost: the node cannot be reached, hung up, or speaks another protocol.
            RequestTimedOut: it took too long.
        """
        self._loop = loop = asyncio.get_running_loop()
        self._ready: asyncio.Future[None] = loop.create_future()
        self._closed: asyncio.Future[None] = loop.create_future()
        self._may_write = asyncio.Event()
        self._may_write.set()
        self._core = ClientConnection(
            seq_prefix=secrets.token_hex(8).encode(),
            client_type=self._client_type,
            now=loop.time(),
            version_max=self._version_max,
        )
        pipe = TlsPipe(self._context, server_side=False)
        try:
            async with asyncio.timeout(self._connect_timeout_s):
                await loop.create_connection(lambda: _Wire(self, pipe), self._host, self._port)
                await self._ready
        except OSError as error:
            self._abort()
            if isinstance(error, TimeoutError):
                raise RequestTimedOut(f"no handshake within {self._connect_timeout_s:g} s") from error
            raise ConnectionLost(f"{self._host}:{self._port}: {error.strerror or error}") from error
        except BaseException:
            self._abort()
            raise
        self._sweep()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Say goodbye; requests without an answer end with ConnectionLost."""
        self._finish(ConnectionLost("this side closed the connection"))
        self._wire.say_goodbye()
        try:
            async with asyncio.timeout(1.0):
                await asyncio.shield(self._closed)
        except TimeoutError:
            self._abort()
            await self._closed

    @property
    def version(self) -> int:
        """The protocol version agreed on."""
        return self._core.version

    @property
    def is_connected(self) -> bool:
        """Whether requests can be sent."""
        return self._end is None

    # --- requests ----------------------------------------------------------------------------------

    async def request(self, method: str, params: Sequence[object]) -> object:
        """Call a JSON-RPC method; its result.

        Raises:
            RpcError: the node answered with an error.
            RequestTimedOut, ConnectionLost: it did not answer.
        """
        call = {"id": 1, "jsonrpc": "2.0", "method": method, "params": list(params)}
        return _result(await self.request_raw(orjson.dumps(call)))

    async def request_raw(self, data: bytes) -> bytes:
        """Send JSON-RPC text; the response text. Raises as `request`, but no RpcError."""
        waiter = self._loop.create_future()
        seq = self._connection().request(data)
        self._replies[seq] = _Pending(self._loop.time() + self._request_timeout_s, _fulfil(waiter))
        self._flush_soon()
        return await self._await(waiter, seq)

    async def send_transaction(self, group_id: int, raw: bytes, *, with_proof: bool = False) -> bytes:
        """Send a signed transaction and wait for its receipt, JSON (client protocol §3.6.6).

        A receipt may say that the transaction was refused or failed: look at its status.

        Raises:
            RpcError: the node did not take it at all.
            RequestTimedOut, ConnectionLost: whether it is executed is unknown.
        """
        waiter = self._loop.create_future()
        seq = self.submit_transaction(group_id, raw, _fulfil(waiter), with_proof=with_proof)
        return await self._await(waiter, seq)

    def submit_transaction(
        self, group_id: int, raw: bytes, on_result: OnResult, *, with_proof: bool = False
    ) -> bytes:
        """Send a signed transaction without waiting; `on_result` gets the receipt or the error. The seq.

        Raises:
            ConnectionLost: there is no connection any more.
        """
        method = b"sendRawTransactionAndGetProof" if with_proof else b"sendRawTransaction"
        data = b'{"id":1,"jsonrpc":"2.0","method":"%b","params":[%d,"0x%b"]}' % (
            method,
            group_id,
            raw.hex().encode(),
        )
        seq = self._connection().request(data)
        self._receipts[seq] = _Pending(self._loop.time() + self._receipt_timeout_s, on_result)
        self._flush_soon()
        return seq

    async def drain(self) -> None:
        """Wait until the node has taken most of what was sent."""
        await self._may_write.wait()

    @property
    def transactions_open(self) -> int:
        """Submitted transactions without a result."""
        return len(self._receipts)

    # --- subscriptions -----------------------------------------------------------------------------

    def set_topics(self, topics: Iterable[str]) -> None:
        """Replace this connection's topics, AMOP and block notifications alike."""
        self._topics = frozenset(topics)
        self._connection().set_topics(self._topics)
        self._flush_soon()

    def subscribe_blocks(self, group_ids: Iterable[int]) -> None:
        """Have `on_block` called for these groups, besides the topics already set."""
        self.set_topics(self._topics | {block_topic(group_id) for group_id in group_ids})

    async def register_event_filter(self, body: bytes) -> int:
        """Ask for contract events (client protocol §8.1); the node's code, 0 = accepted."""
        return await self._ask_filter(self._connection().register_event_filter(body))

    async def cancel_event_filter(self, body: bytes) -> int:
        """End a filter; the node's code."""
        return await self._ask_filter(self._connection().cancel_event_filter(body))

    async def _ask_filter(self, seq: bytes) -> int:
        answer: asyncio.Future[int] = self._loop.create_future()
        self._filter_answers[seq] = answer
        self._flush_soon()
        try:
            async with asyncio.timeout(self._request_timeout_s):
                return await answer
        except TimeoutError as error:
            raise RequestTimedOut(f"no answer within {self._request_timeout_s:g} s") from error
        finally:
            self._filter_answers.pop(seq, None)

    def send_amop(self, type: FrameType, topic: str, payload: bytes) -> bytes:
        """Send an AMOP message; the seq its answer will carry to `on_amop`."""
        seq = self._connection().send_amop(type, topic, payload)
        self._flush_soon()
        return seq

    def send_frame(self, frame: Frame) -> None:
        """Send a frame as it is."""
        self._connection().send(frame)
        self._flush_soon()

    # --- called by the wire ------------------------------------------------------------------------

    def attach(self, wire: _Wire) -> None:
        """The socket is connected."""
        self._wire = wire

    def open(self) -> None:
        """TLS stands."""
        self._flush_soon()

    def receive(self, data: bytes) -> None:
        """Frames from the node."""
        for event in self._core.receive_data(data, self._loop.time()):
            self._handle(event)

    def lose(self, error: ClientError | HandshakeFailed) -> None:
        """The socket is closed or will be."""
        if not self._ready.done():
            self._ready.set_exception(error)
        self._finish(error if isinstance(error, ClientError) else ConnectionLost(str(error)))

    def leave(self) -> None:
        """The socket is closed."""
        if not self._closed.done():
            self._closed.set_result(None)

    def govern_writing(self, may_write: bool) -> None:
        """The node stopped or resumed reading."""
        if may_write:
            self._may_write.set()
        else:
            self._may_write.clear()

    # --- inside ------------------------------------------------------------------------------------

    def _handle(self, event: ClientEvent) -> None:
        match event:
            case ReceiptPushed(seq=seq, receipt=receipt):
                pending = self._receipts.pop(seq, None)
                if pending is not None:
                    pending.on_result(receipt)
            case RpcReplied(seq=seq, data=data):
                self._take_reply(seq, data)
            case BlockAnnounced(group_id=group_id, height=height):
                self.on_block(group_id, height)
            case EventsPushed(body=body):
                self.on_events(body)
            case EventFilterAnswered(seq=seq, code=code):
                answer = self._filter_answers.get(seq)
                if answer is not None and not answer.done():
                    answer.set_result(code)
            case AmopArrived():
                self.on_amop(event)
            case HandshakeAnswered(node_version=node_version):
                self.node_version = node_version
                if not self._ready.done():
                    self._ready.set_result(None)
            case CloseRequired(reason=reason):
                self.lose(ConnectionLost(reason))
                self._wire.say_goodbye()

    def _take_reply(self, seq: bytes, data: bytes) -> None:
        pending = self._replies.pop(seq, None)
        if pending is not None:
            pending.on_result(data)
        elif b'"error"' in data and seq in self._receipts:
            # The node did not take it, no receipt will come. The usual reply, its hash, says nothing new.
            on_result = self._receipts.pop(seq).on_result
            try:
                _result(data)
            except ClientError as error:
                on_result(error)
            else:
                on_result(RpcError(0, "the node's answer is not understood"))

    def _connection(self) -> ClientConnection:
        if self._end is not None:
            raise ConnectionLost(str(self._end))
        return self._core

    async def _await(self, waiter: asyncio.Future[bytes], seq: bytes) -> bytes:
        try:
            return await waiter
        except asyncio.CancelledError:
            self._core.forget(seq)
            self._replies.pop(seq, None)
            self._receipts.pop(seq, None)
            raise

    def _flush_soon(self) -> None:
        if not self._is_flush_due:
            self._is_flush_due = True
            self._loop.call_soon(self._flush)

    def _flush(self) -> None:
        self._is_flush_due = False
        self._wire.send(self._core.frames_to_send())

    def _sweep(self) -> None:
        """Heartbeats, and requests that waited long enough."""
        now = self._loop.time()
        for event in self._core.handle_deadline(now):
            self._handle(event)
        for waiting in (self._replies, self._receipts):
            while waiting:
                seq, pending = next(iter(waiting.items()))
                if pending.deadline > now:
                    break
                del waiting[seq]
                self._core.forget(seq)
                pending.on_result(RequestTimedOut("the node did not answer in time"))
        if self._end is None:
            self._flush()
            self._timer = self._loop.call_later(_SWEEP_S, self._sweep)

    def _finish(self, end: ClientError) -> None:
        if self._end is not None:
            return
        self._end = end
        if self._timer is not None:
            self._timer.cancel()
        self._may_write.set()
        for waiting in (self._replies, self._receipts):
            unanswered = list(waiting.values())
            waiting.clear()
            for pending in unanswered:
                pending.on_result(ConnectionLost(str(end)))
        for answer in self._filter_answers.values():
            if not answer.done():
                answer.set_exception(ConnectionLost(str(end)))

    def _abort(self) -> None:
        wire = getattr(self, "_wire", None)
        if wire is not None:
            wire.abort()


class _Wire(asyncio.Protocol):
    """The client's socket and TLS."""

    def __init__(self, client: ChannelClient, pipe: TlsPipe) -> None:
        self._client = client
        self._pipe = pipe

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        # A stream's transport, though not every loop derives its own from asyncio's class.
        self._transport = cast(asyncio.Transport, transport)
        self._client.attach(self)
        self._pipe.start()
        self._transport.write(self._pipe.take())

    def data_received(self, data: bytes) -> None:
        was_established = self._pipe.is_established
        try:
            plain = self._pipe.receive(data)
        except HandshakeFailed as error:
            self._transport.write(self._pipe.take())
            self._client.lose(ConnectionLost(str(error)) if was_established else error)
            self._transport.close()
            return
        if answer := self._pipe.take():
            self._transport.write(answer)
        if self._pipe.is_established and not was_established:
            self._client.open()
        if plain:
            self._client.receive(plain)
        if self._pipe.is_ended:
            self._client.lose(ConnectionLost("the node closed the connection"))
            self._transport.close()

    def connection_lost(self, error: Exception | None) -> None:
        if not self._pipe.is_established:
            reason = "the node hung up during the TLS handshake; its log says why"
        elif error is not None:
            reason = f"the connection was lost: {error}"
        else:
            reason = "the node hung up; its log says why"
        self._client.lose(ConnectionLost(reason))
        self._client.leave()

    def pause_writing(self) -> None:
        self._client.govern_writing(may_write=False)

    def resume_writing(self) -> None:
        self._client.govern_writing(may_write=True)

    def send(self, frames: Sequence[bytes]) -> None:
        """Every frame a TLS write of its own, all of them one write to the socket."""
        if not frames or self._transport.is_closing():
            return
        for frame in frames:
            self._pipe.write(frame)
        self._transport.write(self._pipe.take())

    def say_goodbye(self) -> None:
        """Close after what is queued has left."""
        if self._transport.is_closing():
            return
        self._pipe.close()
        self._transport.write(self._pipe.take())
        self._transport.close()

    def abort(self) -> None:
        """Close at once."""
        self._transport.abort()


def _result(response: bytes) -> object:
    """The result in a JSON-RPC response, or RpcError."""
    try:
        members = orjson.loads(response)
        if "error" not in members:
            result: object = members["result"]
            return result
        error = members["error"]
        code, message = int(error["code"]), str(error["message"])
    except (ValueError, KeyError, TypeError) as cause:
        raise RpcError(0, "the node's answer is not understood") from cause
    raise RpcError(code, message)


def _fulfil(waiter: asyncio.Future[bytes]) -> OnResult:
    def settle(result: bytes | ClientError) -> None:
        if waiter.done():
            return
        if isinstance(result, bytes):
            waiter.set_result(result)
        else:
            waiter.set_exception(result)

    return settle


def _ignore(*_: object) -> None:
    """What happens with pushes nobody asked to hear of."""
