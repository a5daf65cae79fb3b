"""Whatever arrives on a channel, neither end crashes, and a session is not told more than was sent."""

from __future__ import annotations

import orjson
from hypothesis import given, settings
from hypothesis import strategies as st

from hansa.channel.client_hello import read_client_hello
from hansa.channel.client_protocol import ClientConnection
from hansa.channel.errors import FrameError, TopicError
from hansa.channel.frames import (
    Frame,
    FrameDecoder,
    FrameType,
    decode_topic_data,
    encode_frame,
    encode_topic_data,
)
from hansa.channel.protocol import ChannelConnection, FrameIgnored, RpcReceived
from hansa.channel.receipts import ReceiptBook, WaitingReceipt
from hansa.channel.submissions import parse_submission

SEQS = st.binary(min_size=32, max_size=32)
TYPES = st.sampled_from([*FrameType, 0, 0x99])
JSON_PIECES = st.sampled_from(
    [b"", b"[]", b"{}", b'["t"]', b'{"maximumSupport":3}', b"\x01{}", b"null", b"1,2"]
)
FRAMES = st.builds(Frame, TYPES, SEQS, st.integers(-(2**31), 2**31 - 1), st.binary(max_size=60) | JSON_PIECES)


def encode(frame: Frame) -> bytes:
    return encode_frame(frame.type, frame.seq, frame.data, frame.result)


@given(st.lists(FRAMES, max_size=6), st.data())
def test_frames_survive_the_wire_however_it_cuts_them(frames, data):
    stream = b"".join(map(encode, frames))
    decoder = FrameDecoder()
    received = []
    while stream:
        size = data.draw(st.integers(1, len(stream)))
        decoder.feed(stream[:size])
        stream = stream[size:]
        while (frame := decoder.next_frame()) is not None:
            received.append(frame)
    assert received == frames


@given(st.lists(st.binary(max_size=80), max_size=6))
def test_noise_is_no_frame_or_a_typed_error(pieces):
    decoder = FrameDecoder()
    for piece in pieces:
        decoder.feed(piece)
        try:
            while decoder.next_frame() is not None:
                pass
        except FrameError:
            break


@settings(max_examples=200)
@given(st.lists(FRAMES, max_size=12), st.binary(max_size=50))
def test_neither_end_crashes_on_frames_with_odd_contents(frames, noise):
    node = ChannelConnection(node_version="2.9.1", now=0.0)
    client = ClientConnection(seq_prefix=b"0" * 16, client_type="test", now=0.0)
    stream = b"".join(map(encode, frames)) + noise
    client.receive_data(stream, 0.0)
    requests = 0
    for event in node.receive_data(stream, 0.0):
        if isinstance(event, RpcReceived):
            requests += 1
            node.reply(event.seq, b"{}")
        elif isinstance(event, FrameIgnored):
            assert event.reason
    assert requests <= sum(frame.type == FrameType.RPC for frame in frames)
    for raw in node.frames_to_send(0.0):
        decoder = FrameDecoder()
        decoder.feed(raw)
        assert decoder.next_frame() is not None
        assert decoder.buffered == 0


@given(st.text(max_size=80), st.binary(max_size=20))
def test_topics_survive(topic, payload):
    try:
        data = encode_topic_data(topic, payload)
    except TopicError:
        assert len(topic.encode(errors="surrogatepass")) > 254 or any(
            "\ud800" <= sign <= "\udfff" for sign in topic
        )
    else:
        assert decode_topic_data(data) == (topic, payload)


@given(st.binary(max_size=80))
def test_noise_has_a_topic_or_a_typed_error(data):
    try:
        topic, payload = decode_topic_data(data)
    except TopicError:
        return
    assert encode_topic_data(topic, payload) == data


@given(st.binary(max_size=200))
def test_noise_is_no_hello(data):
    assert read_client_hello(data) is None or data[0] == 22


@given(
    st.recursive(st.none() | st.booleans() | st.integers(-9, 9) | st.text(max_size=4), st.lists, max_leaves=5)
)
def test_only_two_parameters_make_a_submission(params):
    request = {"jsonrpc": "2.0", "method": "sendRawTransaction", "params": params, "id": 1}
    submission = parse_submission(orjson.dumps(request))
    if submission is not None:
        assert params[0] == submission.group_id
        assert params[1].removeprefix("0x").lower() == submission.raw.hex()


@given(
    st.lists(
        st.tuples(
            st.sampled_from(["expect", "forget", "take", "leave"]), st.integers(0, 4), st.integers(0, 2)
        ),
        max_size=40,
    )
)
def test_the_receipt_book_is_a_bounded_map_whose_first_entry_stays(steps):
    book = ReceiptBook(3)
    model: dict[bytes, WaitingReceipt] = {}
    for action, name, session in steps:
        key, waiting = bytes((name,)), WaitingReceipt(session, bytes(32), with_proof=False)
        match action:
            case "expect":
                if key not in model and len(model) == 3:
                    del model[next(iter(model))]
                assert book.expect(key, waiting) == (model.setdefault(key, waiting) == waiting)
            case "forget":
                if model.get(key) == waiting:
                    del model[key]
                book.forget(key, waiting)
            case "take":
                expected = [(0, model.pop(key))] if key in model else []
                assert book.take([key]) == expected
            case "leave":
                model = {key: entry for key, entry in model.items() if entry.session_id != session}
                book.forget_session(session)
        assert len(book) == len(model)
