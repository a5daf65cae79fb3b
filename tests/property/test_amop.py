"""However SDKs and peers behave, a sender is answered once, and nothing is kept for anybody who is done."""

from __future__ import annotations

from collections import Counter

from hypothesis import given, settings
from hypothesis import strategies as st

from hansa.amop.messages import Message, decode_answer, decode_message
from hansa.amop.routing import (
    AmopLimits,
    AmopRouting,
    AnswerPeer,
    AskPeer,
    Deliver,
    MulticastSent,
    PeerAnswered,
    PeerAsked,
    PeerLost,
    PeerTold,
    PeerTopicsChanged,
    SessionAnswered,
    SessionEnded,
    StartWait,
    TopicsReplaced,
    UnicastSent,
    VerdictGiven,
    VerificationDue,
    WaitEnded,
)
from hansa.channel.frames import Frame, FrameType, encode_topic_data
from hansa.primitives import NodeId

ME = NodeId(b"\x01" * 64)
PRIVATE = "#!$TopicNeedVerify_T"
TOPICS = ["T", "U", PRIVATE, f"#!$VerifyChannel_{PRIVATE}_{'a' * 32}", f"#!$PushChannel_{PRIVATE}"]

sessions = st.integers(1, 4)
nodes = st.integers(2, 4).map(lambda number: NodeId(bytes([number]) * 64))
seqs = st.sampled_from([b"0" * 32, b"1" * 32])
topics = st.sampled_from(TOPICS)
draws = st.integers(0, 1000)
results = st.sampled_from([0, 101, 104, -1])


def message(type: FrameType, seq: bytes, topic: str) -> Message:
    return Message(Frame(type, seq, 0, encode_topic_data(topic, b"payload")), topic)


def answer(seq: bytes, result: int) -> Frame:
    return Frame(FrameType.AMOP_ANSWER, seq, result, encode_topic_data("T", b"answer"))


unicasts = st.builds(message, st.just(FrameType.AMOP_UNICAST), seqs, topics)
multicasts = st.builds(message, st.just(FrameType.AMOP_MULTICAST), seqs, topics)
answers = st.builds(answer, seqs, results)
EVENTS = st.one_of(
    st.builds(TopicsReplaced, sessions, st.frozensets(topics), draws),
    st.builds(SessionEnded, sessions),
    st.builds(UnicastSent, sessions, unicasts, draws),
    st.builds(MulticastSent, sessions, multicasts),
    st.builds(SessionAnswered, sessions, answers),
    st.builds(
        VerdictGiven,
        sessions,
        st.builds(
            lambda node, topic, result: (
                b'{"nodeId":"%b","topic":"%b","checkResult":%d}'
                % (node.hex().encode(), topic.encode(), result)
            ),
            nodes | st.just(ME),
            topics,
            st.integers(0, 1),
        )
        | st.binary(max_size=20),
    ),
    st.builds(PeerTopicsChanged, nodes, st.lists(topics, unique=True), draws),
    st.builds(PeerLost, nodes),
    st.builds(PeerAsked, nodes, st.integers(0, 2**62), unicasts, draws),
    st.builds(PeerTold, nodes, multicasts),
    st.builds(PeerAnswered, st.integers(1, 12), answers | st.none()),
    st.builds(WaitEnded, st.integers(1, 12), sessions),
    st.builds(VerificationDue, draws),
)


@settings(deadline=None)
@given(st.lists(EVENTS, max_size=40), st.sampled_from([1, 3, 512]))
def test_each_unicast_is_answered_once_and_nothing_is_left(events, routes_max):
    routing = AmopRouting(
        ME, AmopLimits(routes_per_session_max=routes_max, routes_per_peer_max=routes_max, topics_max=4)
    )
    asked: Counter[object] = Counter()
    answered: Counter[object] = Counter()
    waits: list[WaitEnded] = []
    open_requests: list[PeerAnswered] = []

    def run(event: object) -> None:
        effects = routing.handle(event)
        delivered_to = {effect.session for effect in effects if isinstance(effect, StartWait)}
        for effect in effects:
            match effect:
                case StartWait(route=route, session=session):
                    waits.append(WaitEnded(route, session))
                case AskPeer(route=route):
                    open_requests.append(PeerAnswered(route, None))
                case AnswerPeer(request=request):
                    answered[request] += 1
                case Deliver(session=session, frame=frame) if session not in delivered_to:
                    if frame.type == FrameType.AMOP_ANSWER:
                        answered[-session] += 1

    for event in events:
        if isinstance(event, UnicastSent | MulticastSent):
            asked[-event.session] += 1
        elif isinstance(event, PeerAsked):
            asked[event.request] += 1
        run(event)
    while waits or open_requests:
        run((waits or open_requests).pop())
    assert answered == asked
    assert routing.routes_open == 0
    for session in range(1, 5):
        run(SessionEnded(session))
    assert list(routing.own_topics) == []


@given(st.binary(max_size=200), st.integers(0, 3))
def test_no_packet_of_a_peer_raises(payload, packet_type):
    decoded = decode_message(packet_type, payload)
    assert decoded is None or decoded.size == len(payload)
    decode_answer(payload)
