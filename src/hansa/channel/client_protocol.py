"""The SDK's end of a channel: the mirror of `protocol.py`, for our own SDK and load generator.

Rule 1: the handshake frame goes out first; until its answer the session is of version 1.
Rule 2: replies are matched by seq. A seq is a prefix chosen by the shell and a running number, so it is
        unique on the chain if the prefix is.
Rule 3: a heartbeat every 10 s; a node that has sent nothing for 30 s is given up.
"""

from __future__ import annotations

from dataclasses import dataclass

import orjson

from hansa.channel.errors import FrameError, LocalProtocolError, TopicError
from hansa.channel.frames import (
    FRAME_BYTES_MAX,
    Frame,
    FrameDecoder,
    FrameType,
    decode_topic_data,
    encode_frame,
    encode_topic_data,
)
from hansa.channel.protocol import PROTOCOL_MAX, PROTOCOL_MIN, CloseRequired

__all__ = [
    "AmopArrived",
    "BlockAnnounced",
    "ClientConnection",
    "ClientEvent",
    "EventFilterAnswered",
    "EventsPushed",
    "HandshakeAnswered",
    "ReceiptPushed",
    "RpcReplied",
]

_HEARTBEAT_S = 10.0
_SILENCE_S = 30.0


@dataclass(frozen=True, slots=True)
class HandshakeAnswered:
    """The node chose a protocol version."""

    version: int
    node_version: str


@dataclass(frozen=True, slots=True)
class RpcReplied:
    """The answer to the request with this seq."""

    seq: bytes
    data: bytes


@dataclass(frozen=True, slots=True)
class ReceiptPushed:
    """The receipt of the transaction sent with this seq."""

    seq: bytes
    receipt: bytes
    """JSON (client protocol §3.6.6)."""


@dataclass(frozen=True, slots=True)
class BlockAnnounced:
    """A group committed a block."""

    group_id: int
    height: int


@dataclass(frozen=True, slots=True)
class EventFilterAnswered:
    """The node's verdict on a filter registration or cancellation."""

    seq: bytes
    code: int


@dataclass(frozen=True, slots=True)
class EventsPushed:
    """Contract events (client protocol §8.2), JSON."""

    body: bytes


@dataclass(frozen=True, slots=True)
class AmopArrived:
    """An AMOP frame of type 0x30, 0x31, 0x35 or 0x37."""

    frame: Frame
    topic: str
    payload: bytes


ClientEvent = (
    HandshakeAnswered
    | RpcReplied
    | ReceiptPushed
    | BlockAnnounced
    | EventFilterAnswered
    | EventsPushed
    | AmopArrived
    | CloseRequired
)


class ClientConnection:
    """One connection to a node as the SDK sees it."""

    def __init__(
        self, *, seq_prefix: bytes, client_type: str, now: float, version_max: int = PROTOCOL_MAX
    ) -> None:
        """Queues the handshake.

        Args:
            seq_prefix: 16 hexadecimal characters nobody else uses.
            now: seconds of any steady clock.

        Raises:
            LocalProtocolError: the prefix has another length.
        """
        if len(seq_prefix) != 16:
            raise LocalProtocolError(f"a seq prefix has 16 bytes, not {len(seq_prefix)}")
        self._seq_prefix = seq_prefix
        self._seq_count = 0
        self._decoder = FrameDecoder(FRAME_BYTES_MAX)
        self._outbox: list[bytes] = []
        self._open: set[bytes] = set()
        self._last_received = now
        self._next_heartbeat = now + _HEARTBEAT_S
        self.version = PROTOCOL_MIN
        self.is_closed = False
        offer = {"minimumSupport": PROTOCOL_MIN, "maximumSupport": version_max, "clientType": client_type}
        self._version_max = version_max
        self._queue(FrameType.HANDSHAKE, self._next_seq(), orjson.dumps(offer))

    # --- to the wire -------------------------------------------------------------------------------

    def request(self, data: bytes) -> bytes:
        """Send a JSON-RPC request; the seq its reply will carry."""
        seq = self._next_seq()
        self._open.add(seq)
        self._queue(FrameType.RPC, seq, data)
        return seq

    def forget(self, seq: bytes) -> None:
        """Stop waiting for a reply; should it come, it is passed over."""
        self._open.discard(seq)

    def set_topics(self, topics: frozenset[str]) -> None:
        """Replace this session's topics at the node."""
        self._queue(FrameType.TOPICS, self._next_seq(), orjson.dumps(sorted(topics)))

    def register_event_filter(self, body: bytes) -> bytes:
        """Ask for contract events; the seq of the answer. `body` is JSON (client protocol §8.1)."""
        seq = self._next_seq()
        self._queue(FrameType.EVENT_REGISTER, seq, encode_topic_data("", body))
        return seq

    def cancel_event_filter(self, body: bytes) -> bytes:
        """End a filter; the seq of the answer."""
        seq = self._next_seq()
        self._queue(FrameType.EVENT_CANCEL, seq, encode_topic_data("", body))
        return seq

    def send_amop(self, type: FrameType, topic: str, payload: bytes) -> bytes:
        """Send an AMOP frame of our own; the seq of its answer.

        Raises:
            TopicError: the topic is too long.
        """
        seq = self._next_seq()
        self._queue(type, seq, encode_topic_data(topic, payload))
        return seq

    def send(self, frame: Frame) -> None:
        """Send a frame as it is, such as the answer to an AMOP request."""
        self._outbox.append(encode_frame(frame.type, frame.seq, frame.data, frame.result))

    def frames_to_send(self) -> list[bytes]:
        """Everything queued, oldest first. Each element needs a TLS write of its own."""
        frames, self._outbox = self._outbox, []
        return frames

    # --- from the wire -----------------------------------------------------------------------------

    def receive_data(self, data: bytes, now: float) -> list[ClientEvent]:
        """Read bytes of the stream; what they mean, in order."""
        events: list[ClientEvent] = []
        if self.is_closed:
            return events
        self._last_received = now
        self._decoder.feed(data)
        while not self.is_closed:
            try:
                frame = self._decoder.next_frame()
            except FrameError as error:
                events.append(self._close(str(error)))
                break
            if frame is None:
                break
            event = self._receive(frame)
            if event is not None:
                events.append(event)
        return events

    def _receive(self, frame: Frame) -> ClientEvent | None:
        match frame.type:
            case FrameType.RPC:
                if frame.seq not in self._open:
                    return None
                self._open.discard(frame.seq)
                return RpcReplied(frame.seq, frame.data)
            case FrameType.RECEIPT:
                return ReceiptPushed(frame.seq, frame.data)
            case FrameType.BLOCK_NUMBER:
                return _read_block_number(frame.data)
            case FrameType.HANDSHAKE:
                return self._receive_handshake(frame.data)
            case FrameType.EVENT_REGISTER | FrameType.EVENT_CANCEL:
                return _read_filter_answer(frame)
            case FrameType.EVENT_LOG:
                return EventsPushed(frame.data)
            case FrameType.VERIFY_REQUEST:
                return AmopArrived(frame, "", frame.data)
            case FrameType.AMOP_UNICAST | FrameType.AMOP_MULTICAST | FrameType.AMOP_ANSWER:
                return _read_amop(frame)
            case _:
                return None

    def _receive_handshake(self, data: bytes) -> ClientEvent:
        try:
            answer = orjson.loads(data)
            version, node_version = answer["protocol"], answer["nodeVersion"]
        except (orjson.JSONDecodeError, KeyError, TypeError):
            return self._close("the node's handshake answer is not understood")
        if type(version) is not int or not PROTOCOL_MIN <= version <= self._version_max:
            return self._close(f"the node chose protocol {version}, which was not offered")
        self.version = version
        return HandshakeAnswered(version, str(node_version))

    # --- time and end ------------------------------------------------------------------------------

    def next_deadline(self) -> float | None:
        """When `handle_deadline` should be called next; None once closed."""
        return None if self.is_closed else min(self._next_heartbeat, self._last_received + _SILENCE_S)

    def handle_deadline(self, now: float) -> list[ClientEvent]:
        """Queue a heartbeat that is due, or give up a silent node."""
        if self.is_closed:
            return []
        if now >= self._last_received + _SILENCE_S:
            return [self._close(f"the node has been silent for {_SILENCE_S:g} s")]
        if now >= self._next_heartbeat:
            self._next_heartbeat = now + _HEARTBEAT_S
            text = b"0" if self.version == 1 else b'{"heartBeat":0}'
            self._queue(FrameType.HEARTBEAT, self._next_seq(), text)
        return []

    def _close(self, reason: str) -> CloseRequired:
        self.is_closed = True
        return CloseRequired(reason)

    def _next_seq(self) -> bytes:
        self._seq_count += 1
        return self._seq_prefix + b"%016x" % self._seq_count

    def _queue(self, type: FrameType, seq: bytes, data: bytes) -> None:
        self._outbox.append(encode_frame(type, seq, data))


def _read_block_number(data: bytes) -> BlockAnnounced | None:
    """Both forms of client protocol §5.4; None for anything else."""
    try:
        _, text = decode_topic_data(data)
        if text.startswith(b"{"):
            members = orjson.loads(text)
            return BlockAnnounced(int(members["groupID"]), int(members["blockNumber"]))
        group_id, height = text.split(b",")
        return BlockAnnounced(int(group_id), int(height))
    except (TopicError, ValueError, KeyError, TypeError, OverflowError):
        return None


def _read_filter_answer(frame: Frame) -> EventFilterAnswered | None:
    try:
        _, body = decode_topic_data(frame.data)
        return EventFilterAnswered(frame.seq, int(orjson.loads(body)["result"]))
    except (TopicError, ValueError, KeyError, TypeError, OverflowError):
        return None


def _read_amop(frame: Frame) -> AmopArrived | None:
    if not frame.data:
        return AmopArrived(frame, "", b"")
    try:
        topic, payload = decode_topic_data(frame.data)
    except TopicError:
        return None
    return AmopArrived(frame, topic, payload)
