"""What is put into a chain: the governance contracts, then those of users.

The kernel takes (address, height from which on it is there, what answers it).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

from hansa.execution.contracts import GOVERNANCE_CONTRACTS
from hansa.execution.loading import InstalledContract
from hansa.execution.system import system_answering
from hansa.kernel import ContractCall

__all__ = ["Installation", "installations"]

Installation = tuple[bytes, int, Callable[[ContractCall, bytes], tuple[bool, bytes]]]


def installations(contracts: Iterable[InstalledContract] = ()) -> list[Installation]:
    """All that a chain has in Python, ready for the kernel's `Executor`."""
    return [*_governance(), *((c.address, c.first_block, c.answer) for c in contracts)]


def _governance() -> Iterator[Installation]:
    for contract in GOVERNANCE_CONTRACTS:
        yield contract.address.to_bytes(20), 0, system_answering(contract)
