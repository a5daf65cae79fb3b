"""What peers may hand over as a message or an answer."""

from __future__ import annotations

import pytest

from hansa.amop.messages import decode_answer, decode_message
from hansa.channel.frames import FrameType, encode_frame, encode_topic_data

SEQ = b"0" * 32
DATA = encode_topic_data("T", b"ping")
UNICAST = encode_frame(FrameType.AMOP_UNICAST, SEQ, DATA)
MULTICAST = encode_frame(FrameType.AMOP_MULTICAST, SEQ, DATA)


def test_a_message_is_a_frame_with_a_topic() -> None:
    message = decode_message(0, UNICAST)
    assert message is not None
    assert (message.topic, message.frame.data, message.size) == ("T", DATA, len(UNICAST))
    assert decode_message(1, MULTICAST) is not None


@pytest.mark.parametrize(
    ("packet_type", "payload"),
    [
        (0, b""),
        (0, UNICAST[:-1]),
        (0, UNICAST + b"\x00"),
        (0, UNICAST + UNICAST),
        (0, MULTICAST),
        (1, UNICAST),
        (2, UNICAST),
        (0, b"\xff" * 50),
        (0, b"\x00\x00\x00\x05" + bytes(50)),
        (0, encode_frame(FrameType.AMOP_UNICAST, SEQ, b"")),
        (0, encode_frame(FrameType.AMOP_UNICAST, SEQ, b"\x09T")),
        (0, encode_frame(FrameType.RPC, SEQ, DATA)),
    ],
)
def test_anything_else_is_none(packet_type: int, payload: bytes) -> None:
    assert decode_message(packet_type, payload) is None


def test_an_answer_is_of_a_type_an_sdk_takes_for_one() -> None:
    for kind in (FrameType.AMOP_ANSWER, FrameType.AMOP_UNICAST):
        frame = decode_answer(encode_frame(kind, SEQ, DATA, 5))
        assert frame is not None
        assert (frame.type, frame.result, frame.data) == (kind, 5, DATA)
    assert decode_answer(encode_frame(FrameType.RPC, SEQ, b"{}")) is None
    assert decode_answer(encode_frame(FrameType.AMOP_ANSWER, SEQ, DATA)[:-1]) is None
