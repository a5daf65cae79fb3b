"""The node's front towards other nodes: listens, dials, keeps one session per node, hands packets to modules.

Rule 1: only configured peers are dialled; there is no discovery and no relaying (node §3.1).
Rule 2: a node has at most one session; `duplicates` says which of two stays.
Rule 3: what a stranger can occupy is bounded: handshakes, in all and per host, their time, and sessions.
Rule 4: everything runs on one loop. Handlers and listeners are plain functions called on it, in the order
things happened; one that raises is logged and does no further harm.

    async with Gateway(config) as gateway:
        gateway.register(module=Module.PBFT, group=1, handler=on_pbft_packet)
        gateway.send(node, group=1, module=Module.PBFT, packet_type=0, payload=payload)
"""

from __future__ import annotations

import asyncio
import logging
import socket
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from types import TracebackType
from typing import NamedTuple, ParamSpec, Self

from hansa.p2p.dialling import DialSchedule
from hansa.p2p.duplicates import replaces
from hansa.p2p.errors import NotConnected, PeerRefused
from hansa.p2p.frames import FrameEncoder, Module, Packet
from hansa.p2p.protocol import DisconnectReason, SessionLimits
from hansa.p2p.reception import Reception
from hansa.p2p.session import PeerSession
from hansa.p2p.tls import AccessList, NodeTls, PeerIdentity, explain_handshake_failure, identify_peer
from hansa.p2p.topics import TopicList, is_gossipable
from hansa.p2p.wire import Handshake, TlsStream
from hansa.primitives import NodeId

__all__ = ["Endpoint", "Gateway", "GatewayConfig", "GatewayLimits", "PacketHandler", "PeerInfo"]

logger = logging.getLogger("hansa.p2p")

PacketHandler = Callable[[NodeId, Packet], None]

Arguments = ParamSpec("Arguments")

_LISTEN_BACKLOG = 128


class Endpoint(NamedTuple):
    """Where a configured peer listens."""

    host: str
    port: int


@dataclass(frozen=True, slots=True)
class GatewayLimits:
    """What others may occupy, and for how long."""

    session: SessionLimits = field(default_factory=SessionLimits)
    sessions_max: int = 256
    """Sessions in all; peers that we dial ourselves come on top."""
    handshakes_max: int = 128
    handshakes_per_host_max: int = 32
    handshake_timeout_s: float = 10.0
    connect_timeout_s: float = 10.0
    """Name resolution and TCP, when we dial."""
    shutdown_timeout_s: float = 2.0
    """How long a peer may take to close its side."""
    write_buffer_bytes_max: int = 64 * 1024 * 1024
    """What may wait for one peer to read it; beyond, the peer is dropped."""


@dataclass(frozen=True, slots=True)
class GatewayConfig:
    """The `[p2p]` section and what belongs to it."""

    listen_ip: str
    listen_port: int
    """0 takes any free port: see `Gateway.listen_port`."""
    tls: NodeTls
    peers: tuple[tuple[str, int], ...] = ()
    whitelist: frozenset[NodeId] = frozenset()
    blacklist: frozenset[NodeId] = frozenset()
    compress: bool = True
    limits: GatewayLimits = field(default_factory=GatewayLimits)


@dataclass(frozen=True, slots=True)
class PeerInfo:
    """A connected node."""

    node_id: NodeId
    host: str
    port: int
    """The configured one if we dialled; else the one it called from."""
    agency: str
    name: str
    topics: tuple[str, ...]
    """AMOP topics of its SDKs."""


@dataclass(slots=True, eq=False)
class _ConfiguredPeer:
    """A peer that is dialled while it is not connected."""

    endpoint: Endpoint
    node_id: NodeId | None = None
    """Who answered there last."""
    schedule: DialSchedule = field(default_factory=DialSchedule)
    changed: asyncio.Event = field(default_factory=asyncio.Event)
    task: asyncio.Task[None] | None = None
    last_failure: str = ""


@dataclass(frozen=True, slots=True)
class _Listener:
    on_connect: Callable[[NodeId], None] | None
    on_disconnect: Callable[[NodeId], None] | None
    on_topics: Callable[[NodeId, tuple[str, ...]], None] | None


class Gateway:
    """Use it as an async context manager. It listens and dials inside; leaving it closes every session."""

    def __init__(self, config: GatewayConfig) -> None:
        self._config = config
        self._limits = config.limits
        self._tls = config.tls
        self._encoder = FrameEncoder(compress=config.compress)
        self._access = AccessList(config.whitelist, config.blacklist)
        self._own_topics = TopicList()
        self._handlers: dict[tuple[int, int], PacketHandler] = {}
        self._listeners: list[_Listener] = []
        self._sessions: dict[NodeId, PeerSession] = {}
        self._connected_ids: frozenset[NodeId] = frozenset()
        # Every TLS connection that is up, those that are closing included; each with the end to wait for.
        self._open_wires: dict[PeerSession, asyncio.Future[None]] = {}
        self._reception = Reception(
            config.tls.server,
            callers_max=config.limits.handshakes_max,
            callers_per_host_max=config.limits.handshakes_per_host_max,
            timeout_s=config.limits.handshake_timeout_s,
            welcome=self._welcome,
        )
        self._peers: dict[Endpoint, _ConfiguredPeer] = {}
        for host, port in config.peers:
            self._peers.setdefault(_endpoint(host, port), _ConfiguredPeer(_endpoint(host, port)))
        self._listen_port = config.listen_port
        self._server: asyncio.Server | None = None
        self._is_closing = False
        self._dialling_group = asyncio.TaskGroup()
        self._dialling: asyncio.Task[None] | None = None
        # Children of `_dialling`, one for each configured peer. None while it does not run.
        self._dialling_tasks: asyncio.TaskGroup | None = None

    # --- life ----------------------------------------------------------------------------------------------

    async def __aenter__(self) -> Self:
        """Listen and begin to dial.

        Raises:
            OSError: the address cannot be listened on.
        """
        listener = _listen(self._config.listen_ip, self._config.listen_port)
        self._listen_port = listener.getsockname()[1]
        self._server = await asyncio.get_running_loop().create_server(
            self._reception.new_caller, sock=listener, backlog=_LISTEN_BACKLOG
        )
        await self._dialling_group.__aenter__()
        self._dialling = self._dialling_group.create_task(self._dial_all(), name="p2p dial")
        logger.info(
            "listening on %s:%d as %s", self._config.listen_ip, self._listen_port, self.node_id.hex()[:8]
        )
        return self

    async def __aexit__(
        self,
        error_type: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._is_closing = True
        if self._server is not None:
            self._server.close()
        self._reception.close()
        if self._dialling is not None:
            self._dialling.cancel()
        try:
            # The group has to see a cancellation, which may be its own doing. Other errors of the body are
            # not its business and would come out wrapped.
            if error_type is asyncio.CancelledError:
                await self._dialling_group.__aexit__(error_type, error, traceback)
            else:
                await self._dialling_group.__aexit__(None, None, None)
        finally:
            await self._close_sessions()

    async def _close_sessions(self) -> None:
        for session in list(self._open_wires):
            session.end(DisconnectReason.REQUESTED, "this node stops")
        if self._open_wires:
            await asyncio.wait(self._open_wires.values(), timeout=self._limits.shutdown_timeout_s + 1.0)
        for session in list(self._open_wires):
            session.abort()
        if self._open_wires:
            await asyncio.wait(self._open_wires.values(), timeout=1.0)

    # --- who we are and whom we know -----------------------------------------------------------------------

    @property
    def node_id(self) -> NodeId:
        """Our own node id, from our certificate."""
        return self._tls.identity.node_id

    @property
    def identity(self) -> PeerIdentity:
        """Our own node id, agency and name, as peers see them."""
        return self._tls.identity

    @property
    def listen_port(self) -> int:
        """The port we listen on, once the gateway is entered."""
        return self._listen_port

    def peers(self) -> tuple[PeerInfo, ...]:
        """The connected nodes, in the order of their sessions."""
        return tuple(_info(session) for session in self._sessions.values())

    def is_connected(self, node: NodeId) -> bool:
        """Whether there is a session with the node."""
        return node in self._sessions

    def waiting_bytes(self, node: NodeId) -> int:
        """What the node has not taken yet of what was sent to it; 0 without a session."""
        session = self._sessions.get(node)
        return 0 if session is None else session.waiting_bytes

    def connected_ids(self) -> frozenset[NodeId]:
        """All nodes with a session. The same object until that changes."""
        return self._connected_ids

    def configured_peers(self) -> tuple[Endpoint, ...]:
        """The addresses we dial."""
        return tuple(self._peers)

    def add_peer(self, host: str, port: int) -> bool:
        """Dial this address from now on; False if we do already.

        Raises:
            ValueError: no host, or a port outside 1 … 65535.
        """
        endpoint = _endpoint(host, port)
        if endpoint in self._peers:
            return False
        peer = self._peers[endpoint] = _ConfiguredPeer(endpoint)
        if self._dialling_tasks is not None:
            self._start_dialling(peer, self._dialling_tasks)
        return True

    def remove_peer(self, host: str, port: int) -> bool:
        """Dial this address no more, and end the session with the node there; False if it is not configured.

        A node that has our address in its own configuration will come back.
        """
        peer = self._peers.pop(Endpoint(host, port), None)
        if peer is None:
            return False
        if peer.task is not None:
            peer.task.cancel()
        if peer.node_id is not None and (session := self._sessions.get(peer.node_id)) is not None:
            session.end(DisconnectReason.REQUESTED, "removed from the configured peers")
        return True

    def set_access(self, *, whitelist: Iterable[NodeId], blacklist: Iterable[NodeId]) -> None:
        """Replace both lists; sessions with nodes that are no longer admitted end."""
        self._access = AccessList(frozenset(whitelist), frozenset(blacklist))
        for node, session in list(self._sessions.items()):
            if refusal := self._access.refusal(node):
                session.end(DisconnectReason.UNEXPECTED_IDENTITY, f"the node {refusal}")

    def set_topics(self, topics: Iterable[str]) -> None:
        """What our own SDKs follow now. A change gets a new sequence number and is announced at once."""
        wanted = frozenset(topics)
        if unusable := sum(not is_gossipable(topic) for topic in wanted):
            logger.warning(
                "%d topics are not told to peers: empty, longer than 254 bytes or with a tab", unusable
            )
        updated = self._own_topics.updated(wanted)
        if updated is self._own_topics:
            return
        self._own_topics = updated
        for session in list(self._sessions.values()):
            session.announce_topics(updated)

    # --- packets -------------------------------------------------------------------------------------------

    def register(self, module: int, group: int, handler: PacketHandler) -> None:
        """Hand every packet of this module and group to the handler (answers go to whoever asked).

        Raises:
            ValueError: there is a handler already, or it is the topic module, which the sessions keep.
        """
        if module == Module.TOPIC:
            raise ValueError("topics are handled by the sessions")
        if (module, group) in self._handlers:
            raise ValueError(f"module {module} of group {group} has a handler")
        self._handlers[module, group] = handler

    def unregister(self, module: int, group: int) -> None:
        """Packets of this module and group are dropped from now on."""
        self._handlers.pop((module, group), None)

    def add_listener(
        self,
        *,
        on_connect: Callable[[NodeId], None] | None = None,
        on_disconnect: Callable[[NodeId], None] | None = None,
        on_topics: Callable[[NodeId, tuple[str, ...]], None] | None = None,
    ) -> Callable[[], None]:
        """Be told when a session begins, ends, or its peer's topics change; the answer is called to stop
        that.

        When a session takes the place of another with the same node, its end and the new beginning are both
        told.
        """
        listener = _Listener(on_connect, on_disconnect, on_topics)
        self._listeners.append(listener)

        def remove() -> None:
            if listener in self._listeners:
                self._listeners.remove(listener)

        return remove

    def send(self, node: NodeId, *, group: int, module: int, packet_type: int, payload: bytes) -> bool:
        """Send a packet that wants no answer. It leaves with all others of this turn of the loop; nobody
        confirms it.

        False if the node is not connected, or is dropped now because it does not read.

        Raises:
            LocalProtocolError: the packet does not fit a frame.
        """
        session = self._sessions.get(node)
        if session is None:
            return False
        return session.send(group=group, module=module, packet_type=packet_type, payload=payload)

    async def request(
        self, node: NodeId, *, group: int, module: int, packet_type: int, payload: bytes, timeout_s: float
    ) -> Packet:
        """Send a packet and wait for the answer.

        Raises:
            NotConnected: there is no session with the node.
            RequestTimedOut: no answer came within the time.
            SessionLost: the session ended first.
            LocalProtocolError: the packet does not fit a frame, or too many requests wait for this node.
        """
        session = self._sessions.get(node)
        if session is None:
            raise NotConnected(node)
        return await session.request(
            group=group, module=module, packet_type=packet_type, payload=payload, timeout_s=timeout_s
        )

    def respond(self, node: NodeId, request: Packet, payload: bytes) -> bool:
        """Answer a packet that a handler was given; False as `send`."""
        session = self._sessions.get(node)
        return session is not None and session.respond(request, payload)

    # --- dialling and accepting ----------------------------------------------------------------------------

    async def _dial_all(self) -> None:
        """Keep every configured peer connected, until cancelled."""
        try:
            async with asyncio.TaskGroup() as tasks:
                self._dialling_tasks = tasks
                for peer in self._peers.values():
                    self._start_dialling(peer, tasks)
                await asyncio.get_running_loop().create_future()
        finally:
            self._dialling_tasks = None

    def _start_dialling(self, peer: _ConfiguredPeer, tasks: asyncio.TaskGroup) -> None:
        host, port = peer.endpoint
        peer.task = tasks.create_task(self._keep_connected(peer), name=f"p2p dial {host}:{port}")

    async def _keep_connected(self, peer: _ConfiguredPeer) -> None:
        """Dial whenever the peer is not connected, until cancelled."""
        while True:
            peer.changed.clear()
            if self._is_reached(peer):
                await peer.changed.wait()
            else:
                await self._dial(peer)
            if not self._is_reached(peer):
                await asyncio.sleep(peer.schedule.next_delay())

    def _is_reached(self, peer: _ConfiguredPeer) -> bool:
        return peer.node_id is not None and (peer.node_id == self.node_id or peer.node_id in self._sessions)

    async def _dial(self, peer: _ConfiguredPeer) -> None:
        host, port = peer.endpoint

        def established(tls: TlsStream) -> PeerSession:
            identity = identify_peer(tls.peer_certificate)
            peer.node_id = identity.node_id
            return PeerSession(self, tls, identity, address=peer.endpoint, is_dialled=True)

        def new_handshake() -> Handshake:
            return Handshake(
                self._tls.client,
                server_side=False,
                timeout_s=self._limits.handshake_timeout_s,
                established=established,
            )

        try:
            async with asyncio.timeout(self._limits.connect_timeout_s):
                _, handshake = await asyncio.get_running_loop().create_connection(new_handshake, host, port)
            try:
                await handshake.done
            except asyncio.CancelledError:
                handshake.abort()
                raise
        except (OSError, UnicodeError, PeerRefused) as error:
            failure = explain_handshake_failure(error)
            level = logging.DEBUG if failure == peer.last_failure else logging.WARNING
            logger.log(level, "cannot connect to %s:%d: %s", host, port, failure)
            peer.last_failure = failure
        else:
            peer.last_failure = ""

    def _welcome(self, tls: TlsStream, address: tuple[str, int]) -> PeerSession:
        """A caller has shown who it is."""
        return PeerSession(self, tls, identify_peer(tls.peer_certificate), address=address, is_dialled=False)

    # --- what sessions tell --------------------------------------------------------------------------------

    @property
    def encoder(self) -> FrameEncoder:
        """For sessions: one for all, so that a broadcast is compressed once."""
        return self._encoder

    @property
    def own_topics(self) -> TopicList:
        """For sessions: what our SDKs follow."""
        return self._own_topics

    @property
    def session_limits(self) -> SessionLimits:
        """For sessions."""
        return self._limits.session

    @property
    def write_buffer_bytes_max(self) -> int:
        """For sessions."""
        return self._limits.write_buffer_bytes_max

    @property
    def shutdown_timeout_s(self) -> float:
        """For sessions."""
        return self._limits.shutdown_timeout_s

    def session_opened(self, session: PeerSession) -> None:
        """A handshake has succeeded: keep the session, or end it with the reason."""
        self._open_wires[session] = asyncio.get_running_loop().create_future()
        node = session.identity.node_id
        old = self._sessions.get(node)
        if self._is_closing:
            session.end(DisconnectReason.REQUESTED, "this node stops")
        elif node == self.node_id:
            session.end(DisconnectReason.LOCAL_IDENTITY, "it is this node itself")
        elif refusal := self._access.refusal(node):
            session.end(DisconnectReason.UNEXPECTED_IDENTITY, f"the node {refusal}")
        elif old is not None and not replaces(session.facts, old.facts, us=self.node_id, peer=node):
            session.end(DisconnectReason.DUPLICATE_PEER, "it is connected already")
        elif old is None and not session.is_dialled and len(self._sessions) >= self._limits.sessions_max:
            session.end(DisconnectReason.TOO_MANY_PEERS, f"{len(self._sessions)} nodes are connected already")
        else:
            if old is not None:
                old.end(DisconnectReason.DUPLICATE_PEER, "a newer session with it takes over")
            self._sessions[node] = session
            self._connected_ids = frozenset(self._sessions)
            logger.info("session with %s of agency %s began", session, session.identity.agency)
            for listener in tuple(self._listeners):
                _tell(listener.on_connect, node)

    def session_ended(self, session: PeerSession) -> None:
        """Nothing more is sent or received on this session."""
        node = session.identity.node_id
        if self._sessions.get(node) is not session:
            return  # it was refused, and never told
        del self._sessions[node]
        self._connected_ids = frozenset(self._sessions)
        lasted = asyncio.get_running_loop().time() - session.began_at
        for peer in self._peers.values():
            if peer.node_id == node:
                peer.schedule.session_ended(lasted)
                peer.changed.set()
        for listener in tuple(self._listeners):
            _tell(listener.on_disconnect, node)

    def session_closed(self, session: PeerSession) -> None:
        """The wire is closed."""
        closed = self._open_wires.pop(session, None)
        if closed is not None and not closed.done():
            closed.set_result(None)

    def packet_received(self, session: PeerSession, packet: Packet) -> None:
        """A packet for a module."""
        handler = self._handlers.get((packet.module, packet.group))
        if handler is None:
            logger.debug(
                "no handler for module %d of group %d, from %s", packet.module, packet.group, session
            )
            return
        _tell(handler, session.identity.node_id, packet)

    def topics_received(self, session: PeerSession) -> None:
        """The peer's topics have changed."""
        for listener in tuple(self._listeners):
            _tell(listener.on_topics, session.identity.node_id, session.topics)


def _tell(
    callback: Callable[Arguments, None] | None, *arguments: Arguments.args, **named: Arguments.kwargs
) -> None:
    """Call somebody else's code. The wide net is here so that a bug in one module stays there."""
    if callback is None:
        return
    try:
        callback(*arguments, **named)
    except Exception:
        logger.exception("a handler of p2p packets or events failed")


def _endpoint(host: str, port: int) -> Endpoint:
    if not host or not 0 < port <= 65535:
        raise ValueError(f"no address of a peer: {host!r}, port {port}")
    return Endpoint(host, port)


def _info(session: PeerSession) -> PeerInfo:
    identity = session.identity
    host, port = session.address
    return PeerInfo(identity.node_id, host, port, identity.agency, identity.name, session.topics)


def _listen(ip: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in ip else socket.AF_INET
    listener = socket.create_server((ip, port), family=family, backlog=_LISTEN_BACKLOG)
    listener.setblocking(False)
    return listener
