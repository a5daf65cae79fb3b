"""Text as contracts and tables hold it.

On the chain a string is any bytes. In a contract it is a `str`; bytes that are no UTF-8 become lone
surrogates and turn into the same bytes again. Lengths on the chain are those of the bytes.
"""

from __future__ import annotations

__all__ = ["ascii_lower", "byte_length", "from_bytes", "is_hex", "prefixed_hex", "to_bytes"]

_UPPER = {code: code + 32 for code in range(ord("A"), ord("Z") + 1)}
_HEX_DIGITS = frozenset("0123456789abcdefABCDEF")


def from_bytes(data: bytes) -> str:
    """The text that stands for these bytes, whatever they are."""
    return data.decode("utf-8", "surrogateescape")


def to_bytes(text: str) -> bytes:
    """The bytes of a text, those of `from_bytes` included.

    Raises:
        UnicodeEncodeError: the text has surrogates that stand for no byte.
    """
    return text.encode("utf-8", "surrogateescape")


def byte_length(text: str) -> int:
    """How long the text is on the chain."""
    return len(to_bytes(text))


def ascii_lower(text: str) -> str:
    """With a–z for A–Z and nothing else changed: other letters would be folded by the tables of a Unicode
    version.
    """
    return text.translate(_UPPER)


def is_hex(text: str) -> bool:
    """Is it hex digits in pairs, with or without `0x`? No digits are hex too."""
    digits = text.removeprefix("0x")
    return len(digits) % 2 == 0 and _HEX_DIGITS.issuperset(digits)


def prefixed_hex(address: bytes) -> str:
    """An address as permission rows write it."""
    return "0x" + address.hex()
