"""What the chain's own contracts have beyond those of users (execution §2).

They decode leniently, answer unknown selectors each in its own way, cost what the sheet says and nothing for
steps, and may write any table in the chain's name. Their code is this package's and bounded by what it reads.

A write in the origin's name answers how many rows it wrote, or −50000: methods return that as their code.
"""

from __future__ import annotations

from typing import ClassVar

from hansa.execution import abi
from hansa.execution.accounts import Account, account_table
from hansa.execution.contract import Answer, encode_results, methods_of, settled
from hansa.execution.tables import NO_AUTHORITY, Condition, Fields, Row, encode_value, encoded_conditions
from hansa.execution.text import from_bytes, prefixed_hex, to_bytes
from hansa.kernel import ContractCall, ContractTable, Suite
from hansa.primitives import Address

__all__ = [
    "ACCESS_TABLE",
    "CNS_TABLE",
    "CONFIG_TABLE",
    "CONSENSUS_TABLE",
    "NO_AUTHORITY",
    "TABLES_TABLE",
    "ManagedAccount",
    "SystemCall",
    "SystemContract",
    "SystemTable",
    "int256_code",
    "system_answering",
]

ACCESS_TABLE = "_sys_table_access_"
TABLES_TABLE = "_sys_tables_"
CONSENSUS_TABLE = "_sys_consensus_"
CNS_TABLE = "_sys_cns_"
CONFIG_TABLE = "_sys_config_"


def _account_rows(suite: Suite) -> tuple[tuple[str, bytes], ...]:
    """What a new account has (data model §8.2)."""
    return (
        ("balance", b"0"),
        ("codeHash", suite.hash(b"")),
        ("code", b""),
        ("nonce", b"0"),
        ("alive", b"true"),
    )


class SystemContract:
    """The base of the chain's contracts."""

    address: ClassVar[int]
    unknown: ClassVar[bytes] = b""
    """The answer to a selector that is none of its methods."""
    counts_call_data: ClassVar[bool] = False
    """Is the call data memory, or the result only (execution §2.0)?"""


def int256_code(code: int) -> bytes:
    """A result code as one word: what some contracts answer to unknown selectors."""
    return code.to_bytes(32, signed=True)


class SystemTable:
    """A table without checks and charges."""

    def __init__(self, call: ContractCall, table: ContractTable) -> None:
        self._call = call
        self._table = table

    def select(self, key: str, *conditions: Condition) -> list[Row]:
        """The rows of a key that meet all conditions, in the order every node sees."""
        rows = self._call.select(self._table, to_bytes(key), encoded_conditions(conditions), None)
        return [Row(row) for row in rows]

    def first(self, key: str, *conditions: Condition) -> Row | None:
        """The first of those."""
        rows = self.select(key, *conditions)
        return rows[0] if rows else None

    def committed(self, key: str, field: str) -> bytes:
        """A field of the first row as it was before this block; empty if there was none."""
        return self._call.committed(self._table, to_bytes(key), field) or b""

    def insert(self, key: str, row: Fields, *, as_origin: bool = False) -> int:
        """Add a row."""
        return self._call.insert(self._table, to_bytes(key), _encoded(row), as_origin=as_origin)

    def update(self, key: str, row: Fields, *conditions: Condition, as_origin: bool = False) -> int:
        """Set fields of the rows that meet the conditions."""
        return self._call.update(
            self._table, to_bytes(key), _encoded(row), encoded_conditions(conditions), as_origin=as_origin
        )

    def remove(self, key: str, *conditions: Condition, as_origin: bool = False) -> int:
        """Remove the rows that meet the conditions."""
        return self._call.remove(
            self._table, to_bytes(key), encoded_conditions(conditions), as_origin=as_origin
        )

    def put(self, key: str, row: Fields, *conditions: Condition, as_origin: bool = False) -> int:
        """Change the rows that meet the conditions, or add one if there are none."""
        if self.select(key, *conditions):
            return self.update(key, row, *conditions, as_origin=as_origin)
        return self.insert(key, row, as_origin=as_origin)


def _encoded(row: Fields) -> list[tuple[str, bytes]]:
    return [(field, encode_value(value)) for field, value in row.items()]


class ManagedAccount(Account):
    """An account whose rows the chain's contracts change."""

    def __init__(self, address: Address, table: SystemTable) -> None:
        super().__init__(address, table)
        self._table = table

    def set_frozen(self, frozen: bool) -> None:
        """Stop it, or let it go on: counts for the next call. The row stays from the first time on."""
        self._table.put("frozen", {"value": "true" if frozen else "false"})

    def add_manager(self, manager: Address) -> None:
        """List a manager, last."""
        self._table.insert("authority", {"value": manager.hex()})

    def remove_manager(self, manager: Address) -> None:
        """Strike a manager off."""
        self._table.remove("authority", ("value", "==", manager.hex()))

    @property
    def remaining_gas(self) -> int:
        """Prepaid gas (execution §1.15)."""
        row = self._table.first("remain_gas")
        return 0 if row is None else row.integer("value")

    def set_remaining_gas(self, gas: int) -> None:
        """Set prepaid gas."""
        self._table.put("remain_gas", {"value": gas})


class SystemCall:
    """One call of a contract of the chain."""

    def __init__(self, call: ContractCall) -> None:
        self._call = call
        self.origin = Address(call.origin)
        """Who signed the transaction: all rights are the origin's."""
        self.origin_text = prefixed_hex(call.origin)
        """The same, as permission rows write it."""
        self.suite = call.suite
        """What the chain hashes and signs with."""
        self.block_number = call.number
        """The block that runs: what is written is in force from the next one on."""

    @property
    def parent_number(self) -> int:
        """The committed head."""
        return self.block_number - 1

    def parent_hash(self) -> bytes:
        """Its hash."""
        return self._call.block_hash(self.parent_number)

    def table(self, name: str) -> SystemTable:
        """A table every chain has."""
        table = self.find_table(name)
        if table is None:
            raise LookupError(f"there is no table {name}")
        return table

    def find_table(self, name: str) -> SystemTable | None:
        """The table of that full name, if there is one."""
        table = self._call.open(name)
        return None if table is None else SystemTable(self._call, table)

    def create_table(self, name: str, key_field: str, fields: str) -> SystemTable:
        """Make a table in the chain's name; fields are joined by commas."""
        self._call.create(name, key_field, fields, as_origin=False)
        return self.table(name)

    def account(self, address: Address) -> ManagedAccount | None:
        """A contract, or an account that has deployed one; None for all others."""
        table = self.find_table(account_table(address))
        return None if table is None else ManagedAccount(address, table)

    def create_account(self, address: Address) -> ManagedAccount:
        """Give an account a table."""
        table = self.create_table(account_table(address), "key", "value")
        for key, value in _account_rows(self.suite):
            table.insert(key, {"value": from_bytes(value)})
        return ManagedAccount(address, table)

    def charge(self, operation: str, times: int = 1) -> None:
        """Add the price of an operation (execution §2.0)."""
        self._call.charge(operation, times)

    def raise_memory(self, size: int) -> None:
        """At least so many bytes count as memory."""
        self._call.raise_memory(size)


def system_answering(contract: type[SystemContract]) -> Answer:
    """What the kernel calls for a contract of the chain."""
    methods = methods_of(contract)
    instance = contract()

    def run(call: ContractCall, data: bytes) -> bytes:
        if contract.counts_call_data:
            call.raise_memory(len(data))
        found = methods[call.suite].get(data[:4])
        if found is None:
            return contract.unknown
        described, function = found
        arguments = abi.decode_leniently(described.parameters, data[4:])
        return encode_results(described, function(instance, SystemCall(call), *arguments))

    def answer(call: ContractCall, data: bytes) -> tuple[bool, bytes]:
        return settled(contract.__name__, run, call, data)

    return answer
