"""What a contract's source is given in place of operations that could take any time or memory.

An operation whose result is too large fails the call; one that goes through many items counts them as steps.
What remains is what a contract may use of Python's built-in names: nothing that reads the clock, the machine,
a file or the network, and nothing whose result differs between two nodes (`hash`, `id`, `set`, `float`,
`repr`).
"""

from __future__ import annotations

import builtins
import operator
from collections.abc import Callable, Mapping, Sized
from types import MappingProxyType
from typing import Any

from hansa.execution.errors import Failure
from hansa.execution.metering import enter, guarded, leave, step

__all__ = ["BUILTINS", "INTEGER_BITS_MAX", "PRIVATE_NAMES", "SIZE_MAX"]

SIZE_MAX = 1 << 20
"""Characters, bytes or items of one object that a contract makes."""

INTEGER_BITS_MAX = 4096

_ITEMS_PER_STEP = 256
"""Joining memory is that much faster than a loop turn."""

_DIGITS_MAX = 1000
"""Of a text that is to be a number; Python's own limit can be set from outside."""

_SEQUENCES = (str, bytes, list, tuple)


def _check_size(size: int) -> None:
    if size > SIZE_MAX:
        raise Failure(f"The contract made an object of more than {SIZE_MAX} items")
    step(size // _ITEMS_PER_STEP)


def _check_bits(bits: int) -> None:
    if bits > INTEGER_BITS_MAX:
        raise Failure(f"The contract made a number of more than {INTEGER_BITS_MAX} bits")


# --- operators ----------------------------------------------------------------------------------------------


def _before_add(left: Any, right: Any) -> None:
    if isinstance(left, _SEQUENCES) and isinstance(right, Sized):
        _check_size(len(left) + len(right))


def _before_multiply(left: Any, right: Any) -> None:
    if isinstance(left, int) and isinstance(right, int):
        _check_bits(left.bit_length() + right.bit_length())
    elif isinstance(left, _SEQUENCES) and isinstance(right, int):
        _check_size(len(left) * max(right, 0))
    elif isinstance(right, _SEQUENCES) and isinstance(left, int):
        _check_size(len(right) * max(left, 0))


def _before_power(left: Any, right: Any) -> None:
    if not isinstance(left, int) or not isinstance(right, int) or right < 0:
        raise TypeError("powers are of integers that are not negative")
    _check_bits(max(left.bit_length(), 1) * max(right, 1) if abs(left) > 1 else 1)


def _before_shift(left: Any, right: Any) -> None:
    if isinstance(left, int) and isinstance(right, int) and left:
        _check_bits(left.bit_length() + max(right, 0))


def _before_modulo(left: Any, right: Any) -> None:
    if isinstance(left, str | bytes):
        raise TypeError("% formats no text in a contract: write an f-string")


def _checked(
    check: Callable[[Any, Any], None], operation: Callable[[Any, Any], Any]
) -> Callable[[Any, Any], Any]:
    def operate(left: Any, right: Any) -> Any:
        check(left, right)
        return operation(left, right)

    return operate


# --- text ---------------------------------------------------------------------------------------------------


def _plain(value: Any) -> Any:
    """A value whose text is the same on every node."""
    if not isinstance(value, str | int):
        raise TypeError(f"the text of a {type(value).__name__} is not the same everywhere: format its parts")
    return value


def _make_text(value: Any = "") -> str:
    return str(_plain(value))


def _make_integer(value: Any = 0, base: int = 10) -> int:
    if isinstance(value, str | bytes) and len(value) > _DIGITS_MAX:
        raise ValueError(f"a number has at most {_DIGITS_MAX} digits")
    if not isinstance(value, int | str | bytes):
        raise TypeError("an integer is made of an integer or of text")
    return int(value) if isinstance(value, int) else int(value, base)


def _make_bytes(value: Any = b"") -> bytes:
    if isinstance(value, int):
        _check_size(value)
        return bytes(value)
    return bytes(_sized(value))


# --- items --------------------------------------------------------------------------------------------------


def _sized(items: Any) -> Any:
    """Things to be gone through: their number counts as steps. What has none is not to be had."""
    step(len(items))
    return items


def _first_sized(function: Callable[..., Any]) -> Callable[..., Any]:
    """The function, charged for the items of its first argument. Several arguments are few."""

    def call(*args: Any, **kwargs: Any) -> Any:
        if len(args) == 1 and isinstance(args[0], Sized):
            step(len(args[0]))
        return function(*args, **kwargs)

    return call


def _enumerate(items: Any, start: int = 0) -> list[Any]:
    return list(enumerate(_sized(items), start))


def _zip(*collections: Any, strict: bool = False) -> list[Any]:
    for items in collections:
        _sized(items)
    return list(zip(*collections, strict=strict))


def _map(function: Callable[..., Any], *collections: Any) -> list[Any]:
    for items in collections:
        _sized(items)
    return list(map(function, *collections))


def _filter(function: Callable[[Any], Any] | None, items: Any) -> list[Any]:
    return list(filter(function, _sized(items)))


def _reversed(items: Any) -> list[Any]:
    return list(reversed(_sized(items)))


def _call_method(name: str, owner: Any, *args: Any, **kwargs: Any) -> Any:
    """A method whose result can be much longer than what it is made of."""
    if isinstance(owner, str | bytes) and name == "join" and len(args) == 1:
        parts: list[Any] = list(_sized(args[0]))
        _check_size(sum(map(len, parts)) + len(owner) * len(parts))
        return owner.join(parts)
    if isinstance(owner, str | bytes) and name == "replace" and len(args) >= 2:
        _check_size(len(owner) + owner.count(args[0]) * len(args[1]))
    if isinstance(owner, list) and name == "extend" and len(args) == 1:
        _check_size(len(owner) + len(args[0]))
    return getattr(owner, name)(*args, **kwargs)


PRIVATE_NAMES: Mapping[str, object] = MappingProxyType(
    {
        "__hansa_step__": step,
        "__hansa_enter__": enter,
        "__hansa_leave__": leave,
        "__hansa_guarded__": guarded,
        "__hansa_plain__": _plain,
        "__hansa_method__": _call_method,
        "__hansa_add__": _checked(_before_add, operator.add),
        "__hansa_iadd__": _checked(_before_add, operator.iadd),
        "__hansa_mul__": _checked(_before_multiply, operator.mul),
        "__hansa_imul__": _checked(_before_multiply, operator.imul),
        "__hansa_pow__": _checked(_before_power, operator.pow),
        "__hansa_lshift__": _checked(_before_shift, operator.lshift),
        "__hansa_mod__": _checked(_before_modulo, operator.mod),
        "__hansa_str__": _make_text,
        "__hansa_int__": _make_integer,
        "__hansa_bytes__": _make_bytes,
        "__hansa_list__": _first_sized(list),
        "__hansa_tuple__": _first_sized(tuple),
        "__hansa_dict__": _first_sized(dict),
    }
)
"""What the rewritten source calls."""

_SAME = (
    "ArithmeticError,AssertionError,AttributeError,Exception,IndexError,KeyError,LookupError,OverflowError,"
    "TypeError,ValueError,ZeroDivisionError,__build_class__,__import__,abs,bool,bytes,chr,classmethod,dict,"
    "divmod,int,isinstance,issubclass,len,list,object,ord,property,range,round,staticmethod,str,tuple"
)
"""Those that are Python's own."""

BUILTINS: Mapping[str, object] = MappingProxyType(
    {name: getattr(builtins, name) for name in _SAME.split(",")}
    | {name: _first_sized(getattr(builtins, name)) for name in ("all", "any", "max", "min", "sorted", "sum")}
    | {"enumerate": _enumerate, "filter": _filter, "map": _map, "reversed": _reversed, "zip": _zip}
)
"""The built-in names of a contract."""
