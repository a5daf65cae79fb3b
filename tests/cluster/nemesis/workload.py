"""Amounts moved between named accounts of one contract, and what the chain must make of that.

The order of the transactions on the chain decides which transfers succeed, so the chain's own order replayed
here gives every status and every balance: a transaction executed twice, or on another state, shows.
"""

from __future__ import annotations

import random
from dataclasses import dataclass, field

from hansa.sdk import Contract

__all__ = ["OPENING_BALANCE", "Balances", "Transfer", "Workload"]

ACCOUNT_COUNT = 12
OPENING_BALANCE = 500
AMOUNT_MAX = 300
"""Large enough that some transfers must be refused by the contract."""


@dataclass(frozen=True, slots=True)
class Transfer:
    """One operation."""

    source: str
    target: str
    amount: int

    def call_data(self, contract: Contract) -> bytes:
        """As the contract takes it."""
        return contract.call_data("transfer", self.source, self.target, self.amount)


class Workload:
    """An endless stream of operations; the same seed gives the same ones."""

    def __init__(self, seed: int) -> None:
        self._chance = random.Random(seed)
        self.accounts = tuple(f"account{number}" for number in range(ACCOUNT_COUNT))

    def next(self) -> Transfer:
        """The next operation."""
        source, target = self._chance.sample(self.accounts, 2)
        return Transfer(source, target, self._chance.randint(1, AMOUNT_MAX))


@dataclass(slots=True)
class Balances:
    """The contract as it should be."""

    amounts: dict[str, int] = field(default_factory=dict)

    def execute(self, transfer: Transfer) -> bool:
        """Whether it succeeds; if so, it is done."""
        if self.amounts[transfer.source] < transfer.amount:
            return False
        self.amounts[transfer.source] -= transfer.amount
        self.amounts[transfer.target] += transfer.amount
        return True
