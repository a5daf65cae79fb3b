"""Drives one `P2pConnection` over TLS on a TCP transport of asyncio (or uvloop).

Frames that are sent within one turn of the loop leave in one write. What a slow peer does not take is held
up to a limit; beyond it the session ends. Who the peer is and whether it may stay, the gateway decides.
"""

from __future__ import annotations

import asyncio
import logging
import socket
import ssl
from typing import Protocol, cast

from hansa.p2p.duplicates import SessionFacts
from hansa.p2p.errors import RequestTimedOut, SessionLost
from hansa.p2p.frames import FrameEncoder
from hansa.p2p.protocol import (
    ConnectionClosed,
    DisconnectReason,
    FrameRefused,
    P2pConnection,
    P2pEvent,
    Packet,
    PacketReceived,
    RequestExpired,
    ResponseReceived,
    SessionLimits,
    TopicsReceived,
)
from hansa.p2p.tls import PeerIdentity
from hansa.p2p.topics import TopicList
from hansa.p2p.wire import TlsStream

__all__ = ["PeerSession", "SessionOwner"]

logger = logging.getLogger("hansa.p2p")

# Below this the transport takes more data; above, we hold it back and the idle limit runs.
_TRANSPORT_BUFFER_BYTES = 1024 * 1024


class SessionOwner(Protocol):
    """What a session needs of its gateway. Calls come from the loop and do not raise."""

    @property
    def encoder(self) -> FrameEncoder:
        """Shared by all sessions."""

    @property
    def own_topics(self) -> TopicList:
        """What our SDKs follow."""

    @property
    def session_limits(self) -> SessionLimits:
        """Times of a session."""

    @property
    def write_buffer_bytes_max(self) -> int:
        """How much may wait for one peer to read it."""

    @property
    def shutdown_timeout_s(self) -> float:
        """How long a peer may take to close its side."""

    def session_opened(self, session: PeerSession) -> None:
        """TLS is up and the peer is known: keep the session or end it."""

    def session_ended(self, session: PeerSession) -> None:
        """The session is over for us, though its wire may still be closing."""

    def session_closed(self, session: PeerSession) -> None:
        """The wire is closed: the last call for a session."""

    def packet_received(self, session: PeerSession, packet: Packet) -> None:
        """A packet for one of our modules."""

    def topics_received(self, session: PeerSession) -> None:
        """The peer's topics have changed."""


class PeerSession(asyncio.Protocol):
    """One session with another node, from the end of the TLS handshake."""

    def __init__(
        self,
        owner: SessionOwner,
        tls: TlsStream,
        identity: PeerIdentity,
        *,
        address: tuple[str, int],
        is_dialled: bool,
    ) -> None:
        """`address` is the configured one if we called, else where the peer called from."""
        self.identity = identity
        self.address = address
        self.is_dialled = is_dialled
        self.topics: tuple[str, ...] = ()
        self.is_open = False
        self._owner = owner
        self._tls = tls
        self._loop = asyncio.get_running_loop()
        self.began_at = self._loop.time()
        self.connection = P2pConnection(
            self.began_at, encoder=owner.encoder, topics=owner.own_topics, limits=owner.session_limits
        )
        self._transport: asyncio.Transport | None = None
        self._answers: dict[int, asyncio.Future[Packet]] = {}
        self._timer: asyncio.TimerHandle | None = None
        self._timer_at = 0.0
        self._shutdown_timer: asyncio.TimerHandle | None = None
        self._reading_timer: asyncio.TimerHandle | None = None
        self._is_flush_due = False
        self._is_blocked = False
        self._refused_count = 0

    def __str__(self) -> str:
        host, port = self.address
        way = "dialled" if self.is_dialled else "accepted"
        return f"{self.identity.node_id.hex()[:8]} ({self.identity.name}, {way}, {host}:{port})"

    @property
    def facts(self) -> SessionFacts:
        """What decides between two sessions with the same node."""
        return SessionFacts(self.is_dialled, self.began_at, self.connection.last_received_at)

    # --- use -----------------------------------------------------------------------------------------------

    def send(self, *, group: int, module: int, packet_type: int, payload: bytes) -> bool:
        """Queue a packet under the next sequence number; False if the peer is too slow and was dropped for
        it.

        Raises:
            LocalProtocolError: it does not fit a frame.
        """
        return self._send(Packet(group, module, packet_type, self.connection.new_seq(), payload))

    def respond(self, request: Packet, payload: bytes) -> bool:
        """Queue the answer to a request; as `send`."""
        answer = Packet(
            request.group, request.module, request.packet_type, request.seq, payload, is_response=True
        )
        return self._send(answer)

    def _send(self, packet: Packet) -> bool:
        if not self._has_room(len(packet.payload)):
            return False
        self.connection.send(packet)
        self._schedule_flush()
        return True

    async def request(
        self, *, group: int, module: int, packet_type: int, payload: bytes, timeout_s: float
    ) -> Packet:
        """Send a packet and wait for its answer.

        Raises:
            RequestTimedOut: none came within the time.
            SessionLost: the session ended first, or the peer is too slow.
            LocalProtocolError: it does not fit a frame, or too many requests wait already.
        """
        if not self._has_room(len(payload)):
            raise SessionLost(self.identity.node_id)
        seq = self.connection.new_seq()
        packet = Packet(group, module, packet_type, seq, payload)
        self.connection.request(packet, deadline=self._loop.time() + timeout_s)
        answer: asyncio.Future[Packet] = self._loop.create_future()
        self._answers[seq] = answer
        self._schedule_flush()
        try:
            return await answer
        finally:
            self._answers.pop(seq, None)
            self.connection.forget_request(seq)

    def announce_topics(self, topics: TopicList) -> None:
        """Our own topics have changed."""
        self.connection.announce_topics(topics)
        self._schedule_flush()

    def end(self, reason: DisconnectReason, detail: str, *, abort: bool = False) -> None:
        """Close the session, after what was written has left; with `abort`, at once. Harmless when
        repeated.
        """
        if not self.is_open:
            return
        if not abort:
            self._flush()
        self._finish(reason, detail)
        if self._transport is None or self._transport.is_closing():
            return
        if abort:
            self._transport.abort()
            return
        # Closing only our side lets the peer read to the end; then it closes its own.
        self._transport.write(self._tls.farewell())
        try:
            self._transport.write_eof()
        except OSError:  # the peer has reset the connection, and the transport has not noticed yet
            self._transport.abort()
            return
        self._shutdown_timer = self._loop.call_later(self._owner.shutdown_timeout_s, self._transport.abort)

    def abort(self) -> None:
        """Cut the wire of a session that takes too long to close."""
        if self._transport is not None:
            self._transport.abort()

    def _finish(self, reason: DisconnectReason, detail: str) -> None:
        self.is_open = False
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        logger.info("session with %s ended: %s (%s)", self, detail, reason.name.lower())
        for answer in self._answers.values():
            if not answer.done():
                answer.set_exception(SessionLost(self.identity.node_id))
        self._answers.clear()
        self._resume_reading()  # to hear the peer close its side
        self._owner.session_ended(self)

    # --- writing -------------------------------------------------------------------------------------------

    @property
    def waiting_bytes(self) -> int:
        """What the peer has not taken yet."""
        buffered = 0 if self._transport is None else self._transport.get_write_buffer_size()
        return self.connection.outgoing_bytes + buffered

    def _has_room(self, size: int) -> bool:
        """Whether a payload may be queued. If not, the peer reads too slowly and the session ends."""
        if not self.is_open or self._transport is None:
            return False
        waiting = self.waiting_bytes
        # A single packet may be larger than the limit.
        if waiting == 0 or waiting + size <= self._owner.write_buffer_bytes_max:
            return True
        self.end(DisconnectReason.USELESS_PEER, f"{waiting} bytes wait for it to read", abort=True)
        return False

    def _schedule_flush(self) -> None:
        if not self._is_flush_due:
            self._is_flush_due = True
            self._loop.call_soon(self._flush)

    def _flush(self) -> None:
        self._is_flush_due = False
        if not self.is_open or self._is_blocked or self._transport is None or self._transport.is_closing():
            return
        if data := self.connection.data_to_send():
            self._transport.write(self._tls.encrypt(data))
        self._set_timer()

    def pause_writing(self) -> None:
        """The transport's buffer is full."""
        self._is_blocked = True
        self.connection.pause_writing(self._loop.time())
        self._set_timer()

    def resume_writing(self) -> None:
        """The transport's buffer has emptied."""
        self._is_blocked = False
        self.connection.resume_writing()
        self._flush()

    # --- reading and time ----------------------------------------------------------------------------------

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """The wire is ours now."""
        self._transport = cast(asyncio.Transport, transport)
        self._transport.set_write_buffer_limits(high=_TRANSPORT_BUFFER_BYTES)
        transport.get_extra_info("socket").setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.is_open = True
        self._owner.session_opened(self)
        # Packets may have come along with the end of the handshake.
        self.data_received(b"")
        self._flush()

    def data_received(self, data: bytes) -> None:
        """Bytes off the wire."""
        if not self.is_open or self._transport is None:
            return
        try:
            plain = self._tls.decrypt(data)
        except ssl.SSLError as error:
            self.end(DisconnectReason.CONNECTION_ERROR, f"TLS failed: {error.reason or error}", abort=True)
            return
        if to_send := self._tls.data_to_send():
            self._transport.write(to_send)
        if plain:
            self._handle(self.connection.receive_data(plain, self._loop.time()))
            self._schedule_flush()
            self._pause_reading()
        if self._tls.is_ended:
            self.end(DisconnectReason.CONNECTION_ERROR, "the peer closed the session")

    def _pause_reading(self) -> None:
        """Leave a peer that sends too much alone for a while."""
        again_at = self.connection.read_again_at
        if self._transport is None or not self.is_open or again_at <= self._loop.time():
            return
        self._transport.pause_reading()
        if self._reading_timer is not None:
            self._reading_timer.cancel()
        self._reading_timer = self._loop.call_at(again_at, self._resume_reading)

    def _resume_reading(self) -> None:
        if self._reading_timer is None:
            return
        self._reading_timer.cancel()
        self._reading_timer = None
        if self._transport is not None and not self._transport.is_closing():
            self._transport.resume_reading()

    def connection_lost(self, error: Exception | None) -> None:
        """The wire is closed, by either end."""
        if self._shutdown_timer is not None:
            self._shutdown_timer.cancel()
        if self.is_open:
            detail = "the peer closed the connection" if error is None else str(error) or type(error).__name__
            self._finish(DisconnectReason.CONNECTION_ERROR, detail)
        self._owner.session_closed(self)

    def _set_timer(self) -> None:
        """Make sure that the timer rings by the next deadline. One that rings early sets the next."""
        deadline = self.connection.next_deadline()
        if deadline is None or not self.is_open:
            return
        if self._timer is None or deadline < self._timer_at:
            if self._timer is not None:
                self._timer.cancel()
            self._timer = self._loop.call_at(deadline, self._ring)
            self._timer_at = deadline

    def _ring(self) -> None:
        self._timer = None
        self._handle(self.connection.handle_deadline(self._loop.time()))
        self._flush()
        self._set_timer()

    def _handle(self, events: list[P2pEvent]) -> None:
        for event in events:
            if not self.is_open:
                return
            match event:
                case PacketReceived(packet):
                    self._owner.packet_received(self, packet)
                case ResponseReceived(packet):
                    answer = self._answers.get(packet.seq)
                    if answer is not None and not answer.done():
                        answer.set_result(packet)
                case RequestExpired(seq):
                    answer = self._answers.get(seq)
                    if answer is not None and not answer.done():
                        answer.set_exception(RequestTimedOut(self.identity.node_id))
                case TopicsReceived(topics):
                    self.topics = topics
                    self._owner.topics_received(self)
                case FrameRefused(reason):
                    self._refused_count += 1
                    # Powers of two: a peer that sends nothing else does not fill the disk.
                    if self._refused_count & (self._refused_count - 1) == 0:
                        logger.warning("bad packet %d from %s: %s", self._refused_count, self, reason)
                case ConnectionClosed(reason, detail):
                    self.end(reason, detail, abort=True)
