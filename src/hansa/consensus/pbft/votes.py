"""Counting votes (node §4.1): how many are needed, and who has said what.

A sealer is counted once, with the first thing it says. The machine bounds what is kept: it offers only votes
of the few heights and views it may still need.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field

from hansa.consensus.pbft.messages import Commit, Sign, ViewChange
from hansa.ledger.membership import quorum
from hansa.primitives import Hash32, Height, View

__all__ = ["CommitVotes", "SignVotes", "ViewChangeVotes", "faulty_max", "quorum"]


def faulty_max(sealer_count: int) -> int:
    """How many sealers may fail or lie: ⌊(n − 1) / 3⌋."""
    return (sealer_count - 1) // 3


@dataclass(slots=True)
class SignVotes:
    """Signs by height and view: they count only in the view they were cast in."""

    _votes: dict[tuple[Height, View], dict[int, Sign]] = field(default_factory=dict)

    def add(self, sign: Sign) -> None:
        """Remember a vote; a second one of the same sealer in the same view is ignored."""
        self._votes.setdefault((sign.height, sign.view), {}).setdefault(sign.index, sign)

    def matching(self, height: Height, view: View, block_hash: Hash32) -> list[Sign]:
        """The votes for this block, by ascending index."""
        votes = self._votes.get((height, view), {})
        return [votes[index] for index in sorted(votes) if votes[index].block_hash == block_hash]

    def forget_before(self, height: Height, view: View) -> None:
        """Drop what belongs to an earlier height, or to an earlier view of this one."""
        self._votes = {place: votes for place, votes in self._votes.items() if place >= (height, view)}

    def clear(self) -> None:
        """Drop all."""
        self._votes.clear()


@dataclass(slots=True)
class CommitVotes:
    """Commits by height. Whoever commits stays with that block at this height, so views do not matter."""

    _votes: dict[Height, dict[int, Commit]] = field(default_factory=dict)

    def add(self, commit: Commit) -> None:
        """Remember a vote; a second one of the same sealer at the same height is ignored."""
        self._votes.setdefault(commit.height, {}).setdefault(commit.index, commit)

    def matching(self, height: Height, block_hash: Hash32) -> list[Commit]:
        """The votes for this block, by ascending index."""
        votes = self._votes.get(height, {})
        return [votes[index] for index in sorted(votes) if votes[index].block_hash == block_hash]

    def forget_before(self, height: Height) -> None:
        """Drop what belongs to an earlier height."""
        self._votes = {place: votes for place, votes in self._votes.items() if place >= height}

    def clear(self) -> None:
        """Drop all."""
        self._votes.clear()


@dataclass(slots=True)
class ViewChangeVotes:
    """The newest view each sealer asks for."""

    _votes: dict[int, ViewChange] = field(default_factory=dict)

    def add(self, vote: ViewChange) -> None:
        """Remember a vote unless the same sealer has said something newer."""
        known = self._votes.get(vote.index)
        if known is None or (vote.height, vote.view) > (known.height, known.view):
            self._votes[vote.index] = vote

    def asking_for(self, view: View) -> Collection[ViewChange]:
        """The votes for exactly this view."""
        return [vote for vote in self._votes.values() if vote.view == view]

    def beyond(self, view: View) -> Collection[ViewChange]:
        """The votes for higher views."""
        return [vote for vote in self._votes.values() if vote.view > view]

    def forget(self, index: int) -> None:
        """A sealer disconnected: it has to say again what it wants."""
        self._votes.pop(index, None)

    def forget_before(self, height: Height) -> None:
        """Drop the votes of sealers that had not committed this height."""
        self._votes = {index: vote for index, vote in self._votes.items() if vote.height >= height}

    def clear(self) -> None:
        """Drop all."""
        self._votes.clear()
