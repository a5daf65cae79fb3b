"""Whatever bytes come, in whatever pieces, a session answers with events and nothing else."""

from hypothesis import given, settings
from hypothesis import strategies as st

from hansa.p2p.errors import MalformedFrame
from hansa.p2p.frames import FrameEncoder, Module, Packet, decode_frame
from hansa.p2p.protocol import ConnectionClosed, P2pConnection, PacketReceived
from hansa.p2p.topics import TopicList

ENCODER = FrameEncoder(compress=True)

packets = st.builds(
    Packet,
    group=st.integers(0, 0x7FFF),
    module=st.integers(1, 0xFFFF),
    packet_type=st.integers(0, 0xFFFF),
    seq=st.integers(0, 0xFFFFFFFF),
    payload=st.one_of(st.binary(max_size=100), st.binary(max_size=4).map(lambda unit: unit * 1000)),
    is_response=st.booleans(),
)

# Headers that are nearly right reach deeper than noise does.
near_frames = st.builds(
    lambda length, version, protocol_id, kind, body: (
        (len(body) + 16 + length).to_bytes(4, "big")
        + version.to_bytes(2, "big")
        + protocol_id.to_bytes(4, "big", signed=True)
        + kind.to_bytes(2, "big")
        + bytes(3)
        + body[:1].ljust(1, b"\0")
        + body
    ),
    length=st.sampled_from([0, 0, 0, 1]),
    version=st.sampled_from([0, 0x8000, 1]),
    protocol_id=st.sampled_from([2, -2, 1, -1, 65544, -65544, 0, -(1 << 31), (1 << 31) - 1]),
    kind=st.integers(0, 4),
    body=st.one_of(st.binary(max_size=40), st.just(b"1\ttopic"), st.just(b"1")),
)


@given(packets)
def test_a_packet_survives_its_frame(packet: Packet) -> None:
    assert decode_frame(ENCODER.encode(packet)) == packet


@given(st.binary(max_size=200))
def test_a_frame_is_read_or_refused(data: bytes) -> None:
    try:
        decode_frame(data)
    except MalformedFrame:
        pass


@given(st.binary(max_size=300))
def test_a_topic_list_is_read_or_refused(data: bytes) -> None:
    try:
        TopicList.decode(data)
    except MalformedFrame:
        pass


@settings(max_examples=200)
@given(st.lists(st.one_of(near_frames, st.binary(max_size=60)), max_size=8), st.data())
def test_noise_in_any_pieces_gives_the_same_events(parts: list[bytes], data: st.DataObject) -> None:
    stream = b"".join(parts)
    whole = P2pConnection(0.0, encoder=ENCODER)
    expected = whole.receive_data(stream, 1.0)

    cut = P2pConnection(0.0, encoder=ENCODER)
    seen = []
    position = 0
    while position < len(stream):
        size = data.draw(st.integers(1, 40))
        seen += cut.receive_data(stream[position : position + size], 1.0)
        position += size
    assert seen == expected
    assert cut.data_to_send() == whole.data_to_send()
    assert sum(isinstance(event, ConnectionClosed) for event in seen) == whole.is_closed


@given(
    st.lists(
        packets.filter(lambda packet: not packet.is_response and packet.module != Module.TOPIC), max_size=6
    )
)
def test_what_one_end_sends_the_other_receives(sent: list[Packet]) -> None:
    left, right = (P2pConnection(0.0, encoder=ENCODER) for _ in range(2))
    for packet in sent:
        left.send(packet)
    assert right.receive_data(left.data_to_send(), 0.0) == [PacketReceived(packet) for packet in sent]
