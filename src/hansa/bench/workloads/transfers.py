"""Amounts moved between named accounts: three ledgers, one stream.

Accounts come in pairs. Transfer n moves one unit within pair n modulo the number of pairs, forth and back in
turns, so that neighbours in the stream share no account; a chosen share goes to account 0 instead.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from hansa.bench.workload import Action, Reading, Workload, WorkloadOptions
from hansa.primitives import Address
from hansa.sdk import Contract, load_artifact

__all__ = ["OPENING_BALANCE", "Transfers", "dag_transfers", "parallel_transfers", "serial_transfers"]

OPENING_BALANCE = 1_000_000_000
DAG_TRANSFER = Address((0x5002).to_bytes(20, "big"))
"""Execution §2.15."""

_GOLDEN = 0x9E3779B97F4A7C15
_WORD = 1 << 64


@dataclass(frozen=True, slots=True)
class Transfers:
    """The stream, on a ledger described by its contract and the names of three methods."""

    name: str
    ledger: Contract
    fixed_address: Address | None
    """Where the ledger is, if every chain has it; else it is deployed."""
    setup: str | None
    """A method without arguments to be called first."""
    open: str
    transfer: str
    balance: str
    balance_prefix: tuple[int, ...]
    """What `balance` returns before the balance itself."""
    options: WorkloadOptions

    @property
    def contracts(self) -> Sequence[Contract]:
        return () if self.fixed_address is not None else (self.ledger,)

    def preparation(self, addresses: Sequence[Address]) -> list[list[Action]]:
        to = self._ledger_address(addresses)
        setups = [] if self.setup is None else [[Action(to, self.ledger.call_data(self.setup))]]
        opened = range(self.options.accounts)
        return [
            *setups,
            [Action(to, self.ledger.call_data(self.open, self._account(i), OPENING_BALANCE)) for i in opened],
        ]

    def action(self, addresses: Sequence[Address], number: int) -> Action:
        source, target = self.parties(number)
        data = self.ledger.call_data(self.transfer, self._account(source), self._account(target), 1)
        return Action(self._ledger_address(addresses), data)

    def readings(self, addresses: Sequence[Address], executed: Iterable[int]) -> list[Reading]:
        balances = [OPENING_BALANCE] * self.options.accounts
        for number in executed:
            source, target = self.parties(number)
            balances[source] -= 1
            balances[target] += 1
        to = self._ledger_address(addresses)
        return [
            Reading(to, self.ledger, self.balance, (self._account(index),), (*self.balance_prefix, balance))
            for index, balance in enumerate(balances)
        ]

    def parties(self, number: int) -> tuple[int, int]:
        """Who pays whom in transfer `number`: two different account indices."""
        turn, pair = divmod(number, self.options.accounts // 2)
        source, target = 2 * pair, 2 * pair + 1
        if turn % 2:
            source, target = target, source
        # Multiples of the golden ratio are spread evenly over a word, whatever run of numbers is taken.
        is_conflict = number * _GOLDEN % _WORD < self.options.conflicts * _WORD
        return source, 0 if is_conflict and source != 0 else target

    def _account(self, index: int) -> str:
        return f"{self.options.seed}account{index}"

    def _ledger_address(self, addresses: Sequence[Address]) -> Address:
        return addresses[0] if self.fixed_address is None else self.fixed_address


def serial_transfers(options: WorkloadOptions) -> Workload:
    """A Solidity ledger that says nothing about parallel execution: one transaction after the other."""
    return Transfers(
        name="serial",
        ledger=load_artifact("Transfer"),
        fixed_address=None,
        setup=None,
        open="open",
        transfer="transfer",
        balance="balanceOf",
        balance_prefix=(),
        options=options,
    )


def parallel_transfers(options: WorkloadOptions) -> Workload:
    """The same ledger, its functions registered for parallel execution (execution §6)."""
    return Transfers(
        name="parallel",
        ledger=load_artifact("ParallelTransfer"),
        fixed_address=None,
        setup="enableParallel",
        open="open",
        transfer="transfer",
        balance="balanceOf",
        balance_prefix=(),
        options=options,
    )


def dag_transfers(options: WorkloadOptions) -> Workload:
    """The chain's built-in ledger for benchmarks, parallel by nature."""
    return Transfers(
        name="dag",
        ledger=load_artifact("DagTransfer"),
        fixed_address=DAG_TRANSFER,
        setup=None,
        open="userAdd",
        transfer="userTransfer",
        balance="userBalance",
        balance_prefix=(0,),
        options=options,
    )
