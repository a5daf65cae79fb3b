"""Which AMOP topics the SDKs of a node follow, as nodes tell each other (spec: client protocol §7.3). Pure.

A node numbers its list and announces the number; whoever knows another number asks for the list.
On the wire: the number in ASCII decimal, then each topic after a tab.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from hansa.p2p.errors import MalformedFrame

__all__ = ["TOPICS_MAX", "TOPIC_BYTES_MAX", "TopicList", "is_gossipable", "parse_sequence"]

TOPIC_BYTES_MAX = 254
"""An AMOP message writes a topic's length plus one in a single byte."""

TOPICS_MAX = 16_384

_SEQUENCE_DIGITS_MAX = 20


@dataclass(frozen=True, slots=True)
class TopicList:
    """A node's topics and the number of this version of the list."""

    sequence: int = 0
    topics: tuple[str, ...] = ()

    def updated(self, topics: Iterable[str]) -> TopicList:
        """The next version: sorted, without repetitions and without what `is_gossipable` refuses or is too
        much. The same one if that changes nothing.
        """
        wanted = tuple(sorted({topic for topic in topics if is_gossipable(topic)})[:TOPICS_MAX])
        return self if wanted == self.topics else TopicList(self.sequence + 1, wanted)

    def encode_sequence(self) -> bytes:
        """The payload of an announcement."""
        return b"%d" % self.sequence

    def encode(self) -> bytes:
        """The payload of an answer to a peer that asks for the list."""
        return "\t".join((str(self.sequence), *self.topics)).encode()

    @staticmethod
    def decode(payload: bytes) -> TopicList:
        """Read a peer's list. Repetitions are dropped, the peer's order is kept.

        Raises:
            MalformedFrame: no number in front, not UTF-8, or more or longer topics than allowed.
        """
        if payload.count(b"\t") > TOPICS_MAX:
            raise MalformedFrame(f"list of more than {TOPICS_MAX} topics")
        head, *rest = payload.split(b"\t")
        sequence = parse_sequence(head)
        topics: dict[str, None] = {}
        for raw in rest:
            if len(raw) > TOPIC_BYTES_MAX:
                raise MalformedFrame(f"topic of {len(raw)} bytes, at most {TOPIC_BYTES_MAX} allowed")
            try:
                topic = raw.decode()
            except UnicodeDecodeError as error:
                raise MalformedFrame("topic that is not UTF-8") from error
            if topic:
                topics[topic] = None
        return TopicList(sequence, tuple(topics))


def parse_sequence(payload: bytes) -> int:
    """Read the number of an announcement.

    Raises:
        MalformedFrame: not 1 … 20 decimal digits.
    """
    if not 0 < len(payload) <= _SEQUENCE_DIGITS_MAX or not payload.isdigit():
        raise MalformedFrame("topic sequence that is not a number")
    return int(payload)


def is_gossipable(topic: str) -> bool:
    """Whether a topic can be written into a list: not empty, not too long, no tab, valid text."""
    if not topic or "\t" in topic:
        return False
    try:
        return len(topic.encode()) <= TOPIC_BYTES_MAX
    except UnicodeEncodeError:  # a lone surrogate, as JSON can carry
        return False
