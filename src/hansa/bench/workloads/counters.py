"""Counters in a key-value table through Solidity: get and set (execution §2.4)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from hansa.bench.workload import Action, Reading, WorkloadOptions
from hansa.bench.workloads.rows import table_name
from hansa.primitives import Address
from hansa.sdk import Contract, load_artifact

__all__ = ["KeyValueCounters"]


@dataclass(frozen=True, slots=True)
class KeyValueCounters:
    """Request n raises counter n modulo the number of keys."""

    contract: Contract
    options: WorkloadOptions

    @property
    def name(self) -> str:
        return "kv"

    @staticmethod
    def create(options: WorkloadOptions) -> KeyValueCounters:
        """The workload with these options."""
        return KeyValueCounters(load_artifact("KeyValues"), options)

    @property
    def contracts(self) -> Sequence[Contract]:
        return (self.contract,)

    def preparation(self, addresses: Sequence[Address]) -> list[list[Action]]:
        to = addresses[0]
        return [[Action(to, self.contract.call_data("create", table_name(to)))]]

    def action(self, addresses: Sequence[Address], number: int) -> Action:
        key = _key(number % self.options.accounts)
        return Action(addresses[0], self.contract.call_data("add", key, 1))

    def readings(self, addresses: Sequence[Address], executed: Iterable[int]) -> list[Reading]:
        counts = Counter(number % self.options.accounts for number in executed)
        return [
            Reading(addresses[0], self.contract, "amountOf", (_key(index),), (counts[index],))
            for index in range(self.options.accounts)
        ]


def _key(index: int) -> str:
    return f"key{index}"
