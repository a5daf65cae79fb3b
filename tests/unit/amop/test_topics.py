"""Names of topics, and who follows what (client protocol §7.4)."""

from __future__ import annotations

from hansa.amop.topics import (
    Followed,
    TopicState,
    is_private,
    private_topic_of_publisher,
    publisher_topic,
)

PRIVATE = "#!$TopicNeedVerify_orders"
CHANNEL_1 = f"#!$VerifyChannel_{PRIVATE}_{'1' * 32}"
CHANNEL_2 = f"#!$VerifyChannel_{PRIVATE}_{'2' * 32}"
PUBLISHER = f"#!$PushChannel_{PRIVATE}"


def test_the_three_names_of_a_private_topic() -> None:
    assert is_private(PRIVATE)
    assert not is_private("orders")
    assert not is_private(CHANNEL_1)
    assert publisher_topic(PRIVATE) == PUBLISHER
    assert private_topic_of_publisher(PUBLISHER) == PRIVATE
    assert private_topic_of_publisher("#!$PushChannel_orders") is None
    assert private_topic_of_publisher(PRIVATE) is None


def test_ordinary_topics_are_reachable_at_once_and_shown_in_order() -> None:
    followed = Followed()
    assert followed.replace(["b", "a"]) == []
    assert followed.is_reachable_by("a")
    assert not followed.is_reachable_by("c")
    assert followed.replace(["c", "b"]) == []
    assert followed.visible() == ("b", "c")


def test_a_private_topic_is_reachable_and_shown_once_it_is_verified() -> None:
    followed = Followed()
    assert followed.replace([PRIVATE, CHANNEL_1]) == [PRIVATE]
    assert followed.states == {PRIVATE: TopicState.VERIFYING}
    assert followed.channel_of(PRIVATE) == CHANNEL_1
    assert not followed.is_reachable_by(PRIVATE)
    assert followed.visible() == (CHANNEL_1,)
    followed.states[PRIVATE] = TopicState.VERIFIED
    assert followed.is_reachable_by(PRIVATE)
    assert followed.replace([PRIVATE, CHANNEL_1, "more"]) == []
    assert followed.visible() == (PRIVATE, CHANNEL_1, "more")


def test_a_follower_that_comes_later_has_the_topic_verified_anew() -> None:
    followed = Followed()
    followed.replace([PRIVATE, CHANNEL_1])
    followed.states[PRIVATE] = TopicState.VERIFIED
    assert followed.change([CHANNEL_2], []) == [PRIVATE]
    assert not followed.is_reachable_by(PRIVATE)
    assert followed.channel_of(PRIVATE) == CHANNEL_2
    followed.states[PRIVATE] = TopicState.VERIFIED
    assert followed.change([], [CHANNEL_2]) == []
    assert followed.is_reachable_by(PRIVATE)
    assert followed.channel_of(PRIVATE) == CHANNEL_1


def test_a_topic_that_goes_takes_its_verdict_along() -> None:
    followed = Followed()
    followed.replace([PRIVATE, CHANNEL_1])
    followed.states[PRIVATE] = TopicState.VERIFIED
    followed.replace([])
    assert (followed.topics, followed.states, followed.channel_of(PRIVATE)) == ({}, {}, None)
    assert followed.replace([CHANNEL_1, PRIVATE]) == [PRIVATE]
    assert not followed.is_reachable_by(PRIVATE)


def test_channels_without_a_private_topic_are_ordinary_topics() -> None:
    followed = Followed()
    assert followed.replace([CHANNEL_1, "#!$VerifyChannel_", "#!$VerifyChannel_orders_1"]) == []
    assert followed.states == {}
    assert followed.is_reachable_by(CHANNEL_1)
