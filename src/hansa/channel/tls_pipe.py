"""TLS as bytes in, bytes out.

The node drives TLS itself instead of leaving it to the event loop, for three reasons: every frame must be a
TLS write of its own while one socket write carries many of them; a failed handshake must be explained;
handshakes that never finish must be counted. Another TLS, such as the one with SM suites, fits in by being a
`SecurePipe`.
"""

from __future__ import annotations

import ssl
from typing import Protocol

from hansa.channel.client_hello import HELLO_BYTES_MAX, read_client_hello
from hansa.channel.errors import HandshakeFailed
from hansa.channel.tls_failures import explain_handshake_failure

__all__ = ["SecurePipe", "TlsPipe"]

_READ_BYTES = 64 * 1024


class SecurePipe(Protocol):
    """One end of an encrypted stream, without the stream."""

    @property
    def is_established(self) -> bool:
        """The handshake is over and `peer_certificate` known."""

    @property
    def peer_certificate(self) -> bytes:
        """The other side's certificate, DER."""

    @property
    def is_ended(self) -> bool:
        """The other side said that it will send no more."""

    def start(self) -> None:
        """Begin the handshake; the client's side has something to send after this."""

    def receive(self, ciphertext: bytes) -> bytes:
        """Take bytes from the network; the plain bytes that came out of them.

        Raises:
            HandshakeFailed: it will not become a connection, or broke; `take` may hold an alert to send.
        """

    def write(self, frame: bytes) -> None:
        """Encrypt one frame into records of its own."""

    def take(self) -> bytes:
        """Everything that has to go to the network now."""

    def close(self) -> None:
        """Say goodbye; `take` holds the farewell."""


class TlsPipe:
    """A `SecurePipe` over OpenSSL."""

    def __init__(self, context: ssl.SSLContext, *, server_side: bool) -> None:
        self._incoming = ssl.MemoryBIO()
        self._outgoing = ssl.MemoryBIO()
        self._tls = context.wrap_bio(self._incoming, self._outgoing, server_side=server_side)
        self._hello = bytearray()
        self._keeps_hello = server_side
        self.is_established = False
        self.is_ended = False

    @property
    def peer_certificate(self) -> bytes:
        """The other side's certificate, DER."""
        certificate = self._tls.getpeercert(binary_form=True)
        if certificate is None:
            raise HandshakeFailed("the other side showed no certificate")
        return certificate

    @property
    def cipher(self) -> str:
        """OpenSSL's name of the agreed suite; empty before the handshake."""
        agreed = self._tls.cipher()
        return "" if agreed is None else agreed[0]

    def start(self) -> None:
        """Begin the handshake."""
        self._shake_hands()

    def receive(self, ciphertext: bytes) -> bytes:
        """Take bytes from the network; the plain bytes that came out of them."""
        if self._keeps_hello and len(self._hello) < HELLO_BYTES_MAX:
            self._hello += ciphertext[: HELLO_BYTES_MAX - len(self._hello)]
        self._incoming.write(ciphertext)
        if not self.is_established:
            self._shake_hands()
            if not self.is_established:
                return b""
        return self._read()

    def _shake_hands(self) -> None:
        try:
            self._tls.do_handshake()
        except ssl.SSLWantReadError:
            return
        except ssl.SSLError as error:
            hello = read_client_hello(bytes(self._hello))
            raise HandshakeFailed(explain_handshake_failure(error, hello)) from error
        self.is_established = True
        self._keeps_hello = False
        self._hello.clear()

    def _read(self) -> bytes:
        chunks = []
        while True:
            try:
                chunk = self._tls.read(_READ_BYTES)
            except ssl.SSLWantReadError:
                break
            except ssl.SSLZeroReturnError:
                self.is_ended = True
                break
            except ssl.SSLError as error:
                raise HandshakeFailed(f"TLS broke: {error.reason or error}") from error
            if not chunk:
                self.is_ended = True
                break
            chunks.append(chunk)
        return chunks[0] if len(chunks) == 1 else b"".join(chunks)

    def write(self, frame: bytes) -> None:
        """Encrypt one frame into records of its own."""
        written = self._tls.write(frame)
        # OpenSSL takes one record's worth at a time; more than that only happens to long frames.
        while written < len(frame):
            with memoryview(frame) as view:
                written += self._tls.write(view[written:])

    def take(self) -> bytes:
        """Everything that has to go to the network now."""
        return self._outgoing.read()

    def close(self) -> None:
        """Say goodbye, without waiting for an answer."""
        if not self.is_established:
            return
        try:
            self._tls.unwrap()
        except ssl.SSLError:
            # The usual outcome: our farewell is queued, the other side's has not come.
            return
