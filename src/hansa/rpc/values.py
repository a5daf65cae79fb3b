"""Numbers, hashes, addresses and bytes as texts, in and out (client protocol §2.4).

Readers are lenient exactly as far as clients rely on it. What cannot be read raises `RpcError` with code
−32603, except a hash, of which a wrong text is simply not found.
"""

from __future__ import annotations

from binascii import unhexlify

from hansa.primitives import Address, Hash32
from hansa.rpc.errors import RpcError, internal_error

__all__ = [
    "data_text",
    "quantity",
    "read_address",
    "read_bytes",
    "read_count",
    "read_hash",
    "read_number",
]

_DECIMAL = frozenset("0123456789")
_HEXADECIMAL = frozenset("0123456789abcdefABCDEF")
_NUMBER_DIGITS_MAX = 78
"""Those of the largest 256-bit number in decimal; leading zeros count."""
_NUMBER_MAX = 2**256 - 1

_QUOTED_CHARS_MAX = 80

_ZERO_HASH = Hash32(bytes(32))


def quantity(number: int) -> str:
    """`0x` and lower-case hexadecimal digits without padding."""
    return hex(number)


def data_text(data: bytes) -> str:
    """`0x` and two digits for each byte."""
    return "0x" + data.hex()


def read_number(text: str) -> int:
    """Decimal, or hexadecimal behind `0x`; at most 256 bits.

    Raises:
        RpcError: −32603; signs, blanks, empty texts and words such as `latest` are no numbers.
    """
    if text.startswith("0x"):
        digits, known, base = text[2:], _HEXADECIMAL, 16
    else:
        digits, known, base = text, _DECIMAL, 10
    if 0 < len(digits) <= _NUMBER_DIGITS_MAX and known.issuperset(digits):
        number = int(digits, base)
        if number <= _NUMBER_MAX:
            return number
    raise RpcError(internal_error(f"can't convert {_quoted(text)} to int"))


def read_count(text: str) -> int | None:
    """A number, or None for `-1`: as many as there are.

    Raises:
        RpcError: −32603.
    """
    return None if text == "-1" else read_number(text)


def read_hash(text: str) -> Hash32:
    """`0x` and 64 digits; of longer texts the last 64 count; a decimal text is a number.

    Anything else reads as zeros, which no block or transaction hashes to.
    """
    if text.startswith("0x"):
        digits = text[2:][-64:]
        if len(digits) == 64 and _HEXADECIMAL.issuperset(digits):
            return Hash32(bytes.fromhex(digits))
        return _ZERO_HASH
    if text and len(text) <= _NUMBER_DIGITS_MAX and _DECIMAL.issuperset(text):
        return Hash32((int(text) % 2**256).to_bytes(32, "big"))
    return _ZERO_HASH


def read_address(text: str) -> Address:
    """40 hexadecimal digits of any case, with or without `0x`.

    Raises:
        RpcError: −32603.
    """
    digits = text.removeprefix("0x")
    if len(digits) != 40 or not _HEXADECIMAL.issuperset(digits):
        raise RpcError(internal_error(f"InvalidAddress: {_quoted(text)} is not 40 hexadecimal digits"))
    return Address(bytes.fromhex(digits))


def read_bytes(text: str) -> bytes:
    """Hexadecimal digits, two for a byte, with or without `0x`.

    Raises:
        RpcError: −32603.
    """
    try:
        return unhexlify(text.removeprefix("0x"))
    except ValueError:  # an odd length, or another character
        pass
    raise RpcError(
        internal_error(f"Cannot intepret '{_quoted(text)}' as bytes; must be 0x-prefixed hex or decimal.")
    )


def _quoted(text: str) -> str:
    """Not more of a stranger's text than a reader needs."""
    return text if len(text) <= _QUOTED_CHARS_MAX else text[:_QUOTED_CHARS_MAX] + "..."
