"""Messages between SDKs: who gets them, in which order, and what the sender is told (client protocol §7)."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from hansa.amop.messages import Message
from hansa.amop.routing import (
    AmopEffect,
    AmopLimits,
    AmopRouting,
    AnnounceTopics,
    AnswerPeer,
    AskPeer,
    AskPublisher,
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
    TellPeers,
    TopicsReplaced,
    UnicastSent,
    VerdictGiven,
    VerificationDue,
    WaitEnded,
)
from hansa.channel.frames import Frame, FrameType, ResultCode, encode_topic_data
from hansa.primitives import NodeId

ME, PEER, OTHER = (NodeId(bytes([number]) * 64) for number in (1, 2, 3))
ALICE, BOB, CAROL = 1, 2, 3
SEQ = b"5" * 32
PRIVATE = "#!$TopicNeedVerify_T"
CHANNEL = f"#!$VerifyChannel_{PRIVATE}_{'a' * 32}"
PUBLISHER = f"#!$PushChannel_{PRIVATE}"


def unicast(topic: str = "T", payload: bytes = b"ping") -> Message:
    return Message(Frame(FrameType.AMOP_UNICAST, SEQ, 0, encode_topic_data(topic, payload)), topic)


def multicast(topic: str = "T") -> Message:
    return Message(Frame(FrameType.AMOP_MULTICAST, SEQ, 0, encode_topic_data(topic, b"all")), topic)


def answer(result: int = 0, payload: bytes = b"pong") -> Frame:
    return Frame(FrameType.AMOP_ANSWER, SEQ, result, encode_topic_data("T", payload))


def refusal(code: int) -> Frame:
    return Frame(FrameType.AMOP_ANSWER, SEQ, code, b"")


def follow(routing: AmopRouting, session: int, *topics: str) -> list[AmopEffect]:
    return routing.handle(TopicsReplaced(session, frozenset(topics), draw=0))


@pytest.fixture
def routing() -> AmopRouting:
    return AmopRouting(ME)


# --- unicast ---------------------------------------------------------------------------------------


def test_without_a_follower_the_sender_gets_100(routing: AmopRouting) -> None:
    assert routing.handle(UnicastSent(ALICE, unicast(), 0)) == [Deliver(ALICE, refusal(100))]


def test_a_message_goes_to_a_peer_and_its_answer_comes_back_unchanged(routing: AmopRouting) -> None:
    routing.handle(PeerTopicsChanged(PEER, ["T"], 0))
    assert routing.handle(UnicastSent(ALICE, unicast(), 0)) == [AskPeer(1, PEER, unicast().frame)]
    # A client may send the request back with other content [recorded].
    echo = replace(unicast(payload=b"pong").frame, result=7)
    assert routing.handle(PeerAnswered(1, echo)) == [Deliver(ALICE, echo)]
    assert routing.handle(PeerAnswered(1, answer())) == []
    assert routing.routes_open == 0


def test_a_session_of_the_same_node_is_a_follower_like_any(routing: AmopRouting) -> None:
    follow(routing, BOB, "T")
    effects = routing.handle(UnicastSent(ALICE, unicast(), 0))
    assert effects == [Deliver(BOB, unicast().frame), StartWait(1, BOB)]
    assert routing.handle(SessionAnswered(BOB, answer())) == [Deliver(ALICE, answer())]
    assert routing.handle(WaitEnded(1, BOB)) == []


def test_nobody_gets_his_own_message(routing: AmopRouting) -> None:
    follow(routing, ALICE, "T")
    assert routing.handle(UnicastSent(ALICE, unicast(), 0)) == [Deliver(ALICE, refusal(100))]
    assert routing.handle(MulticastSent(ALICE, multicast())) == [Deliver(ALICE, refusal(103))]


def test_the_next_follower_is_tried_until_none_is_left(routing: AmopRouting) -> None:
    follow(routing, BOB, "T")
    follow(routing, CAROL, "T")
    routing.handle(PeerTopicsChanged(PEER, ["T"], 0))
    routing.handle(PeerTopicsChanged(OTHER, ["T"], 0))
    frame = unicast().frame
    assert routing.handle(UnicastSent(ALICE, unicast(), 0)) == [AskPeer(1, OTHER, frame)]
    assert routing.handle(PeerAnswered(1, None)) == [AskPeer(1, PEER, frame)]
    assert routing.handle(PeerAnswered(1, None)) == [Deliver(CAROL, frame), StartWait(1, CAROL)]
    assert routing.handle(WaitEnded(1, CAROL)) == [Deliver(BOB, frame), StartWait(1, BOB)]
    assert routing.handle(SessionAnswered(CAROL, answer())) == []
    assert routing.handle(SessionEnded(BOB)) == [Deliver(ALICE, refusal(100))]
    assert routing.routes_open == 0


def test_the_order_is_drawn(routing: AmopRouting) -> None:
    routing.handle(PeerTopicsChanged(PEER, ["T"], 0))
    routing.handle(PeerTopicsChanged(OTHER, ["T"], 0))
    asked = [routing.handle(UnicastSent(ALICE, unicast(), draw)) for draw in range(2)]
    assert [effects[0].node for effects in asked if isinstance(effects[0], AskPeer)] == [OTHER, PEER]


def test_when_every_peer_reached_nobody_its_words_are_passed_on(routing: AmopRouting) -> None:
    routing.handle(PeerTopicsChanged(PEER, ["T"], 0))
    routing.handle(PeerTopicsChanged(OTHER, ["T"], 0))
    routing.handle(UnicastSent(ALICE, unicast(), 0))
    nobody = answer(ResultCode.NO_SUBSCRIBER, b"ping")
    assert routing.handle(PeerAnswered(1, nobody)) == [AskPeer(1, PEER, unicast().frame)]
    assert routing.handle(PeerAnswered(1, nobody)) == [Deliver(ALICE, nobody)]


def test_an_answer_with_another_seq_is_none(routing: AmopRouting) -> None:
    routing.handle(PeerTopicsChanged(PEER, ["T"], 0))
    routing.handle(UnicastSent(ALICE, unicast(), 0))
    stray = replace(answer(), seq=b"9" * 32)
    assert routing.handle(PeerAnswered(1, stray)) == [Deliver(ALICE, refusal(100))]


def test_a_peers_message_is_answered_by_a_session_here(routing: AmopRouting) -> None:
    follow(routing, BOB, "T")
    effects = routing.handle(PeerAsked(PEER, 77, unicast(), 0))
    assert effects == [Deliver(BOB, unicast().frame), StartWait(1, BOB)]
    assert routing.handle(SessionAnswered(BOB, answer())) == [AnswerPeer(77, answer())]


def test_a_peers_message_that_reaches_nobody_comes_back_with_104(routing: AmopRouting) -> None:
    nobody = AnswerPeer(77, answer(ResultCode.NO_SUBSCRIBER, b"ping"))
    assert routing.handle(PeerAsked(PEER, 77, unicast(), 0)) == [nobody]
    follow(routing, BOB, "T")
    routing.handle(PeerAsked(PEER, 77, unicast(), 0))
    assert routing.handle(WaitEnded(2, BOB)) == [nobody]


def test_a_peers_message_is_never_passed_on_to_another_peer(routing: AmopRouting) -> None:
    routing.handle(PeerTopicsChanged(OTHER, ["T"], 0))
    assert [type(effect) for effect in routing.handle(PeerAsked(PEER, 1, unicast(), 0))] == [AnswerPeer]
    assert routing.handle(PeerTold(PEER, multicast())) == []


def test_a_session_that_owes_an_answer_with_the_same_seq_is_passed_over(routing: AmopRouting) -> None:
    follow(routing, BOB, "T")
    routing.handle(UnicastSent(ALICE, unicast(), 0))
    assert routing.handle(UnicastSent(CAROL, unicast(), 0)) == [Deliver(CAROL, refusal(100))]
    assert routing.handle(SessionAnswered(BOB, answer())) == [Deliver(ALICE, answer())]


def test_answers_nobody_waits_for_go_nowhere(routing: AmopRouting) -> None:
    assert routing.handle(SessionAnswered(BOB, answer())) == []
    assert routing.handle(PeerAnswered(9, answer())) == []
    assert routing.handle(WaitEnded(9, BOB)) == []
    assert routing.handle(PeerLost(PEER)) == []
    assert routing.handle(SessionEnded(BOB)) == []


def test_a_lost_peer_follows_nothing(routing: AmopRouting) -> None:
    routing.handle(PeerTopicsChanged(PEER, ["T"], 0))
    routing.handle(PeerLost(PEER))
    assert routing.visible_topics(PEER) == ()
    assert routing.handle(UnicastSent(ALICE, unicast(), 0)) == [Deliver(ALICE, refusal(100))]


# --- multicast -------------------------------------------------------------------------------------


def test_a_multicast_goes_to_every_follower_and_its_sender_hears_at_once(routing: AmopRouting) -> None:
    for session in (ALICE, BOB, CAROL):
        follow(routing, session, "T")
    routing.handle(PeerTopicsChanged(PEER, ["T"], 0))
    routing.handle(PeerTopicsChanged(OTHER, ["else"], 0))
    frame = multicast().frame
    assert routing.handle(MulticastSent(ALICE, multicast())) == [
        TellPeers((PEER,), frame),
        Deliver(BOB, frame),
        Deliver(CAROL, frame),
        Deliver(ALICE, replace(frame, type=FrameType.AMOP_ANSWER)),
    ]


def test_a_peers_multicast_goes_to_every_session_and_is_not_answered(routing: AmopRouting) -> None:
    follow(routing, ALICE, "T")
    follow(routing, BOB, "T")
    frame = multicast().frame
    assert routing.handle(PeerTold(PEER, multicast())) == [Deliver(ALICE, frame), Deliver(BOB, frame)]


# --- bounds ----------------------------------------------------------------------------------------


def test_what_one_sender_has_under_way_is_bounded() -> None:
    size = unicast().size
    bounds = (
        AmopLimits(frame_bytes_max=size - 1),
        AmopLimits(routes_per_session_max=1, routes_per_peer_max=1),
        AmopLimits(route_bytes_per_sender_max=2 * size - 1),
    )
    for limits in bounds:
        routing = AmopRouting(ME, limits)
        routing.handle(PeerTopicsChanged(PEER, ["T"], 0))
        effects = [routing.handle(UnicastSent(ALICE, unicast(), 0)) for _ in range(2)]
        assert effects[1] == [Deliver(ALICE, refusal(103))]
    assert routing.handle(UnicastSent(BOB, unicast(), 0)) == [AskPeer(2, PEER, unicast().frame)]
    routing.handle(PeerAnswered(1, answer()))
    assert routing.handle(UnicastSent(ALICE, unicast(), 0)) == [AskPeer(3, PEER, unicast().frame)]


def test_what_all_senders_have_under_way_is_bounded() -> None:
    routing = AmopRouting(ME, AmopLimits(route_bytes_max=2 * unicast().size))
    routing.handle(PeerTopicsChanged(PEER, ["T"], 0))
    for session in (ALICE, BOB):
        routing.handle(UnicastSent(session, unicast(), 0))
    assert routing.handle(UnicastSent(CAROL, unicast(), 0)) == [Deliver(CAROL, refusal(103))]


def test_copies_of_a_multicast_are_bounded() -> None:
    routing = AmopRouting(ME, AmopLimits(copies_bytes_max=multicast().size))
    follow(routing, BOB, "T")
    assert len(routing.handle(MulticastSent(ALICE, multicast()))) == 2
    follow(routing, CAROL, "T")
    assert routing.handle(MulticastSent(ALICE, multicast())) == [Deliver(ALICE, refusal(103))]
    assert routing.handle(PeerTold(PEER, multicast())) == []


# --- topics ----------------------------------------------------------------------------------------


def test_peers_hear_of_topics_only_when_the_union_changes(routing: AmopRouting) -> None:
    assert follow(routing, ALICE, "T", "_block_notify_1") == [AnnounceTopics()]
    assert list(routing.own_topics) == ["T", "_block_notify_1"]
    assert follow(routing, BOB, "T") == []
    assert follow(routing, ALICE, "_block_notify_1") == []
    assert routing.handle(SessionEnded(BOB)) == [AnnounceTopics()]
    assert list(routing.own_topics) == ["_block_notify_1"]
    assert routing.visible_topics(ME) == ("_block_notify_1",)


def test_topics_in_excess_are_not_followed() -> None:
    routing = AmopRouting(ME, AmopLimits(topics_max=2))
    follow(routing, ALICE, "a", "b")
    assert follow(routing, BOB, "b", "c") == []
    assert list(routing.own_topics) == ["a", "b"]
    assert routing.handle(PeerTold(PEER, multicast("b"))) != []
    assert routing.handle(PeerTold(PEER, multicast("c"))) == []
    routing.handle(SessionEnded(ALICE))
    assert follow(routing, BOB, "b", "c") == [AnnounceTopics()]


# --- private topics --------------------------------------------------------------------------------


def question(node: NodeId, channel: str = CHANNEL) -> bytes:
    return (
        json.dumps(
            {"nodeId": node.hex(), "topic": PRIVATE, "topicForCert": channel}, separators=(",", ":")
        ).encode()
        + b"\n"
    )


def verdict(node: NodeId, result: int = 0) -> bytes:
    return json.dumps({"checkResult": result, "nodeId": node.hex(), "topic": PRIVATE}).encode()


def test_a_publisher_is_asked_and_its_word_opens_the_topic(routing: AmopRouting) -> None:
    follow(routing, ALICE, PUBLISHER)
    seen = routing.handle(PeerTopicsChanged(PEER, [PRIVATE, CHANNEL], 0))
    assert seen == [AskPublisher(ALICE, question(PEER))]
    assert routing.handle(VerificationDue(0)) == seen
    assert routing.handle(UnicastSent(ALICE, unicast(PRIVATE), 0)) == [Deliver(ALICE, refusal(100))]
    assert routing.visible_topics(PEER) == (CHANNEL,)
    assert routing.handle(VerdictGiven(ALICE, verdict(PEER))) == []
    assert routing.visible_topics(PEER) == (PRIVATE, CHANNEL)
    effects = routing.handle(UnicastSent(ALICE, unicast(PRIVATE), 0))
    assert effects == [AskPeer(2, PEER, unicast(PRIVATE).frame)]
    assert routing.handle(MulticastSent(ALICE, multicast(PRIVATE)))[0] == TellPeers(
        (PEER,), multicast(PRIVATE).frame
    )
    assert routing.handle(VerificationDue(0)) == []


def test_a_publisher_that_comes_later_is_asked_at_once(routing: AmopRouting) -> None:
    assert routing.handle(PeerTopicsChanged(PEER, [PRIVATE, CHANNEL], 0)) == []
    assert routing.handle(VerificationDue(0)) == []
    assert follow(routing, ALICE, PUBLISHER) == [AnnounceTopics(), AskPublisher(ALICE, question(PEER))]


def test_one_publisher_is_drawn(routing: AmopRouting) -> None:
    follow(routing, ALICE, PUBLISHER)
    follow(routing, BOB, PUBLISHER)
    routing.handle(PeerTopicsChanged(PEER, [PRIVATE, CHANNEL], 0))
    asked = [routing.handle(VerificationDue(draw)) for draw in range(2)]
    assert asked == [[AskPublisher(session, question(PEER))] for session in (ALICE, BOB)]


def test_a_bad_verdict_closes_the_topic_and_later_ones_do_not_count(routing: AmopRouting) -> None:
    follow(routing, ALICE, PUBLISHER)
    routing.handle(PeerTopicsChanged(PEER, [PRIVATE, CHANNEL], 0))
    routing.handle(VerdictGiven(ALICE, verdict(PEER, result=1)))
    routing.handle(VerdictGiven(ALICE, verdict(PEER)))
    assert routing.visible_topics(PEER) == (CHANNEL,)
    assert routing.handle(VerificationDue(0)) == []


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"[]",
        b"{}",
        b"7",
        verdict(OTHER),
        verdict(PEER).replace(b"TopicNeedVerify_T", b"TopicNeedVerify_U"),
        verdict(PEER).replace(b'"#!$TopicNeedVerify_T"', b"[1]"),
        verdict(PEER).replace(PEER.hex().encode(), b"zz"),
    ],
)
def test_words_that_are_no_verdict_are_passed_over(routing: AmopRouting, body: bytes) -> None:
    follow(routing, ALICE, PUBLISHER)
    routing.handle(PeerTopicsChanged(PEER, [PRIVATE, CHANNEL], 0))
    assert routing.handle(VerdictGiven(ALICE, body)) == []
    assert routing.visible_topics(PEER) == (CHANNEL,)


def test_only_publishers_are_believed(routing: AmopRouting) -> None:
    follow(routing, ALICE, PUBLISHER)
    routing.handle(PeerTopicsChanged(PEER, [PRIVATE, CHANNEL], 0))
    routing.handle(VerdictGiven(BOB, verdict(PEER)))
    assert routing.visible_topics(PEER) == (CHANNEL,)


def test_private_topics_work_within_one_node(routing: AmopRouting) -> None:
    follow(routing, ALICE, PUBLISHER)
    effects = follow(routing, BOB, PRIVATE, CHANNEL)
    assert effects == [AnnounceTopics(), AskPublisher(ALICE, question(ME))]
    challenge = unicast(CHANNEL)
    assert routing.handle(UnicastSent(ALICE, challenge, 0))[0] == Deliver(BOB, challenge.frame)
    assert routing.handle(MulticastSent(ALICE, multicast(PRIVATE))) == [Deliver(ALICE, refusal(103))]
    assert PRIVATE not in routing.visible_topics(ME)
    routing.handle(VerdictGiven(ALICE, verdict(ME)))
    assert PRIVATE in routing.visible_topics(ME)
    assert routing.handle(MulticastSent(ALICE, multicast(PRIVATE)))[0] == Deliver(
        BOB, multicast(PRIVATE).frame
    )
