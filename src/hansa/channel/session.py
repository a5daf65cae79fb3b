"""One client of the channel port: a socket, its TLS and its `ChannelConnection`, from accept to farewell.

The server is told what happens through `SessionOwner`; nothing here awaits.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import Protocol, cast

from hansa.channel.errors import HandshakeFailed, PeerRefused
from hansa.channel.handlers import SessionInfo
from hansa.channel.protocol import ChannelConnection, ChannelEvent
from hansa.channel.tls_pipe import SecurePipe

__all__ = ["Session", "SessionBounds", "SessionOwner"]


@dataclass(frozen=True, slots=True)
class SessionBounds:
    """What one client may cost, and how long it may take."""

    handshake_timeout_s: float = 10.0
    close_timeout_s: float = 30.0
    """After our farewell: time for the other side to take what is queued."""
    requests_open_max: int = 8192
    """Unanswered requests; above it the client is not read from."""
    request_bytes_open_max: int = 128 * 1024 * 1024
    outgoing_bytes_pause: int = 1024 * 1024
    """Unsent bytes above which the client is not read from."""
    outgoing_bytes_max: int = 64 * 1024 * 1024
    """Unsent bytes above which the next frame ends the session."""


class SessionOwner(Protocol):
    """The server, as a session sees it."""

    def accept(self, session: Session) -> SecurePipe:
        """A connection arrived; raises PeerRefused when there is no room."""

    def admit(self, session: Session, certificate: bytes) -> tuple[SessionInfo, ChannelConnection]:
        """The handshake succeeded; raises PeerRefused when the certificate is not welcome."""

    def dispatch(self, session: Session, events: list[ChannelEvent]) -> None:
        """The client said something."""

    def refuse(self, session: Session, reason: str) -> None:
        """The connection did not become a session."""

    def retire(self, session: Session, reason: str) -> None:
        """The session is over; nothing can be sent any more."""

    def leave(self, session: Session) -> None:
        """The socket is closed."""


class Session(asyncio.Protocol):
    """From accept to farewell. `info` and `core` exist once `is_open` has been true."""

    info: SessionInfo
    core: ChannelConnection

    def __init__(self, owner: SessionOwner, bounds: SessionBounds, loop: asyncio.AbstractEventLoop) -> None:
        self._owner = owner
        self._bounds = bounds
        self._loop = loop
        self._timer: asyncio.TimerHandle | None = None
        self._requests_open = 0
        self._request_bytes_open = 0
        self._is_writing_paused = False
        self._is_reading_paused = False
        self.is_open = False
        """TLS stands, the certificate is welcome, and nobody has said goodbye."""

    # --- called by the loop ------------------------------------------------------------------------

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """A client connected; its hello is awaited."""
        # A stream's transport, though not every loop derives its own from asyncio's class.
        self._transport = cast(asyncio.Transport, transport)
        self._transport.set_write_buffer_limits(high=self._bounds.outgoing_bytes_pause)
        peer = transport.get_extra_info("peername")
        self.host = str(peer[0]) if peer else "unknown"
        self.address = f"{self.host}:{peer[1]}" if peer else "unknown"
        try:
            self._pipe = self._owner.accept(self)
        except PeerRefused as error:
            self._refuse(str(error))
            return
        self._timer = self._loop.call_later(self._bounds.handshake_timeout_s, self._give_up_handshake)

    def data_received(self, data: bytes) -> None:
        """Bytes from the network: handshake or frames."""
        if self._transport.is_closing():
            return
        try:
            plain = self._pipe.receive(data)
            if not self.is_open and self._pipe.is_established:
                self._open()
        except (HandshakeFailed, PeerRefused) as error:
            self._break(str(error))
            return
        if answer := self._pipe.take():
            self._transport.write(answer)
        if plain:
            self._owner.dispatch(self, self.core.receive_data(plain, self._loop.time()))
        if self._pipe.is_ended:
            self.end("the client said goodbye")

    def eof_received(self) -> bool:
        """The client will send no more; without its side nothing is left to do."""
        return False

    def connection_lost(self, error: Exception | None) -> None:
        """The socket is closed."""
        self._stop_timer()
        if self.is_open:
            self.is_open = False
            self._owner.retire(self, f"the connection was lost: {error}" if error else "the client hung up")
        self._owner.leave(self)

    def pause_writing(self) -> None:
        """The client reads slower than it is sent to: take no more requests from it."""
        self._is_writing_paused = True
        self._govern_reading()

    def resume_writing(self) -> None:
        """The client caught up."""
        self._is_writing_paused = False
        self._govern_reading()

    # --- called by the server ----------------------------------------------------------------------

    def flush(self) -> bool:
        """Send what is queued: every frame a TLS write of its own, all of them one write to the socket.

        False if the session is over, perhaps because its client does not read.
        """
        if not self.is_open:
            return False
        frames = self.core.frames_to_send(self._loop.time())
        if not frames:
            return True
        if self._transport.get_write_buffer_size() > self._bounds.outgoing_bytes_max:
            self.drop(f"the client left more than {self._bounds.outgoing_bytes_max} bytes unread")
            return False
        for frame in frames:
            self._pipe.write(frame)
        self._transport.write(self._pipe.take())
        return True

    @property
    def takes_more(self) -> bool:
        """The client reads as fast as it is sent to."""
        return not self._is_writing_paused

    def end(self, reason: str) -> None:
        """Send what is queued, say goodbye and close. Harmless when already ended."""
        if not self.flush():
            self.drop(reason)
            return
        self.is_open = False
        self._pipe.close()
        self._transport.write(self._pipe.take())
        self._transport.close()
        self._stop_timer()
        self._timer = self._loop.call_later(self._bounds.close_timeout_s, self._transport.abort)
        self._owner.retire(self, reason)

    def drop(self, reason: str) -> None:
        """Close at once, whatever is queued."""
        self._stop_timer()
        self._transport.abort()
        if self.is_open:
            self.is_open = False
            self._owner.retire(self, reason)

    def open_request(self, size: int) -> None:
        """Count a request that has to be answered."""
        self._requests_open += 1
        self._request_bytes_open += size
        self._govern_reading()

    def close_request(self, size: int) -> None:
        """Count it off."""
        self._requests_open -= 1
        self._request_bytes_open -= size
        self._govern_reading()

    # --- inside ------------------------------------------------------------------------------------

    def _open(self) -> None:
        self.info, self.core = self._owner.admit(self, self._pipe.peer_certificate)
        self.is_open = True
        self._stop_timer()
        self._watch_deadline()

    def _break(self, reason: str) -> None:
        """TLS failed or the certificate is not welcome: let the alert out, if there is one."""
        if self.is_open:
            self.drop(reason)
            return
        self._transport.write(self._pipe.take())
        self._refuse(reason)

    def _refuse(self, reason: str) -> None:
        self._stop_timer()
        self._owner.refuse(self, reason)
        self._transport.close()

    def _give_up_handshake(self) -> None:
        self._owner.refuse(self, f"TLS failed, no handshake within {self._bounds.handshake_timeout_s:g} s")
        self._transport.abort()

    def _watch_deadline(self) -> None:
        deadline = self.core.next_deadline()
        if deadline is not None:
            self._timer = self._loop.call_at(deadline, self._meet_deadline)

    def _meet_deadline(self) -> None:
        self._timer = None
        self._owner.dispatch(self, self.core.handle_deadline(self._loop.time()))
        if self.is_open:
            self._watch_deadline()

    def _stop_timer(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _govern_reading(self) -> None:
        """Read from the client, or let it wait. Half the bound lies between stopping and going on."""
        bounds, share = self._bounds, 2 if self._is_reading_paused else 1
        must_wait = (
            self._is_writing_paused
            or self._requests_open > bounds.requests_open_max // share
            or self._request_bytes_open > bounds.request_bytes_open_max // share
        )
        if must_wait == self._is_reading_paused or self._transport.is_closing():
            return
        self._is_reading_paused = must_wait
        if must_wait:
            self._transport.pause_reading()
        else:
            self._transport.resume_reading()
