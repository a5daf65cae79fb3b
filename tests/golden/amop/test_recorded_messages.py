"""AMOP of a real chain: what its nodes sent, given the same requests and answers."""

from __future__ import annotations

import json
from pathlib import Path

from hansa.amop.messages import AmopPacketType, Message, decode_answer, decode_message
from hansa.amop.routing import (
    AmopRouting,
    AnswerPeer,
    AskPeer,
    Deliver,
    MulticastSent,
    PeerAnswered,
    PeerAsked,
    PeerTold,
    PeerTopicsChanged,
    SessionAnswered,
    StartWait,
    TellPeers,
    TopicsReplaced,
    UnicastSent,
)
from hansa.channel.frames import Frame, FrameDecoder, decode_topic_data, encode_frame
from hansa.p2p import Module, Packet
from hansa.p2p.frames import FrameEncoder, decode_frame
from hansa.primitives import NodeId

RECORDED = json.loads((Path(__file__).parent / "recorded-frames.json").read_text())
SDK = [(item["from"], item["to"], bytes.fromhex(item["frame"])) for item in RECORDED["sdk"]]
PEER = [(item["dir"], bytes.fromhex(item["frame"])) for item in RECORDED["peer"]]
CONSTRUCTED = {item["name"]: bytes.fromhex(item["frame"]) for item in RECORDED["constructed"]}

NODE, NODE2 = NodeId(b"\x01" * 64), NodeId(b"\x02" * 64)
SENDER, SUBSCRIBER = 1, 2


def read(data: bytes) -> Frame:
    decoder = FrameDecoder()
    decoder.feed(data)
    frame = decoder.next_frame()
    assert frame is not None
    return frame


def written(frame: Frame) -> bytes:
    return encode_frame(frame.type, frame.seq, frame.data, frame.result)


def message(frame: Frame) -> Message:
    return Message(frame, decode_topic_data(frame.data)[0])


def test_two_sdks_on_two_nodes_see_the_recorded_bytes() -> None:
    """A subscription, a unicast and its answer, a multicast and its receipt, a unicast to nobody."""
    node, node2 = AmopRouting(NODE), AmopRouting(NODE2)
    topics, request, delivered, answer, returned, multicast, told, confirmed, lost, refused = (
        read(frame) for _, _, frame in SDK
    )
    node2.handle(TopicsReplaced(SUBSCRIBER, frozenset(json.loads(topics.data)), 0))
    node.handle(PeerTopicsChanged(NODE2, list(node2.own_topics), 0))

    (asked,) = node.handle(UnicastSent(SENDER, message(request), 0))
    assert isinstance(asked, AskPeer)
    assert node2.handle(PeerAsked(NODE, 5, message(asked.frame), 0)) == [
        Deliver(SUBSCRIBER, delivered),
        StartWait(1, SUBSCRIBER),
    ]
    (answered,) = node2.handle(SessionAnswered(SUBSCRIBER, answer))
    assert isinstance(answered, AnswerPeer)
    assert node.handle(PeerAnswered(asked.route, answered.frame)) == [Deliver(SENDER, returned)]

    spread = node.handle(MulticastSent(SENDER, message(multicast)))
    assert spread == [TellPeers((NODE2,), multicast), Deliver(SENDER, confirmed)]
    assert node2.handle(PeerTold(NODE, message(multicast))) == [Deliver(SUBSCRIBER, told)]

    (effect,) = node.handle(UnicastSent(SENDER, message(lost), 0))
    assert isinstance(effect, Deliver)
    assert written(effect.frame) == SDK[-1][2]
    assert effect.frame == refused


def test_packets_between_nodes_are_the_recorded_bytes() -> None:
    """A node's packet is built from its SDK's frame, and the peer's answer goes to the SDK as it is."""
    encoder = FrameEncoder(compress=True)
    (_, unicast), (_, unicast_answer), (_, multicast), _ = PEER
    for recorded, packet_type in ((unicast, AmopPacketType.UNICAST), (multicast, AmopPacketType.MULTICAST)):
        packet = decode_frame(recorded)
        decoded = decode_message(packet.packet_type, packet.payload)
        assert decoded is not None
        assert (decoded.topic, packet.packet_type) == ("topicP", packet_type)
        again = Packet(0, Module.AMOP, packet_type, packet.seq, written(decoded.frame))
        assert encoder.encode(again) == recorded

    routing = AmopRouting(NODE)
    routing.handle(PeerTopicsChanged(NODE2, ["topicP"], 0))
    sent = decode_message(0, decode_frame(unicast).payload)
    assert sent is not None
    (asked,) = routing.handle(UnicastSent(SENDER, sent, 0))
    assert isinstance(asked, AskPeer)
    answer = decode_answer(decode_frame(unicast_answer).payload)
    (returned,) = routing.handle(PeerAnswered(asked.route, answer))
    assert isinstance(returned, Deliver)
    assert written(returned.frame) == decode_frame(unicast_answer).payload
    assert (returned.frame.type, returned.frame.result) == (0x30, 0)


def test_a_node_without_a_subscriber_answers_with_the_data_it_got() -> None:
    packet = decode_frame(CONSTRUCTED["AMOP unicast"])
    asked = decode_message(packet.packet_type, packet.payload)
    assert asked is not None
    (answer,) = AmopRouting(NODE).handle(PeerAsked(NODE2, 1, asked, 0))
    assert isinstance(answer, AnswerPeer)
    response = Packet(0, Module.AMOP, 0, packet.seq, written(answer.frame), is_response=True)
    encoded = FrameEncoder(compress=True).encode(response)
    assert encoded == CONSTRUCTED["AMOP unicast answer, no session"]
    multicast = decode_frame(CONSTRUCTED["AMOP multicast"])
    assert decode_message(multicast.packet_type, multicast.payload) is not None
    answered = decode_answer(decode_frame(CONSTRUCTED["AMOP unicast answer"]).payload)
    assert answered is not None
    assert decode_topic_data(answered.data) == ("topicA", b"world")
