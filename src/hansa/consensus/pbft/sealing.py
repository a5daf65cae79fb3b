"""When a leader seals, and how much (node §4.5).

Rules:
- As many transactions as the limit allows: seal at once.
- One is enough when `min_block_generation_ms` have passed since the last block. Time spent in views without
  transactions counts: an idle group answers the first transaction at once.
- Nothing for `EMPTY_BLOCK_INTERVAL_MS`: pass the turn on with an empty prepare.
- The limit halves when a view with a block times out and grows again with blocks committed in time.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

__all__ = ["EMPTY_BLOCK_INTERVAL_MS", "BlockSizeLimit", "SealingSettings"]

EMPTY_BLOCK_INTERVAL_MS: Final = 1000
_MIN_BLOCK_GENERATION_MS_MAX: Final = 999


@dataclass(frozen=True, slots=True)
class SealingSettings:
    """One node's habits as a leader; the others need not share them."""

    min_block_generation_ms: int = 500
    """Blocks that are not full keep this distance; more than 999 counts as 999."""
    dynamic_block_size: bool = True
    block_size_increase_percent: int = 50
    """How fast the limit grows again, 0 to 200."""

    @property
    def generation_gap_ms(self) -> int:
        """The distance between blocks as it counts."""
        return min(self.min_block_generation_ms, _MIN_BLOCK_GENERATION_MS_MAX)


class BlockSizeLimit:
    """How many transactions this node puts into a block, learnt from its timeouts."""

    def __init__(self, settings: SealingSettings, ceiling: int) -> None:
        """Args: `ceiling` is the agreed `tx_count_limit`."""
        self._settings = settings
        self._ceiling = self._limit = ceiling
        self._smallest_too_big: int | None = None
        self._largest_in_time = 0
        self._timeouts = 0

    @property
    def transaction_count(self) -> int:
        """The limit as it stands."""
        return min(self._limit, self._ceiling)

    def set_ceiling(self, transaction_count: int) -> None:
        """The group agreed on another `tx_count_limit`; a limit that was at its ceiling follows."""
        if self._limit >= self._ceiling or not self._settings.dynamic_block_size:
            self._limit = transaction_count
        self._ceiling = transaction_count

    def block_timed_out(self, transaction_count: int) -> None:
        """A view ended although its block held this many transactions."""
        if not self._settings.dynamic_block_size or transaction_count == 0:
            return
        self._timeouts += 1
        self._smallest_too_big = min(transaction_count, self._smallest_too_big or transaction_count)
        if self._limit > 2:
            self._limit //= 2

    def block_committed(self, transaction_count: int) -> None:
        """A block of this many transactions was committed in time."""
        if not self._settings.dynamic_block_size:
            return
        self._largest_in_time = max(self._largest_in_time, transaction_count)
        too_big = self._smallest_too_big
        if too_big is not None and self._largest_in_time >= too_big:
            self._smallest_too_big = self._raised(self._largest_in_time)
        if self._timeouts > 0:
            self._timeouts -= 1
        if self._timeouts == 0:
            self._grow()

    def _grow(self) -> None:
        grown = self._limit + max(1, self._limit * self._settings.block_size_increase_percent // 100)
        if self._smallest_too_big is not None:
            grown = min(grown, max(1, self._smallest_too_big - 1))
        self._limit = min(max(grown, self._largest_in_time), self._ceiling)

    @staticmethod
    def _raised(transaction_count: int) -> int:
        """A tenth more, or the double where a tenth is nothing."""
        tenth = transaction_count // 10
        return transaction_count + tenth if tenth > 1 else transaction_count * 2
