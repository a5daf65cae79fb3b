"""Rows of a table through Solidity: insert, select and update, insert and remove (execution §2.2 to §2.5).

Every owner has one row from the start. In turns a request raises its amount (two of four), gives the owner a
further row, or makes a row that it removes again.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from hansa.bench.workload import Action, Reading, WorkloadOptions
from hansa.primitives import Address
from hansa.sdk import Contract, load_artifact

__all__ = ["TableRows", "table_name"]

_FIRST = "first"
_FURTHER_AMOUNT = 5


@dataclass(frozen=True, slots=True)
class TableRows:
    """The stream over one table of the contract `TableRows`."""

    contract: Contract
    options: WorkloadOptions

    @property
    def name(self) -> str:
        return "table"

    @staticmethod
    def create(options: WorkloadOptions) -> TableRows:
        """The workload with these options."""
        return TableRows(load_artifact("TableRows"), options)

    @property
    def contracts(self) -> Sequence[Contract]:
        return (self.contract,)

    def preparation(self, addresses: Sequence[Address]) -> list[list[Action]]:
        to = addresses[0]
        owners = range(self.options.accounts)
        return [
            [Action(to, self.contract.call_data("create", table_name(to)))],
            [Action(to, self.contract.call_data("insert", _owner(index), _FIRST, 0)) for index in owners],
        ]

    def action(self, addresses: Sequence[Address], number: int) -> Action:
        owner = _owner(self._owner_index(number))
        match number % 4:
            case 0:
                data = self.contract.call_data("insert", owner, f"further{number}", _FURTHER_AMOUNT)
            case 2:
                data = self.contract.call_data("pass", owner, f"passing{number}", 1)
            case _:
                data = self.contract.call_data("add", owner, _FIRST, 1)
        return Action(addresses[0], data)

    def readings(self, addresses: Sequence[Address], executed: Iterable[int]) -> list[Reading]:
        counts = [1] * self.options.accounts
        amounts = [0] * self.options.accounts
        for number in executed:
            owner = self._owner_index(number)
            match number % 4:
                case 0:
                    counts[owner] += 1
                    amounts[owner] += _FURTHER_AMOUNT
                case 2:
                    pass
                case _:
                    amounts[owner] += 1
        return [
            Reading(addresses[0], self.contract, "total", (_owner(index),), (counts[index], amounts[index]))
            for index in range(self.options.accounts)
        ]

    def _owner_index(self, number: int) -> int:
        return number // 4 % self.options.accounts


def table_name(contract: Address) -> str:
    """A name that no other contract's table has, within the 48 characters of a table name."""
    return f"bench{contract.hex()}"


def _owner(index: int) -> str:
    return f"owner{index}"
