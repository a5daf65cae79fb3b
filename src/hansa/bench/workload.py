"""What is poured: the contract, what prepares it, and the stream of calls.

A workload is deterministic: the same number gives the same call, so that two chains can be given the same
work.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from hansa.sdk import Contract

__all__ = ["SerialTransfer"]

_BALANCE = 1_000_000_000


@dataclass(frozen=True, slots=True)
class SerialTransfer:
    """Amounts moved between named accounts of one Solidity contract, one transaction after the other."""

    contract: Contract
    accounts: int

    name = "serial transfer"

    def preparation(self) -> Iterator[bytes]:
        """Call data that opens the accounts."""
        for index in range(self.accounts):
            yield self.contract.call_data("open", f"account{index}", _BALANCE)

    def call_data(self, number: int) -> bytes:
        """The call data of transaction `number`."""
        source = number % self.accounts
        target = (source + 1 + number // self.accounts % (self.accounts - 1)) % self.accounts
        return self.contract.call_data("transfer", f"account{source}", f"account{target}", 1)
