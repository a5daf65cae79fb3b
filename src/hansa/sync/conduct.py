"""What became of the requests to each peer, and what follows for the next one.

A peer that does not answer, or answers wrongly, is left alone for 10 s, then 20 s, 40 s … 640 s. It is out of
good standing until it has served as many blocks as it has failed. A member's record outlives its session,
so that connecting anew clears nothing.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from hansa.primitives import NodeId

__all__ = ["ConductBook"]

BACKOFF_MS_FIRST = 10_000
BACKOFF_DOUBLINGS_MAX = 6


@dataclass(slots=True)
class _Record:
    failures: int = 0
    asked_again_at_ms: int = 0
    has_served: bool = False


class ConductBook:
    """One record per peer that was ever asked."""

    def __init__(self) -> None:
        self._records: dict[NodeId, _Record] = {}

    def note_failure(self, peer: NodeId, now_ms: int, *, weight: int = 1) -> None:
        """No answer, or a wrong one."""
        record = self._records.setdefault(peer, _Record())
        record.failures += weight
        record.has_served = False
        record.asked_again_at_ms = now_ms + (
            BACKOFF_MS_FIRST << min(record.failures - 1, BACKOFF_DOUBLINGS_MAX)
        )

    def note_service(self, peer: NodeId) -> None:
        """A block of this peer became part of the chain."""
        record = self._records.setdefault(peer, _Record())
        record.failures = max(0, record.failures - 1)
        record.has_served = True
        if record.failures == 0:
            record.asked_again_at_ms = 0

    def has_failed(self, peer: NodeId) -> bool:
        """Is the peer out of good standing?"""
        record = self._records.get(peer)
        return record is not None and record.failures > 0

    def has_served(self, peer: NodeId) -> bool:
        """Did it serve a block since it last failed?"""
        record = self._records.get(peer)
        return record is not None and record.has_served

    def may_be_asked(self, peer: NodeId, now_ms: int) -> bool:
        """Is it not left alone at present?"""
        record = self._records.get(peer)
        return record is None or now_ms >= record.asked_again_at_ms

    def keep_only(self, is_kept: Callable[[NodeId], bool]) -> None:
        """Forget the records of all others."""
        self._records = {peer: record for peer, record in self._records.items() if is_kept(peer)}
