"""Topic lists (client protocol §7.3)."""

import pytest

from hansa.p2p.errors import MalformedFrame
from hansa.p2p.topics import TOPICS_MAX, TopicList, parse_sequence


def test_every_change_has_a_new_number_and_no_change_has_none() -> None:
    first = TopicList().updated(["b", "a", "b"])
    assert first == TopicList(1, ("a", "b"))
    assert first.updated(["a", "b"]) is first
    assert first.updated([]) == TopicList(2, ())


def test_a_list_is_the_number_and_the_topics_after_tabs() -> None:
    assert TopicList(1, ("topicA", "主题")).encode() == "1\ttopicA\t主题".encode()
    assert TopicList.decode("1\ttopicA\t主题".encode()) == TopicList(1, ("topicA", "主题"))
    assert TopicList(0).encode() == b"0"
    assert TopicList.decode(b"0") == TopicList.decode(b"0\t") == TopicList()


def test_topics_that_cannot_be_told_are_left_out() -> None:
    topics = ["good", "", "with\ttab", "x" * 255, "\ud800", "y" * 254]
    assert TopicList().updated(topics).topics == ("good", "y" * 254)
    assert len(TopicList().updated(str(i) for i in range(TOPICS_MAX + 5)).topics) == TOPICS_MAX


@pytest.mark.parametrize(
    "payload",
    [b"", b"x\ta", b"-1\ta", b"1" * 21, b"1\t" + b"x" * 255, b"1\t\xff", b"1" + b"\ta" * (TOPICS_MAX + 1)],
    ids=["empty", "no number", "negative", "long number", "long topic", "not UTF-8", "too many"],
)
def test_malformed_lists_are_refused(payload: bytes) -> None:
    with pytest.raises(MalformedFrame):
        TopicList.decode(payload)


def test_sequences_are_plain_decimal_digits() -> None:
    assert parse_sequence(b"0") == 0
    assert parse_sequence(b"18446744073709551615") == 2**64 - 1
    for bad in (b"", b" 1", b"+1", b"1_0", "१".encode(), b"1.0"):
        with pytest.raises(MalformedFrame):
            parse_sequence(bad)
