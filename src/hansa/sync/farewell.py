"""Who was a member until a block removed it is still owed that block (node §3.4, §4.10).

Members tell their height to members, and serve members. A node whose vote was not needed may lack the very
block that removes it: it would hold itself for a member for ever, vote, and take transactions that no block
will hold. So the members tell it of that block, again whenever its status shows that it stands lower, and
serve it up to there. What comes after the block is none of its business.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterator

from hansa.primitives import Height, NodeId
from hansa.sync.blocks import Head
from hansa.sync.topology import GroupView

__all__ = ["LEAVER_COUNT_MAX", "Farewells"]

LEAVER_COUNT_MAX = 64


class Farewells:
    """The last block of each node that has left, until it has it."""

    def __init__(self) -> None:
        self._last: OrderedDict[NodeId, Head] = OrderedDict()

    def note_change(self, before: GroupView, after: GroupView, head: Head) -> Iterator[NodeId]:
        """The group changed with the block `head`: whom to tell of it."""
        for node in (*before.sealers, *before.observers):
            if not after.is_member(node) and node != after.me:
                self._last[node] = head
                yield node
        for node in [node for node in self._last if after.is_member(node)]:
            del self._last[node]
        while len(self._last) > LEAVER_COUNT_MAX:
            self._last.popitem(last=False)

    def note_height(self, node: NodeId, height: Height) -> bool:
        """A node told its height: must it be told of its last block again?"""
        last = self._last.get(node)
        if last is None:
            return False
        if height >= last.height:
            del self._last[node]
            return False
        return True

    def last_block(self, node: NodeId) -> Head | None:
        """Up to where a node that has left is served; None if it is owed nothing."""
        return self._last.get(node)
