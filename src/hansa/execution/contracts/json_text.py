"""JSON as clients of this chain have always had it: compact, keys in order, a final newline; bytes beyond
ASCII as they are, and control characters in upper-case hex, which Python's own writer would write in lower
case.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TypeAlias

__all__ = ["Json", "json_line"]

Json: TypeAlias = "str | Sequence[Json] | Mapping[str, Json] | None"

_ESCAPES = {code: f"\\u{code:04X}" for code in range(0x20)} | {
    ord(character): escape
    for character, escape in (
        ('"', '\\"'),
        ("\\", "\\\\"),
        ("\b", "\\b"),
        ("\f", "\\f"),
        ("\n", "\\n"),
        ("\r", "\\r"),
        ("\t", "\\t"),
    )
}


def json_line(value: Json) -> str:
    """The text of a value."""
    return _json(value) + "\n"


def _json(value: Json) -> str:
    match value:
        case None:
            return "null"
        case str():
            return f'"{value.translate(_ESCAPES)}"'
        case Mapping():
            return "{" + ",".join(f"{_json(name)}:{_json(value[name])}" for name in sorted(value)) + "}"
        case _:
            return "[" + ",".join(map(_json, value)) + "]"
