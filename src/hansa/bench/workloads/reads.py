"""Questions without transactions: the method `call` (client protocol §3), answered by one node alone."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from hansa.bench.workload import Action, Reading, WorkloadOptions
from hansa.primitives import Address
from hansa.sdk import Contract, load_artifact

__all__ = ["BalanceReads"]

_BALANCE = 1_000


@dataclass(frozen=True, slots=True)
class BalanceReads:
    """The balance of one account after the other, in a ledger where nothing moves."""

    contract: Contract
    options: WorkloadOptions

    @property
    def name(self) -> str:
        return "call"

    @staticmethod
    def create(options: WorkloadOptions) -> BalanceReads:
        """The workload with these options."""
        return BalanceReads(load_artifact("Transfer"), options)

    @property
    def contracts(self) -> Sequence[Contract]:
        return (self.contract,)

    def preparation(self, addresses: Sequence[Address]) -> list[list[Action]]:
        accounts = range(self.options.accounts)
        data = [self.contract.call_data("open", _account(index), _BALANCE + index) for index in accounts]
        return [[Action(addresses[0], item) for item in data]]

    def action(self, addresses: Sequence[Address], number: int) -> Action:
        account = _account(number % self.options.accounts)
        return Action(addresses[0], self.contract.call_data("balanceOf", account), is_read=True)

    def readings(self, addresses: Sequence[Address], executed: Iterable[int]) -> list[Reading]:
        return [
            Reading(addresses[0], self.contract, "balanceOf", (_account(index),), (_BALANCE + index,))
            for index in range(self.options.accounts)
        ]


def _account(index: int) -> str:
    return f"account{index}"
