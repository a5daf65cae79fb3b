"""Frames of a real chain and frames of every type, byte for byte."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from hansa.channel.frames import (
    FrameDecoder,
    FrameType,
    ResultCode,
    decode_topic_data,
    encode_frame,
    encode_topic_data,
)
from hansa.channel.protocol import (
    AmopReceived,
    ChannelConnection,
    CloseRequired,
    EventFilterCancelled,
    EventFilterRegistered,
    RpcReceived,
)
from hansa.channel.receipts import refusal_receipt
from hansa.channel.submissions import encode_error, encode_hash, parse_submission

_HERE = Path(__file__).parent
RECORDED = json.loads((_HERE / "recorded-frames.json").read_text())["frames"]
VECTORS = {item["name"]: item for item in json.loads((_HERE / "frame-vectors.json").read_text())["frames"]}


def read_one(frame: bytes):
    decoder = FrameDecoder()
    decoder.feed(frame)
    decoded = decoder.next_frame()
    assert decoded is not None
    assert decoder.buffered == 0
    return decoded


def vector(name: str) -> bytes:
    return bytes.fromhex(VECTORS[name]["frame"])


@pytest.mark.parametrize(
    "item", [*RECORDED, *VECTORS.values()], ids=lambda item: item.get("note", item.get("name"))
)
def test_every_frame_decodes_and_encodes_to_the_same_bytes(item):
    raw = bytes.fromhex(item["frame"])
    frame = read_one(raw)
    assert (frame.type, frame.seq.decode(), frame.result) == (item["type"], item["seq"], item["result"])
    assert encode_frame(frame.type, frame.seq, frame.data, frame.result) == raw
    if "topic" in item:
        topic, payload = decode_topic_data(frame.data)
        assert (topic, payload.decode()) == (item["topic"], item["payload_text"])
        assert encode_topic_data(topic, payload) == frame.data


def test_a_recorded_session_is_answered_byte_for_byte():
    """All that a node of the recorded chain sent, given the same requests, receipts and verdicts."""
    node = ChannelConnection(node_version="2.11.1", now=0.0)
    pushed = 0
    for item in (item for item in RECORDED if "sdk" in (item["from"], item["to"])):
        raw = bytes.fromhex(item["frame"])
        frame = read_one(raw)
        if item["from"] == "sdk":
            assert node.frames_to_send(1.0) == []
            for event in node.receive_data(raw, 1.0):
                match event:
                    case AmopReceived(frame=asked) if item["note"].endswith("no subscriber"):
                        node.refuse_amop(asked.seq, ResultCode.NO_REMOTE_NODE)
                    case CloseRequired():
                        pytest.fail("a recorded frame ended the connection")
            sent = node.frames_to_send(1.0)
            continue
        match frame.type:
            case FrameType.HEARTBEAT | FrameType.HANDSHAKE:
                assert sent.pop(0) == raw
                continue
            case FrameType.RPC:
                node.reply(frame.seq, frame.data)
            case FrameType.RECEIPT:
                node.push_receipt(frame.seq, frame.data)
            case FrameType.BLOCK_NUMBER:
                members = json.loads(decode_topic_data(frame.data)[1])
                node.notify_block(members["groupID"], members["blockNumber"])
            case FrameType.EVENT_REGISTER | FrameType.EVENT_CANCEL:
                code = json.loads(decode_topic_data(frame.data)[1])["result"]
                node.answer_event_filter(FrameType(frame.type), frame.seq, code)
            case FrameType.EVENT_LOG:
                node.push_events(frame.data)
            case FrameType.AMOP_ANSWER if frame.result:
                assert sent.pop(0) == raw
                continue
            case _:
                node.send(frame)
        assert node.frames_to_send(1.0) == [raw]
        pushed += 1
    assert node.version == 3
    assert pushed > 20


@pytest.mark.parametrize(
    ("request_name", "response_name", "version"),
    [
        ("handshake request (java-sdk)", "handshake response", 3),
        ("handshake request (go-sdk)", "handshake response", 3),
        ("handshake request capped at v2", "handshake response v2", 2),
    ],
)
def test_handshakes(request_name, response_name, version):
    node = ChannelConnection(node_version="2.11.0", now=0.0)
    node.receive_data(vector(request_name), 0.0)
    assert node.frames_to_send(0.0) == [vector(response_name)]
    assert node.version == version


def test_heartbeats_by_version():
    node = ChannelConnection(node_version="2.11.0", now=0.0)
    node.receive_data(vector("heartbeat request, session without handshake"), 0.0)
    assert node.frames_to_send(0.0) == [vector("heartbeat response, session without handshake")]
    node.receive_data(vector("heartbeat with empty body (python-sdk)"), 0.0)
    assert node.frames_to_send(0.0) == []
    node.receive_data(vector("handshake request (java-sdk)"), 0.0)
    node.frames_to_send(0.0)
    for name in ("heartbeat request", "heartbeat with empty body (python-sdk)"):
        node.receive_data(vector(name), 0.0)
        assert node.frames_to_send(0.0) == [vector("heartbeat response")]


def test_block_notifications_by_version():
    node = ChannelConnection(node_version="2.11.0", now=0.0)
    node.notify_block(1, 7)
    assert node.frames_to_send(0.0) == []
    node.receive_data(vector("subscribe topics"), 0.0)
    node.notify_block(1, 7)
    node.notify_block(2, 7)
    assert node.frames_to_send(0.0) == [vector("block notify, protocol 1")]
    node.receive_data(vector("handshake request capped at v2"), 0.0)
    node.frames_to_send(0.0)
    node.notify_block(1, 7)
    assert node.frames_to_send(0.0) == [vector("block notify, protocol 2 or 3")]
    node.receive_data(vector("unsubscribe everything"), 0.0)
    node.notify_block(1, 8)
    assert node.frames_to_send(0.0) == []


def test_a_handshake_without_a_common_version_closes_without_a_reply():
    node = ChannelConnection(node_version="2.11.0", now=0.0)
    (event,) = node.receive_data(vector("handshake without overlap") + vector("heartbeat request"), 0.0)
    assert event == CloseRequired("the client speaks protocol 4 to 5, this node 1 to 3")
    assert node.frames_to_send(0.0) == []


def test_amop_refusals():
    node = ChannelConnection(node_version="2.11.0", now=0.0)
    (event,) = node.receive_data(vector("AMOP unicast request"), 0.0)
    assert isinstance(event, AmopReceived)
    assert (event.topic, event.payload) == ("topicA", b"hello")
    node.refuse_amop(event.frame.seq, ResultCode.NO_REMOTE_NODE)
    node.refuse_amop(event.frame.seq, ResultCode.REFUSED)
    assert node.frames_to_send(0.0) == [vector("AMOP no subscriber"), vector("AMOP over bandwidth limit")]


def test_event_filters():
    node = ChannelConnection(node_version="2.11.0", now=0.0)
    registration, cancellation = node.receive_data(
        vector("event filter registration") + vector("event filter cancellation"), 0.0
    )
    assert isinstance(registration, EventFilterRegistered)
    assert json.loads(registration.body)["filterID"] == json.loads(cancellation.body)["filterID"]
    assert isinstance(cancellation, EventFilterCancelled)
    node.answer_event_filter(FrameType.EVENT_REGISTER, registration.seq, 0)
    node.answer_event_filter(FrameType.EVENT_REGISTER, registration.seq, -41003)
    node.answer_event_filter(FrameType.EVENT_CANCEL, cancellation.seq, 0)
    assert node.frames_to_send(0.0) == [
        vector("event filter accepted"),
        vector("event filter range error"),
        vector("event filter cancellation answer"),
    ]


def test_the_submission_of_a_transaction_is_recognised_and_answered():
    node = ChannelConnection(node_version="2.11.0", now=0.0)
    (event,) = node.receive_data(vector("sendRawTransaction request"), 0.0)
    assert isinstance(event, RpcReceived)
    submission = parse_submission(event.data)
    assert submission is not None
    assert (submission.request_id, submission.group_id, submission.with_proof) == (2, 1, False)
    answer = json.loads(read_one(vector("sendRawTransaction response")).data)
    node.reply(event.seq, encode_hash(2, bytes.fromhex(answer["result"][2:])))
    assert node.frames_to_send(0.0) == [vector("sendRawTransaction response")]


def test_an_error_reply_has_the_recorded_text():
    node = ChannelConnection(node_version="2.11.0", now=0.0)
    (event,) = node.receive_data(vector("getBlockNumber request"), 0.0)
    assert isinstance(event, RpcReceived)
    node.reply(event.seq, encode_error(1, -40001, "GroupID does not exist"))
    assert node.frames_to_send(0.0) == [vector("getBlockNumber for unknown group")]


def test_a_refusal_is_the_recorded_receipt():
    expected = json.loads(read_one(vector("transaction refused, protocol 3")).data)
    assert json.loads(refusal_receipt(b"", 16, "BlockLimitCheckFail")) == expected
    with_hash = json.loads(refusal_receipt(b"\xab" * 32, 16, "BlockLimitCheckFail"))
    assert with_hash == expected | {"transactionHash": "0x" + "ab" * 32}
