"""Topics: their names, and who follows what (client protocol §5.3, §7.4). Pure.

A private topic T has three names, which its SDKs write themselves:

    #!$TopicNeedVerify_T                            what subscribers follow and messages are addressed to
    #!$VerifyChannel_#!$TopicNeedVerify_T_<uuid>    where one subscriber answers challenges
    #!$PushChannel_#!$TopicNeedVerify_T             what publishers follow, to be asked to challenge

A follower of a private topic gets messages only once a publisher here has vouched for it.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from enum import IntEnum

__all__ = ["Followed", "TopicState", "is_private", "private_topic_of_publisher", "publisher_topic"]

_PRIVATE = "#!$TopicNeedVerify_"
_CHANNEL = "#!$VerifyChannel_"
_PUBLISHER = "#!$PushChannel_"


class TopicState(IntEnum):
    """How far the verification of a private topic's followers is (node §3.3)."""

    VERIFYING = 0
    VERIFIED = 1
    FAILED = 2


def is_private(topic: str) -> bool:
    """Whether messages to the topic wait for its followers to be verified."""
    return topic.startswith(_PRIVATE)


def publisher_topic(private_topic: str) -> str:
    """What the publishers of a private topic follow."""
    return _PUBLISHER + private_topic


def private_topic_of_publisher(topic: str) -> str | None:
    """The private topic whose publishers follow this one; None if it is another kind of topic."""
    private = topic.removeprefix(_PUBLISHER)
    return private if private != topic and is_private(private) else None


def _private_topic_of_channel(topic: str) -> str | None:
    """The private topic a subscriber answers challenges for on this one."""
    private, _, uuid = topic.removeprefix(_CHANNEL).rpartition("_")
    if not topic.startswith(_CHANNEL) or not uuid or not is_private(private):
        return None
    return private


@dataclass(slots=True)
class Followed:
    """What the SDKs of one node follow."""

    topics: dict[str, None] = field(default_factory=dict)
    """In the order in which they came."""
    states: dict[str, TopicState] = field(default_factory=dict)
    """Of the private ones."""
    _channels: dict[str, dict[str, None]] = field(default_factory=dict)
    """The verify channels of each private topic, oldest first."""

    def replace(self, topics: Iterable[str]) -> list[str]:
        """These and no others; see `change`."""
        wanted = dict.fromkeys(topics)
        added = [topic for topic in wanted if topic not in self.topics]
        return self.change(added, [topic for topic in self.topics if topic not in wanted])

    def change(self, added: Iterable[str], removed: Iterable[str]) -> list[str]:
        """Some come, some go. The private topics that have to be verified now.

        A follower that comes to a private topic later has a verify channel of its own. Nobody has vouched
        for it, so the whole topic is verified anew: the node it is at could hand it every message.
        """
        to_verify: dict[str, None] = {}
        for topic in removed:
            self.topics.pop(topic, None)
            self.states.pop(topic, None)
            private = _private_topic_of_channel(topic)
            if private is not None and private in self._channels:
                self._channels[private].pop(topic, None)
                if not self._channels[private]:
                    del self._channels[private]
        for topic in added:
            self.topics[topic] = None
            private = topic if is_private(topic) else _private_topic_of_channel(topic)
            if private is None:
                continue
            if private != topic:
                self._channels.setdefault(private, {})[topic] = None
            to_verify[private] = None
        unverified = [private for private in to_verify if private in self.topics]
        self.states.update(dict.fromkeys(unverified, TopicState.VERIFYING))
        return unverified

    def is_reachable_by(self, topic: str) -> bool:
        """Whether messages to the topic may be sent to this node."""
        return topic in self.topics and (
            not is_private(topic) or self.states.get(topic) is TopicState.VERIFIED
        )

    def channel_of(self, private_topic: str) -> str | None:
        """Where the follower that came last answers challenges."""
        channels = self._channels.get(private_topic)
        return next(reversed(channels)) if channels else None

    def visible(self) -> tuple[str, ...]:
        """What clients are shown: private topics once they are verified."""
        return tuple(topic for topic in self.topics if self.is_reachable_by(topic))
