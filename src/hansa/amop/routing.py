"""Where a message between SDKs goes, and what becomes of it (client protocol §7): events in, effects out.

Rule 1: a unicast is offered to one follower after the other, in random order, until one answers; this node's
        own sessions are followers like those of any peer. Its sender gets exactly one answer.
Rule 2: a multicast goes to all followers at once; its sender is told at once.
Rule 3: nobody gets his own message: an SDK would take it for the answer, as both have one seq (§4.2).
Rule 4: messages to a private topic reach only nodes whose followers a publisher here has vouched for (§7.4).
        This node is verified like a peer, so private topics work within one node, too.
Rule 5: what one sender can have under way is bounded, in number and bytes.

Chance comes with the events: `draw` is a large random number from which choices are taken.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from typing import TypeAlias, TypeVar

import orjson

from hansa.amop.messages import Message
from hansa.amop.topics import Followed, TopicState, private_topic_of_publisher, publisher_topic
from hansa.channel.frames import Frame, FrameType, ResultCode
from hansa.primitives import NodeId

__all__ = [
    "AmopEffect",
    "AmopEvent",
    "AmopLimits",
    "AmopRouting",
    "AnnounceTopics",
    "AnswerPeer",
    "AskPeer",
    "AskPublisher",
    "Deliver",
    "MulticastSent",
    "PeerAnswered",
    "PeerAsked",
    "PeerLost",
    "PeerTold",
    "PeerTopicsChanged",
    "SessionAnswered",
    "SessionEnded",
    "StartWait",
    "TellPeers",
    "TopicsReplaced",
    "UnicastSent",
    "VerdictGiven",
    "VerificationDue",
    "WaitEnded",
]

_Item = TypeVar("_Item")

_UNREACHED = (ResultCode.REMOTE_UNREACHABLE, ResultCode.NO_SUBSCRIBER)
"""What a peer says when none of its sessions answered."""


@dataclass(frozen=True, slots=True)
class AmopLimits:
    """What senders may have under way."""

    frame_bytes_max: int = 16 << 20
    """One message. Above it a link between nodes would be busy for too long."""
    copies_bytes_max: int = 256 << 20
    """A multicast's size times its receivers here."""
    routes_per_session_max: int = 512
    routes_per_peer_max: int = 4096
    route_bytes_per_sender_max: int = 64 << 20
    route_bytes_max: int = 256 << 20
    """Of everybody's unicasts without an answer."""
    topics_max: int = 16_384
    """Different topics of all sessions; more are not followed."""


# --- what can happen --------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class TopicsReplaced:
    """The session follows these topics and no others."""

    session: int
    topics: frozenset[str]
    draw: int


@dataclass(frozen=True, slots=True)
class SessionEnded:
    """An SDK is gone."""

    session: int


@dataclass(frozen=True, slots=True)
class UnicastSent:
    """An SDK of this node sends a message to one follower."""

    session: int
    message: Message
    draw: int


@dataclass(frozen=True, slots=True)
class MulticastSent:
    """An SDK of this node sends a message to all followers."""

    session: int
    message: Message


@dataclass(frozen=True, slots=True)
class SessionAnswered:
    """An SDK answers a message that was delivered to it."""

    session: int
    frame: Frame


@dataclass(frozen=True, slots=True)
class VerdictGiven:
    """A publisher says whether it trusts the followers of a private topic at a node."""

    session: int
    body: bytes
    """JSON (§7.4, step 6)."""


@dataclass(frozen=True, slots=True)
class PeerTopicsChanged:
    """The SDKs of a peer follow these topics and no others."""

    node: NodeId
    topics: Sequence[str]
    draw: int


@dataclass(frozen=True, slots=True)
class PeerLost:
    """There is no session with the node any more."""

    node: NodeId


@dataclass(frozen=True, slots=True)
class PeerAsked:
    """A peer hands over a unicast; it waits for one `AnswerPeer`."""

    node: NodeId
    request: int
    message: Message
    draw: int


@dataclass(frozen=True, slots=True)
class PeerTold:
    """A peer hands over a multicast."""

    node: NodeId
    message: Message


@dataclass(frozen=True, slots=True)
class PeerAnswered:
    """What came of `AskPeer`: the answer, or None if there was none or none that an SDK could read."""

    route: int
    answer: Frame | None


@dataclass(frozen=True, slots=True)
class WaitEnded:
    """The time of a `StartWait` is over."""

    route: int
    session: int


@dataclass(frozen=True, slots=True)
class VerificationDue:
    """Time to ask publishers again for verdicts they owe (every 5 s)."""

    draw: int


AmopEvent: TypeAlias = (
    TopicsReplaced
    | SessionEnded
    | UnicastSent
    | MulticastSent
    | SessionAnswered
    | VerdictGiven
    | PeerTopicsChanged
    | PeerLost
    | PeerAsked
    | PeerTold
    | PeerAnswered
    | WaitEnded
    | VerificationDue
)


# --- what is to be done -----------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Deliver:
    """Send a frame to an SDK of this node."""

    session: int
    frame: Frame


@dataclass(frozen=True, slots=True)
class StartWait:
    """Tell `WaitEnded` after the time an SDK has to answer (5 s)."""

    route: int
    session: int


@dataclass(frozen=True, slots=True)
class AskPeer:
    """Hand a unicast to a peer and tell `PeerAnswered` within 30 s."""

    route: int
    node: NodeId
    frame: Frame


@dataclass(frozen=True, slots=True)
class TellPeers:
    """Hand a multicast to these peers."""

    nodes: tuple[NodeId, ...]
    frame: Frame


@dataclass(frozen=True, slots=True)
class AnswerPeer:
    """The one answer to a `PeerAsked`."""

    request: int
    frame: Frame


@dataclass(frozen=True, slots=True)
class AskPublisher:
    """Send an SDK of this node a 0x37 frame with a fresh seq."""

    session: int
    body: bytes


@dataclass(frozen=True, slots=True)
class AnnounceTopics:
    """The topics of this node are others now (`AmopRouting.own_topics`): tell the peers."""


AmopEffect: TypeAlias = Deliver | StartWait | AskPeer | TellPeers | AnswerPeer | AskPublisher | AnnounceTopics


# --- the machine ------------------------------------------------------------------------------------------


@dataclass(slots=True)
class _Route:
    """A unicast without an answer."""

    sender: int | NodeId
    """The session or the peer it came from."""
    request: int | None
    """By which the peer knows it; None if a session sent it."""
    message: Message
    draw: int
    nodes: list[NodeId]
    """Not tried yet, the next one last."""
    sessions: list[int] = field(default_factory=list)
    """Of this node, not tried yet, the next one last."""
    waits_for: int | None = None
    """The session that has it now."""
    refusal: Frame | None = None
    """What the last peer said that reached nobody."""


class AmopRouting:
    """The messages of one node."""

    def __init__(self, me: NodeId, limits: AmopLimits | None = None) -> None:
        self._me = me
        self._limits = limits or AmopLimits()
        self._topics_of: dict[int, frozenset[str]] = {}
        """By session."""
        self._followers: dict[str, set[int]] = {}
        """Sessions by topic."""
        self._nodes: dict[NodeId, Followed] = {me: Followed()}
        self._routes: dict[int, _Route] = {}
        self._route_count = 0
        self._route_bytes = 0
        self._routes_of: Counter[int | NodeId] = Counter()
        self._route_bytes_of: Counter[int | NodeId] = Counter()
        self._waiting: dict[tuple[int, bytes], int] = {}
        """The route a session's answer with a seq belongs to."""

    @property
    def own_topics(self) -> Iterable[str]:
        """What the SDKs of this node follow, oldest first."""
        return self._nodes[self._me].topics

    def visible_topics(self, node: NodeId) -> tuple[str, ...]:
        """What clients are shown of a node's topics (client protocol §3.1)."""
        followed = self._nodes.get(node)
        return () if followed is None else followed.visible()

    @property
    def routes_open(self) -> int:
        """Unicasts without an answer."""
        return len(self._routes)

    def handle(self, event: AmopEvent) -> list[AmopEffect]:
        """What is to be done now, in this order."""
        match event:
            case TopicsReplaced(session=session, topics=topics, draw=draw):
                return self._replace_topics(session, topics, draw)
            case SessionEnded(session=session):
                return self._end_session(session)
            case UnicastSent(session=session, message=message, draw=draw):
                return self._open_route(session, None, message, self._reachable(message.topic), draw)
            case MulticastSent(session=session, message=message):
                return self._spread(session, message)
            case SessionAnswered(session=session, frame=frame):
                return self._take_answer(session, frame)
            case VerdictGiven(session=session, body=body):
                self._judge(session, body)
                return []
            case PeerTopicsChanged(node=node, topics=topics, draw=draw):
                followed = self._nodes.setdefault(node, Followed())
                return self._ask_publishers(node, followed.replace(topics), draw)
            case PeerLost(node=node):
                self._nodes.pop(node, None)
                return []
            case PeerAsked(node=node, request=request, message=message, draw=draw):
                return self._open_route(node, request, message, [self._me], draw)
            case PeerTold(message=message):
                return self._deliver_to_all(self._sessions_for(message.topic), message)
            case PeerAnswered(route=route, answer=answer):
                return self._take_peer_answer(route, answer)
            case WaitEnded(route=number, session=session):
                waiting = self._routes.get(number)
                if waiting is None or waiting.waits_for != session:
                    return []
                return self._advance(number, waiting)
            case VerificationDue(draw=draw):
                effects: list[AmopEffect] = []
                for node, followed in self._nodes.items():
                    effects += self._ask_publishers(node, followed.states, draw)
                return effects

    # --- topics ------------------------------------------------------------------------------------

    def _replace_topics(self, session: int, topics: frozenset[str], draw: int) -> list[AmopEffect]:
        before = self._topics_of.pop(session, frozenset())
        removed = [topic for topic in sorted(before - topics) if self._unfollow(session, topic)]
        added: list[str] = []
        followed = set(before & topics)
        for topic in sorted(topics - before):
            if topic not in self._followers:
                if len(self._followers) >= self._limits.topics_max:
                    continue
                added.append(topic)
            self._followers.setdefault(topic, set()).add(session)
            followed.add(topic)
        if followed:
            self._topics_of[session] = frozenset(followed)
        effects: list[AmopEffect] = [AnnounceTopics()] if added or removed else []
        effects += self._ask_publishers(self._me, self._nodes[self._me].change(added, removed), draw)
        # A publisher that came now can be asked about everybody who waits for one.
        for topic in sorted(followed - before):
            private = private_topic_of_publisher(topic)
            if private is not None:
                for node in self._nodes:
                    effects += self._ask_publishers(node, [private], draw)
        return effects

    def _unfollow(self, session: int, topic: str) -> bool:
        """Whether nobody follows the topic any more."""
        sessions = self._followers[topic]
        sessions.discard(session)
        if sessions:
            return False
        del self._followers[topic]
        return True

    def _end_session(self, session: int) -> list[AmopEffect]:
        effects = self._replace_topics(session, frozenset(), draw=0)
        for number, route in list(self._routes.items()):
            if route.waits_for == session:
                effects += self._advance(number, route)
        return effects

    def _reachable(self, topic: str) -> list[NodeId]:
        return sorted(node for node, followed in self._nodes.items() if followed.is_reachable_by(topic))

    def _sessions_for(self, topic: str, *, sender: int | None = None) -> list[int]:
        return sorted(self._followers.get(topic, set()) - {sender})

    # --- unicast -----------------------------------------------------------------------------------

    def _open_route(
        self, sender: int | NodeId, request: int | None, message: Message, nodes: list[NodeId], draw: int
    ) -> list[AmopEffect]:
        shuffled, draw = _shuffle(nodes, draw)
        route = _Route(sender, request, message, draw, shuffled)
        if not self._has_room(route):
            return [_failure(route, ResultCode.REFUSED)]
        self._route_count += 1
        self._routes[self._route_count] = route
        self._count_route(route, 1)
        return self._advance(self._route_count, route)

    def _has_room(self, route: _Route) -> bool:
        limits, sender, size = self._limits, route.sender, route.message.size
        routes_max = limits.routes_per_session_max if route.request is None else limits.routes_per_peer_max
        return (
            size <= limits.frame_bytes_max
            and self._routes_of[sender] < routes_max
            and self._route_bytes_of[sender] + size <= limits.route_bytes_per_sender_max
            and self._route_bytes + size <= limits.route_bytes_max
        )

    def _count_route(self, route: _Route, step: int) -> None:
        self._routes_of[route.sender] += step
        self._route_bytes_of[route.sender] += step * route.message.size
        self._route_bytes += step * route.message.size
        if not self._routes_of[route.sender]:
            del self._routes_of[route.sender], self._route_bytes_of[route.sender]

    def _advance(self, number: int, route: _Route) -> list[AmopEffect]:
        """Offer a message to its next follower, or tell the sender that none is left."""
        self._stop_waiting(route)
        seq = route.message.frame.seq
        while route.sessions or route.nodes:
            if route.sessions:
                session = route.sessions.pop()
                # A session that owes an answer with this seq already could not be understood.
                if session in self._topics_of and (session, seq) not in self._waiting:
                    self._waiting[session, seq] = number
                    route.waits_for = session
                    return [Deliver(session, route.message.frame), StartWait(number, session)]
                continue
            node = route.nodes.pop()
            if node != self._me:
                return [AskPeer(number, node, route.message.frame)]
            sender = None if isinstance(route.sender, bytes) else route.sender
            sessions = self._sessions_for(route.message.topic, sender=sender)
            route.sessions, route.draw = _shuffle(sessions, route.draw)
        return [self._close_route(number, _failure(route, ResultCode.NO_REMOTE_NODE))]

    def _take_answer(self, session: int, frame: Frame) -> list[AmopEffect]:
        number = self._waiting.get((session, frame.seq))
        if number is None:
            return []
        return [self._close_route(number, _answer(self._routes[number], frame))]

    def _take_peer_answer(self, number: int, answer: Frame | None) -> list[AmopEffect]:
        route = self._routes.get(number)
        if route is None:
            return []
        if answer is None or answer.seq != route.message.frame.seq:
            return self._advance(number, route)
        if answer.result in _UNREACHED:
            route.refusal = answer
            return self._advance(number, route)
        return [self._close_route(number, _answer(route, answer))]

    def _close_route(self, number: int, last_words: AmopEffect) -> AmopEffect:
        route = self._routes.pop(number)
        self._stop_waiting(route)
        self._count_route(route, -1)
        return last_words

    def _stop_waiting(self, route: _Route) -> None:
        if route.waits_for is not None:
            del self._waiting[route.waits_for, route.message.frame.seq]
            route.waits_for = None

    # --- multicast ---------------------------------------------------------------------------------

    def _spread(self, sender: int, message: Message) -> list[AmopEffect]:
        nodes = self._reachable(message.topic)
        sessions = self._sessions_for(message.topic, sender=sender) if self._me in nodes else []
        peers = tuple(node for node in nodes if node != self._me)
        receiver_count = len(sessions) + len(peers)
        is_too_much = (
            message.size > self._limits.frame_bytes_max
            or message.size * receiver_count > self._limits.copies_bytes_max
        )
        frame = message.frame
        if is_too_much or not receiver_count:
            return [Deliver(sender, Frame(FrameType.AMOP_ANSWER, frame.seq, ResultCode.REFUSED, b""))]
        effects: list[AmopEffect] = [TellPeers(peers, frame)] if peers else []
        effects += self._deliver_to_all(sessions, message)
        effects.append(Deliver(sender, replace(frame, type=FrameType.AMOP_ANSWER, result=ResultCode.OK)))
        return effects

    def _deliver_to_all(self, sessions: Sequence[int], message: Message) -> list[AmopEffect]:
        if message.size * len(sessions) > self._limits.copies_bytes_max:
            return []
        return [Deliver(session, message.frame) for session in sessions]

    # --- private topics ----------------------------------------------------------------------------

    def _ask_publishers(self, node: NodeId, private_topics: Iterable[str], draw: int) -> list[AmopEffect]:
        """Ask one publisher of each of these topics whether it trusts the node's followers."""
        effects: list[AmopEffect] = []
        followed = self._nodes[node]
        for topic in private_topics:
            publishers = self._sessions_for(publisher_topic(topic))
            channel = followed.channel_of(topic)
            is_open = followed.states.get(topic) is TopicState.VERIFYING
            if is_open and publishers and channel is not None:
                body = {"nodeId": node.hex(), "topic": topic, "topicForCert": channel}
                text = orjson.dumps(body, option=orjson.OPT_APPEND_NEWLINE)
                effects.append(AskPublisher(publishers[draw % len(publishers)], text))
        return effects

    def _judge(self, session: int, body: bytes) -> None:
        """Believe a publisher of the topic, and only while the question is open."""
        try:
            verdict = orjson.loads(body)
            topic, node = verdict["topic"], NodeId(bytes.fromhex(verdict["nodeId"]))
            is_good = verdict["checkResult"] == 0
        except (ValueError, TypeError, KeyError):
            return
        followed = self._nodes.get(node)
        if not isinstance(topic, str) or followed is None:
            return
        is_publisher = session in self._followers.get(publisher_topic(topic), ())
        if is_publisher and followed.states.get(topic) is TopicState.VERIFYING:
            followed.states[topic] = TopicState.VERIFIED if is_good else TopicState.FAILED


def _answer(route: _Route, frame: Frame) -> AmopEffect:
    if route.request is not None:
        return AnswerPeer(route.request, frame)
    assert isinstance(route.sender, int)
    return Deliver(route.sender, frame)


def _failure(route: _Route, code: ResultCode) -> AmopEffect:
    """An SDK gets the code without data, a peer its own data back (§7.1)."""
    frame = route.message.frame
    if route.request is not None:
        echo = replace(frame, type=FrameType.AMOP_ANSWER, result=ResultCode.NO_SUBSCRIBER)
        return AnswerPeer(route.request, echo)
    return _answer(route, route.refusal or Frame(FrameType.AMOP_ANSWER, frame.seq, code, b""))


def _shuffle(items: Iterable[_Item], draw: int) -> tuple[list[_Item], int]:
    """The items in an order taken from the draw, and what is left of the draw."""
    rest, shuffled = list(items), []
    while rest:
        draw, index = divmod(draw, len(rest))
        shuffled.append(rest.pop(index))
    return shuffled, draw
