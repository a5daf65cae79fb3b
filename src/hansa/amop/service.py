"""AMOP in a running node: carries out what `AmopRouting` decides, and supplies time and chance.

    SDK ─channel→ AmopService ─gateway→ peer ─AmopService→ its SDK, and back

A message never costs a link between nodes: what a peer has not read yet is looked at before more is handed to
it, so that consensus packets are not held up, nor the peer dropped, because of SDKs.
"""

from __future__ import annotations

import asyncio
import logging
import secrets
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from itertools import count, islice

from hansa.amop.messages import AmopPacketType, Message, decode_answer, decode_message
from hansa.amop.routing import (
    AmopEvent,
    AmopLimits,
    AmopRouting,
    AnnounceTopics,
    AnswerPeer,
    AskPeer,
    AskPublisher,
    Deliver,
    MulticastSent,
    PeerAnswered,
    PeerAsked,
    PeerLost,
    PeerTold,
    PeerTopicsChanged,
    SessionAnswered,
    SessionEnded,
    StartWait,
    TellPeers,
    TopicsReplaced,
    UnicastSent,
    VerdictGiven,
    VerificationDue,
    WaitEnded,
)
from hansa.channel.frames import HEADER_BYTES, Frame, FrameType, ResultCode, encode_frame
from hansa.channel.handlers import SessionInfo
from hansa.channel.protocol import AmopReceived
from hansa.p2p import Gateway, LocalProtocolError, Module, NotConnected, Packet, RequestTimedOut, SessionLost
from hansa.primitives import NodeId

__all__ = ["AmopService"]

_LOG = logging.getLogger("hansa.amop")

_PEER_TIMEOUT_S = 30.0
_SESSION_TIMEOUT_S = 5.0
_VERIFICATION_PERIOD_S = 5.0
_ANNOUNCE_DELAY_S = 0.02
"""Topics that change together are told to the peers once."""
_WAITING_BYTES_MAX = 24 << 20
"""What may wait for one peer when a message is added; a first one always may."""


def _accept_all(size: int) -> bool:
    return True


class AmopService:
    """The channel's `AmopRouter` between this node's sessions and its gateway."""

    def __init__(
        self,
        gateway: Gateway,
        *,
        may_send: Callable[[int], bool] = _accept_all,
        limits: AmopLimits | None = None,
    ) -> None:
        """Works inside `running`.

        Args:
            may_send: asked before an SDK's message of so many bytes goes out; False answers it with 103.
        """
        self._gateway = gateway
        self._may_send = may_send
        self._limits = limits or AmopLimits()
        self._routing = AmopRouting(gateway.node_id, self._limits)
        self._requests: dict[int, tuple[NodeId, Packet]] = {}
        """What peers wait for an answer to."""
        self._request_numbers = count(1)
        self._is_announcement_due = False

    @asynccontextmanager
    async def running(self, send_frame: Callable[[int, Frame], bool]) -> AsyncIterator[None]:
        """Route messages inside the block.

        Args:
            send_frame: sends a frame to a session of this node (`ChannelServer.send_frame`).
        """
        self._send_frame = send_frame
        self._loop = asyncio.get_running_loop()
        gateway = self._gateway
        async with asyncio.TaskGroup() as self._tasks:
            gateway.register(Module.AMOP, 0, self._on_packet)
            stop_listening = gateway.add_listener(on_topics=self._on_peer_topics, on_disconnect=self._on_lost)
            for peer in gateway.peers():
                self._on_peer_topics(peer.node_id, peer.topics)
            self._asking: set[asyncio.Task[None]] = set()
            self._spawn(self._keep_verifying())
            try:
                yield
            finally:
                stop_listening()
                gateway.unregister(Module.AMOP, 0)
                for task in tuple(self._asking):
                    task.cancel()

    def topics_of(self, node: NodeId) -> tuple[str, ...]:
        """What getNodeInfo and getPeers show of a node, this one included (client protocol §3.1)."""
        return self._routing.visible_topics(node)

    # --- what SDKs do (channel.AmopRouter) ---------------------------------------------------------

    def receive(self, session: SessionInfo, message: AmopReceived) -> None:
        """A frame of type 0x30, 0x31, 0x35, 0x37 or 0x38 arrived."""
        frame, number = message.frame, session.session_id
        match frame.type:
            case FrameType.AMOP_UNICAST | FrameType.AMOP_MULTICAST:
                self._send(number, Message(frame, message.topic))
            case FrameType.AMOP_ANSWER:
                self._handle(SessionAnswered(number, frame))
            case FrameType.VERIFY_VERDICT:
                self._handle(VerdictGiven(number, message.payload))
            case _:
                pass  # 0x37 comes back empty, to say that the question arrived

    def change_topics(self, session: SessionInfo, topics: frozenset[str]) -> None:
        """The session's whole set of topics is now this one."""
        self._handle(TopicsReplaced(session.session_id, topics, _draw()))

    def forget_session(self, session: SessionInfo) -> None:
        """The session ended: its topics go with it, what it was to answer goes to others."""
        self._handle(SessionEnded(session.session_id))

    def _send(self, session: int, message: Message) -> None:
        if not self._may_send(message.size):
            refusal = Frame(FrameType.AMOP_ANSWER, message.frame.seq, ResultCode.REFUSED, b"")
            self._send_frame(session, refusal)
        elif message.frame.type == FrameType.AMOP_UNICAST:
            self._handle(UnicastSent(session, message, _draw()))
        else:
            self._handle(MulticastSent(session, message))

    # --- what peers do -----------------------------------------------------------------------------

    def _on_packet(self, node: NodeId, packet: Packet) -> None:
        message = decode_message(packet.packet_type, packet.payload)
        if message is None:
            _LOG.debug("no AMOP message: packet type %d from %s", packet.packet_type, node.hex()[:8])
        elif packet.packet_type == AmopPacketType.UNICAST:
            request = next(self._request_numbers)
            self._requests[request] = (node, packet)
            self._handle(PeerAsked(node, request, message, _draw()))
        else:
            self._handle(PeerTold(node, message))

    def _on_peer_topics(self, node: NodeId, topics: tuple[str, ...]) -> None:
        self._handle(PeerTopicsChanged(node, topics, _draw()))

    def _on_lost(self, node: NodeId) -> None:
        # Another session with the node may take over in this very turn: its SDKs are still there then.
        self._loop.call_soon(self._forget_peer, node)

    def _forget_peer(self, node: NodeId) -> None:
        if not self._gateway.is_connected(node):
            self._handle(PeerLost(node))

    # --- what is decided ---------------------------------------------------------------------------

    def _handle(self, event: AmopEvent) -> None:
        for effect in self._routing.handle(event):
            match effect:
                case Deliver(session=session, frame=frame):
                    self._send_frame(session, frame)
                case StartWait(route=route, session=session):
                    self._loop.call_later(_SESSION_TIMEOUT_S, self._handle, WaitEnded(route, session))
                case AskPeer(route=route, node=node, frame=frame):
                    self._spawn(self._ask_peer(route, node, frame))
                case TellPeers(nodes=nodes, frame=frame):
                    self._tell_peers(nodes, frame)
                case AnswerPeer(request=request, frame=frame):
                    self._answer_peer(request, frame)
                case AskPublisher(session=session, body=body):
                    seq = secrets.token_hex(16).encode()
                    self._send_frame(session, Frame(FrameType.VERIFY_REQUEST, seq, 0, body))
                case AnnounceTopics():
                    self._announce_soon()

    async def _ask_peer(self, route: int, node: NodeId, frame: Frame) -> None:
        answer: Frame | None = None
        if self._has_room(node, len(frame.data)):
            try:
                packet = await self._gateway.request(
                    node,
                    group=0,
                    module=Module.AMOP,
                    packet_type=AmopPacketType.UNICAST,
                    payload=_encode(frame),
                    timeout_s=_PEER_TIMEOUT_S,
                )
            except (NotConnected, RequestTimedOut, SessionLost, LocalProtocolError) as error:
                _LOG.debug("an AMOP message was not answered: %s", error)
            else:
                answer = decode_answer(packet.payload)
        self._handle(PeerAnswered(route, answer))

    def _tell_peers(self, nodes: tuple[NodeId, ...], frame: Frame) -> None:
        payload = _encode(frame)
        for node in nodes:
            if self._has_room(node, len(payload)):
                self._gateway.send(
                    node,
                    group=0,
                    module=Module.AMOP,
                    packet_type=AmopPacketType.MULTICAST,
                    payload=payload,
                )

    def _answer_peer(self, request: int, frame: Frame) -> None:
        node, packet = self._requests.pop(request)
        fits = HEADER_BYTES + len(frame.data) <= self._limits.frame_bytes_max
        if fits and self._has_room(node, len(frame.data)):
            self._gateway.respond(node, packet, _encode(frame))

    def _has_room(self, node: NodeId, size: int) -> bool:
        waiting = self._gateway.waiting_bytes(node)
        return waiting == 0 or waiting + size <= _WAITING_BYTES_MAX

    def _announce_soon(self) -> None:
        if not self._is_announcement_due:
            self._is_announcement_due = True
            self._loop.call_later(_ANNOUNCE_DELAY_S, self._announce)

    def _announce(self) -> None:
        self._is_announcement_due = False
        self._gateway.set_topics(islice(self._routing.own_topics, self._limits.topics_max))

    # --- time --------------------------------------------------------------------------------------

    async def _keep_verifying(self) -> None:
        while True:
            await asyncio.sleep(_VERIFICATION_PERIOD_S)
            self._handle(VerificationDue(_draw()))

    def _spawn(self, work: Coroutine[None, None, None]) -> None:
        task = self._tasks.create_task(work)
        self._asking.add(task)
        task.add_done_callback(self._asking.discard)


def _encode(frame: Frame) -> bytes:
    return encode_frame(frame.type, frame.seq, frame.data, frame.result)


def _draw() -> int:
    return secrets.randbits(128)
