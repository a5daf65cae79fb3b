"""Contracts that users bring: found, checked, run by the rules, ready to be put into a chain.

A contract is one class in one module, named `package.module:Class`. The module is read as source and run
under `rules`, without the packages around it: what a node runs is one file, whose digest the node logs, so
that operators can see that all of them run the same. Nothing may be kept between calls but in tables, so a
module that has lists, dicts or other things that change is refused.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Callable, Iterable, MutableMapping, MutableSequence, MutableSet
from dataclasses import dataclass, is_dataclass
from enum import Enum
from pathlib import Path
from types import FunctionType, MappingProxyType, ModuleType
from typing import Any

from hansa.execution.contract import Contract, answering
from hansa.execution.errors import ContractError
from hansa.execution.guards import BUILTINS, PRIVATE_NAMES
from hansa.execution.rules import instrumented
from hansa.kernel import ContractCall, keccak256
from hansa.primitives import Address

__all__ = ["ADDRESS_MAX", "ADDRESS_MIN", "InstalledContract", "load_contract", "load_contracts"]

ADDRESS_MIN = 0x5100
ADDRESS_MAX = 0xFFFF
"""Where contracts of users are: above those the chain brings, below temporary addresses (execution §2.0)."""

SOURCE_BYTES_MAX = 1 << 20

_MODULE_PREFIX = "contract:"

_NAME = re.compile(
    r"([A-Za-z_][A-Za-z0-9_]*(?:\.[A-Za-z_][A-Za-z0-9_]*)*):([A-Za-z_][A-Za-z0-9_]*)(?:@([0-9]{1,15}))?"
)


@dataclass(frozen=True, slots=True)
class InstalledContract:
    """A contract at its address."""

    name: str
    address: Address
    first_block: int
    """From which height on it is there; before, a call finds no contract."""
    answer: Callable[[ContractCall, bytes], tuple[bool, bytes]]
    """What the kernel calls."""
    source_digest: str
    """Keccak-256 of its module, in hex; empty for the chain's own."""


def load_contracts(names: Iterable[str], folder: Path) -> tuple[InstalledContract, ...]:
    """Load contracts, looking for their modules in `folder` and then where Python does.

    Raises:
        ContractError: one cannot be used, or two have the same address.
    """
    loaded = tuple(load_contract(name, folder) for name in names)
    by_address: dict[Address, InstalledContract] = {}
    for contract in loaded:
        other = by_address.setdefault(contract.address, contract)
        if other is not contract:
            raise ContractError(
                f"{contract.name} and {other.name} have the same address 0x{_short(contract.address)}"
            )
    return loaded


def load_contract(name: str, folder: Path) -> InstalledContract:
    """Load `package.module:Class`, or `package.module:Class@height` to have it from that height on.

    Raises:
        ContractError: it cannot be found, breaks a rule, or is no contract.
    """
    match = _NAME.fullmatch(name)
    if match is None:
        raise ContractError(f"{name!r} is not the name of a contract, such as package.module:Class")
    module, class_name, first_block = match.groups()
    source, file = _read(module, folder)
    names = _run(source, file, module)
    found = names.get(class_name)
    if not isinstance(found, type) or not issubclass(found, Contract):
        raise ContractError(f"{file} has no class {class_name} that is a Contract")
    number = found.address
    if not isinstance(number, int) or not ADDRESS_MIN <= number <= ADDRESS_MAX:
        raise ContractError(f"{name}: its address must be a number from {ADDRESS_MIN:#x} to {ADDRESS_MAX:#x}")
    try:
        answer = answering(found, is_metered=True)
    except ValueError as error:
        raise ContractError(f"{name}: {error}") from error
    return InstalledContract(
        name=name,
        address=Address(number.to_bytes(20)),
        first_block=int(first_block or 0),
        answer=answer,
        source_digest=keccak256(source).hex(),
    )


def _short(address: bytes) -> str:
    return address.hex().lstrip("0")


def _read(module: str, folder: Path) -> tuple[bytes, str]:
    """The source of a module and its file; no package on the way is run."""
    relative = Path(*module.split(".")).with_suffix(".py")
    file = next(
        (file for base in (str(folder), *sys.path) if (file := Path(base) / relative).is_file()), None
    )
    if file is None:
        raise ContractError(f"there is no {relative} in {folder}, nor where Python looks for modules")
    try:
        with file.open("rb") as stream:
            source = stream.read(SOURCE_BYTES_MAX + 1)
    except OSError as error:
        raise ContractError(f"{file} cannot be read: {error.strerror}") from error
    if len(source) > SOURCE_BYTES_MAX:
        raise ContractError(f"{file} has more than {SOURCE_BYTES_MAX} bytes")
    return source, str(file)


def _run(source: bytes, file: str, name: str) -> dict[str, Any]:
    """The names of the module after its rewritten source ran."""
    try:
        text = source.decode("utf-8")
    except UnicodeDecodeError as error:
        raise ContractError(f"{file}: the source is not UTF-8") from error
    code = compile(instrumented(text, file), file, "exec", dont_inherit=True, optimize=0)
    module = ModuleType(f"{_MODULE_PREFIX}{name}")
    sys.modules[module.__name__] = module  # where dataclasses look for the names in their annotations
    names = vars(module)
    names.update(PRIVATE_NAMES, __builtins__=dict(BUILTINS))
    try:
        exec(code, names)
    except Exception as error:
        raise ContractError(f"{file}: {type(error).__name__}: {error}") from error
    for global_name, value in names.items():
        if not global_name.startswith("__"):
            _check_lasting(f"{file}: {global_name}", value)
    return names


def _check_lasting(place: str, value: object) -> None:
    """Refuse what could remember one call in the next."""
    match value:
        case None | bool() | int() | str() | bytes() | Enum() | MappingProxyType():
            return
        case tuple():
            for item in value:
                _check_lasting(place, item)
        case FunctionType():
            for default in (*(value.__defaults__ or ()), *(value.__kwdefaults__ or {}).values()):
                _check_lasting(f"{place}, a default", default)
        case staticmethod() | classmethod():
            _check_lasting(place, value.__func__)
        case type():
            if value.__module__.startswith(_MODULE_PREFIX) and not issubclass(value, Enum):
                for name, member in vars(value).items():
                    if not name.startswith("__"):
                        _check_lasting(f"{place}.{name}", member)
        case _ if _can_change(value):
            raise ContractError(
                f"{place} is a {type(value).__name__}, which could remember one call in the next: "
                "use a tuple, MappingProxyType or a frozen dataclass"
            )
        case _:
            return


def _can_change(value: object) -> bool:
    kind = type(value)
    if kind.__module__.startswith(_MODULE_PREFIX):
        return not (is_dataclass(kind) and kind.__dataclass_params__.frozen)  # type: ignore[attr-defined]
    return isinstance(value, MutableSequence | MutableMapping | MutableSet)
