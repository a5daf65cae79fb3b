"""What can go wrong on a channel.

ChannelError
├── FrameError                 the bytes are no frame: the connection cannot be read further
│   ├── FrameTooShort          length field below the header's own size
│   └── FrameTooLong           length field above the bound
├── TopicError                 a frame's data does not start with a topic prefix
├── CertificateFilesError      our own certificate files: missing, unreadable, not matching
├── HandshakeFailed            TLS could not be agreed on
├── PeerRefused                TLS was agreed on, the certificate is not welcome
├── LocalProtocolError         this side used a connection wrongly
└── ClientError                what a client's caller has to expect
    ├── ConnectionLost         the connection is gone, the outcome of a request unknown
    ├── RequestTimedOut        no answer in time
    └── RpcError               the node answered with a JSON-RPC error
"""

from __future__ import annotations

from pathlib import Path

__all__ = [
    "CertificateFilesError",
    "ChannelError",
    "ClientError",
    "ConnectionLost",
    "FrameError",
    "FrameTooLong",
    "FrameTooShort",
    "HandshakeFailed",
    "LocalProtocolError",
    "PeerRefused",
    "RequestTimedOut",
    "RpcError",
    "TopicError",
]


class ChannelError(Exception):
    """Base of every error of this package."""


class FrameError(ChannelError):
    """The bytes are no frame; what follows them cannot be found any more."""


class FrameTooShort(FrameError):
    """A frame says it is shorter than its own header."""

    def __init__(self, length: int) -> None:
        super().__init__(f"a frame cannot have {length} bytes, its header alone has 42")
        self.length = length


class FrameTooLong(FrameError):
    """A frame says it is longer than this connection accepts."""

    def __init__(self, length: int, length_max: int) -> None:
        super().__init__(f"a frame of {length} bytes is longer than the {length_max} accepted here")
        self.length = length
        self.length_max = length_max


class TopicError(ChannelError):
    """The data does not start with a length byte and that many bytes of topic text."""


class CertificateFilesError(ChannelError):
    """A certificate or key file of our own cannot be used."""

    def __init__(self, path: Path, reason: str) -> None:
        super().__init__(f"{path}: {reason}")
        self.path = path
        self.reason = reason


class HandshakeFailed(ChannelError):
    """TLS could not be agreed on; the text says why in words an operator can act on."""


class PeerRefused(ChannelError):
    """The other side's certificate is valid but not welcome; the text says why."""


class LocalProtocolError(ChannelError):
    """This side asked a connection for something it cannot do."""


class ClientError(ChannelError):
    """A request of ours did not succeed."""


class ConnectionLost(ClientError):
    """The connection ended; whether the node acted on the request is unknown."""


class RequestTimedOut(ClientError):
    """No answer within the time the caller gave."""


class RpcError(ClientError):
    """The node answered with a JSON-RPC error (client protocol §2.3)."""

    def __init__(self, code: int, message: str) -> None:
        super().__init__(f"{message} ({code})")
        self.code = code
        self.message = message
