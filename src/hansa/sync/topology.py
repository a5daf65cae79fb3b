"""Who is in the group, who is connected, and who passes what on to whom.

Transactions of clients spread over the sealers in a tree of width 3 whose root is the sealer that took them
(node §5.3). Positions count from the root: the sealer with index `i` has position `(i − root) mod n`, the
children of position `p` are `3p + 1 … 3p + 3`. A child that is not connected is replaced by its own children.

Block status spreads the same way over the observers (node §5.4): they are dealt out to the sealers in slots
of equal size, and each slot is a tree below its sealer. Sealers tell one another directly.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from hansa.primitives import NodeId

__all__ = ["TREE_WIDTH", "GroupView", "reachable_children"]

TREE_WIDTH = 3


@dataclass(frozen=True, slots=True)
class GroupView:
    """The group as one node sees it at one moment."""

    me: NodeId
    sealers: tuple[NodeId, ...]
    """Ascending; a sealer's index is its place here."""
    observers: tuple[NodeId, ...]
    """Ascending."""
    connected: tuple[NodeId, ...]
    """Other nodes there is a session with, members of the group or not; ascending."""

    def is_member(self, node: NodeId) -> bool:
        """Does the node vote or follow in this group?"""
        return node in self.sealers or node in self.observers

    @property
    def connected_members(self) -> tuple[NodeId, ...]:
        """Members there is a session with."""
        return tuple(node for node in self.connected if self.is_member(node))

    @property
    def connected_sealers(self) -> tuple[NodeId, ...]:
        """Sealers there is a session with."""
        return tuple(node for node in self.sealers if node in self.connected)

    @property
    def my_index(self) -> int | None:
        """This node's place among the sealers; None if it is not one."""
        return self.sealers.index(self.me) if self.me in self.sealers else None

    def transaction_children(self, root_index: int) -> tuple[NodeId, ...]:
        """To whom this sealer passes transactions that spread from the sealer `root_index`."""
        count = len(self.sealers)
        if self.my_index is None or root_index >= count:
            return ()
        positions = reachable_children(
            (self.my_index - root_index) % count,
            count,
            lambda position: self.sealers[(position + root_index) % count] in self.connected,
        )
        return tuple(self.sealers[(position + root_index) % count] for position in positions)

    def status_children(self) -> tuple[NodeId, ...]:
        """Whom this node tells at once when its chain grows."""
        if not self.sealers:
            return ()
        slot_size = -(-len(self.observers) // len(self.sealers))
        if self.me in self.sealers:
            slot_index, position = self.sealers.index(self.me), 0
        elif self.me in self.observers:
            slot_index, position = divmod(self.observers.index(self.me), slot_size)
            position += 1
        else:
            return ()
        slot = self.observers[slot_index * slot_size : (slot_index + 1) * slot_size]
        positions = reachable_children(
            position, 1 + len(slot), lambda position: slot[position - 1] in self.connected
        )
        children = tuple(slot[position - 1] for position in positions)
        return (*self.connected_sealers, *children) if position == 0 else children


def reachable_children(position: int, size: int, is_connected: Callable[[int], bool]) -> list[int]:
    """The children of a position in a tree of `size` nodes; for one not connected, its own children."""
    reached: list[int] = []
    waiting = list(_children(position, size))
    while waiting:
        child = waiting.pop(0)
        if is_connected(child):
            reached.append(child)
        else:
            waiting.extend(_children(child, size))
    return reached


def _children(position: int, size: int) -> range:
    first = TREE_WIDTH * position + 1
    return range(min(first, size), min(first + TREE_WIDTH, size))
