"""The committee's votes (execution §4.3): one table, `_sys_committee_votes_`, made when it is first needed.

    auth_threshold                 how much of all weight a vote must exceed, as `%f`
    <member>_weight                a member's weight
    <member>                       votes on membership: "grant" or "revoke"
    <member>_update_weight         votes on the weight
    update_auth_threshold          votes on the threshold

A member has one vote per key: a second one replaces it. A vote counts for 10000 blocks. Votes of equal value
pass together when the weight behind them is more than the threshold's part of all weight; then they are used
up.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum, auto

from hansa.execution.contracts import rights
from hansa.execution.system import ACCESS_TABLE, SystemCall, SystemTable
from hansa.execution.tables import Condition, Fields, Row

__all__ = ["THRESHOLD_VOTE", "Ballot", "Vote", "Votes", "weight_vote"]

_TABLE = "_sys_committee_votes_"
_THRESHOLD = "auth_threshold"
_THRESHOLD_DEFAULT = "0.500000"
THRESHOLD_VOTE = "update_auth_threshold"

LIFETIME_BLOCKS = 10_000


def weight_vote(member: str) -> str:
    """The key of the votes on a member's weight."""
    return f"{member}_update_weight"


class Ballot(Enum):
    """How a ballot stands."""

    PASSED = auto()
    PENDING = auto()
    DENIED = auto()
    """The origin is not a member."""


@dataclass(frozen=True, slots=True)
class Vote:
    """A vote somebody cast."""

    value: str
    voter: str
    block_limit: str

    @staticmethod
    def of_row(row: Row) -> Vote:
        """As the table has it."""
        return Vote(row.get("value", ""), row.get("origin", ""), row.get("block_limit", ""))


class Votes:
    """The table, and the counting."""

    def __init__(self, call: SystemCall) -> None:
        self._call = call
        self._table = call.find_table(_TABLE) or self._create()

    def _create(self) -> SystemTable:
        table = self._call.create_table(_TABLE, "key", "value,origin,block_limit")
        table.insert(_THRESHOLD, {"value": _THRESHOLD_DEFAULT})
        return table

    @property
    def threshold_text(self) -> str:
        """The part of all weight that a vote must exceed, as stored."""
        row = self._table.first(_THRESHOLD)
        return "" if row is None else row.get("value", "")

    @property
    def threshold(self) -> float:
        """The same: a double, as on every node. Sums, quotients and comparisons of doubles are exactly
        defined.
        """
        return float(self.threshold_text)

    def set_threshold(self, text: str) -> None:
        """Set it, as `%f` text."""
        self._put(_THRESHOLD, text)

    def weight(self, member: str) -> int:
        """A member's weight; 0 if it has none that fits into 64 bits."""
        row = self._table.first(f"{member}_weight")
        weight = 0 if row is None else row.integer("value")
        return weight if -(1 << 63) <= weight < 1 << 63 else 0

    def set_weight(self, member: str, weight: int) -> None:
        """Set it."""
        self._put(f"{member}_weight", str(weight))

    def remove_weight(self, member: str) -> None:
        """Forget it."""
        self._table.remove(f"{member}_weight")

    def _put(self, key: str, value: str) -> None:
        self._table.put(key, {"value": value, "origin": self._call.origin_text})

    def pending(self, key: str) -> list[Vote]:
        """The votes on a key, whatever their value."""
        return [Vote.of_row(row) for row in self._table.select(key)]

    def cast(self, key: str, value: str) -> Ballot:
        """Cast the origin's vote, and count."""
        if not rights.is_member(self._call, self._call.origin_text):
            return Ballot.DENIED
        self._keep(key, value)
        in_favour = 0.0
        for vote in self.pending(key):
            if vote.value == value:
                in_favour += float(self.weight(vote.voter))
        of_all = 0.0
        for member in rights.listed(self._call, ACCESS_TABLE):
            of_all += float(self.weight(member.get("address", "")))
        if not is_more(in_favour, of_all, self.threshold):
            return Ballot.PENDING
        self._table.remove(key, ("value", "==", value))
        return Ballot.PASSED

    def _keep(self, key: str, value: str) -> None:
        """The vote goes into the table, expired ones go out of it."""
        parent, voter = self._call.parent_number, self._call.origin_text
        expired: Condition = ("block_limit", "<=", parent)
        if self._table.select(key, expired):
            self._table.remove(key, expired)
        row: Fields = {"value": value, "origin": voter, "block_limit": parent + LIFETIME_BLOCKS}
        self._table.put(key, row, ("origin", "==", voter))


def is_more(in_favour: float, of_all: float, threshold: float) -> bool:
    """Is it more than the threshold's part? Of no weight at all nothing is, unless something is in favour."""
    if of_all == 0:
        return in_favour > 0
    return in_favour / of_all > threshold
