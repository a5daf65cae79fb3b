"""The network between nodes: who a peer is, one TLS session with each, packets for the modules of a node
(spec: node §3).

`frames`, `topics`, `protocol`, `duplicates` and `dialling` are pure; `tls` makes contexts and reads
certificates; `wire`, `reception`, `session` and `gateway` do the input and output. What packets mean
belongs to consensus, sync and AMOP.
"""

from hansa.p2p.errors import (
    LocalProtocolError,
    NotConnected,
    P2pError,
    RequestTimedOut,
    SessionLost,
    TlsMaterialError,
)
from hansa.p2p.frames import Module, Packet
from hansa.p2p.gateway import Endpoint, Gateway, GatewayConfig, GatewayLimits, PacketHandler, PeerInfo
from hansa.p2p.protocol import SessionLimits
from hansa.p2p.tls import NodeTls, PeerIdentity, explain_handshake_failure, load_node_tls, node_tls_from_pem

__all__ = [
    "Endpoint",
    "Gateway",
    "GatewayConfig",
    "GatewayLimits",
    "LocalProtocolError",
    "Module",
    "NodeTls",
    "NotConnected",
    "P2pError",
    "Packet",
    "PacketHandler",
    "PeerIdentity",
    "PeerInfo",
    "RequestTimedOut",
    "SessionLimits",
    "SessionLost",
    "TlsMaterialError",
    "explain_handshake_failure",
    "load_node_tls",
    "node_tls_from_pem",
]
