"""How a method is declared: what its parameters are, what it is about, and which function answers it."""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum
from inspect import iscoroutinefunction
from typing import Any, TypeAlias

from hansa.rpc.framing import Json

__all__ = ["Handler", "Kind", "Method", "Subject", "accepts"]

Handler: TypeAlias = "Callable[..., Json | Coroutine[Any, Any, Json]]"
"""Called with the method's subject and its parameters; may raise `RpcError`."""

_INT_MIN, _INT_MAX = -(2**31), 2**31 - 1


class Kind(Enum):
    """The JSON type a positional parameter must have."""

    INTEGER = "integer"
    """Of 32 bits with sign; a larger one is of the wrong type."""
    STRING = "string"
    BOOLEAN = "boolean"
    OBJECT = "object"
    ANY = "any"


class Subject(Enum):
    """What a method is about: this decides what its handler gets first and what is checked before it."""

    NODE = "node"
    """The handler gets the `NodeView`."""
    GROUP_ID = "group id"
    """A group that need not be loaded: the handler gets the `NodeView` and the id."""
    LOADED_GROUP = "loaded group"
    """The handler gets the `GroupView` instead of the id; −40001 if there is none."""
    MEMBER_GROUP = "member group"
    """The same, and −40009 if this node is neither sealer nor observer."""


@dataclass(frozen=True, slots=True)
class Method:
    """One row of the table of methods."""

    parameters: tuple[Kind, ...]
    """Empty: the method accepts anything as parameters, and nothing (client protocol §2.1, step 6)."""
    subject: Subject
    handler: Handler
    is_immediate: bool = field(init=False)
    """The handler answers without waiting."""

    def __post_init__(self) -> None:
        object.__setattr__(self, "is_immediate", not iscoroutinefunction(self.handler))


def accepts(parameters: tuple[Kind, ...], values: Sequence[Json] | Mapping[str, Json] | None) -> bool:
    """Whether `values` are positional parameters of exactly these types."""
    if not isinstance(values, list) or len(values) != len(parameters):
        return False
    return all(map(_is_of_kind, parameters, values))


def _is_of_kind(kind: Kind, value: Json) -> bool:
    if kind is Kind.INTEGER:
        return type(value) is int and _INT_MIN <= value <= _INT_MAX
    if kind is Kind.STRING:
        return isinstance(value, str)
    if kind is Kind.BOOLEAN:
        return isinstance(value, bool)
    if kind is Kind.OBJECT:
        return isinstance(value, dict)
    return True
