"""Contract events in a running node: the channel's `EventFilters` over the groups' chains.

Each group has one task. It wakes when a block was committed or a filter registered, and works turn by turn
until nothing is left to search: a thread reads and searches blocks, the loop pushes what was found. A client
that does not keep up is passed over until it has read what it was sent.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Callable, Iterable
from concurrent.futures import Executor as ThreadPool
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Protocol

from hansa.channel.frames import FRAME_BYTES_MAX
from hansa.channel.handlers import SessionInfo
from hansa.events.filters import EventFilter, FilterCode, InvalidFilter, parse_filter
from hansa.events.pushes import completed_push, log_pushes
from hansa.events.subscriptions import SearchOrder, Subscription, SubscriptionBook
from hansa.kernel import Block

__all__ = ["ContractEvents", "EventChain", "EventGroup", "EventLimits", "EventOutlet"]

_LOG = logging.getLogger("hansa.events")

_RETRY_S = 0.1
"""How long a client that does not keep up is left alone."""
_PUSH_BYTES_MAX = 4 << 20
_TURN_BYTES_MAX = 8 << 20
"""Found logs after which a turn ends; what one block holds is not cut."""
_LOG_BYTES_MAX = FRAME_BYTES_MAX - 4096
"""A larger log fits into no frame."""


@dataclass(frozen=True, slots=True)
class EventLimits:
    """`[event_filter]` of a group's genesis file."""

    block_range_max: int = 0
    """Blocks between the first one asked for and the head; 0: any number."""
    blocks_per_turn_max: int = 3


class ChainHead(Protocol):
    """The newest block's header."""

    @property
    def number(self) -> int: ...


class EventChain(Protocol):
    """A committed chain; `ledger.Ledger` is one."""

    @property
    def head(self) -> ChainHead: ...
    def block(self, height: int) -> Block | None:
        """A committed block; called on a thread."""


class EventOutlet(Protocol):
    """The way to the clients; `channel.ChannelServer` is one."""

    def push_events(self, session_id: int, body: bytes) -> None:
        """Send a push, if the session is still there."""

    def takes_more(self, session_id: int) -> bool:
        """Whether the client keeps up with what it is sent."""


@dataclass(frozen=True, slots=True)
class EventGroup:
    """A group whose events can be asked for."""

    group_id: int
    chain: EventChain
    limits: EventLimits
    permits: Callable[[str], bool]
    """Whether the SDK with this key may use the group (§6.3)."""


@dataclass(slots=True, eq=False)
class _ServedGroup:
    group: EventGroup
    has_news: asyncio.Event = field(default_factory=asyncio.Event)
    task: asyncio.Task[None] | None = None


@dataclass(slots=True, eq=False)
class _Search:
    """What a turn found for one filter."""

    order: SearchOrder
    logs: list[bytes] = field(default_factory=list)
    next_height: int = 0


class ContractEvents:
    """All filters of a node."""

    def __init__(self, threads: ThreadPool) -> None:
        """Works inside `running`; groups may come and go."""
        self._threads = threads
        self._book = SubscriptionBook()
        self._groups: dict[int, _ServedGroup] = {}

    @asynccontextmanager
    async def running(self, outlet: EventOutlet) -> AsyncIterator[None]:
        """Search and push inside the block.

        Raises:
            ExceptionGroup: the storage failed.
        """
        self._outlet = outlet
        async with asyncio.TaskGroup() as self._tasks:
            try:
                yield
            finally:
                for group_id in tuple(self._groups):
                    self.remove_group(group_id)

    def add_group(self, group: EventGroup) -> None:
        """Its events can be asked for from now on."""
        served = self._groups[group.group_id] = _ServedGroup(group)
        served.task = self._tasks.create_task(self._serve(served), name=f"events of group {group.group_id}")

    def remove_group(self, group_id: int) -> None:
        """Its filters end without a word."""
        served = self._groups.pop(group_id)
        self._book.forget_group(group_id)
        if served.task is not None:
            served.task.cancel()

    def on_block(self, group_id: int) -> None:
        """A group's head moved."""
        if served := self._groups.get(group_id):
            served.has_news.set()

    # --- what clients ask (channel.EventFilters) ---------------------------------------------------

    def register(self, session: SessionInfo, body: bytes) -> int:
        """Take a registration; the code of client protocol §8.1, 0 = accepted."""
        try:
            wanted = parse_filter(body)
        except InvalidFilter as error:
            _LOG.info("channel %s: event filter refused, %s", session.address, error)
            return FilterCode.INVALID_REQUEST
        served = self._groups.get(wanted.group_id)
        if served is None:
            return FilterCode.GROUP_UNKNOWN
        if not served.group.permits(session.public_key):
            return FilterCode.NOT_ALLOWED
        head = served.group.chain.head.number
        first = head if wanted.first is None else wanted.first
        if not _is_in_range(wanted, first, head, served.group.limits):
            return FilterCode.INVALID_RANGE
        if not self._book.add(session, wanted, first):
            _LOG.warning("channel %s: event filter refused, there are too many", session.address)
            return FilterCode.INVALID_REQUEST
        served.has_news.set()
        return FilterCode.ACCEPTED

    def cancel(self, session: SessionInfo, body: bytes) -> int:
        """End a filter. The request has all members of a registration, or −41001 answers it [recorded]."""
        try:
            unwanted = parse_filter(body)
        except InvalidFilter:
            return FilterCode.INVALID_REQUEST
        self._book.remove(session.session_id, unwanted.filter_id)
        return FilterCode.ACCEPTED

    def forget_session(self, session: SessionInfo) -> None:
        """The session ended: its filters go with it."""
        self._book.forget_session(session.session_id)

    # --- at work -----------------------------------------------------------------------------------

    async def _serve(self, served: _ServedGroup) -> None:
        """Search for a group's filters until cancelled."""
        group, loop = served.group, asyncio.get_running_loop()
        while True:
            await served.has_news.wait()
            served.has_news.clear()
            while self._book.has_work(group.group_id, head := group.chain.head.number):
                orders = self._book.take_turn(
                    group.group_id,
                    head,
                    blocks_max=group.limits.blocks_per_turn_max,
                    is_ready=lambda subscription: self._is_ready(group, subscription),
                )
                if not orders:
                    await asyncio.sleep(_RETRY_S)
                    continue
                for search in await loop.run_in_executor(self._threads, _search, group.chain, orders):
                    self._deliver(search)

    def _is_ready(self, group: EventGroup, subscription: Subscription) -> bool:
        session = subscription.session
        return group.permits(session.public_key) and self._outlet.takes_more(session.session_id)

    def _deliver(self, search: _Search) -> None:
        subscription = search.order.subscription
        if not self._book.is_current(subscription):
            return
        session_id, filter_id = subscription.key
        subscription.next_height = search.next_height
        for push in log_pushes(filter_id, search.logs, bytes_max=_PUSH_BYTES_MAX):
            self._outlet.push_events(session_id, push)
        if subscription.is_completed:
            self._outlet.push_events(session_id, completed_push(filter_id))
            self._book.remove(session_id, filter_id)


def _is_in_range(wanted: EventFilter, first: int, head: int, limits: EventLimits) -> bool:
    if wanted.last is not None and wanted.last < first:
        return False
    return not limits.block_range_max or head - first + 1 <= limits.block_range_max


def _search(chain: EventChain, orders: Iterable[SearchOrder]) -> list[_Search]:
    """Search blocks for all orders, each block read once; on a thread.

    Ends early when much was found; the searches then tell how far they came.
    """
    searches = [_Search(order, next_height=order.first) for order in orders]
    heights = {height for search in searches for height in range(search.order.first, search.order.last + 1)}
    found_bytes = 0
    for height in sorted(heights):
        if found_bytes >= _TURN_BYTES_MAX:
            break
        block = chain.block(height)
        for search in searches:
            if not search.next_height == height <= search.order.last or found_bytes >= _TURN_BYTES_MAX:
                continue
            search.next_height = height + 1
            if block is not None:
                wanted = search.order.subscription.filter
                logs = block.event_logs_json(wanted.addresses, wanted.topics)
                search.logs += [log for log in logs if len(log) <= _LOG_BYTES_MAX]
                found_bytes += sum(map(len, logs))
    return searches
