"""The event filters of all sessions: how far each is, and whose turn it is (client protocol §8.2). Pure.

Rule 1: filters take turns. In one turn each searches a bounded number of blocks, and all together a bounded
        number of different blocks: a filter over the whole chain holds nobody up.
Rule 2: the filters of a session are bounded, and so are those of all sessions.
Rule 3: a registration with the id of another filter of its session takes that one's place.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from hansa.channel.handlers import SessionInfo
from hansa.events.filters import EventFilter

__all__ = ["SearchOrder", "Subscription", "SubscriptionBook"]


@dataclass(slots=True, eq=False)
class Subscription:
    """A filter at work."""

    session: SessionInfo
    filter: EventFilter
    next_height: int
    """The first block it has not searched yet."""

    @property
    def is_completed(self) -> bool:
        """Every block of its range has been searched."""
        return self.filter.last is not None and self.next_height > self.filter.last

    @property
    def key(self) -> tuple[int, str]:
        """What names it in the node."""
        return self.session.session_id, self.filter.filter_id


@dataclass(frozen=True, slots=True)
class SearchOrder:
    """Blocks to search for a filter now."""

    subscription: Subscription
    first: int
    last: int


class SubscriptionBook:
    """Filters by group."""

    def __init__(
        self,
        *,
        per_session_max: int = 256,
        in_total_max: int = 16_384,
        orders_per_turn_max: int = 512,
        heights_per_turn_max: int = 64,
    ) -> None:
        self._per_session_max = per_session_max
        self._in_total_max = in_total_max
        self._orders_per_turn_max = orders_per_turn_max
        self._heights_per_turn_max = heights_per_turn_max
        self._of_group: dict[int, dict[tuple[int, str], Subscription]] = {}
        """In the order of their turns."""
        self._group_of: dict[tuple[int, str], int] = {}
        self._count_of: Counter[int] = Counter()

    def __len__(self) -> int:
        return len(self._group_of)

    def add(self, session: SessionInfo, wanted: EventFilter, first: int) -> bool:
        """Take a filter, to begin at height `first`; False if the session or the node has too many."""
        subscription = Subscription(session, wanted, first)
        self.remove(*subscription.key)
        if self._count_of[session.session_id] >= self._per_session_max or len(self) >= self._in_total_max:
            return False
        self._of_group.setdefault(wanted.group_id, {})[subscription.key] = subscription
        self._group_of[subscription.key] = wanted.group_id
        self._count_of[session.session_id] += 1
        return True

    def remove(self, session_id: int, filter_id: str) -> None:
        """End a filter, if there is such a one."""
        group_id = self._group_of.pop((session_id, filter_id), None)
        if group_id is None:
            return
        del self._of_group[group_id][session_id, filter_id]
        self._count_of[session_id] -= 1
        if not self._count_of[session_id]:
            del self._count_of[session_id]

    def forget_session(self, session_id: int) -> None:
        """End all filters of a session."""
        for key in [key for key in self._group_of if key[0] == session_id]:
            self.remove(*key)

    def forget_group(self, group_id: int) -> None:
        """End all filters on a group."""
        for key in list(self._of_group.get(group_id, {})):
            self.remove(*key)

    def is_current(self, subscription: Subscription) -> bool:
        """Whether the filter was neither ended nor replaced."""
        group = self._of_group.get(subscription.filter.group_id, {})
        return group.get(subscription.key) is subscription

    def has_work(self, group_id: int, head: int) -> bool:
        """Whether some filter of the group has blocks to search."""
        return any(subscription.next_height <= head for subscription in self._iterate(group_id))

    def take_turn(
        self, group_id: int, head: int, *, blocks_max: int, is_ready: Callable[[Subscription], bool]
    ) -> list[SearchOrder]:
        """What to search now; those served come after all others the next time.

        Args:
            head: the newest block.
            blocks_max: for one filter.
            is_ready: whether the filter's client may and can be told something.
        """
        orders: list[SearchOrder] = []
        heights: set[int] = set()
        for subscription in self._iterate(group_id):
            if len(orders) == self._orders_per_turn_max or len(heights) >= self._heights_per_turn_max:
                break
            first = subscription.next_height
            if first > head or not is_ready(subscription):
                continue
            last = min(head, first + min(blocks_max, self._heights_per_turn_max) - 1)
            if subscription.filter.last is not None:
                last = min(last, subscription.filter.last)
            heights.update(range(first, last + 1))
            orders.append(SearchOrder(subscription, first, last))
        group = self._of_group.get(group_id, {})
        for order in orders:
            group[order.subscription.key] = group.pop(order.subscription.key)
        return orders

    def _iterate(self, group_id: int) -> Iterator[Subscription]:
        return iter(self._of_group.get(group_id, {}).values())
