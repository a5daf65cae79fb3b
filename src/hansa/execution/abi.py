"""Solidity's ABI, as far as contracts in Python speak it.

Types: `uint8` … `uint256`, `int8` … `int256`, `bool`, `address`, `bytes1` … `bytes32`, `bytes`, `string`, and
arrays of any of them without a length (`address[]`). In Python: int, bool, bytes of 20, bytes, str, list.

There are two ways to decode. *Strict*, for users' contracts: whatever is not exactly an encoding is
`Malformed`. *Lenient*, as the chain's own contracts always were (execution §2.0): decoding never fails; from
the first parameter that is not all there, parameters have their defaults, and an int256 is negative only
beyond 0x8fff…ff.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import TypeAlias

from hansa.execution.errors import Malformed
from hansa.execution.text import from_bytes, to_bytes
from hansa.kernel import Suite

__all__ = [
    "Kind",
    "Value",
    "decode",
    "decode_leniently",
    "encode",
    "error_output",
    "parse_signature",
    "selector",
]

Value: TypeAlias = "int | bool | bytes | str | list[Value]"

_WORD = 32
_LENIENT_SIGNED_MAX = (0x8F << 248) | ((1 << 248) - 1)
_SIGNATURE = re.compile(r"([A-Za-z_$][A-Za-z0-9_$]*)\(([^()]*)\)")
_KIND = re.compile(r"(?:(u?int)([0-9]+)|bytes([0-9]+)|(bool|address|bytes|string))(\[\])?")


@dataclass(frozen=True, slots=True)
class Kind:
    """A type."""

    name: str
    """uint, int, bool, address, fixed (bytes of known length), bytes, string or array."""
    size: int = 0
    """Bits of a number, bytes of a fixed one."""
    element: Kind | None = None
    """Of an array."""

    @staticmethod
    def parse(text: str) -> Kind:
        """Parse the canonical name of a type.

        Raises:
            ValueError: not a type that is supported.
        """
        match = _KIND.fullmatch(text)
        if match is None:
            raise ValueError(f"{text!r} is not a type of a contract in Python")
        number, bits, length, simple, array = match.groups()
        if number is not None:
            if int(bits) not in range(8, 257, 8):
                raise ValueError(f"{text!r}: integers have 8 to 256 bits, in steps of 8")
            kind = Kind(number, int(bits))
        elif length is not None:
            if int(length) not in range(1, 33):
                raise ValueError(f"{text!r}: fixed bytes have 1 to 32 of them")
            kind = Kind("fixed", int(length))
        else:
            kind = Kind(simple)
        return Kind("array", element=kind) if array else kind

    @property
    def is_dynamic(self) -> bool:
        """Does its encoding stand behind the heads?"""
        return self.name in ("bytes", "string", "array")


def parse_signature(signature: str) -> tuple[str, tuple[Kind, ...]]:
    """Name and parameters of a canonical signature, such as `transfer(address,uint256)`.

    Raises:
        ValueError: not one.
    """
    match = _SIGNATURE.fullmatch(signature)
    if match is None:
        raise ValueError(f"{signature!r} is not a signature such as transfer(address,uint256)")
    name, parameters = match.groups()
    return name, parse_kinds(parameters)


def parse_kinds(text: str) -> tuple[Kind, ...]:
    """Types joined by commas; none if the text is empty.

    Raises:
        ValueError: one of them is not supported.
    """
    return tuple(Kind.parse(part) for part in text.split(",")) if text else ()


@lru_cache(maxsize=1024)
def selector(signature: str, suite: Suite = Suite.STANDARD) -> bytes:
    """The 4 bytes that stand for a signature in call data."""
    return suite.hash(signature.encode())[:4]


def error_output(text: str, suite: Suite = Suite.STANDARD) -> bytes:
    """`Error(string)`: what a failed call gives back (execution §1.12)."""
    return selector("Error(string)", suite) + encode((Kind("string"),), (text,))


# --- decoding -----------------------------------------------------------------------------------------------


def decode(kinds: Sequence[Kind], data: bytes) -> list[Value]:
    """Decode the parameters behind a selector, strictly.

    Raises:
        Malformed: a value is not all there, out of its range, or badly padded.
    """
    if len(data) % _WORD:
        raise Malformed("the call data is not made of 32-byte words")
    reader = _Reader(data)
    return [reader.value(kind, index * _WORD, 0) for index, kind in enumerate(kinds)]


class _Reader:
    """Strict decoding. Parameters may share bytes of the call data, but all together may not be longer than
    it.
    """

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._left = len(data)

    def value(self, kind: Kind, position: int, base: int) -> Value:
        """The value whose head is at `position`; offsets count from `base`."""
        number = self._number(position)
        match kind.name:
            case "uint":
                return _in_range(number, 0, 1 << kind.size, kind)
            case "int":
                signed = number - (1 << 256) if number >> 255 else number
                return _in_range(signed, -(1 << kind.size - 1), 1 << kind.size - 1, kind)
            case "bool":
                return bool(_in_range(number, 0, 2, kind))
            case "address":
                return _in_range(number, 0, 1 << 160, kind).to_bytes(20)
            case "fixed":
                fixed = number.to_bytes(_WORD)
                if any(fixed[kind.size :]):
                    raise Malformed(f"bytes{kind.size} is followed by something other than zeros")
                return fixed[: kind.size]
            case "array":
                return self._array(kind.element or Kind("uint", 256), base + number)
            case "string":
                return _utf8(self._bytes(base + number))
            case _:
                return self._bytes(base + number)

    def _number(self, position: int) -> int:
        word = self._data[position : position + _WORD]
        if len(word) < _WORD:
            raise Malformed("the call data ends before its parameters do")
        return int.from_bytes(word)

    def _take(self, size: int) -> None:
        self._left -= size
        if self._left < 0:
            raise Malformed("the parameters are longer than the call data")

    def _bytes(self, position: int) -> bytes:
        start = position + _WORD
        length = self._number(position)
        self._take(length)
        if start + length > len(self._data):
            raise Malformed("a parameter is longer than the call data")
        return self._data[start : start + length]

    def _array(self, element: Kind, position: int) -> list[Value]:
        start = position + _WORD
        length = self._number(position)
        self._take(length * _WORD)
        return [self.value(element, start + index * _WORD, start) for index in range(length)]


def _in_range(number: int, start: int, end: int, kind: Kind) -> int:
    if not start <= number < end:
        raise Malformed(f"{number} is out of range of {kind.name}{kind.size or ''}")
    return number


def _utf8(data: bytes) -> str:
    try:
        return data.decode()
    except UnicodeDecodeError:
        raise Malformed("a string is not UTF-8") from None


def decode_leniently(kinds: Sequence[Kind], data: bytes) -> list[Value]:
    """Decode the parameters behind a selector as the chain's own contracts do. Arrays are not among them."""
    values: list[Value] = []
    has_ended = False
    for index, kind in enumerate(kinds):
        value = None if has_ended else _decode_if_there(kind, data, index * _WORD)
        has_ended = value is None
        values.append(_default(kind) if value is None else value)
    return values


def _decode_if_there(kind: Kind, data: bytes, position: int) -> Value | None:
    word = data[position : position + _WORD]
    if len(word) < _WORD:
        return None
    number = int.from_bytes(word)
    match kind.name:
        case "address":
            return word[12:]
        case "int":
            return number - (1 << 256) if number > _LENIENT_SIGNED_MAX else number
        case "string":
            start = number + _WORD
            if start > len(data):
                return None
            length = int.from_bytes(data[number:start])
            if start + length > len(data):
                return None
            return from_bytes(data[start : start + length])
        case _:
            return number


def _default(kind: Kind) -> Value:
    match kind.name:
        case "address":
            return bytes(20)
        case "string":
            return ""
        case _:
            return 0


# --- encoding -----------------------------------------------------------------------------------------------


def encode(kinds: Sequence[Kind], values: Sequence[object]) -> bytes:
    """Encode values, one per type.

    Raises:
        TypeError, ValueError: a value is not of its type, or out of its range.
    """
    if len(kinds) != len(values):
        raise TypeError(f"{len(kinds)} values expected, not {len(values)}")
    heads: list[bytes] = []
    tails: list[bytes] = []
    offset = len(kinds) * _WORD
    for kind, value in zip(kinds, values, strict=True):
        encoded = _encode(kind, value)
        if kind.is_dynamic:
            heads.append(offset.to_bytes(_WORD))
            tails.append(encoded)
            offset += len(encoded)
        else:
            heads.append(encoded)
    return b"".join(heads + tails)


def _encode(kind: Kind, value: object) -> bytes:
    match kind.name, value:
        case "bool", bool():
            return int(value).to_bytes(_WORD)
        case "uint", int() if not isinstance(value, bool) and 0 <= value < 1 << kind.size:
            return value.to_bytes(_WORD)
        case "int", int() if (
            not isinstance(value, bool) and -(1 << kind.size - 1) <= value < 1 << kind.size - 1
        ):
            return value.to_bytes(_WORD, signed=True)
        case "address", bytes() if len(value) == 20:
            return value.rjust(_WORD, b"\0")
        case "fixed", bytes() if len(value) == kind.size:
            return value.ljust(_WORD, b"\0")
        case "bytes", bytes():
            return _encode_bytes(value)
        case "string", str():
            return _encode_bytes(to_bytes(value))
        case "array", list() | tuple() if kind.element is not None:
            return len(value).to_bytes(_WORD) + encode([kind.element] * len(value), value)
        case _:
            raise TypeError(f"a {type(value).__name__} is not a value of {kind.name}{kind.size or ''}")


def _encode_bytes(data: bytes) -> bytes:
    padding = -len(data) % _WORD
    return len(data).to_bytes(_WORD) + data + bytes(padding)
