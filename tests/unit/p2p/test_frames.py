"""Packets ↔ bytes (node §3.2)."""

import cramjam
import pytest

from hansa.p2p.errors import LocalProtocolError, MalformedFrame
from hansa.p2p.frames import FRAME_BYTES_MAX, FrameEncoder, Module, Packet, decode_frame

ENCODER = FrameEncoder(compress=True)
COMPRESSED = 0x8000


def version_of(frame: bytes) -> int:
    return int.from_bytes(frame[4:6], "big")


def test_header_fields_stand_where_the_table_says() -> None:
    packet = Packet(group=2, module=Module.PBFT, packet_type=3, seq=0x01020304, payload=b"hi")
    assert (
        ENCODER.encode(packet).hex() == "00000012" + "0000" + "00020008" + "0003" + "01020304" + b"hi".hex()
    )


def test_an_answer_carries_the_negative_protocol_id_of_its_request() -> None:
    packet = Packet(group=1, module=Module.BLOCK_SYNC, packet_type=0, seq=7, payload=b"", is_response=True)
    frame = ENCODER.encode(packet)
    assert int.from_bytes(frame[6:10], "big", signed=True) == -65545
    assert decode_frame(frame) == packet


def test_only_payloads_above_1024_bytes_are_compressed() -> None:
    for size, version in ((1024, 0), (1025, COMPRESSED)):
        packet = Packet(1, Module.PBFT, 0, 1, bytes(size))
        frame = ENCODER.encode(packet)
        assert version_of(frame) == version
        assert decode_frame(frame) == packet


def test_what_does_not_become_shorter_is_sent_as_it_is() -> None:
    incompressible = cramjam.snappy.compress_raw(bytes(range(256)) * 3)
    noise = b"".join((i * 2654435761 % 2**32).to_bytes(4, "big") for i in range(400)) + bytes(incompressible)
    frame = ENCODER.encode(Packet(1, Module.PBFT, 0, 1, noise))
    assert version_of(frame) == 0
    assert frame.endswith(noise)


def test_a_node_that_does_not_compress_understands_those_that_do() -> None:
    packet = Packet(1, Module.PBFT, 0, 1, bytes(5000))
    plain = FrameEncoder(compress=False).encode(packet)
    assert version_of(plain) == 0
    assert decode_frame(plain) == decode_frame(ENCODER.encode(packet)) == packet


def test_a_broadcast_is_compressed_once_and_each_frame_has_its_own_sequence() -> None:
    payload = bytes(100_000)
    encoder = FrameEncoder(compress=True)
    frames = [encoder.encode(Packet(1, Module.PBFT, 0, seq, payload)) for seq in (1, 2, 3)]
    assert [decode_frame(frame).seq for frame in frames] == [1, 2, 3]
    assert len({frame[16:] for frame in frames}) == 1
    other = Packet(1, Module.PBFT, 0, 4, b"x" * 100_000)
    assert decode_frame(encoder.encode(other)) == other


@pytest.mark.parametrize(
    ("packet", "reason"),
    [
        (Packet(0x8000, Module.PBFT, 0, 1, b""), "no protocol id"),
        (Packet(-1, Module.PBFT, 0, 1, b""), "no protocol id"),
        (Packet(1, 0, 0, 1, b""), "no protocol id"),
        (Packet(1, 0x10000, 0, 1, b""), "no protocol id"),
        (Packet(1, 8, 0x10000, 1, b""), "out of range"),
        (Packet(1, 8, 0, 1 << 32, b""), "out of range"),
        (Packet(1, 8, 0, 1, bytes(FRAME_BYTES_MAX)), "too large"),
    ],
)
def test_packets_that_fit_no_frame_are_our_mistake(packet: Packet, reason: str) -> None:
    with pytest.raises(LocalProtocolError, match=reason):
        ENCODER.encode(packet)


def compressed_frame(body: bytes) -> bytes:
    return (16 + len(body)).to_bytes(4, "big") + bytes.fromhex("800000010009000000000000") + body


@pytest.mark.parametrize(
    ("frame", "reason"),
    [
        (b"", "shorter than its header"),
        (bytes(15), "shorter than its header"),
        (compressed_frame(b""), "announces|empty|corrupt"),
        (compressed_frame(b"\xff" * 40), "corrupt"),
        (compressed_frame(bytes.fromhex("80808064") + bytes(20)), "more than 104857600"),
        (compressed_frame(bytes.fromhex("8080800a") + bytes(20)), "of 24 bytes announces 20971520"),
        (compressed_frame(b"\x05\x10aaaa"), "corrupt"),
    ],
)
def test_malformed_frames_are_refused_with_the_reason(frame: bytes, reason: str) -> None:
    with pytest.raises(MalformedFrame, match=reason):
        decode_frame(frame)


def test_the_most_that_snappy_can_expand_is_accepted() -> None:
    packet = Packet(1, Module.PBFT, 0, 1, bytes(10_000_000))
    frame = ENCODER.encode(packet)
    assert len(frame) < 10_000_000 / 21
    assert decode_frame(frame) == packet
