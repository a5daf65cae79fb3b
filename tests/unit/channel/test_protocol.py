from __future__ import annotations

import orjson
import pytest

from hansa.channel.client_protocol import (
    AmopArrived,
    BlockAnnounced,
    ClientConnection,
    EventFilterAnswered,
    EventsPushed,
    HandshakeAnswered,
    ReceiptPushed,
    RpcReplied,
)
from hansa.channel.errors import LocalProtocolError
from hansa.channel.frames import Frame, FrameType, encode_frame, encode_topic_data
from hansa.channel.protocol import (
    AmopReceived,
    ChannelConnection,
    CloseRequired,
    ConnectionLimits,
    EventFilterRegistered,
    FrameIgnored,
    HandshakeAgreed,
    RpcReceived,
    TopicsReplaced,
    block_topic,
)

SEQ = b"a" * 32
OTHER_SEQ = b"b" * 32


def make_node(**limits) -> ChannelConnection:
    return ChannelConnection(node_version="2.9.1", now=0.0, limits=ConnectionLimits(**limits))


def make_client(version_max: int = 3) -> ClientConnection:
    return ClientConnection(seq_prefix=b"c" * 16, client_type="test", now=0.0, version_max=version_max)


def deliver(node: ChannelConnection, type: int, data: bytes, seq: bytes = SEQ):
    return node.receive_data(encode_frame(type, seq, data), 0.0)


# --- two ends joined -------------------------------------------------------------------------------


def converse(cut: int) -> tuple[list[object], list[object]]:
    """A whole session between both ends, every chunk cut at `cut`; what each end was told."""
    client, node = make_client(), make_node()
    heard_by_client: list[object] = []
    heard_by_node: list[object] = []

    def to_node() -> None:
        stream = b"".join(client.frames_to_send())
        for piece in (stream[:cut], stream[cut:]):
            heard_by_node.extend(node.receive_data(piece, 1.0))

    def to_client() -> None:
        stream = b"".join(node.frames_to_send(1.0))
        for piece in (stream[:cut], stream[cut:]):
            heard_by_client.extend(client.receive_data(piece, 1.0))

    to_node()
    to_client()
    client.set_topics(frozenset({block_topic(1)}))
    seq = client.request(b"{}")
    client.register_event_filter(b'{"filterID":"1"}')
    client.send_amop(FrameType.AMOP_UNICAST, "topic", b"ping")
    to_node()
    node.push_receipt(seq, b"receipt")
    node.reply(seq, b"reply")
    node.notify_block(1, 8)
    node.push_events(b"events")
    for event in heard_by_node:
        match event:
            case EventFilterRegistered(seq=filter_seq):
                node.answer_event_filter(FrameType.EVENT_REGISTER, filter_seq, 0)
            case AmopReceived(frame=frame):
                node.send(Frame(FrameType.AMOP_ANSWER, frame.seq, 0, encode_topic_data("topic", b"pong")))
    client.handle_deadline(11.0)
    to_node()
    to_client()
    return heard_by_client, heard_by_node


def test_a_whole_session_between_both_ends():
    heard_by_client, heard_by_node = converse(0)
    seqs = [b"c" * 16 + b"%016x" % number for number in range(1, 7)]
    amop_request = Frame(FrameType.AMOP_UNICAST, seqs[4], 0, encode_topic_data("topic", b"ping"))
    assert heard_by_node == [
        HandshakeAgreed(3, "test"),
        TopicsReplaced(frozenset({"_block_notify_1"})),
        RpcReceived(seqs[2], b"{}"),
        EventFilterRegistered(seqs[3], b'{"filterID":"1"}'),
        AmopReceived(amop_request, "topic", b"ping"),
    ]
    amop_answer = Frame(FrameType.AMOP_ANSWER, seqs[4], 0, encode_topic_data("topic", b"pong"))
    assert heard_by_client == [
        HandshakeAnswered(3, "2.9.1"),
        RpcReplied(seqs[2], b"reply"),
        ReceiptPushed(seqs[2], b"receipt"),
        BlockAnnounced(1, 8),
        EventsPushed(b"events"),
        EventFilterAnswered(seqs[3], 0),
        AmopArrived(amop_answer, "topic", b"pong"),
    ]


def test_the_same_session_with_the_bytes_cut_at_every_place():
    expected = converse(0)
    for cut in range(1, 700):
        assert converse(cut) == expected


@pytest.mark.parametrize(("version", "text"), [(1, b"0"), (2, b'{"heartBeat":0}'), (3, b'{"heartBeat":0}')])
def test_both_ends_agree_on_every_version(version, text):
    client, node = make_client(version), make_node()
    node.receive_data(b"".join(client.frames_to_send()), 0.0)
    client.receive_data(b"".join(node.frames_to_send(0.0)), 0.0)
    assert client.version == node.version == version
    client.handle_deadline(10.0)
    (heartbeat,) = client.frames_to_send()
    assert heartbeat[42:] == text
    node.receive_data(heartbeat, 0.0)
    assert len(node.frames_to_send(0.0)) == 1


# --- the node's end --------------------------------------------------------------------------------


def test_a_receipt_never_overtakes_the_reply_with_its_seq():
    node = make_node()
    deliver(node, FrameType.RPC, b"{}")
    node.push_receipt(SEQ, b"receipt")
    node.push_receipt(OTHER_SEQ, b"unrelated")
    node.reply(SEQ, b"reply")
    sent = [frame[42:] for frame in node.frames_to_send(0.0)]
    assert sent == [b"unrelated", b"reply", b"receipt"]


def test_a_receipt_waits_for_the_last_of_several_requests_with_one_seq():
    node = make_node()
    deliver(node, FrameType.RPC, b"1")
    deliver(node, FrameType.RPC, b"2")
    node.push_receipt(SEQ, b"receipt")
    node.reply(SEQ, b"first")
    assert [frame[42:] for frame in node.frames_to_send(0.0)] == [b"first"]
    node.reply(SEQ, b"second")
    assert [frame[42:] for frame in node.frames_to_send(0.0)] == [b"second", b"receipt"]


def test_a_request_is_answered_once():
    node = make_node()
    deliver(node, FrameType.RPC, b"{}")
    node.reply(SEQ, b"reply")
    with pytest.raises(LocalProtocolError, match="no open request"):
        node.reply(SEQ, b"again")


@pytest.mark.parametrize(
    ("type", "data"),
    [
        (0x99, b""),
        (FrameType.HANDSHAKE, b"not JSON"),
        (FrameType.HANDSHAKE, b"[]"),
        (FrameType.HANDSHAKE, b'{"maximumSupport":"3"}'),
        (FrameType.HANDSHAKE, b'{"maximumSupport":true}'),
        (FrameType.HANDSHAKE, b'{"clientType":7}'),
        (FrameType.HANDSHAKE, b'{"clientType":"' + b"x" * 5000 + b'"}'),
        (FrameType.TOPICS, b"not JSON"),
        (FrameType.TOPICS, b'{"a":1}'),
        (FrameType.TOPICS, b"[1]"),
        (FrameType.TOPICS, b'["' + b"t" * 255 + b'"]'),
        (FrameType.TOPICS, b"[" + b",".join([b'"t"'] * 1025) + b"]"),
        (FrameType.TOPICS, b"[" + b" " * 2_000_000 + b"]"),
        (FrameType.EVENT_REGISTER, b""),
        (FrameType.EVENT_CANCEL, b"\x09short"),
        (FrameType.AMOP_UNICAST, b""),
        (FrameType.AMOP_MULTICAST, b""),
        (FrameType.AMOP_ANSWER, b"\0"),
        (FrameType.RECEIPT, b"{}"),
    ],
)
def test_what_cannot_be_understood_is_ignored_without_an_answer(type, data):
    node = make_node()
    (event,) = deliver(node, type, data)
    assert isinstance(event, FrameIgnored)
    assert node.frames_to_send(0.0) == []
    assert not node.is_closed
    assert deliver(node, FrameType.RPC, b"{}") == [RpcReceived(SEQ, b"{}")]


@pytest.mark.parametrize(
    ("offer", "version"),
    [({}, 1), ({"maximumSupport": 2}, 2), ({"minimumSupport": 3, "maximumSupport": 9}, 3)],
)
def test_the_highest_common_version_is_chosen(offer, version):
    node = make_node()
    assert deliver(node, FrameType.HANDSHAKE, orjson.dumps(offer)) == [HandshakeAgreed(version, "")]
    assert node.version == version


@pytest.mark.parametrize(("lowest", "highest"), [(4, 9), (0, 0), (-3, -1), (3, 2)])
def test_no_common_version_ends_the_connection(lowest, highest):
    node = make_node()
    offer = orjson.dumps({"minimumSupport": lowest, "maximumSupport": highest})
    (event,) = deliver(node, FrameType.HANDSHAKE, offer)
    assert isinstance(event, CloseRequired)
    assert node.receive_data(encode_frame(FrameType.RPC, SEQ, b"{}"), 0.0) == []


def test_amop_answers_may_be_empty_and_verifications_have_no_topic():
    node = make_node()
    for type, data in ((0x31, b""), (0x37, b""), (0x38, b'{"checkResult":0}')):
        (event,) = deliver(node, type, data)
        assert event == AmopReceived(Frame(type, SEQ, 0, data), "", data)


def test_frames_before_a_broken_length_are_still_read():
    node = make_node()
    events = node.receive_data(encode_frame(FrameType.RPC, SEQ, b"{}") + b"\x80\0\0\0", 0.0)
    assert events[0] == RpcReceived(SEQ, b"{}")
    assert isinstance(events[1], CloseRequired)
    assert "2147483648" in events[1].reason
    assert node.is_closed
    assert node.next_deadline() is None


def test_the_first_frame_has_less_room():
    node = make_node(first_frame_bytes_max=100, frame_bytes_max=1000)
    (event,) = node.receive_data((101).to_bytes(4, "big"), 0.0)
    assert isinstance(event, CloseRequired)
    node = make_node(first_frame_bytes_max=100, frame_bytes_max=1000)
    deliver(node, FrameType.RPC, b"{}")
    assert deliver(node, FrameType.RPC, b"x" * 900, OTHER_SEQ) == [RpcReceived(OTHER_SEQ, b"x" * 900)]


def test_sixty_silent_seconds_end_the_connection_and_any_byte_or_frame_begins_them_anew():
    node = make_node()
    assert node.next_deadline() == 60.0
    assert node.handle_deadline(59.9) == []
    node.receive_data(b"\0", 30.0)
    assert node.next_deadline() == 90.0
    node.push_events(b"{}")
    node.frames_to_send(50.0)
    node.frames_to_send(55.0)
    assert node.next_deadline() == 110.0
    (event,) = node.handle_deadline(110.0)
    assert isinstance(event, CloseRequired)
    assert node.handle_deadline(111.0) == []


def test_a_version_1_client_is_served_as_nodejs_and_python_expect():
    node = make_node()
    request = b'{"jsonrpc":"2.0","method":"getBlockNumber","params":[1],"id":1}'
    assert deliver(node, FrameType.RPC, request) == [RpcReceived(SEQ, request)]
    deliver(node, FrameType.TOPICS, b'["_block_notify_1"]', OTHER_SEQ)
    deliver(node, FrameType.HEARTBEAT, b"", OTHER_SEQ)
    node.reply(SEQ, b"reply")
    node.notify_block(1, 2)
    assert node.frames_to_send(0.0) == [
        encode_frame(FrameType.RPC, SEQ, b"reply"),
        encode_frame(FrameType.BLOCK_NUMBER, b"0" * 32, b"\x10_block_notify_11,2"),
    ]


# --- the SDK's end ---------------------------------------------------------------------------------


def test_the_client_passes_over_replies_nobody_waits_for():
    client = make_client()
    seq = client.request(b"{}")
    client.forget(seq)
    assert client.receive_data(encode_frame(FrameType.RPC, seq, b"late"), 0.0) == []
    assert client.receive_data(encode_frame(FrameType.RPC, OTHER_SEQ, b"stray"), 0.0) == []


def test_the_client_gives_up_a_silent_node():
    client = make_client()
    client.handle_deadline(10.0)
    client.handle_deadline(20.0)
    assert len(client.frames_to_send()) == 3
    (event,) = client.handle_deadline(30.0)
    assert isinstance(event, CloseRequired)
    assert client.next_deadline() is None
    assert client.receive_data(b"\0", 31.0) == []


@pytest.mark.parametrize("answer", [b"", b"[]", b'{"protocol":9,"nodeVersion":"2"}', b'{"protocol":"3"}'])
def test_the_client_closes_when_the_handshake_answer_makes_no_sense(answer):
    client = make_client()
    (event,) = client.receive_data(encode_frame(FrameType.HANDSHAKE, SEQ, answer), 0.0)
    assert isinstance(event, CloseRequired)


@pytest.mark.parametrize(
    ("type", "data"),
    [
        (FrameType.BLOCK_NUMBER, b""),
        (FrameType.BLOCK_NUMBER, encode_topic_data("t", b"{}")),
        (FrameType.BLOCK_NUMBER, encode_topic_data("t", b"1")),
        (FrameType.BLOCK_NUMBER, encode_topic_data("t", b"a,b")),
        (FrameType.BLOCK_NUMBER, encode_topic_data("t", b'{"groupID":1e999,"blockNumber":1}')),
        (FrameType.EVENT_REGISTER, b"\x01[]"),
        (FrameType.AMOP_UNICAST, b"\0"),
        (FrameType.TOPICS, b"[]"),
        (0x99, b""),
    ],
)
def test_the_client_passes_over_what_it_does_not_understand(type, data):
    client = make_client()
    assert client.receive_data(encode_frame(type, SEQ, data), 0.0) == []
    assert not client.is_closed


def test_the_client_hears_block_numbers_of_every_version():
    client = make_client()
    for text in (b"3,17", b'{"blockNumber":17,"groupID":3}\n'):
        frame = encode_frame(FrameType.BLOCK_NUMBER, b"0" * 32, encode_topic_data("_block_notify_3", text))
        assert client.receive_data(frame, 0.0) == [BlockAnnounced(3, 17)]


def test_the_client_insists_on_a_whole_seq_prefix_and_ends_on_a_broken_frame():
    with pytest.raises(LocalProtocolError, match="16 bytes"):
        ClientConnection(seq_prefix=b"short", client_type="test", now=0.0)
    client = make_client()
    (event,) = client.receive_data(b"\0\0\0\0", 0.0)
    assert isinstance(event, CloseRequired)
