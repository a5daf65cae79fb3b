"""What an account's table tells of it (execution §1.9, data model §8.2).

Contracts have a table, and accounts that have deployed. Its name is `c_` and the address; its rows have one
field.
"""

from __future__ import annotations

from typing import Protocol

from hansa.execution.tables import Condition, Row
from hansa.kernel import Suite
from hansa.primitives import Address

__all__ = ["Account", "Rows", "account_table"]

_EMPTY_HASHES = (Suite.STANDARD.hash(b""), Suite.SM.hash(b""))
"""Of no code, on chains of either suite: no code there is has one of them."""


class Rows(Protocol):
    """A table that can be read."""

    def select(self, key: str, *conditions: Condition) -> list[Row]:
        """The rows of a key."""
        ...


def account_table(address: bytes) -> str:
    """The name of an account's table."""
    return f"c_{address.hex()}"


class Account:
    """A contract, or an account that has deployed one."""

    def __init__(self, address: Address, rows: Rows) -> None:
        self.address = address
        self._rows = rows

    @property
    def is_contract(self) -> bool:
        """Has it code? A contract that destroyed itself has none."""
        rows = self._rows.select("codeHash")
        return bool(rows) and rows[0].raw.get("value", _EMPTY_HASHES[0]) not in _EMPTY_HASHES

    @property
    def is_frozen(self) -> bool:
        """Is it stopped by its managers, or by the committee (execution §4.3, §4.4)?"""
        rows = self._rows.select("frozen")
        return bool(rows) and rows[0].get("value") == "true"

    @property
    def managers(self) -> list[Address]:
        """Who may freeze the contract and grant rights on it, in row order (execution §4.4)."""
        rows = self._rows.select("authority")
        return [Address(bytes.fromhex(row["value"])) for row in rows]
