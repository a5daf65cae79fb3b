"""What both machines of this package are told."""

from __future__ import annotations

from dataclasses import dataclass

from hansa.sync.topology import GroupView

__all__ = ["GroupChanged", "Tick"]


@dataclass(frozen=True, slots=True)
class GroupChanged:
    """Other members, or other connections."""

    view: GroupView


@dataclass(frozen=True, slots=True)
class Tick:
    """Time passed."""
