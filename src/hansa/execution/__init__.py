"""Contracts in Python: the chain's own governance, and those that users bring.

A contract is a class with an address and methods with Solidity signatures. It runs inside blocks, called like
any other contract from transactions, from Solidity and from read-only calls; what it may use is the same on
every node. This page is the whole of what a user's contract imports; docs/guides/contracts-in-python.md shows
how.

Left to others: when a contract is called and what becomes of its answer (the kernel), and where its name
comes from (config.ini, read by the node).
"""

from hansa.execution.accounts import Account
from hansa.execution.context import Context
from hansa.execution.contract import Contract, method
from hansa.execution.errors import ContractError, Failure, NotAuthorized, fail
from hansa.execution.loading import InstalledContract, load_contract, load_contracts
from hansa.execution.tables import Row, Table
from hansa.primitives import Address

__all__ = [
    "Account",
    "Address",
    "Context",
    "Contract",
    "ContractError",
    "Failure",
    "InstalledContract",
    "NotAuthorized",
    "Row",
    "Table",
    "fail",
    "load_contract",
    "load_contracts",
    "method",
]
