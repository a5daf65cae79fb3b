"""What a contract is: a class with an address, and methods with Solidity signatures.

    class Counter(Contract):
        address = 0x5100

        @method("add(uint256)", returns="uint256")
        def add(self, context: Context, amount: int) -> int: ...

A call makes one object of the class, finds the method by the selector of its signature, decodes the
arguments, runs it and encodes what it returns. Whatever goes wrong inside fails the call, with the same text
on every node: that of `fail`, or one for everything else. Nothing but a storage that fails can end a block.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, TypeAlias, TypeVar

from hansa.execution import abi
from hansa.execution.context import Context
from hansa.execution.errors import Exhausted, Failure
from hansa.execution.metering import GAS_PER_STEP, metered
from hansa.kernel import ContractCall, Suite

__all__ = ["UNSPECIFIED", "Answer", "Contract", "answering", "method", "methods_of"]

logger = logging.getLogger("hansa.execution")

UNSPECIFIED = "PrecompiledError"
"""What a failure says that has no words of its own: the name of its status."""

Answer = Callable[[ContractCall, bytes], tuple[bool, bytes]]

_Function = TypeVar("_Function", bound=Callable[..., object])
_MARK = "_hansa_method"


class Contract:
    """The base of all contracts. There is a new object for every call: what shall last goes to a table."""

    address: ClassVar[int]
    """Where it is: 0x5100 to 0xffff."""


@dataclass(frozen=True, slots=True)
class Method:
    """What `@method` says of a function."""

    signature: str
    selector_text: str
    """Whose hash is the selector."""
    parameters: tuple[abi.Kind, ...]
    results: tuple[abi.Kind, ...]


def method(signature: str, *, returns: str = "", selector_text: str = "") -> Callable[[_Function], _Function]:
    """Answer calls of a Solidity signature such as `transfer(address,uint256)`.

    `returns` are types joined by commas: none for a method that returns nothing, several for one that returns
    a tuple. `selector_text` is hashed in place of the signature, if given. The function gets the context and
    one argument per parameter: int, bool, bytes for address and bytesN, bytes, str, list.

    Raises:
        ValueError: the signature, or a type, is not one.
    """
    _, parameters = abi.parse_signature(signature)
    described = Method(signature, selector_text or signature, parameters, abi.parse_kinds(returns))

    def mark(function: _Function) -> _Function:
        setattr(function, _MARK, described)
        return function

    return mark


Methods: TypeAlias = "Mapping[bytes, tuple[Method, Callable[..., object]]]"
"""By selector: what is said of a method, and the method."""


def methods_of(contract: type) -> Mapping[Suite, Methods]:
    """The methods of a class by selector on a chain of either suite, those of its bases included.

    Raises:
        ValueError: two of them have the same selector.
    """
    return {suite: _by_selector(contract, suite) for suite in (Suite.STANDARD, Suite.SM)}


def _by_selector(contract: type, suite: Suite) -> Methods:
    found: dict[bytes, tuple[Method, Callable[..., object]]] = {}
    for name in dir(contract):
        function = getattr(contract, name)
        described = getattr(function, _MARK, None)
        if described is None:
            continue
        selector = abi.selector(described.selector_text, suite)
        other = found.setdefault(selector, (described, function))
        if other[1] is not function:
            raise ValueError(f"{described.signature} and {other[0].signature} have the same selector")
    return found


def answering(contract: type[Contract], *, is_metered: bool) -> Answer:
    """What the kernel calls for a user's contract: one function from call data to output or text.

    Raises:
        ValueError: two methods have the same selector.
    """
    methods = methods_of(contract)
    name = contract.__name__

    def run(call: ContractCall, data: bytes) -> bytes:
        call.raise_memory(len(data))
        found = methods[call.suite].get(data[:4])
        if found is None:
            raise Failure(f"{name} has no such method")
        described, function = found
        arguments = abi.decode(described.parameters, data[4:])
        return encode_results(described, function(contract(), Context(call), *arguments))

    def answer(call: ContractCall, data: bytes) -> tuple[bool, bytes]:
        if not is_metered:
            return settled(name, run, call, data)
        with metered(call.gas) as steps:
            answered = settled(name, run, call, data)
            call.charge_gas(steps() * GAS_PER_STEP)
        return answered

    return answer


def encode_results(described: Method, result: Any) -> bytes:
    """Encode what a method returned.

    Raises:
        TypeError, ValueError: it is not what was declared.
    """
    match described.results:
        case ():
            if result is not None:
                raise TypeError(f"{described.signature} returns nothing, not a {type(result).__name__}")
            return b""
        case (kind,):
            return abi.encode((kind,), (result,))
        case kinds:
            if not isinstance(result, tuple):
                raise TypeError(f"{described.signature} returns {len(kinds)} values, not one")
            return abi.encode(kinds, result)


def settled(
    name: str, run: Callable[[ContractCall, bytes], bytes], call: ContractCall, data: bytes
) -> tuple[bool, bytes]:
    """Run a method: (True, output) or (False, why not). No exception leaves.

    The kernel notices by itself that the storage failed. Whatever else goes wrong must not depend on the
    node, so the words of an unexpected error go to the log and not into the receipt.
    """
    try:
        return True, run(call, data)
    except (Failure, Exhausted) as failure:
        return False, failure.text.encode("utf-8", "replace")
    except Exception:
        logger.info("%s failed on %s", name, data[:4].hex(), exc_info=True)
        return False, UNSPECIFIED.encode()
