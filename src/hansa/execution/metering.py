"""How long a contract may run: steps, counted where its source says that something repeats.

A loop turn, an item of a comprehension, a call of one of the contract's functions is a step; so are the items
a built-in function goes through. `rules` puts the counting into the source, so the count depends on the text
of the contract alone: not on the time, the machine, or the bytecode of a Python version. The bound is the gas
the call has left, and a fixed one above.

A call runs on one thread and calls nothing that could call it back; whose steps are counted is kept per
thread, since a read-only call may run beside a block.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import ParamSpec, TypeVar

from hansa.execution.errors import Exhausted
from hansa.kernel import ContractCall

__all__ = [
    "DEPTH_MAX",
    "GAS_PER_STEP",
    "OPERATION_STEPS",
    "STEPS_MAX",
    "Meter",
    "enter",
    "guarded",
    "leave",
    "metered",
    "require_gas",
    "spend",
    "step",
]

GAS_PER_STEP = 200
"""So that `tx_gas_limit` bounds the time of Python about as it bounds the time of the EVM."""

OPERATION_STEPS = 10
"""What an operation on a table counts as, besides its own price: it takes as long as some turns of a loop."""

STEPS_MAX = 1_000_000
"""For one call, whatever gas it has."""

DEPTH_MAX = 64
"""Functions that wait for one another: far below Python's own limit, which depends on who called."""

_Parameters = ParamSpec("_Parameters")
_Result = TypeVar("_Result")


class Meter(threading.local):
    """The steps of the call that runs on this thread. Outside of a call everything is free: tests, a REPL."""

    steps = 0
    limit: float = float("inf")
    depth = 0


_meter = Meter()


@contextmanager
def metered(gas: int) -> Iterator[Callable[[], int]]:
    """Count the steps of the block, up to what the gas allows. Yields what tells their number."""
    _meter.steps = 0
    _meter.depth = 0
    _meter.limit = min(STEPS_MAX, gas // GAS_PER_STEP)
    try:
        yield lambda: _meter.steps
    finally:
        _meter.steps = 0
        _meter.limit = float("inf")


def step(count: int = 1) -> bool:
    """Count steps. Always true, so that it can be a condition of a comprehension.

    Raises:
        Exhausted: they were too many.
    """
    _meter.steps += count
    if _meter.steps > _meter.limit:
        raise Exhausted(f"The contract used more than {_meter.limit} steps")
    return True


def spend(call: ContractCall, operation: str, times: int = 1) -> None:
    """Charge a user's contract for an operation (execution §2.0).

    Raises:
        Exhausted: too many steps, or the gas is gone.
    """
    step(OPERATION_STEPS)
    require_gas(call, call.charge(operation, times))


def require_gas(call: ContractCall, cost: int) -> None:
    """End a call as soon as it costs more than it may: its operations so far, and its steps.

    Raises:
        Exhausted: it does.
    """
    cost += _meter.steps * GAS_PER_STEP
    if cost > call.gas:
        raise Exhausted(f"OutOfGas when executing precompiled Contract, gasUsed: {cost}, leftGas:{call.gas}")


def enter() -> int:
    """A function of the contract begins: a step. How deep it is, for `leave`.

    Raises:
        Exhausted: too many steps, or too many functions wait for one another.
    """
    step()
    depth = _meter.depth
    if depth >= DEPTH_MAX:
        raise Exhausted(f"The contract called itself more than {DEPTH_MAX} deep")
    _meter.depth = depth + 1
    return depth


def leave(depth: int) -> None:
    """The function that entered at this depth ends."""
    _meter.depth = depth


def guarded(function: Callable[_Parameters, _Result]) -> Callable[_Parameters, _Result]:
    """A function that enters and leaves: for a `lambda`, which has no room for it inside."""

    def call(*args: _Parameters.args, **kwargs: _Parameters.kwargs) -> _Result:
        depth = enter()
        try:
            return function(*args, **kwargs)
        finally:
            leave(depth)

    return call
