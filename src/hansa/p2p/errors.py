"""What can go wrong between nodes.

```
P2pError
├── LocalProtocolError     we asked for something the protocol does not allow
├── MalformedFrame         a peer sent bytes that are no packet
├── TlsMaterialError       our own key, certificate or CA file is not usable
├── PeerRefused            a peer's certificate names no node we talk to
├── NotConnected           there is no session with that node
├── SessionLost            the session ended before the answer came
└── RequestTimedOut        no answer within the time allowed (also a TimeoutError)
```
"""

from hansa.primitives import NodeId

__all__ = [
    "LocalProtocolError",
    "MalformedFrame",
    "NotConnected",
    "P2pError",
    "PeerRefused",
    "RequestTimedOut",
    "SessionLost",
    "TlsMaterialError",
]


class P2pError(Exception):
    """Base of all errors of this package."""


class LocalProtocolError(P2pError):
    """We asked for something the protocol does not allow; nothing was sent."""


class MalformedFrame(P2pError):
    """A peer sent bytes that are no packet. The text is the reason, for the log."""


class TlsMaterialError(P2pError):
    """Our own key, certificate or CA file is not usable. The text says which and how to mend it."""


class PeerRefused(P2pError):
    """A peer's certificate names no node we talk to. The text is the reason, for the log."""


class NotConnected(P2pError):
    """There is no session with the node."""

    def __init__(self, node: NodeId) -> None:
        super().__init__(f"node {node.hex()[:8]} is not connected")
        self.node = node


class SessionLost(P2pError):
    """The session ended before the node answered."""

    def __init__(self, node: NodeId) -> None:
        super().__init__(f"the session with node {node.hex()[:8]} ended before it answered")
        self.node = node


class RequestTimedOut(P2pError, TimeoutError):
    """The node did not answer in time."""

    def __init__(self, node: NodeId) -> None:
        super().__init__(f"node {node.hex()[:8]} did not answer in time")
        self.node = node
