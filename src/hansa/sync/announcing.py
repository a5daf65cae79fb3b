"""When a node tells others where its chain stands, and whom (node §5.4).

- The head moved: the nodes below in the tree at once, or all, as configured. While blocks are downloaded the
  head moves too often for that, and half a second may pass.
- Somebody connected: that node at once.
- Every 5 s: all members. In between, with the tree, a few at random.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from hansa.primitives import NodeId
from hansa.sync.topology import GroupView

__all__ = ["AnnouncingSettings", "StatusSchedule"]

STATUS_INTERVAL_MS = 5_000
DOWNLOAD_STATUS_INTERVAL_MS = 500


@dataclass(frozen=True, slots=True)
class AnnouncingSettings:
    """What the [sync] section of group.N.ini says about status (node §1.5)."""

    is_tree: bool = True
    """sync_block_by_tree"""
    gossip_interval_ms: int = 1_000
    gossip_peer_count: int = 3
    tells_strangers: bool = False
    """allow_free_node: nodes outside the group hear of it too."""


class StatusSchedule:
    """Answers to each occasion with the nodes to tell; no node is named twice."""

    def __init__(self, settings: AnnouncingSettings, choose: Callable[[int], int]) -> None:
        """Args: `choose(n)` picks one of 0 … n − 1."""
        self._settings = settings
        self._choose = choose
        self._has_moved = False
        self._told_ms = 0
        self._heartbeat_at_ms = 0
        self._gossip_at_ms = 0

    def head_moved(self) -> None:
        """Remember to tell."""
        self._has_moved = True

    def due_for_head(self, view: GroupView, now_ms: int, *, is_downloading: bool) -> tuple[NodeId, ...]:
        """Whom to tell now because the head moved; nobody if it did not, or if it is too early again."""
        if not self._has_moved:
            return ()
        if is_downloading and now_ms - self._told_ms < DOWNLOAD_STATUS_INTERVAL_MS:
            return ()
        self._has_moved = False
        self._told_ms = now_ms
        return self._listeners(view, view.status_children() if self._settings.is_tree else view.connected)

    def due_for_newcomers(self, view: GroupView, before: GroupView) -> tuple[NodeId, ...]:
        """Whom to tell because they were not connected before."""
        return self._listeners(view, tuple(peer for peer in view.connected if peer not in before.connected))

    def due_for_time(self, view: GroupView, now_ms: int) -> tuple[NodeId, ...]:
        """Whom to tell because it is time."""
        if now_ms >= self._heartbeat_at_ms:
            self._heartbeat_at_ms = now_ms + STATUS_INTERVAL_MS
            self._gossip_at_ms = now_ms + self._settings.gossip_interval_ms
            return self._listeners(view, view.connected)
        if not self._settings.is_tree or now_ms < self._gossip_at_ms:
            return ()
        self._gossip_at_ms = now_ms + self._settings.gossip_interval_ms
        candidates = list(self._listeners(view, view.connected))
        count = min(self._settings.gossip_peer_count, len(candidates))
        return tuple(candidates.pop(self._choose(len(candidates))) for _ in range(count))

    def _listeners(self, view: GroupView, peers: tuple[NodeId, ...]) -> tuple[NodeId, ...]:
        """Those of `peers` that may hear from this node: the group keeps to itself (node §3.4)."""
        if self._settings.tells_strangers:
            return peers
        if not view.is_member(view.me):
            return ()
        return tuple(peer for peer in peers if view.is_member(peer))
