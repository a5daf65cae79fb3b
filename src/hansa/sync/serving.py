"""Which blocks are owed to which peer (node §5.4): the serving side of block download.

Rules:
- A request is cut at the head; above it, or for nothing, there is no answer.
- Ranges of one peer that touch are merged, so that a block asked for twice is sent once.
- Peers take turns, batch by batch. What one peer can have waiting is bounded; more is not answered, and the
  peer asks again after its time limit.
"""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass

from hansa.primitives import Height, NodeId
from hansa.sync.packets import BLOCK_COUNT_MAX

__all__ = ["BATCH_BLOCK_COUNT_MAX", "BlockBatch", "BlockServer"]

BATCH_BLOCK_COUNT_MAX = 32
"""Blocks sent in one packet at most; upstream's largest shard fits into one."""
RANGE_COUNT_MAX = 64
"""Ranges one peer may have waiting."""


@dataclass(frozen=True, slots=True)
class BlockBatch:
    """Blocks to send to a peer now."""

    peer: NodeId
    start: Height
    count: int


class BlockServer:
    """Ranges waiting to be sent, per peer."""

    def __init__(self) -> None:
        self._waiting: OrderedDict[NodeId, list[range]] = OrderedDict()
        """Disjoint, ascending, not touching; the peer in front is next."""

    def __len__(self) -> int:
        """How many blocks wait."""
        return sum(len(heights) for ranges in self._waiting.values() for heights in ranges)

    def accept(self, peer: NodeId, *, start: int, count: int, head: int) -> bool:
        """Queue a request. False: there is nothing to answer, or the peer has too much waiting."""
        wanted = range(start, min(start + min(count, BLOCK_COUNT_MAX), head + 1))
        if not wanted:
            return False
        merged = _insert(self._waiting.get(peer, []), wanted)
        if len(merged) > RANGE_COUNT_MAX or sum(map(len, merged)) > BLOCK_COUNT_MAX:
            return False
        self._waiting[peer] = merged
        return True

    def next_batch(self) -> BlockBatch | None:
        """Take the next batch out of the queue; the peer's turn comes again after all others."""
        if not self._waiting:
            return None
        peer, ranges = self._waiting.popitem(last=False)
        first = ranges[0]
        batch, rest = first[:BATCH_BLOCK_COUNT_MAX], first[BATCH_BLOCK_COUNT_MAX:]
        remaining = [rest, *ranges[1:]] if rest else ranges[1:]
        if remaining:
            self._waiting[peer] = remaining
        return BlockBatch(peer, Height(batch.start), len(batch))

    def put_back(self, batch: BlockBatch, *, sent_count: int) -> None:
        """Only the first `sent_count` blocks of a batch fitted into the packet: queue the rest."""
        rest = range(batch.start + sent_count, batch.start + batch.count)
        if rest:
            self._waiting[batch.peer] = _insert(self._waiting.get(batch.peer, []), rest)

    def forget(self, peer: NodeId) -> None:
        """The peer is gone."""
        self._waiting.pop(peer, None)


def _insert(ranges: list[range], added: range) -> list[range]:
    """`added` among disjoint ascending ranges, merged with those it touches."""
    before = [heights for heights in ranges if heights.stop < added.start]
    after = [heights for heights in ranges if heights.start > added.stop]
    touched = ranges[len(before) : len(ranges) - len(after)]
    start = min([added.start, *(heights.start for heights in touched)])
    stop = max([added.stop, *(heights.stop for heights in touched)])
    return [*before, range(start, stop), *after]
