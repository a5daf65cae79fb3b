"""Work that waits for its task, bounded by count and by bytes."""

from __future__ import annotations

import asyncio
from collections import deque
from typing import Generic, TypeVar

__all__ = ["Inbox"]

ItemT = TypeVar("ItemT")


class Inbox(Generic[ItemT]):
    """First in, first out. One task takes; whoever puts never waits but may be refused."""

    def __init__(self, count_max: int, byte_count_max: int) -> None:
        self._items: deque[tuple[ItemT, int]] = deque()
        self._byte_count = 0
        self._count_max = count_max
        self._byte_count_max = byte_count_max
        self._has_items = asyncio.Event()

    def put(self, item: ItemT, byte_count: int) -> bool:
        """Append an item that takes `byte_count` bytes. False: it does not fit and was dropped."""
        if len(self._items) >= self._count_max or self._byte_count + byte_count > self._byte_count_max:
            return False
        self._items.append((item, byte_count))
        self._byte_count += byte_count
        self._has_items.set()
        return True

    async def get(self) -> ItemT:
        """Wait for the oldest item and take it."""
        await self._has_items.wait()
        item, byte_count = self._items.popleft()
        self._byte_count -= byte_count
        if not self._items:
            self._has_items.clear()
        return item
