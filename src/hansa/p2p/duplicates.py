"""Which of two sessions with the same node stays (node §3.1). Pure.

The reference node keeps the old session and drops the new one. When two nodes dial each other at the same
time, each may see its two sessions in another order, and both would be lost. So:

Rule 1: a session that has fallen silent is dead, the new one takes its place: the peer has come back before
we noticed that it was gone.
Rule 2: two sessions that were dialled from opposite ends within moments of each other are a race: the one
dialled by the node with the larger id stays. Both nodes decide alike.
Rule 3: else the old one stays.
"""

from __future__ import annotations

from dataclasses import dataclass

from hansa.primitives import NodeId

__all__ = ["RACE_WINDOW_S", "SILENCE_S", "SessionFacts", "replaces"]

RACE_WINDOW_S = 3.0
"""Sessions that came up within this time of each other may have been dialled at the same time."""

SILENCE_S = 12.5
"""A living peer announces its topics every 5 s; two announcements missed and half of a third."""


@dataclass(frozen=True, slots=True)
class SessionFacts:
    """What the choice depends on."""

    is_dialled_by_us: bool
    began_at: float
    last_received_at: float


def replaces(new: SessionFacts, old: SessionFacts, *, us: NodeId, peer: NodeId) -> bool:
    """Whether the new session, which begins now, takes the place of the old one."""
    now = new.began_at
    if now - old.last_received_at > SILENCE_S:
        return True
    is_race = new.is_dialled_by_us != old.is_dialled_by_us and now - old.began_at <= RACE_WINDOW_S
    return is_race and new.is_dialled_by_us == (us > peer)
