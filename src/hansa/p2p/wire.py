"""TLS over a TCP transport, up to the point where packets can flow.

The handshake is driven here rather than inside the event loop's own TLS transport, because that one throws
the alert away: the other end would see a closed connection instead of the reason. It also means that a
session begins with a known peer, and that TLS costs the same under every event loop.
"""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Callable
from typing import cast

from hansa.p2p.errors import PeerRefused

__all__ = ["Handshake", "TlsStream"]

_RECORD_BYTES_MAX = 16 * 1024


class TlsStream:
    """One end of a TLS connection: bytes in, bytes out. No sockets."""

    def __init__(self, context: ssl.SSLContext, *, server_side: bool) -> None:
        self._incoming = ssl.MemoryBIO()
        self._outgoing = ssl.MemoryBIO()
        self._tls = context.wrap_bio(self._incoming, self._outgoing, server_side=server_side)
        self.is_ended = False
        """Whether the peer has said that it sends nothing more."""

    def handshake(self, data: bytes | None) -> bool:
        """Go on with the handshake; what came from the peer, None for the end of its stream. True when it is
        done. `data_to_send` has to be written in any case, also when this raises: it may hold the alert.

        Raises:
            ssl.SSLError: it failed.
        """
        if data is None:
            self._incoming.write_eof()
        else:
            self._incoming.write(data)
        try:
            self._tls.do_handshake()
        except ssl.SSLWantReadError:
            return False
        return True

    @property
    def peer_certificate(self) -> bytes | None:
        """What the peer showed, verified, in DER form."""
        return self._tls.getpeercert(binary_form=True)

    def decrypt(self, data: bytes) -> bytes:
        """What the peer wrote; sets `is_ended` at its end.

        Raises:
            ssl.SSLError: the bytes are no TLS records of this connection.
        """
        self._incoming.write(data)
        plain: list[bytes] = []
        try:
            while chunk := self._tls.read(_RECORD_BYTES_MAX):
                plain.append(chunk)
            self.is_ended = True
        except ssl.SSLWantReadError:
            pass
        except ssl.SSLZeroReturnError:
            self.is_ended = True
        return b"".join(plain)

    def encrypt(self, data: bytes) -> bytes:
        """The records that carry the data, after whatever else TLS has to say."""
        self._tls.write(data)
        return self._outgoing.read()

    def farewell(self) -> bytes:
        """The record that ends our side of the stream."""
        try:
            self._tls.unwrap()
        except ssl.SSLError:  # it wants the peer's farewell, for which nobody waits
            pass
        return self._outgoing.read()

    def data_to_send(self) -> bytes:
        """What TLS itself wants to say: handshake and alerts."""
        return self._outgoing.read()


class Handshake(asyncio.Protocol):
    """Brings TLS up on a TCP connection, then hands the transport to the protocol that `established` makes.

    A failure closes the connection, after the alert has been sent.
    """

    def __init__(
        self,
        context: ssl.SSLContext,
        *,
        server_side: bool,
        timeout_s: float,
        established: Callable[[TlsStream], asyncio.Protocol],
    ) -> None:
        """`established` is called once TLS is up; it may raise `PeerRefused`."""
        self._tls = TlsStream(context, server_side=server_side)
        self._timeout_s = timeout_s
        self._established = established
        self._loop = asyncio.get_running_loop()
        self._transport: asyncio.Transport | None = None
        self._timer: asyncio.TimerHandle | None = None
        self.done: asyncio.Future[None] = self._loop.create_future()
        """Done when the session begins. Fails with what `explain_handshake_failure` explains."""

    def abort(self) -> None:
        """Give up at once."""
        self._fail(ConnectionAbortedError("the TLS handshake was given up"))
        if self._transport is not None:
            self._transport.abort()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """TCP is up."""
        self._transport = cast(asyncio.Transport, transport)
        self._timer = self._loop.call_later(self._timeout_s, self._expire)
        self._advance(b"")

    def data_received(self, data: bytes) -> None:
        """A part of the peer's handshake."""
        self._advance(data)

    def eof_received(self) -> None:
        """The peer hung up."""
        self._advance(None)

    def connection_lost(self, error: Exception | None) -> None:
        """The connection broke before TLS was up."""
        self._fail(error or ConnectionResetError("the connection was closed"))

    def _expire(self) -> None:
        self._fail(ConnectionAbortedError(f"the TLS handshake took more than {self._timeout_s:g} s"))

    def _advance(self, data: bytes | None) -> None:
        transport = self._transport
        if self.done.done() or transport is None:
            return
        try:
            is_done = self._tls.handshake(data)
        except ssl.SSLError as error:
            transport.write(self._tls.data_to_send())
            self._fail(error)
            return
        if to_send := self._tls.data_to_send():
            transport.write(to_send)
        if not is_done:
            return
        try:
            session = self._established(self._tls)
        except PeerRefused as error:
            self._fail(error)
            return
        self._stop_timer()
        self.done.set_result(None)
        # Within one turn of the loop: nothing the peer sends can arrive in between.
        transport.set_protocol(session)
        session.connection_made(transport)

    def _fail(self, error: Exception) -> None:
        self._stop_timer()
        if not self.done.done():
            self.done.set_exception(error)
            if self._transport is not None:
                self._transport.close()

    def _stop_timer(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
