"""What a client offered in its first TLS flight, for explaining a handshake that failed.

Reads RFC 5246 §7.4.1.2 and the extensions supported_groups (RFC 8422) and supported_versions (RFC 8446). Only
the log sees the result; nothing is decided on it.
"""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["HELLO_BYTES_MAX", "ClientHello", "read_client_hello"]

HELLO_BYTES_MAX = 4096
"""Bytes kept of a connection's beginning."""

_HANDSHAKE_RECORD = 22
_CLIENT_HELLO = 1
_SUPPORTED_GROUPS = 10
_SUPPORTED_VERSIONS = 43


@dataclass(frozen=True, slots=True)
class ClientHello:
    """The parts of an offer that decide whether it fits."""

    versions: tuple[int, ...]
    """0x0303 = TLS 1.2, 0x0304 = TLS 1.3, 0x0101 = TLCP."""
    suites: tuple[int, ...]
    groups: tuple[int, ...]
    """Empty when the client names none."""


class _Reader:
    """Cuts big-endian fields off a byte string; an IndexError tells that it ended early."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._offset = 0

    def take(self, count: int) -> bytes:
        end = self._offset + count
        if end > len(self._data):
            raise IndexError
        piece, self._offset = self._data[self._offset : end], end
        return piece

    def integer(self, size: int) -> int:
        return int.from_bytes(self.take(size), "big")

    def vector(self, length_size: int) -> bytes:
        return self.take(self.integer(length_size))

    @property
    def rest(self) -> int:
        return len(self._data) - self._offset


def read_client_hello(data: bytes) -> ClientHello | None:
    """The offer at the beginning of a connection; None if this is no TLS hello, or not all of it."""
    try:
        record = _Reader(data)
        if record.integer(1) != _HANDSHAKE_RECORD:
            return None
        record.take(2)
        message = _Reader(record.vector(2))
        if message.integer(1) != _CLIENT_HELLO:
            return None
        hello = _Reader(message.vector(3))
        versions: tuple[int, ...] = (hello.integer(2),)
        hello.take(32)
        hello.vector(1)
        suites = _integers(hello.vector(2))
        hello.vector(1)
        groups: tuple[int, ...] = ()
        extensions = _Reader(hello.vector(2) if hello.rest else b"")
        while extensions.rest:
            kind, body = extensions.integer(2), _Reader(extensions.vector(2))
            if kind == _SUPPORTED_GROUPS:
                groups = _integers(body.vector(2))
            elif kind == _SUPPORTED_VERSIONS:
                versions = _integers(body.vector(1))
    except IndexError:
        return None
    return ClientHello(versions, suites, groups)


def _integers(data: bytes) -> tuple[int, ...]:
    return tuple(int.from_bytes(data[at : at + 2], "big") for at in range(0, len(data) - 1, 2))
