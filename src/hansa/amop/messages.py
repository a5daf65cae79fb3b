"""Messages are frames of SDKs that go from node to node unchanged (client protocol §7.1, node §3.3). Pure."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum

from hansa.channel.errors import FrameError, TopicError
from hansa.channel.frames import HEADER_BYTES, Frame, FrameDecoder, FrameType, decode_topic_data

__all__ = ["AmopPacketType", "Message", "decode_answer", "decode_message"]


class AmopPacketType(IntEnum):
    """The packets of the AMOP module; an answer has the type of its request."""

    UNICAST = 0
    MULTICAST = 1


_FRAME_TYPES = {
    AmopPacketType.UNICAST: FrameType.AMOP_UNICAST,
    AmopPacketType.MULTICAST: FrameType.AMOP_MULTICAST,
}

# What SDKs answer with. A peer's client may send its request back with other content [recorded].
_ANSWER_TYPES = (FrameType.AMOP_ANSWER, FrameType.AMOP_UNICAST)


@dataclass(frozen=True, slots=True)
class Message:
    """A unicast or multicast on its way."""

    frame: Frame
    """As its sender wrote it."""
    topic: str

    @property
    def size(self) -> int:
        """Bytes of the whole frame."""
        return HEADER_BYTES + len(self.frame.data)


def decode_message(packet_type: int, payload: bytes) -> Message | None:
    """The message in a peer's packet; None if it is none, or not what the packet type says."""
    frame = _decode_frame(payload)
    if frame is None or packet_type not in _FRAME_TYPES:
        return None
    if frame.type != _FRAME_TYPES[AmopPacketType(packet_type)]:
        return None
    try:
        topic, _ = decode_topic_data(frame.data)
    except TopicError:
        return None
    return Message(frame, topic)


def decode_answer(payload: bytes) -> Frame | None:
    """The answer in a peer's packet; None if no SDK could take it for one."""
    frame = _decode_frame(payload)
    return frame if frame is not None and frame.type in _ANSWER_TYPES else None


def _decode_frame(payload: bytes) -> Frame | None:
    """The frame that is all of `payload`."""
    decoder = FrameDecoder()
    decoder.feed(payload)
    try:
        frame = decoder.next_frame()
    except FrameError:
        return None
    return None if decoder.buffered else frame
