"""The tree a proposal travels down: the leader is its root, each node has three children (node §4.8).

Positions count from the root: the working sealer at place `i` has position `(i − root) mod n`, the children
of position `p` are `3p + 1 … 3p + 3`. A child that is not connected is replaced by its own children.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Final

from hansa.primitives import NodeId

__all__ = ["TREE_WIDTH", "ancestors", "children"]

TREE_WIDTH: Final = 3


def children(
    me: NodeId, root: NodeId, workers: Sequence[NodeId], connected: Collection[NodeId]
) -> list[NodeId]:
    """To whom `me` passes a proposal of `root`; nobody, if one of the two does not work.

    Args:
        workers: the working sealers, ascending.
        connected: nodes `me` has a session with.
    """
    if me not in workers or root not in workers:
        return []
    count, offset = len(workers), workers.index(root)
    reached: list[NodeId] = []
    waiting = list(_children((workers.index(me) - offset) % count, count))
    while waiting:
        position = waiting.pop(0)
        node = workers[(position + offset) % count]
        if node in connected:
            reached.append(node)
        else:
            waiting.extend(_children(position, count))
    return reached


def ancestors(me: NodeId, root: NodeId, workers: Sequence[NodeId]) -> list[NodeId]:
    """From whom `me` may get a proposal of `root`: its parent, whose parent, … the root itself."""
    if me not in workers or root not in workers:
        return []
    count, offset = len(workers), workers.index(root)
    position = (workers.index(me) - offset) % count
    found: list[NodeId] = []
    while position > 0:
        position = (position - 1) // TREE_WIDTH
        found.append(workers[(position + offset) % count])
    return found


def _children(position: int, count: int) -> range:
    first = TREE_WIDTH * position + 1
    return range(min(first, count), min(first + TREE_WIDTH, count))
