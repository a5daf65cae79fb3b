"""How long a view may last (node §4.1).

Patience grows by half with every view change in a row and falls back when the group makes progress. Times are
milliseconds of a clock that never goes back.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

__all__ = ["VIEW_TIMEOUT_MS", "RoundTimer"]

VIEW_TIMEOUT_MS: Final = 3000
CHANGE_CYCLE_MAX: Final = 20


@dataclass(slots=True)
class RoundTimer:
    """Watches the view a sealer is in."""

    execution_timeout_ms: int
    """The agreed `consensus_timeout`: what executing a proposal may take."""
    last_consensus_ms: int
    """When the last block was committed, or this view began, or the last view change was asked for."""
    change_cycle: int = 0
    """View changes in a row without progress."""
    _sign_quorum_ms: int = 0
    _prepare_ms: int | None = None
    _executed_ms: int | None = None

    def restart(self, now_ms: int) -> None:
        """A block was committed, a view entered, or another view asked for."""
        self.last_consensus_ms = now_ms
        self._prepare_ms = self._executed_ms = None

    def lose_patience(self) -> None:
        """One more view change."""
        self.change_cycle = min(self.change_cycle + 1, CHANGE_CYCLE_MAX)

    def prepare_arrived(self, now_ms: int) -> None:
        """A proposal was taken up."""
        self._prepare_ms, self._executed_ms = now_ms, None

    def execution_ended(self, now_ms: int) -> None:
        """The proposal was executed, or refused."""
        self._executed_ms = now_ms

    def sign_quorum_reached(self, now_ms: int) -> None:
        """A quorum signed the same block."""
        self._sign_quorum_ms = now_ms

    def deadline_ms(self) -> int:
        """When the view has lasted too long."""
        start, base = max(self.last_consensus_ms, self._sign_quorum_ms), VIEW_TIMEOUT_MS
        if self._prepare_ms is not None and self._prepare_ms >= start:
            if self._executed_ms is None:
                start, base = self._prepare_ms, self.execution_timeout_ms
            else:
                start = self._executed_ms
        return start + (base * int(3**self.change_cycle) >> self.change_cycle)
