"""Channel frames: bytes ↔ values (client protocol §4).

A frame is a 42-byte header, big endian, and data:

    length u32 (header included) · type u16 · seq 32 bytes, opaque · result i32 · data

Rule 1: a length is judged as soon as its four bytes are there, before anything is kept for it.
Rule 2: after a `FrameError` the stream has no frame boundary any more; the connection ends.
Rule 3: an unknown type is a frame like any other; who reads it decides.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum
from struct import Struct

from hansa.channel.errors import FrameTooLong, FrameTooShort, TopicError

__all__ = [
    "FRAME_BYTES_MAX",
    "HEADER_BYTES",
    "PUSH_SEQ",
    "TOPIC_BYTES_MAX",
    "Frame",
    "FrameDecoder",
    "FrameType",
    "ResultCode",
    "decode_topic_data",
    "encode_frame",
    "encode_topic_data",
]

HEADER_BYTES = 42
FRAME_BYTES_MAX = 100 * 1024 * 1024
"""Longest frame, header included (client protocol §4.1)."""

PUSH_SEQ = b"0" * 32
"""The seq of what a node sends without having been asked."""

TOPIC_BYTES_MAX = 254
"""The prefix is one byte and counts itself."""

_HEADER = Struct(">IH32si")
_LENGTH = Struct(">I")


class FrameType(IntEnum):
    """What a frame is for (client protocol §4.3)."""

    RPC = 0x12
    HEARTBEAT = 0x13
    HANDSHAKE = 0x14
    EVENT_REGISTER = 0x15
    EVENT_CANCEL = 0x16
    AMOP_UNICAST = 0x30
    AMOP_ANSWER = 0x31
    TOPICS = 0x32
    AMOP_MULTICAST = 0x35
    VERIFY_REQUEST = 0x37
    VERIFY_VERDICT = 0x38
    RECEIPT = 0x1000
    BLOCK_NUMBER = 0x1001
    EVENT_LOG = 0x1002


class ResultCode(IntEnum):
    """The header's result field (client protocol §4.4)."""

    OK = 0
    SEND_FAILED = 99
    NO_REMOTE_NODE = 100
    REMOTE_UNREACHABLE = 101
    TIMEOUT = 102
    REFUSED = 103
    """Over the bandwidth limit; for a multicast also: nobody follows the topic."""
    NO_SUBSCRIBER = 104


@dataclass(frozen=True, slots=True)
class Frame:
    """One unit of talk between an SDK and a node."""

    type: int
    """A `FrameType`, or a number this version does not know."""
    seq: bytes
    """32 opaque bytes that tie an answer to its request; by convention lower-case hexadecimal text."""
    result: int
    data: bytes


def encode_frame(type: int, seq: bytes, data: bytes, result: int = 0) -> bytes:
    """The bytes of a frame.

    Raises:
        ValueError: seq has not 32 bytes, or the frame is longer than any receiver accepts.
    """
    if len(seq) != 32:
        raise ValueError(f"a seq has 32 bytes, not {len(seq)}")
    length = HEADER_BYTES + len(data)
    if length > FRAME_BYTES_MAX:
        raise ValueError(f"a frame of {length} bytes is longer than {FRAME_BYTES_MAX}")
    return _HEADER.pack(length, type, seq, result) + data


class FrameDecoder:
    """Cuts a stream into frames; holds one unfinished frame and what arrived together with its end."""

    __slots__ = ("_buffer", "_offset", "length_max")

    def __init__(self, length_max: int = FRAME_BYTES_MAX) -> None:
        self._buffer = bytearray()
        self._offset = 0
        self.length_max = length_max
        """Bytes, header included. May be changed between frames."""

    def feed(self, data: bytes) -> None:
        """Append bytes of the stream."""
        if self._offset:
            del self._buffer[: self._offset]
            self._offset = 0
        self._buffer += data

    def next_frame(self) -> Frame | None:
        """The next whole frame, or None until more bytes are fed.

        Raises:
            FrameTooShort, FrameTooLong: no frame can be read here, now or later.
        """
        start = self._offset
        held = len(self._buffer) - start
        if held < 4:
            return None
        (length,) = _LENGTH.unpack_from(self._buffer, start)
        if length < HEADER_BYTES:
            raise FrameTooShort(length)
        if length > self.length_max:
            raise FrameTooLong(length, self.length_max)
        if held < length:
            return None
        _, type, seq, result = _HEADER.unpack_from(self._buffer, start)
        end = start + length
        with memoryview(self._buffer) as view:
            data = view[start + HEADER_BYTES : end].tobytes()
        self._offset = end
        return Frame(type, seq, result, data)

    @property
    def buffered(self) -> int:
        """Bytes of the unfinished frame."""
        return len(self._buffer) - self._offset


def encode_topic_data(topic: str, payload: bytes) -> bytes:
    """Data with a topic prefix: one byte = 1 + topic length, the topic, the payload.

    Raises:
        TopicError: the topic has more than 254 bytes or is no text.
    """
    try:
        text = topic.encode()
    except UnicodeEncodeError as error:
        raise TopicError("a topic is text that UTF-8 can carry") from error
    if len(text) > TOPIC_BYTES_MAX:
        raise TopicError(f"a topic has at most {TOPIC_BYTES_MAX} bytes, not {len(text)}")
    return bytes((len(text) + 1,)) + text + payload


def decode_topic_data(data: bytes) -> tuple[str, bytes]:
    """Split data with a topic prefix into topic and payload.

    Raises:
        TopicError: the prefix is missing, cut short or no text.
    """
    if not data or data[0] == 0:
        raise TopicError("the data has no topic prefix")
    end = data[0]
    if len(data) < end:
        raise TopicError(f"the topic should have {end - 1} bytes, only {len(data) - 1} are there")
    try:
        return data[1:end].decode(), data[end:]
    except UnicodeDecodeError as error:
        raise TopicError("the topic is not UTF-8 text") from error
