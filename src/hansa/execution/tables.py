"""Tables as contracts see them (execution §3).

A table maps a key to an ordered list of rows; a row has named fields of text. Conditions compare as
Solidity's tables do: `==` and `!=` as texts, the others as 64-bit integers. What a contract writes is seen by
whoever comes later in the block, and taken back if the call fails.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Literal, TypeAlias

from hansa.execution.errors import Failure, NotAuthorized
from hansa.execution.metering import spend
from hansa.execution.text import from_bytes, to_bytes
from hansa.kernel import ContractCall, ContractTable

__all__ = [
    "KEY_BYTES_MAX",
    "NO_AUTHORITY",
    "VALUE_BYTES_MAX",
    "Condition",
    "Fields",
    "Operator",
    "Row",
    "Table",
]

Operator: TypeAlias = Literal["==", "!=", ">", ">=", "<", "<="]
Condition: TypeAlias = "tuple[str, Operator, str | int]"
"""Field, operator, value: `("status", "==", "open")`."""

Fields: TypeAlias = "Mapping[str, str | int] | Mapping[str, str] | Mapping[str, int]"
"""What is written: names and values."""

KEY_BYTES_MAX = 255
VALUE_BYTES_MAX = (16 << 20) - 1

NO_AUTHORITY = -50_000
"""What the kernel answers when the origin may not write."""


class Row(Mapping[str, str]):
    """A row: its fields as text. `raw` has them as bytes."""

    __slots__ = ("raw",)

    def __init__(self, raw: dict[str, bytes]) -> None:
        self.raw = raw

    def __getitem__(self, field: str) -> str:
        return from_bytes(self.raw[field])

    def __iter__(self) -> Iterator[str]:
        return iter(self.raw)

    def __len__(self) -> int:
        return len(self.raw)

    def integer(self, field: str) -> int:
        """The field as a number; 0 if it is not there or is no decimal of at most 78 digits."""
        return parse_integer(self.raw.get(field, b""))

    @property
    def capacity(self) -> int:
        """Bytes of names and values: what counts as memory (execution §2.0)."""
        return capacity(self.raw)


def parse_integer(text: bytes) -> int:
    """A decimal number with an optional sign; 0 if it is none, or longer than numbers of 256 bits are."""
    digits = text[1:] if text[:1] in (b"+", b"-") else text
    if not digits.isdigit() or len(digits) > 78:
        return 0
    return int(text)


def capacity(fields: Mapping[str, bytes]) -> int:
    """Bytes of names and values."""
    return sum(len(field) + len(value) for field, value in fields.items())


class Table:
    """An open table. Every operation is charged for (execution §2.0); a field that is not the table's fails
    the call.

    Written on behalf of the origin, whom the table may refuse, or of the contract itself (`is_own`).
    """

    __slots__ = ("_call", "_fields", "_is_own", "_table")

    def __init__(self, call: ContractCall, table: ContractTable, *, is_own: bool) -> None:
        self._call = call
        self._table = table
        self._is_own = is_own
        self._fields = frozenset(table.fields)

    @property
    def name(self) -> str:
        """The full name."""
        return self._table.name

    def select(self, key: str, *conditions: Condition, limit: tuple[int, int] | None = None) -> list[Row]:
        """The rows of a key that meet all conditions, in the order every node sees. `limit` is (offset,
        count).
        """
        rows = self._call.select(self._table, to_bytes(key), encoded_conditions(conditions), limit)
        spend(self._call, "select", len(rows))
        found = [Row(row) for row in rows]
        self._call.raise_memory(max((row.capacity for row in found), default=0))
        return found

    def first(self, key: str, *conditions: Condition) -> Row | None:
        """The first of those rows."""
        rows = self.select(key, *conditions, limit=(0, 1))
        return rows[0] if rows else None

    def insert(self, key: str, row: Fields) -> None:
        """Add a row under a key; there may be others."""
        encoded_key, fields = self._checked(key, row)
        count = self._call.insert(self._table, encoded_key, fields, as_origin=not self._is_own)
        self._charge_writing("insert", count, encoded_key, fields)

    def update(self, key: str, row: Fields, *conditions: Condition) -> int:
        """Set fields of the rows that meet the conditions; how many they are."""
        encoded_key, fields = self._checked(key, row)
        count = self._call.update(
            self._table, encoded_key, fields, encoded_conditions(conditions), as_origin=not self._is_own
        )
        return self._charge_writing("update", count, encoded_key, fields)

    def remove(self, key: str, *conditions: Condition) -> int:
        """Remove the rows that meet the conditions; how many they were."""
        encoded_key = to_bytes(key)
        count = self._call.remove(
            self._table, encoded_key, encoded_conditions(conditions), as_origin=not self._is_own
        )
        return self._charge_writing("remove", count, b"", ())

    def put(self, key: str, row: Fields) -> None:
        """Keep one row under a key: change what is there, or add it."""
        if not self.update(key, row):
            self.insert(key, row)

    def _checked(self, key: str, row: Fields) -> tuple[bytes, list[tuple[str, bytes]]]:
        encoded_key = to_bytes(key)
        if len(encoded_key) > KEY_BYTES_MAX:
            raise Failure(f"size of value/key greater than{KEY_BYTES_MAX}")
        fields = []
        for field, value in row.items():
            if field not in self._fields:
                raise Failure(f"the table {self.name} has no field {field}")
            encoded = encode_value(value)
            if len(encoded) > VALUE_BYTES_MAX:
                raise Failure(f"size of value/key greater than{VALUE_BYTES_MAX}")
            fields.append((field, encoded))
        return encoded_key, fields

    def _charge_writing(
        self, operation: str, count: int, key: bytes, fields: Sequence[tuple[str, bytes]]
    ) -> int:
        if count == NO_AUTHORITY:
            raise NotAuthorized(self._call.origin, self.name)
        spend(self._call, operation, count)
        size = len(self._table.key_field) + len(key) + capacity(dict(fields)) if fields else 0
        self._call.raise_memory(size * count)
        return count


def encode_value(value: str | int) -> bytes:
    """A value as tables hold it: text, or the decimal of a number.

    Raises:
        TypeError: neither.
    """
    match value:
        case str():
            return to_bytes(value)
        case int() if not isinstance(value, bool):
            return str(value).encode()
        case _:
            raise TypeError(f"a table holds text and numbers, not a {type(value).__name__}")


def encoded_conditions(conditions: Sequence[Condition]) -> list[tuple[str, str, bytes]]:
    """Conditions as the kernel takes them.

    Raises:
        TypeError: a value is neither text nor a number.
    """
    return [(field, operator, encode_value(value)) for field, operator, value in conditions]
