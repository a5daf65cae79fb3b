"""Frames recorded between FISCO BCOS 2.11.1 nodes: read and written again."""

import json
from pathlib import Path
from typing import Any

import pytest

from hansa.p2p.frames import FrameEncoder, Module, Packet, decode_frame
from hansa.p2p.protocol import (
    ConnectionClosed,
    FrameRefused,
    P2pConnection,
    PacketReceived,
    TopicPacketType,
    TopicsReceived,
)
from hansa.p2p.topics import TopicList

HERE = Path(__file__).parent
PLAIN = FrameEncoder(compress=False)
COMPRESSING = FrameEncoder(compress=True)


def frames_of(name: str) -> list[dict[str, Any]]:
    frames: list[dict[str, Any]] = json.loads((HERE / name).read_text())["frames"]
    return frames


def protocol_id(packet: Packet) -> int:
    number = packet.group << 16 | packet.module
    return -number if packet.is_response else number


def test_every_frame_of_a_session_is_read_and_written_back_byte_for_byte() -> None:
    for record in frames_of("topics-session.json"):
        frame = bytes.fromhex(record["frame"])
        packet = decode_frame(frame)
        assert (protocol_id(packet), packet.packet_type, packet.seq) == (
            record["protocolID"],
            record["packetType"],
            record["seq"],
        )
        if "text" in record:
            assert packet.payload.decode("latin-1") == record["text"]
        assert PLAIN.encode(packet) == COMPRESSING.encode(packet) == frame


def test_compressed_payloads_expand_to_what_was_recorded() -> None:
    records = frames_of("compressed-frames.json")
    assert records
    for record in records:
        packet = decode_frame(bytes.fromhex(record["frame"]))
        assert packet.payload == bytes.fromhex(record["payloadUncompressed"].removeprefix("0x"))
        assert protocol_id(packet) == record["protocolID"]
        # Another compressor may choose other bytes: what counts is the flag and the content.
        ours = COMPRESSING.encode(packet)
        assert ours[4:6] == b"\x80\x00"
        assert decode_frame(ours) == packet


def test_we_speak_our_side_of_the_recorded_topic_exchange() -> None:
    """Both sides of it: the node's request gets the recorded answer, and we ask as the node did."""
    records = [
        record for record in frames_of("topics-session.json") if abs(record["protocolID"]) == Module.TOPIC
    ]
    request, answer = (
        next(bytes.fromhex(r["frame"]) for r in records if r["packetType"] == kind and r["dir"] == way)
        for kind, way in ((TopicPacketType.REQUEST_TOPICS, "in"), (TopicPacketType.SEND_TOPICS, "out"))
    )
    subscriber = P2pConnection(0.0, encoder=COMPRESSING, topics=TopicList(1, ("topicP",)))
    assert subscriber.data_to_send() == bytes.fromhex("0000001100000000000200010000000031")
    assert subscriber.receive_data(request, 0.0) == []
    assert subscriber.data_to_send() == answer

    asking = P2pConnection(0.0, encoder=COMPRESSING)
    asking.data_to_send()
    seq = decode_frame(request).seq
    for _ in range(seq - 1):
        asking.new_seq()
    assert asking.receive_data(bytes.fromhex("0000001100000000000200010000000031"), 0.0) == []
    assert asking.data_to_send() == request
    assert asking.receive_data(answer, 0.0) == [TopicsReceived(("topicP",))]


@pytest.mark.parametrize("record", frames_of("malformed.json"), ids=lambda record: record["test"])
def test_malformed_input_closes_only_where_the_node_closed(record: dict[str, Any]) -> None:
    connection = P2pConnection(0.0, encoder=COMPRESSING)
    events = connection.receive_data(bytes.fromhex(record["sent"]), 0.0)
    assert connection.is_closed == record["connectionClosed"]
    assert any(isinstance(event, ConnectionClosed) for event in events) == record["connectionClosed"]
    assert all(isinstance(event, PacketReceived | FrameRefused | ConnectionClosed) for event in events)
