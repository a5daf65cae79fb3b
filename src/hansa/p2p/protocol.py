"""One end of a session between two nodes: bytes in, events out. Knows the protocol (node §3.1 – 3.3), not
sockets, TLS or clocks; `now` is in seconds of any steady clock.

Rule 1: there is no greeting. Both ends announce their topic sequence at once and every 5 s, which also keeps
the session from going idle.
Rule 2: only a length above 100 MiB ends a session at once. Any other malformed packet is told as
`FrameRefused` and the session goes on.
Rule 3: after a length below the header the frame boundaries are lost. Nothing that follows can be trusted,
so it is thrown away and the idle limit ends the session.
Rule 4: a peer that sends no frame for 60 s, or whose side of the pipe has been full for 60 s, is gone.
Rule 5: an answer counts only if it is of the group and module that was asked, with the sequence of the
request.

The driver feeds `receive_data`, writes what `data_to_send` holds, and calls `handle_deadline` when
`next_deadline` has come.
"""

from __future__ import annotations

import heapq
from dataclasses import dataclass
from enum import IntEnum
from typing import TypeAlias

from hansa.p2p.budget import ReadBudget
from hansa.p2p.errors import LocalProtocolError, MalformedFrame
from hansa.p2p.frames import FRAME_BYTES_MAX, HEADER_BYTES, FrameEncoder, Module, Packet, decode_frame
from hansa.p2p.topics import TopicList, parse_sequence

__all__ = [
    "ConnectionClosed",
    "DisconnectReason",
    "FrameRefused",
    "Module",
    "P2pConnection",
    "P2pEvent",
    "Packet",
    "PacketReceived",
    "RequestExpired",
    "ResponseReceived",
    "SessionLimits",
    "TopicPacketType",
    "TopicsReceived",
]


class TopicPacketType(IntEnum):
    """The packets of the topic module (node §3.3)."""

    SEND_TOPIC_SEQUENCE = 1
    REQUEST_TOPICS = 2
    SEND_TOPICS = 3


class DisconnectReason(IntEnum):
    """Why a session ended, by the numbers of node §3.1."""

    REQUESTED = 0x00
    CONNECTION_ERROR = 0x01
    BAD_PROTOCOL = 0x02
    USELESS_PEER = 0x03
    """It does not read what we write."""
    TOO_MANY_PEERS = 0x04
    DUPLICATE_PEER = 0x05
    UNEXPECTED_IDENTITY = 0x09
    """Its certificate is not that of a node we talk to."""
    LOCAL_IDENTITY = 0x0A
    """It is ourselves."""
    IDLE = 0x11


@dataclass(frozen=True, slots=True)
class SessionLimits:
    """The times of a session, in seconds, and how much may be outstanding."""

    heartbeat_s: float = 5.0
    idle_s: float = 60.0
    topics_timeout_s: float = 5.0
    requests_pending_max: int = 8192


@dataclass(frozen=True, slots=True)
class PacketReceived:
    """A packet for a module of this node. It may be a request."""

    packet: Packet


@dataclass(frozen=True, slots=True)
class ResponseReceived:
    """The answer to the request of ours with the same sequence."""

    packet: Packet


@dataclass(frozen=True, slots=True)
class RequestExpired:
    """The request of ours with this sequence was not answered in time."""

    seq: int


@dataclass(frozen=True, slots=True)
class TopicsReceived:
    """The peer's SDKs now follow these topics, and no others."""

    topics: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class FrameRefused:
    """A malformed packet was thrown away. For the log."""

    reason: str


@dataclass(frozen=True, slots=True)
class ConnectionClosed:
    """The session is over: the driver closes the wire, nothing more comes."""

    reason: DisconnectReason
    detail: str


P2pEvent: TypeAlias = (
    PacketReceived | ResponseReceived | RequestExpired | TopicsReceived | FrameRefused | ConnectionClosed
)


@dataclass(frozen=True, slots=True)
class _Pending:
    """What an answer has to look like."""

    group: int
    module: int


class P2pConnection:
    """One end of a session, from the moment TLS is up."""

    def __init__(
        self,
        now: float,
        *,
        encoder: FrameEncoder,
        topics: TopicList | None = None,
        limits: SessionLimits | None = None,
    ) -> None:
        """`topics` are those of our own SDKs; `announce_topics` replaces them."""
        self._encoder = encoder
        self._limits = limits or SessionLimits()
        self._own_topics = topics or TopicList()
        self._incoming = bytearray()
        self._outgoing: list[bytes] = []
        self._outgoing_bytes = 0
        self._last_seq = 0
        self._pending: dict[int, _Pending] = {}
        # Every request's (deadline, seq), answered or not; answered ones fall out when their time has come.
        self._pending_deadlines: list[tuple[float, int]] = []
        self._topics_request_seq: int | None = None
        self._peer_topic_sequence = 0
        self._is_topics_answer_queued = False
        self._last_received_at = now
        self._blocked_since: float | None = None
        self._heartbeat_at = now + self._limits.heartbeat_s
        self._boundaries_lost = False
        self._is_closed = False
        self._budget = ReadBudget(now)
        self._read_again_at = now
        self._announce_sequence()

    # --- what we send --------------------------------------------------------------------------------------

    def new_seq(self) -> int:
        """The next sequence number of this session: running, never 0."""
        self._last_seq = self._last_seq % 0xFFFFFFFF + 1
        return self._last_seq

    def send(self, packet: Packet) -> None:
        """Queue a packet.

        Raises:
            LocalProtocolError: it does not fit a frame, or the session is closed.
        """
        if self._is_closed:
            raise LocalProtocolError("the session is closed")
        frame = self._encoder.encode(packet)
        self._outgoing.append(frame)
        self._outgoing_bytes += len(frame)

    def request(self, packet: Packet, *, deadline: float) -> None:
        """Queue a packet that wants an answer: `ResponseReceived` with its sequence, or `RequestExpired`.

        Raises:
            LocalProtocolError: as `send`; or its sequence is 0 or in use, or too many requests are
            outstanding.
        """
        if packet.is_response or packet.seq == 0 or packet.seq in self._pending:
            raise LocalProtocolError("a request needs a sequence of its own and is no response")
        if len(self._pending) >= self._limits.requests_pending_max:
            raise LocalProtocolError(f"{len(self._pending)} requests wait for this peer already")
        self.send(packet)
        self._expect_answer(packet, deadline)

    def _expect_answer(self, packet: Packet, deadline: float) -> None:
        self._pending[packet.seq] = _Pending(packet.group, packet.module)
        heapq.heappush(self._pending_deadlines, (deadline, packet.seq))

    def forget_request(self, seq: int) -> None:
        """Nobody waits for this answer any more."""
        self._pending.pop(seq, None)

    def announce_topics(self, topics: TopicList) -> None:
        """Our own topics changed: tell the peer now rather than with the next heartbeat."""
        self._own_topics = topics
        if not self._is_closed:
            self._announce_sequence()

    def data_to_send(self) -> bytes:
        """Take the bytes that are due; empty if there are none."""
        data = b"".join(self._outgoing)
        self._outgoing.clear()
        self._outgoing_bytes = 0
        self._is_topics_answer_queued = False
        return data

    @property
    def outgoing_bytes(self) -> int:
        """How much `data_to_send` would give."""
        return self._outgoing_bytes

    # --- what we receive -----------------------------------------------------------------------------------

    @property
    def is_closed(self) -> bool:
        """Whether `ConnectionClosed` has been told."""
        return self._is_closed

    @property
    def last_received_at(self) -> float:
        """When the last whole frame came (or the session began)."""
        return self._last_received_at

    @property
    def read_again_at(self) -> float:
        """Before this time nothing more should be read: the peer has sent too much (`budget`)."""
        return self._read_again_at

    def receive_data(self, data: bytes, now: float) -> list[P2pEvent]:
        """Feed bytes off the wire, cut anywhere.

        Never raises for what a peer sends: bad packets are events.
        """
        if self._is_closed or self._boundaries_lost:
            return []
        self._incoming += data
        events: list[P2pEvent] = []
        offset = frame_count = payload_bytes = 0
        with memoryview(self._incoming) as view:
            while len(view) - offset >= 4:
                length = int.from_bytes(view[offset : offset + 4], "big")
                if length > FRAME_BYTES_MAX:
                    events.append(
                        self._close(DisconnectReason.BAD_PROTOCOL, f"frame of {length} bytes announced")
                    )
                    break
                if length < HEADER_BYTES:
                    self._boundaries_lost = True
                    events.append(
                        FrameRefused(f"length {length}, shorter than the header: no frame can follow")
                    )
                    break
                if len(view) - offset < length:
                    break
                with view[offset : offset + length] as frame:
                    payload_bytes += self._handle_frame(frame, now, events)
                frame_count += 1
                offset += length
                self._last_received_at = now
        if self._is_closed or self._boundaries_lost:
            self._incoming.clear()
        else:
            del self._incoming[:offset]
        self._read_again_at = now + self._budget.spend(frame_count, payload_bytes, now)
        return events

    def _handle_frame(self, frame: memoryview, now: float, events: list[P2pEvent]) -> int:
        """How many bytes it held."""
        size = len(frame)
        try:
            packet = decode_frame(frame)
            size = len(packet.payload)
            if packet.is_response:
                self._handle_response(packet, events)
            elif packet.module == Module.TOPIC and packet.group == 0:
                self._handle_topic_packet(packet, now)
            else:
                events.append(PacketReceived(packet))
        except MalformedFrame as error:
            events.append(FrameRefused(str(error)))
        return size

    def _handle_response(self, packet: Packet, events: list[P2pEvent]) -> None:
        expected = self._pending.get(packet.seq)
        if expected != _Pending(packet.group, packet.module):
            raise MalformedFrame(f"answer nobody waits for, sequence {packet.seq}")
        del self._pending[packet.seq]
        if packet.seq != self._topics_request_seq:
            events.append(ResponseReceived(packet))
            return
        self._topics_request_seq = None
        if packet.packet_type != TopicPacketType.SEND_TOPICS:
            raise MalformedFrame(f"topic list of packet type {packet.packet_type}")
        theirs = TopicList.decode(packet.payload)
        self._peer_topic_sequence = theirs.sequence
        events.append(TopicsReceived(theirs.topics))

    def _handle_topic_packet(self, packet: Packet, now: float) -> None:
        match packet.packet_type:
            case TopicPacketType.SEND_TOPIC_SEQUENCE:
                sequence = parse_sequence(packet.payload)
                if sequence != self._peer_topic_sequence and self._topics_request_seq is None:
                    # Known from here on, so that a list we cannot read is not asked for every 5 s.
                    self._peer_topic_sequence = sequence
                    self._request_topics(now)
            case TopicPacketType.REQUEST_TOPICS:
                # The list may be long and the request is 16 bytes: who does not read cannot pile it up here.
                if self._is_topics_answer_queued:
                    raise MalformedFrame("topics asked for again before the answer has left")
                self._is_topics_answer_queued = True
                self._send_topic_packet(
                    TopicPacketType.SEND_TOPICS, packet.seq, self._own_topics.encode(), is_response=True
                )
            case _:
                raise MalformedFrame(f"unknown topic packet type {packet.packet_type}")

    def _request_topics(self, now: float) -> None:
        request = Packet(0, Module.TOPIC, TopicPacketType.REQUEST_TOPICS, self.new_seq(), b"")
        self.send(request)
        self._expect_answer(request, now + self._limits.topics_timeout_s)
        self._topics_request_seq = request.seq

    def _announce_sequence(self) -> None:
        self._send_topic_packet(TopicPacketType.SEND_TOPIC_SEQUENCE, 0, self._own_topics.encode_sequence())

    def _send_topic_packet(
        self, packet_type: TopicPacketType, seq: int, payload: bytes, *, is_response: bool = False
    ) -> None:
        self.send(Packet(0, Module.TOPIC, packet_type, seq, payload, is_response))

    # --- time ----------------------------------------------------------------------------------------------

    def pause_writing(self, now: float) -> None:
        """The wire takes no more for now; from here the write idle limit runs."""
        if self._blocked_since is None:
            self._blocked_since = now

    def resume_writing(self) -> None:
        """The wire takes data again."""
        self._blocked_since = None

    def next_deadline(self) -> float | None:
        """When `handle_deadline` has to be called; None once the session is closed."""
        if self._is_closed:
            return None
        deadline = min(self._heartbeat_at, self._last_received_at + self._limits.idle_s)
        if self._blocked_since is not None:
            deadline = min(deadline, self._blocked_since + self._limits.idle_s)
        if self._pending_deadlines:
            deadline = min(deadline, self._pending_deadlines[0][0])
        return deadline

    def handle_deadline(self, now: float) -> list[P2pEvent]:
        """Do what has become due: heartbeat, request timeouts, idle limits. Early or late calls are
        harmless.
        """
        if self._is_closed:
            return []
        if now >= self._last_received_at + self._limits.idle_s:
            return [self._close(DisconnectReason.IDLE, f"nothing received for {self._limits.idle_s:g} s")]
        if self._blocked_since is not None and now >= self._blocked_since + self._limits.idle_s:
            return [
                self._close(DisconnectReason.IDLE, f"the peer read nothing for {self._limits.idle_s:g} s")
            ]
        events: list[P2pEvent] = []
        while self._pending_deadlines and self._pending_deadlines[0][0] <= now:
            _, seq = heapq.heappop(self._pending_deadlines)
            if self._pending.pop(seq, None) is None:
                continue
            if seq == self._topics_request_seq:
                self._topics_request_seq = None
                # The peer's next heartbeat makes us ask again.
                self._peer_topic_sequence = -1
            else:
                events.append(RequestExpired(seq))
        if now >= self._heartbeat_at:
            self._announce_sequence()
            self._heartbeat_at = now + self._limits.heartbeat_s
        return events

    def _close(self, reason: DisconnectReason, detail: str) -> ConnectionClosed:
        self._is_closed = True
        self._pending.clear()
        self._pending_deadlines.clear()
        return ConnectionClosed(reason, detail)
