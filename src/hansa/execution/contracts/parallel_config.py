"""ParallelConfig 0x1006: which functions of a contract may run beside others (execution §2.10, §6)."""

from __future__ import annotations

from hansa.execution.contract import method
from hansa.execution.system import SystemCall, SystemContract
from hansa.execution.tables import Fields
from hansa.execution.text import to_bytes
from hansa.kernel import Suite
from hansa.primitives import Address

__all__ = ["ParallelConfig"]

KEY = "parallel"
"""The key field and the one key."""


class ParallelConfig(SystemContract):
    """A register per contract, `cp_<address>`. Anyone may register for any contract.

    The scheduler reads it as of the block before, so that the order of a block does not depend on the block.
    """

    address = 0x1006

    @method("registerParallelFunctionInternal(address,string,uint256)", returns="int256")
    def register(self, call: SystemCall, contract: Address, function: str, critical_size: int) -> int:
        """Calls with different first `critical_size` arguments do not meet. Always 0."""
        name, selector = f"cp_{contract.hex()}", _selector(function, call.suite)
        table = call.find_table(name) or call.create_table(name, KEY, "selector,functionName,criticalSize")
        row: Fields = {"selector": selector, "functionName": function, "criticalSize": critical_size}
        table.put(KEY, row, ("selector", "==", selector), as_origin=True)
        return 0

    @method("unregisterParallelFunctionInternal(address,string)", returns="int256")
    def unregister(self, call: SystemCall, contract: Address, function: str) -> int:
        """The function runs alone again. Always 0."""
        table = call.find_table(f"cp_{contract.hex()}")
        if table is not None:
            table.remove(KEY, ("selector", "==", _selector(function, call.suite)), as_origin=True)
        return 0


def _selector(function: str, suite: Suite) -> int:
    """As the table holds it: the number of the four bytes."""
    return int.from_bytes(suite.hash(to_bytes(function))[:4])
