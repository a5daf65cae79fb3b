"""A plain HTTP/1.1 server for one kind of request: POST a body, get an answer (client protocol §1).

Rules:
- POST to any path is answered 200 with `application/json`, whatever the outcome of the JSON-RPC request.
- OPTIONS says what is allowed, everything else is 405. What is not HTTP is 400, and the connection ends.
- Requests of a connection are answered in order, one at a time. While one is under way, or while the client
  does not read its answers, nothing more is read from it: a connection holds one body and what came with its
  end, not more.
- Every wait for the client has an end: `HttpLimits` says how long and how much. One sweep a second finds who
  is late, so that a request costs no timer.
"""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from types import TracebackType
from typing import NamedTuple, Self, TypeAlias, cast

import httptools

__all__ = ["Handler", "HttpConnection", "HttpLimits", "HttpServer"]

_LOG = logging.getLogger(__name__)

Handler: TypeAlias = Callable[[bytes], bytes | Awaitable[bytes]]
"""Answers a body, at once or later."""

_SWEEP_S = 1.0
_CLOSE_GRACE_S = 3.0
_LINGER_S = 2.0
_BACKLOG = 1024

_JSON = b"application/json"
_TEXT = b"text/plain"

_TURN_REQUESTS_MAX = 64
"""Answered for one connection before the loop turns to others."""

_WRITE_JOINED_BYTES = 1 << 16
"""Up to here head and body are copied together into one write."""

_CONTINUE = b"HTTP/1.1 100 Continue\r\n\r\n"
_OPTIONS_FIELDS = (
    b"Allow: POST, OPTIONS\r\nAccess-Control-Allow-Headers: origin, content-type, accept\r\nDAV: 1\r\n"
)
_REASONS = {
    200: b"OK",
    400: b"Bad Request",
    405: b"Method Not Allowed",
    408: b"Request Timeout",
    413: b"Payload Too Large",
    431: b"Request Header Fields Too Large",
    503: b"Service Unavailable",
}


@dataclass(frozen=True, slots=True)
class HttpLimits:
    """What a stranger may cost."""

    connections: int = 1024
    header_bytes: int = 16 * 1024
    """Request line and headers."""
    body_bytes: int = 32 * 1024 * 1024
    """One body; also what chunked coding adds to it."""
    body_bytes_total: int = 256 * 1024 * 1024
    """Unfinished and waiting bodies of all connections."""
    idle_s: float = 120.0
    """Between two requests."""
    request_s: float = 30.0
    """From the first byte of a request to its last."""
    write_s: float = 30.0
    """For a client to take an answer that is larger than the socket's buffer."""


class _Request(NamedTuple):
    """A complete request."""

    method: bytes
    body: bytes
    keep_alive: bool


class _Refusal(NamedTuple):
    """What ends a connection, once the requests before it are answered."""

    status: int
    text: bytes


class HttpServer:
    """Listens while its `async with` block runs.

    Leaving it closes the socket, gives the requests under way a few seconds to end, and drops connections.
    """

    def __init__(self, host: str, port: int, handler: Handler, limits: HttpLimits | None = None) -> None:
        """`port` 0 takes any free one: `self.port` says which."""
        self.handler = handler
        self.limits = limits or HttpLimits()
        self.connections: set[HttpConnection] = set()
        """The open ones, and those that are gone but whose last request is still with the handler."""
        self.buffered_bytes = 0
        """Of bodies: unfinished, waiting, and with the handler."""
        self._host = host
        self._port = port
        self._tasks: set[asyncio.Task[None]] = set()
        self._server: asyncio.Server | None = None
        self._sweeper: asyncio.Task[None] | None = None

    @property
    def port(self) -> int:
        """The port it listens on."""
        return self._port

    async def __aenter__(self) -> Self:
        """Raises OSError: the address cannot be bound."""
        loop = asyncio.get_running_loop()
        self._server = await loop.create_server(
            lambda: HttpConnection(self, loop), self._host, self._port, backlog=_BACKLOG
        )
        self._port = self._server.sockets[0].getsockname()[1]
        self._sweeper = loop.create_task(self._sweep())
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        assert self._server is not None
        assert self._sweeper is not None
        self._server.close()
        self._sweeper.cancel()
        if self._tasks:
            await asyncio.wait(self._tasks, timeout=_CLOSE_GRACE_S)
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(self._sweeper, *self._tasks, return_exceptions=True)
        for connection in list(self.connections):
            connection.close()

    def spawn(self, work: Awaitable[bytes], deliver: Callable[[bytes], None]) -> None:
        """Await an answer, then deliver it.

        The work goes on even if the client is gone: a transaction that was handed in stays in.
        """
        task = asyncio.get_running_loop().create_task(_deliver(work, deliver))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _sweep(self) -> None:
        loop = asyncio.get_running_loop()
        while True:
            await asyncio.sleep(_SWEEP_S)
            now = loop.time()
            for connection in list(self.connections):
                connection.check_deadline(now)


async def _deliver(work: Awaitable[bytes], deliver: Callable[[bytes], None]) -> None:
    try:
        answer = await work
    except Exception as error:
        answer = _handler_failed(error)
    deliver(answer)


def _handler_failed(error: Exception) -> bytes:
    _LOG.error("a request failed outside of the JSON-RPC", exc_info=error)
    return b"ERROR while handleRequest: the node failed to answer; its log says why"


class HttpConnection(asyncio.Protocol):
    """One client: what it sent, what it is owed, and until when it may take its time."""

    def __init__(self, server: HttpServer, loop: asyncio.AbstractEventLoop) -> None:
        self._server = server
        self._limits = server.limits
        self._loop = loop
        self._transport: asyncio.Transport
        self._parser = httptools.HttpRequestParser(self)
        self._queue: deque[_Request | _Refusal] = deque()
        """Complete and not yet answered, in order."""
        self._in_flight_bytes: int | None = None
        """The body's size while a request is with the handler."""
        self._is_reading = True
        self._is_writable = True
        self._is_ending = False
        """What comes is ignored, nothing more is answered; what was written is being flushed."""
        self._deadline = loop.time() + self._limits.request_s
        self._begin_request(begun=False)

    def _begin_request(self, *, begun: bool) -> None:
        self._in_request = begun
        self._in_headers = True
        self._received_bytes = 0
        """Of this request, framing included; checked whenever bytes arrive."""
        self._body_parts: list[bytes] = []
        self._body_bytes = 0
        self._content_length = 0
        self._body_fields = b""
        """The headers that say where the body ends."""
        self._expects_continue = False

    # --- the transport tells ----------------------------------------------------------------------------

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)  # uvloop's is one in all but its class
        is_full = len(self._server.connections) >= self._limits.connections
        self._server.connections.add(self)
        if is_full:
            self._refuse(503, b"too many connections")
            self._serve()

    def connection_lost(self, exc: Exception | None) -> None:
        self._is_ending = True
        waiting = sum(len(item.body) for item in self._queue if isinstance(item, _Request))
        self._server.buffered_bytes -= self._body_bytes + waiting
        self._queue.clear()
        self._begin_request(begun=False)
        if self._in_flight_bytes is None:
            self._server.connections.discard(self)

    def data_received(self, data: bytes) -> None:
        if self._is_ending:
            return
        self._received_bytes += len(data)
        try:
            while data:
                data = self._feed(data)
        except httptools.HttpParserError:
            self._refuse(400, b"this is not HTTP/1.1")
        if self._in_headers and self._received_bytes > self._limits.header_bytes:
            self._refuse(431, b"the request's headers are too large")
        elif self._received_bytes > self._limits.header_bytes + self._limits.body_bytes:
            self._refuse(413, b"the request is too large")
        self._serve()

    def _feed(self, data: bytes) -> bytes:
        """Parse; what is to be parsed next, if the request came with an offer to change the protocol.

        The parser ends such a request without its body. We decline, as HTTP lets us, and parse it again as
        if the offer were not there.
        """
        try:
            self._parser.feed_data(data)
        except httptools.HttpParserUpgrade as offer:
            method = self._parser.get_method()
            if method == b"CONNECT":  # nothing but an offer
                self._queue.append(_Request(method, b"", keep_alive=False))
                return b""
            last = b"" if self._parser.should_keep_alive() else b"Connection: close\r\n"
            request = b"%s / HTTP/1.1\r\n%s%s\r\n" % (method, self._body_fields, last)
            self._parser = httptools.HttpRequestParser(self)
            self._begin_request(begun=False)
            return request + data[offer.args[0] :]
        return b""

    def pause_writing(self) -> None:
        self._is_writable = False
        self._deadline = self._loop.time() + self._limits.write_s

    def resume_writing(self) -> None:
        self._is_writable = True
        self._serve()

    # --- the parser tells -------------------------------------------------------------------------------

    def on_message_begin(self) -> None:
        self._in_request = True
        self._deadline = self._loop.time() + self._limits.request_s

    def on_header(self, name: bytes, value: bytes) -> None:
        if len(name) == 14 and name.lower() == b"content-length":
            self._content_length = int(value)  # the parser refuses what is no number
            self._body_fields = b"%s: %s\r\n" % (name, value)
        elif len(name) == 17 and name.lower() == b"transfer-encoding":
            self._body_fields = b"%s: %s\r\n" % (name, value)
        elif len(name) == 6 and name.lower() == b"expect":
            self._expects_continue = value.lower() == b"100-continue"

    def on_headers_complete(self) -> None:
        self._in_headers = False
        if self._content_length > self._limits.body_bytes:
            self._refuse(413, b"the request is too large")
        elif self._expects_continue and not self._queue and self._in_flight_bytes is None:
            self._write(_CONTINUE)

    def on_body(self, part: bytes) -> None:
        if self._is_refused:
            return
        self._body_parts.append(part)
        self._body_bytes += len(part)
        self._server.buffered_bytes += len(part)
        if self._body_bytes > self._limits.body_bytes:
            self._refuse(413, b"the request is too large")
        elif self._server.buffered_bytes > self._limits.body_bytes_total:
            self._refuse(503, b"too much to do; try again later")

    def on_message_complete(self) -> None:
        parser = self._parser
        if self._is_refused or parser.should_upgrade():
            return
        request = _Request(parser.get_method(), b"".join(self._body_parts), parser.should_keep_alive())
        self._queue.append(request)
        self._begin_request(begun=False)

    # --- answering --------------------------------------------------------------------------------------

    @property
    def _is_refused(self) -> bool:
        return self._is_ending or (bool(self._queue) and isinstance(self._queue[-1], _Refusal))

    def _refuse(self, status: int, text: bytes) -> None:
        """End the connection with this answer, after those it is still owed; what came is dropped."""
        if not self._is_refused:
            self._queue.append(_Refusal(status, text))
            self._server.buffered_bytes -= self._body_bytes
            self._body_parts, self._body_bytes = [], 0

    def _serve(self) -> None:
        """Answer what waits, as far as handler and client keep up; then see whether to read on."""
        left = _TURN_REQUESTS_MAX
        while self._queue and self._is_writable and self._in_flight_bytes is None and not self._is_ending:
            if left == 0:
                self._loop.call_soon(self._serve)
                break
            left -= 1
            item = self._queue.popleft()
            if isinstance(item, _Refusal):
                self._respond(item.status, item.text, keep_alive=False, kind=_TEXT, linger=self._in_request)
            elif item.method == b"POST":
                self._post(item)
            else:
                self._server.buffered_bytes -= len(item.body)
                self._answer_other(item)
        self._regulate()

    def _post(self, request: _Request) -> None:
        size = len(request.body)
        try:
            answer = self._server.handler(request.body)
        except Exception as error:
            answer = _handler_failed(error)
        if isinstance(answer, bytes):
            self._server.buffered_bytes -= size
            self._respond(200, answer, keep_alive=request.keep_alive)
            return
        self._in_flight_bytes = size

        def deliver(late_answer: bytes) -> None:
            self._in_flight_bytes = None
            self._server.buffered_bytes -= size
            if self._is_ending:
                self._server.connections.discard(self)
            else:
                self._respond(200, late_answer, keep_alive=request.keep_alive)
                self._serve()

        self._server.spawn(answer, deliver)

    def _answer_other(self, request: _Request) -> None:
        if request.method == b"OPTIONS":
            self._respond(200, b"", keep_alive=request.keep_alive, kind=_TEXT, fields=_OPTIONS_FIELDS)
        else:
            text = b"Not allowed HTTP Method"
            has_body = request.method != b"HEAD"
            self._respond(405, text, keep_alive=request.keep_alive, kind=_TEXT, has_body=has_body)

    def _respond(
        self,
        status: int,
        body: bytes,
        *,
        keep_alive: bool,
        kind: bytes = _JSON,
        fields: bytes = b"",
        has_body: bool = True,
        linger: bool = False,
    ) -> None:
        connection = b"Keep-Alive" if keep_alive else b"close"
        head = b"HTTP/1.1 %d %s\r\nConnection: %s\r\nContent-Length: %d\r\nContent-Type: %s\r\n%s\r\n" % (
            status,
            _REASONS[status],
            connection,
            len(body),
            kind,
            fields,
        )
        if not has_body:
            self._write(head)
        elif len(body) <= _WRITE_JOINED_BYTES:
            self._write(head + body)
        else:
            self._write(head)
            self._write(body)
        if linger:
            self._linger()
        elif not keep_alive:
            self.close()

    def _write(self, data: bytes) -> None:
        self._transport.write(data)

    # --- flow and time ----------------------------------------------------------------------------------

    def _regulate(self) -> None:
        """Read on only if nothing is owed, and give the client a new deadline when it is its turn."""
        if self._is_ending:
            return
        is_clients_turn = not self._queue and self._is_writable and self._in_flight_bytes is None
        if is_clients_turn and not self._in_request:
            self._deadline = self._loop.time() + self._limits.idle_s
        if is_clients_turn == self._is_reading:
            return
        self._is_reading = is_clients_turn
        if is_clients_turn:
            if self._in_request:  # it could not go on while we did not read
                self._deadline = self._loop.time() + self._limits.request_s
            self._transport.resume_reading()
        else:
            self._transport.pause_reading()

    def check_deadline(self, now: float) -> None:
        """Called once a second: end the connection if the client is late."""
        if now < self._deadline or (self._in_flight_bytes is not None and not self._is_ending):
            return
        if self._is_ending or not self._is_writable:
            self._transport.abort()
        elif self._in_request:
            self._refuse(408, b"the request did not come in time")
            self._serve()
        else:
            self.close()

    def _linger(self) -> None:
        """Say that nothing more comes, and let the client finish sending for a moment.

        Closing on unread bytes would reset the connection, and the client might never see why.
        """
        self._is_ending = True
        self._deadline = self._loop.time() + _LINGER_S
        self._transport.write_eof()
        if not self._is_reading:
            self._transport.resume_reading()

    def close(self) -> None:
        """Flush what was written, and no longer than it may take."""
        self._is_ending = True
        self._deadline = self._loop.time() + self._limits.write_s
        self._transport.close()
