"""One end of a session, without a network (node §3.1 – 3.3)."""

import pytest

from hansa.p2p.errors import LocalProtocolError
from hansa.p2p.frames import FRAME_BYTES_MAX, FrameEncoder, Module, Packet, decode_frame
from hansa.p2p.protocol import (
    ConnectionClosed,
    DisconnectReason,
    FrameRefused,
    P2pConnection,
    P2pEvent,
    PacketReceived,
    RequestExpired,
    ResponseReceived,
    SessionLimits,
    TopicPacketType,
    TopicsReceived,
)
from hansa.p2p.topics import TopicList

ENCODER = FrameEncoder(compress=True)
START = 1000.0
ANNOUNCE_0 = bytes.fromhex("0000001100000000000200010000000030")


def connection(**options: object) -> P2pConnection:
    return P2pConnection(START, encoder=ENCODER, **options)


def packets_of(data: bytes) -> list[Packet]:
    packets = []
    while data:
        length = int.from_bytes(data[:4], "big")
        packets.append(decode_frame(data[:length]))
        data = data[length:]
    return packets


def pbft(seq: int, payload: bytes = b"payload") -> Packet:
    return Packet(group=1, module=Module.PBFT, packet_type=0, seq=seq, payload=payload)


class Pair:
    """Two ends with no network between."""

    def __init__(self, left: P2pConnection, right: P2pConnection) -> None:
        self.left, self.right = left, right

    def exchange(self, now: float = START) -> tuple[list[P2pEvent], list[P2pEvent]]:
        """Carry bytes both ways until there are none; what the left and the right end saw."""
        left_events: list[P2pEvent] = []
        right_events: list[P2pEvent] = []
        while True:
            to_right, to_left = self.left.data_to_send(), self.right.data_to_send()
            if not to_right and not to_left:
                return left_events, right_events
            right_events += self.right.receive_data(to_right, now)
            left_events += self.left.receive_data(to_left, now)


# --- announcements and heartbeat ------------------------------------------------------------------------


def test_the_topic_sequence_is_announced_at_once_and_every_5_seconds() -> None:
    end = connection()
    assert end.data_to_send() == ANNOUNCE_0
    assert end.data_to_send() == b""
    for beat in (START + 5, START + 10):
        assert end.next_deadline() == beat
        assert end.handle_deadline(beat - 0.1) == []
        assert end.data_to_send() == b""
        assert end.handle_deadline(beat) == []
        assert end.data_to_send() == ANNOUNCE_0


def test_a_peer_learns_our_topics_and_asks_only_when_the_number_changes() -> None:
    pair = Pair(connection(topics=TopicList(3, ("a", "b"))), connection())
    assert pair.exchange() == ([], [TopicsReceived(("a", "b"))])
    pair.left.handle_deadline(START + 5)
    pair.right.handle_deadline(START + 5)
    assert pair.exchange() == ([], [])
    pair.left.announce_topics(TopicList(4, ("c",)))
    assert pair.exchange() == ([], [TopicsReceived(("c",))])


def test_one_request_for_topics_is_outstanding_at_a_time_and_a_lost_one_is_repeated() -> None:
    end = connection()
    end.data_to_send()
    announce_1, announce_2 = (
        ENCODER.encode(Packet(0, Module.TOPIC, TopicPacketType.SEND_TOPIC_SEQUENCE, 0, text))
        for text in (b"1", b"2")
    )
    assert end.receive_data(announce_1 + announce_2, START) == []
    assert [packet.packet_type for packet in packets_of(end.data_to_send())] == [
        TopicPacketType.REQUEST_TOPICS
    ]
    assert end.handle_deadline(START + 5) == []
    end.data_to_send()
    end.receive_data(announce_1, START + 6)
    assert [packet.packet_type for packet in packets_of(end.data_to_send())] == [
        TopicPacketType.REQUEST_TOPICS
    ]


def test_a_list_that_cannot_be_read_is_not_asked_for_again() -> None:
    end = connection()
    end.data_to_send()
    announcement = ENCODER.encode(Packet(0, Module.TOPIC, TopicPacketType.SEND_TOPIC_SEQUENCE, 0, b"1"))
    end.receive_data(announcement, START)
    (request,) = packets_of(end.data_to_send())
    bad = Packet(0, Module.TOPIC, TopicPacketType.SEND_TOPICS, request.seq, b"1\t\xff", is_response=True)
    assert end.receive_data(ENCODER.encode(bad), START) == [FrameRefused("topic that is not UTF-8")]
    end.receive_data(announcement, START + 5)
    assert end.data_to_send() == b""


def test_a_peer_that_does_not_read_cannot_pile_up_topic_lists() -> None:
    end = connection(topics=TopicList(1, ("t" * 200,)))
    end.data_to_send()
    request = ENCODER.encode(Packet(0, Module.TOPIC, TopicPacketType.REQUEST_TOPICS, 7, b""))
    events = end.receive_data(request * 100, START)
    assert len(events) == 99
    assert end.outgoing_bytes < 300
    (answer,) = packets_of(end.data_to_send())
    assert (answer.seq, answer.is_response) == (7, True)
    assert end.receive_data(request, START) == []


# --- packets and requests -------------------------------------------------------------------------------


def test_packets_arrive_in_order_and_whole_wherever_the_bytes_are_cut() -> None:
    sender = connection()
    sent = [pbft(1), pbft(2, bytes(2000)), pbft(3, b"")]
    for packet in sent:
        sender.send(packet)
    assert sender.outgoing_bytes > 0
    data = sender.data_to_send()
    assert sender.outgoing_bytes == 0
    expected = [PacketReceived(packet) for packet in sent]
    for cut in range(len(data) + 1):
        receiver = connection()
        assert receiver.receive_data(data[:cut], START) + receiver.receive_data(data[cut:], START) == expected
    receiver = connection()
    assert [
        event for i in range(len(data)) for event in receiver.receive_data(data[i : i + 1], START)
    ] == expected


def test_sequence_numbers_run_and_are_never_zero() -> None:
    end = connection()
    assert [end.new_seq() for _ in range(3)] == [1, 2, 3]
    end._last_seq = 0xFFFFFFFE
    assert [end.new_seq() for _ in range(3)] == [0xFFFFFFFF, 1, 2]


def test_an_answer_finds_its_request() -> None:
    pair = Pair(connection(), connection())
    pair.exchange()
    question = Packet(0, Module.AMOP, 0, pair.left.new_seq(), b"ping")
    pair.left.request(question, deadline=START + 30)
    assert pair.exchange() == ([], [PacketReceived(question)])
    answer = Packet(0, Module.AMOP, 0, question.seq, b"pong", is_response=True)
    pair.right.send(answer)
    assert pair.exchange() == ([ResponseReceived(answer)], [])
    pair.right.send(answer)
    refused, _ = pair.exchange()
    assert refused == [FrameRefused(f"answer nobody waits for, sequence {question.seq}")]


def test_an_answer_of_another_module_is_none() -> None:
    pair = Pair(connection(), connection())
    question = Packet(0, Module.AMOP, 0, pair.left.new_seq(), b"ping")
    pair.left.request(question, deadline=START + 30)
    pair.right.send(Packet(1, Module.PBFT, 0, question.seq, b"pong", is_response=True))
    seen, _ = pair.exchange()
    assert [type(event) for event in seen] == [FrameRefused]
    assert pair.left.handle_deadline(START + 30) == [RequestExpired(question.seq)]


def test_requests_expire_in_the_order_of_their_deadlines_and_late_answers_are_refused() -> None:
    end = connection()
    for seq, deadline in ((1, START + 3), (2, START + 1), (3, START + 2)):
        end.request(Packet(0, Module.AMOP, 0, seq, b""), deadline=deadline)
    end.forget_request(3)
    assert end.next_deadline() == START + 1
    assert end.handle_deadline(START + 1) == [RequestExpired(2)]
    assert end.handle_deadline(START + 4) == [RequestExpired(1)]
    late = ENCODER.encode(Packet(0, Module.AMOP, 0, 1, b"", is_response=True))
    assert [type(event) for event in end.receive_data(late, START + 4)] == [FrameRefused]


def test_requests_are_bounded_but_topics_are_still_asked_for() -> None:
    end = connection(limits=SessionLimits(requests_pending_max=2))
    for _ in range(2):
        end.request(Packet(0, Module.AMOP, 0, end.new_seq(), b""), deadline=START + 1)
    with pytest.raises(LocalProtocolError, match="2 requests wait"):
        end.request(Packet(0, Module.AMOP, 0, end.new_seq(), b""), deadline=START + 1)
    end.data_to_send()
    announcement = ENCODER.encode(Packet(0, Module.TOPIC, TopicPacketType.SEND_TOPIC_SEQUENCE, 0, b"1"))
    assert end.receive_data(announcement, START) == []
    assert packets_of(end.data_to_send())[0].packet_type == TopicPacketType.REQUEST_TOPICS


@pytest.mark.parametrize(
    "packet", [Packet(0, Module.AMOP, 0, 0, b""), Packet(0, Module.AMOP, 0, 5, b"", is_response=True)]
)
def test_a_request_needs_a_sequence_and_is_no_answer(packet: Packet) -> None:
    with pytest.raises(LocalProtocolError):
        connection().request(packet, deadline=START + 1)


# --- malformed input and limits -------------------------------------------------------------------------


def test_a_length_above_100_mib_closes_and_nothing_more_is_said() -> None:
    end = connection()
    good = ENCODER.encode(pbft(1))
    (first, closed) = end.receive_data(good + (FRAME_BYTES_MAX + 1).to_bytes(4, "big") + good, START)
    assert first == PacketReceived(pbft(1))
    assert closed == ConnectionClosed(DisconnectReason.BAD_PROTOCOL, "frame of 104857601 bytes announced")
    assert end.is_closed
    assert end.receive_data(good, START) == []
    assert end.next_deadline() is None
    assert end.handle_deadline(START + 100) == []
    with pytest.raises(LocalProtocolError, match="closed"):
        end.send(pbft(2))


def test_a_length_of_exactly_100_mib_is_waited_for() -> None:
    end = connection()
    assert end.receive_data(FRAME_BYTES_MAX.to_bytes(4, "big") + bytes(1000), START) == []
    assert not end.is_closed


@pytest.mark.parametrize("length", [0, 8, 15])
def test_after_a_length_below_the_header_nothing_is_believed_and_the_idle_limit_ends_it(length: int) -> None:
    end = connection()
    good = ENCODER.encode(pbft(1))
    (refused,) = end.receive_data(length.to_bytes(4, "big") + good, START)
    assert isinstance(refused, FrameRefused)
    assert not end.is_closed
    assert end.receive_data(good, START + 30) == []
    (closed,) = end.handle_deadline(START + 60)
    assert isinstance(closed, ConnectionClosed)
    assert closed.reason == DisconnectReason.IDLE


def test_other_malformed_frames_are_told_and_the_session_goes_on() -> None:
    end = connection()
    bad_snappy = bytes.fromhex("00000014800000010009000000000000ffffffff")
    bad_topic = bytes.fromhex("0000001100000000000200090000000078")
    events = end.receive_data(bad_snappy + bad_topic + ENCODER.encode(pbft(1)), START)
    assert [type(event) for event in events] == [FrameRefused, FrameRefused, PacketReceived]


def test_a_peer_that_sends_nothing_for_60_seconds_is_gone() -> None:
    end = connection()
    for second in range(5, 60, 5):
        assert end.handle_deadline(START + second) == []
    assert end.receive_data(ANNOUNCE_0, START + 59) == []
    assert end.handle_deadline(START + 60) == []
    assert end.handle_deadline(START + 118.9) == []
    (closed,) = end.handle_deadline(START + 119)
    assert closed == ConnectionClosed(DisconnectReason.IDLE, "nothing received for 60 s")


def test_half_a_frame_does_not_keep_a_session_alive() -> None:
    end = connection()
    assert end.receive_data(ANNOUNCE_0[:10], START + 50) == []
    assert isinstance(end.handle_deadline(START + 60)[0], ConnectionClosed)


def test_a_peer_that_reads_nothing_for_60_seconds_is_gone() -> None:
    end = connection()
    end.pause_writing(START + 1)
    end.pause_writing(START + 30)
    end.resume_writing()
    end.pause_writing(START + 40)
    end.receive_data(ANNOUNCE_0, START + 80)
    assert end.handle_deadline(START + 99) == []
    assert end.next_deadline() == START + 100
    (closed,) = end.handle_deadline(START + 100)
    assert closed == ConnectionClosed(DisconnectReason.IDLE, "the peer read nothing for 60 s")


def test_who_sends_too_much_is_not_read_for_a_while() -> None:
    compressing = FrameEncoder(compress=True)
    bomb = compressing.encode(Packet(1, Module.BLOCK_SYNC, 0, 1, bytes(90_000_000)))
    connection = P2pConnection(100.0, encoder=compressing)
    connection.receive_data(bomb, 100.0)
    assert connection.read_again_at == 100.0
    connection.receive_data(bomb, 100.0)
    assert 101.0 < connection.read_again_at < 103.0
    late = connection.read_again_at + 60
    connection.receive_data(compressing.encode(Packet(1, Module.BLOCK_SYNC, 0, 1, b"a little")), late)
    assert connection.read_again_at == late
