"""What a contract works with: who calls, where the chain stands, tables, accounts, log entries.

There is no clock, chance, file or network here: all a contract can know is the same on every node. Every
operation costs what it costs a system contract (execution §2.0); steps are counted beside that (`metering`).
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from hansa.execution import abi
from hansa.execution.accounts import Account, account_table
from hansa.execution.errors import Failure
from hansa.execution.metering import OPERATION_STEPS, require_gas, spend, step
from hansa.execution.tables import Table
from hansa.execution.text import prefixed_hex
from hansa.kernel import ContractCall, Suite
from hansa.primitives import Address, Hash32, Height

__all__ = ["Context"]

_TABLE_NAME_LENGTH_MAX = 50
_NAME = re.compile(r"[A-Za-z0-9$@][A-Za-z0-9$_@]{0,63}")
_INDEXED = " indexed"
_TOPICS_MAX = 4
_LOG_GAS = 375
_LOG_BYTE_GAS = 8
"""What a log entry costs in the EVM; each topic costs as much as the entry."""


class Context:
    """One call of a contract."""

    def __init__(self, call: ContractCall) -> None:
        self._call = call

    # --- who, where, when -----------------------------------------------------------------------------------

    @property
    def origin(self) -> Address:
        """Who signed the transaction. The rights on tables are the origin's, whoever calls."""
        return Address(self._call.origin)

    @property
    def sender(self) -> Address:
        """The direct caller: the origin, or a contract."""
        return Address(self._call.sender)

    @property
    def address(self) -> Address:
        """This contract."""
        return Address(self._call.address)

    @property
    def block_number(self) -> Height:
        """The block that runs. In a read-only call the one that would come next."""
        return Height(self._call.number)

    @property
    def block_timestamp_ms(self) -> int:
        """Its time, as its leader said. In a read-only call that of the committed head."""
        return self._call.timestamp

    @property
    def is_static(self) -> bool:
        """Was it called as a `view`? The chain does not keep system contracts from writing then (execution
        §2.0).
        """
        return self._call.is_static

    def block_hash(self, number: int) -> Hash32:
        """The hash of a committed block; zeros if there is none of that number."""
        return Hash32(self._call.block_hash(number))

    # --- tables ---------------------------------------------------------------------------------------------

    def own_table(self, name: str, *, key_field: str, fields: Sequence[str]) -> Table:
        """A table of this contract, made when it is first asked for.

        Nobody else can write it: neither CRUD nor Solidity reach names of this form, `p_<address>_<name>`.
        """
        full_name = f"p_{int.from_bytes(self._call.address):04x}_{name}"
        return self._open_or_create(full_name, key_field, fields, is_own=True)

    def user_table(self, name: str) -> Table | None:
        """A table that users share, as Solidity and CRUD know it; None if there is none.

        It is written on behalf of the origin: `NotAuthorized` if that may not (execution §4.1).
        """
        spend(self._call, "open_table")
        return self._open(f"u_{name}", is_own=False)

    def create_user_table(self, name: str, *, key_field: str, fields: Sequence[str]) -> Table:
        """The same, made on behalf of the origin if there is none."""
        return self._open_or_create(f"u_{name}", key_field, fields, is_own=False)

    def _open(self, full_name: str, *, is_own: bool) -> Table | None:
        table = self._call.open(full_name)
        return None if table is None else Table(self._call, table, is_own=is_own)

    def _open_or_create(
        self, full_name: str, key_field: str, fields: Sequence[str], *, is_own: bool
    ) -> Table:
        spend(self._call, "open_table")
        table = self._open(full_name, is_own=is_own)
        if table is not None:
            return table
        _check_names(full_name, key_field, fields)
        spend(self._call, "create_table")
        if self._call.create(full_name, key_field, ",".join(fields), as_origin=not is_own) < 0:
            raise Failure(f"Permission denied. {self.origin.hex()} can't create table {full_name}")
        table = self._open(full_name, is_own=is_own)
        if table is None:
            raise Failure(f"{full_name} does not exist")
        return table

    # --- accounts -------------------------------------------------------------------------------------------

    def account(self, address: bytes) -> Account | None:
        """A contract, or an account that has deployed one; None for all others."""
        spend(self._call, "open_table")
        table = self._open(account_table(address), is_own=True)
        return None if table is None else Account(Address(address), table)

    def is_committee_member(self, address: bytes) -> bool:
        """Does it govern the chain (execution §4.3)?"""
        return self.holds_right("_sys_table_access_", address)

    def holds_right(self, table: str, address: bytes) -> bool:
        """Is it listed for a table, by the full name (execution §4.1)? Who is listed since this block counts
        too.
        """
        spend(self._call, "open_table")
        access = self._open("_sys_table_access_", is_own=True)
        return (
            access is not None and access.first(table, ("address", "==", prefixed_hex(address))) is not None
        )

    # --- log entries ----------------------------------------------------------------------------------------

    def emit(self, event: str, *values: object) -> None:
        """Add a log entry: `emit("Transfer(address indexed,address indexed,uint256)", source, target,
        amount)`.

        Clients read it like one of Solidity. It goes if the call, or the transaction, fails.

        Raises:
            ValueError, TypeError: the event is not one, or a value is not of its type.
        """
        name, _, parameters = event.partition("(")
        texts = parameters.removesuffix(")").split(",") if parameters != ")" else []
        plain = [text.removesuffix(_INDEXED) for text in texts]
        signature = f"{name}({','.join(plain)})"
        _, kinds = abi.parse_signature(signature)
        if len(kinds) != len(values):
            raise TypeError(f"{signature} has {len(kinds)} values, not {len(values)}")
        is_indexed = [text.endswith(_INDEXED) for text in texts]
        parts = list(zip(kinds, values, is_indexed, strict=True))
        suite = self._call.suite
        topics = [suite.hash(signature.encode())]
        topics += [_topic(kind, value, suite) for kind, value, indexed in parts if indexed]
        if len(topics) > _TOPICS_MAX:
            raise ValueError(f"{signature} has more than three indexed values")
        rest = [(kind, value) for kind, value, indexed in parts if not indexed]
        data = abi.encode([kind for kind, _ in rest], [value for _, value in rest])
        step(OPERATION_STEPS)
        require_gas(
            self._call, self._call.charge_gas(_LOG_GAS * (1 + len(topics)) + _LOG_BYTE_GAS * len(data))
        )
        self._call.log(topics, data)


def _topic(kind: abi.Kind, value: object, suite: Suite) -> bytes:
    """A value in 32 bytes; of longer ones the hash."""
    encoded = abi.encode((kind,), (value,))
    if not kind.is_dynamic:
        return encoded
    if kind.name == "array":
        return suite.hash(encoded[64:])
    length = int.from_bytes(encoded[32:64])
    return suite.hash(encoded[64 : 64 + length])


def _check_names(full_name: str, key_field: str, fields: Sequence[str]) -> None:
    """The rules of `createTable` (execution §2.2)."""
    if len(full_name) > _TABLE_NAME_LENGTH_MAX:
        raise Failure(f"tableName length overflow {_TABLE_NAME_LENGTH_MAX}")
    names = [full_name[2:], key_field, *fields]
    wrong = next((name for name in names if not _NAME.fullmatch(name)), None)
    if wrong is not None:
        raise Failure(f'Invalid name "{wrong}": letters, digits, $, _ and @, not starting with _')
    if len(set(names[1:])) < len(names) - 1 or sum(map(len, fields)) + len(fields) > 1024:
        raise Failure(f"the fields of {full_name} repeat, or are too many")
