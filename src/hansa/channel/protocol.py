"""The node's end of a channel: bytes in, events and frames out. Knows no socket, clock or TLS.

Rule 1: a session speaks protocol 1 until a handshake frame says otherwise (client protocol §5.1).
Rule 2: an SDK matches answers by seq alone, so a receipt never leaves before the RPC reply with its seq;
        until then it is held here (§4.2).
Rule 3: every frame is one element of `frames_to_send`, because every frame is its own TLS write (§4.2).
Rule 4: what cannot be understood inside a whole frame is ignored and reported; only a broken frame boundary,
        a handshake without a common version and 60 s of silence end the connection.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import orjson

from hansa.channel.errors import FrameError, LocalProtocolError, TopicError
from hansa.channel.frames import (
    FRAME_BYTES_MAX,
    PUSH_SEQ,
    TOPIC_BYTES_MAX,
    Frame,
    FrameDecoder,
    FrameType,
    ResultCode,
    decode_topic_data,
    encode_frame,
    encode_topic_data,
)

__all__ = [
    "PROTOCOL_MAX",
    "PROTOCOL_MIN",
    "AmopReceived",
    "ChannelConnection",
    "ChannelEvent",
    "CloseRequired",
    "ConnectionLimits",
    "EventFilterCancelled",
    "EventFilterRegistered",
    "FrameIgnored",
    "HandshakeAgreed",
    "RpcReceived",
    "TopicsReplaced",
    "block_topic",
]

PROTOCOL_MIN = 1
PROTOCOL_MAX = 3
"""From this version on, transactions are answered before they are checked (client protocol §3.8)."""


@dataclass(frozen=True, slots=True)
class ConnectionLimits:
    """What one session may cost."""

    first_frame_bytes_max: int = 16 * 1024 * 1024
    """Until a session has sent one whole frame, it is not given room for a larger one."""
    frame_bytes_max: int = FRAME_BYTES_MAX
    handshake_bytes_max: int = 4 * 1024
    topics_max: int = 1024
    idle_s: float = 60.0
    """Seconds without a byte in either direction after which the node closes."""


@dataclass(frozen=True, slots=True)
class RpcReceived:
    """A JSON-RPC request: to be answered exactly once with `ChannelConnection.reply`."""

    seq: bytes
    data: bytes


@dataclass(frozen=True, slots=True)
class HandshakeAgreed:
    """The session changed its protocol version; the reply is already queued."""

    version: int
    client_type: str


@dataclass(frozen=True, slots=True)
class TopicsReplaced:
    """The session's whole set of topics is now this one."""

    topics: frozenset[str]


@dataclass(frozen=True, slots=True)
class EventFilterRegistered:
    """A request for contract events: to be answered with `answer_event_filter`."""

    seq: bytes
    body: bytes
    """JSON (client protocol §8.1)."""


@dataclass(frozen=True, slots=True)
class EventFilterCancelled:
    """A request to end a filter: to be answered with `answer_event_filter`."""

    seq: bytes
    body: bytes


@dataclass(frozen=True, slots=True)
class AmopReceived:
    """An AMOP frame of type 0x30, 0x31, 0x35, 0x37 or 0x38, for the router (client protocol §7)."""

    frame: Frame
    topic: str
    """Empty for 0x37 and 0x38, which have no topic prefix."""
    payload: bytes


@dataclass(frozen=True, slots=True)
class FrameIgnored:
    """A frame that was passed over, and why. For the log."""

    type: int
    reason: str


@dataclass(frozen=True, slots=True)
class CloseRequired:
    """The connection is over: send what is queued, then close. Nothing more will be read."""

    reason: str


ChannelEvent = (
    RpcReceived
    | HandshakeAgreed
    | TopicsReplaced
    | EventFilterRegistered
    | EventFilterCancelled
    | AmopReceived
    | FrameIgnored
    | CloseRequired
)


def block_topic(group_id: int) -> str:
    """The topic an SDK subscribes to for the block notifications of a group."""
    return f"_block_notify_{group_id}"


class ChannelConnection:
    """One SDK session as the node sees it."""

    __slots__ = (
        "_decoder",
        "_handlers",
        "_held",
        "_last_activity",
        "_limits",
        "_node_version",
        "_outbox",
        "_unanswered",
        "is_closed",
        "topics",
        "version",
    )

    def __init__(self, *, node_version: str, now: float, limits: ConnectionLimits | None = None) -> None:
        """Args: `node_version` is the chain's supported version; `now` in seconds of any steady clock."""
        self._limits = limits or ConnectionLimits()
        self._node_version = node_version
        self._last_activity = now
        first_bytes_max = min(self._limits.first_frame_bytes_max, self._limits.frame_bytes_max)
        self._decoder = FrameDecoder(first_bytes_max)
        self._outbox: list[bytes] = []
        self._unanswered: dict[bytes, int] = {}
        """RPC requests without a reply, by seq; a careless client may use a seq more than once."""
        self._held: dict[bytes, list[bytes]] = {}
        """Receipts whose RPC reply has not been queued yet."""
        self.version = PROTOCOL_MIN
        self.topics: frozenset[str] = frozenset()
        self.is_closed = False
        self._handlers: dict[int, Callable[[Frame], ChannelEvent | None]] = {
            FrameType.RPC: self._receive_rpc,
            FrameType.HEARTBEAT: self._receive_heartbeat,
            FrameType.HANDSHAKE: self._receive_handshake,
            FrameType.TOPICS: self._receive_topics,
            FrameType.EVENT_REGISTER: self._receive_event_filter,
            FrameType.EVENT_CANCEL: self._receive_event_filter,
            FrameType.AMOP_UNICAST: self._receive_amop,
            FrameType.AMOP_ANSWER: self._receive_amop,
            FrameType.AMOP_MULTICAST: self._receive_amop,
            FrameType.VERIFY_REQUEST: self._receive_verification,
            FrameType.VERIFY_VERDICT: self._receive_verification,
        }

    # --- from the wire -----------------------------------------------------------------------------

    def receive_data(self, data: bytes, now: float) -> list[ChannelEvent]:
        """Read bytes of the stream; what they mean, in order. Never raises for what a peer sent."""
        events: list[ChannelEvent] = []
        if self.is_closed:
            return events
        self._last_activity = now
        decoder = self._decoder
        decoder.feed(data)
        while not self.is_closed:
            try:
                frame = decoder.next_frame()
            except FrameError as error:
                events.append(self._close(str(error)))
                break
            if frame is None:
                break
            decoder.length_max = self._limits.frame_bytes_max
            handle = self._handlers.get(frame.type)
            event = FrameIgnored(frame.type, "unknown type") if handle is None else handle(frame)
            if event is not None:
                events.append(event)
        return events

    def _receive_rpc(self, frame: Frame) -> ChannelEvent:
        self._unanswered[frame.seq] = self._unanswered.get(frame.seq, 0) + 1
        return RpcReceived(frame.seq, frame.data)

    def _receive_heartbeat(self, frame: Frame) -> ChannelEvent | None:
        if self.version > 1:
            self._queue(FrameType.HEARTBEAT, frame.seq, b'{"heartBeat":1}\n', frame.result)
        elif frame.data == b"0":
            self._queue(FrameType.HEARTBEAT, frame.seq, b"1", frame.result)
        return None

    def _receive_handshake(self, frame: Frame) -> ChannelEvent:
        """Agree on the highest common version. A second handshake changes the version again."""
        if len(frame.data) > self._limits.handshake_bytes_max:
            return FrameIgnored(frame.type, f"more than {self._limits.handshake_bytes_max} bytes")
        request = _object(frame.data)
        if request is None:
            return FrameIgnored(frame.type, "not a JSON object")
        lowest = request.get("minimumSupport", 1)
        highest = request.get("maximumSupport", 1)
        client_type = request.get("clientType", "")
        if type(lowest) is not int or type(highest) is not int or not isinstance(client_type, str):
            return FrameIgnored(frame.type, "a member has the wrong type")
        version = min(PROTOCOL_MAX, highest)
        if version < max(PROTOCOL_MIN, lowest):
            offer = f"the client speaks protocol {lowest} to {highest}"
            return self._close(f"{offer}, this node {PROTOCOL_MIN} to {PROTOCOL_MAX}")
        self.version = version
        answer = orjson.dumps({"nodeVersion": self._node_version, "protocol": version}) + b"\n"
        self._queue(FrameType.HANDSHAKE, frame.seq, answer)
        return HandshakeAgreed(version, client_type)

    def _receive_topics(self, frame: Frame) -> ChannelEvent:
        # Judged before it is parsed: every topic escaped character by character, quotes and a comma.
        if len(frame.data) > self._limits.topics_max * (6 * TOPIC_BYTES_MAX + 8):
            return FrameIgnored(frame.type, f"more than {self._limits.topics_max} topics can need")
        try:
            topics = orjson.loads(frame.data)
        except orjson.JSONDecodeError:
            return FrameIgnored(frame.type, "not JSON")
        if not isinstance(topics, list) or not all(isinstance(topic, str) for topic in topics):
            return FrameIgnored(frame.type, "not an array of strings")
        if len(topics) > self._limits.topics_max:
            return FrameIgnored(frame.type, f"more than {self._limits.topics_max} topics")
        if any(len(topic.encode()) > TOPIC_BYTES_MAX for topic in topics):
            return FrameIgnored(frame.type, f"a topic has more than {TOPIC_BYTES_MAX} bytes")
        self.topics = frozenset(topics)
        return TopicsReplaced(self.topics)

    def _receive_event_filter(self, frame: Frame) -> ChannelEvent:
        try:
            _, body = decode_topic_data(frame.data)
        except TopicError as error:
            return FrameIgnored(frame.type, str(error))
        if frame.type == FrameType.EVENT_REGISTER:
            return EventFilterRegistered(frame.seq, body)
        return EventFilterCancelled(frame.seq, body)

    def _receive_amop(self, frame: Frame) -> ChannelEvent:
        # Only an answer may be empty: that is how a failure looks (client protocol §7.1).
        if not frame.data and frame.type == FrameType.AMOP_ANSWER:
            return AmopReceived(frame, "", b"")
        try:
            topic, payload = decode_topic_data(frame.data)
        except TopicError as error:
            return FrameIgnored(frame.type, str(error))
        return AmopReceived(frame, topic, payload)

    def _receive_verification(self, frame: Frame) -> ChannelEvent:
        return AmopReceived(frame, "", frame.data)

    # --- to the wire -------------------------------------------------------------------------------

    def reply(self, seq: bytes, data: bytes) -> None:
        """Answer the RPC request with this seq; receipts that were waiting for the reply follow it.

        Raises:
            LocalProtocolError: no request with this seq is open.
        """
        open_requests = self._unanswered.pop(seq, 0)
        if open_requests == 0:
            raise LocalProtocolError(f"no open request has the seq {seq!r}")
        if open_requests > 1:
            self._unanswered[seq] = open_requests - 1
        self._queue(FrameType.RPC, seq, data)
        if open_requests == 1 and self._held:
            self._outbox.extend(self._held.pop(seq, ()))

    def push_receipt(self, seq: bytes, receipt: bytes) -> None:
        """Send the receipt of the transaction that was sent with this seq, after the request's reply."""
        frame = encode_frame(FrameType.RECEIPT, seq, receipt)
        if seq in self._unanswered:
            self._held.setdefault(seq, []).append(frame)
        else:
            self._outbox.append(frame)

    def notify_block(self, group_id: int, height: int) -> None:
        """Tell of a committed block, if the session subscribed to the group's block topic."""
        topic = block_topic(group_id)
        if topic not in self.topics:
            return
        if self.version == 1:
            text = b"%d,%d" % (group_id, height)
        else:
            text = b'{"blockNumber":%d,"groupID":%d}\n' % (height, group_id)
        self._queue(FrameType.BLOCK_NUMBER, PUSH_SEQ, encode_topic_data(topic, text))

    def answer_event_filter(self, type: FrameType, seq: bytes, code: int) -> None:
        """Answer a registration or cancellation; codes in client protocol §8.1."""
        self._queue(type, seq, encode_topic_data("", b'{"result":%d}\n' % code))

    def push_events(self, body: bytes) -> None:
        """Send contract events (client protocol §8.2)."""
        self._queue(FrameType.EVENT_LOG, PUSH_SEQ, body)

    def refuse_amop(self, seq: bytes, code: ResultCode) -> None:
        """Answer a unicast or multicast that reached nobody."""
        self._queue(FrameType.AMOP_ANSWER, seq, b"", code)

    def send(self, frame: Frame) -> None:
        """Send a frame as it is; for AMOP, whose frames travel unchanged."""
        self._queue(frame.type, frame.seq, frame.data, frame.result)

    def frames_to_send(self, now: float) -> list[bytes]:
        """Everything queued, oldest first. Each element needs a TLS write of its own."""
        if self._outbox:
            self._last_activity = now
        frames, self._outbox = self._outbox, []
        return frames

    # --- time and end ------------------------------------------------------------------------------

    def next_deadline(self) -> float | None:
        """When `handle_deadline` should be called next; None once closed."""
        return None if self.is_closed else self._last_activity + self._limits.idle_s

    def handle_deadline(self, now: float) -> list[ChannelEvent]:
        """Close if nothing was read or written for too long; harmless when called early or late."""
        if self.is_closed or now < self._last_activity + self._limits.idle_s:
            return []
        return [self._close(f"no byte in either direction for {self._limits.idle_s:g} s")]

    def _close(self, reason: str) -> CloseRequired:
        self.is_closed = True
        return CloseRequired(reason)

    def _queue(self, type: int, seq: bytes, data: bytes, result: int = 0) -> None:
        self._outbox.append(encode_frame(type, seq, data, result))


def _object(data: bytes) -> dict[str, object] | None:
    try:
        value = orjson.loads(data)
    except orjson.JSONDecodeError:
        return None
    return value if isinstance(value, dict) else None
