from __future__ import annotations

import struct

import pytest

from hansa.channel.errors import FrameTooLong, FrameTooShort, TopicError
from hansa.channel.frames import (
    FRAME_BYTES_MAX,
    Frame,
    FrameDecoder,
    FrameType,
    decode_topic_data,
    encode_frame,
    encode_topic_data,
)

SEQ = b"0123456789abcdef" * 2


def test_frames_come_out_whole_however_they_are_cut():
    stream = b"".join(encode_frame(FrameType.RPC, SEQ, b"x" * size, result=-size) for size in (0, 1, 5))
    whole = FrameDecoder()
    whole.feed(stream)
    expected = [whole.next_frame() for _ in range(3)]
    assert expected == [Frame(0x12, SEQ, -size, b"x" * size) for size in (0, 1, 5)]
    for cut in range(len(stream)):
        decoder = FrameDecoder()
        frames = []
        for piece in (stream[:cut], stream[cut:]):
            decoder.feed(piece)
            while (frame := decoder.next_frame()) is not None:
                frames.append(frame)
        assert frames == expected
        assert decoder.buffered == 0


@pytest.mark.parametrize("length", [0, 1, 41])
def test_a_length_below_the_header_is_an_error(length):
    decoder = FrameDecoder()
    decoder.feed(struct.pack(">I", length))
    with pytest.raises(FrameTooShort) as caught:
        decoder.next_frame()
    assert caught.value.length == length


@pytest.mark.parametrize("length", [FRAME_BYTES_MAX + 1, 2**31, 2**32 - 1])
def test_a_length_above_the_bound_is_an_error_before_more_is_read(length):
    decoder = FrameDecoder()
    decoder.feed(struct.pack(">I", length))
    with pytest.raises(FrameTooLong) as caught:
        decoder.next_frame()
    assert (caught.value.length, caught.value.length_max) == (length, FRAME_BYTES_MAX)


def test_the_bound_can_change_between_frames():
    decoder = FrameDecoder(length_max=42)
    decoder.feed(encode_frame(FrameType.HEARTBEAT, SEQ, b"") + encode_frame(FrameType.HEARTBEAT, SEQ, b"0"))
    assert decoder.next_frame() is not None
    with pytest.raises(FrameTooLong):
        decoder.next_frame()
    decoder.length_max = 43
    assert decoder.next_frame() == Frame(0x13, SEQ, 0, b"0")


def test_wrong_use_of_the_encoder_is_an_error():
    with pytest.raises(ValueError, match="a seq has 32 bytes, not 31"):
        encode_frame(FrameType.RPC, SEQ[:31], b"")
    with pytest.raises(ValueError, match="longer than"):
        encode_frame(FrameType.RPC, SEQ, bytes(FRAME_BYTES_MAX))


@pytest.mark.parametrize("topic", ["", "a", "é" * 127, "t" * 254])
def test_topics_up_to_254_bytes_pass(topic):
    assert decode_topic_data(encode_topic_data(topic, b"payload")) == (topic, b"payload")


def test_topics_beyond_are_errors():
    with pytest.raises(TopicError, match="254"):
        encode_topic_data("t" * 255, b"")
    with pytest.raises(TopicError, match="UTF-8"):
        encode_topic_data("\ud800", b"")


@pytest.mark.parametrize("data", [b"", b"\0", b"\0abc", b"\x05abc", b"\x03\xff\xff"])
def test_a_broken_prefix_is_an_error(data):
    with pytest.raises(TopicError):
        decode_topic_data(data)
