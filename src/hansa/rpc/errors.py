"""Every error code of the JSON-RPC and its exact text (client protocol §2.3).

Two kinds of error differ on the wire: what the validation of a request finds has no `data` member, what a
method raises has `"data":null` (§2.2). The first are `Fault` values, the second `RpcError`s around one.
"""

from __future__ import annotations

from typing import NamedTuple

__all__ = [
    "BLOCK_HASH_UNKNOWN",
    "BLOCK_NUMBER_UNKNOWN",
    "CALL_WITHOUT_SENDER",
    "DYNAMIC_GROUPS_DISABLED",
    "GROUP_UNKNOWN",
    "INDEX_OUT_OF_RANGE",
    "INVALID_PARAMS",
    "INVALID_REQUEST",
    "METHOD_NOT_FOUND",
    "NOT_A_NOTIFICATION",
    "NOT_JSON",
    "NOT_MEMBER",
    "NOT_READY",
    "NO_VIEW",
    "SYSTEM_CONFIG_UNKNOWN",
    "Fault",
    "RpcError",
    "internal_error",
    "no_epoch_sealers",
    "over_qps_limit",
    "receipts_out_of_range",
    "sdk_not_allowed",
]


class Fault(NamedTuple):
    """A code and its text."""

    code: int
    message: str


class RpcError(Exception):
    """A method's answer is an error."""

    def __init__(self, fault: Fault) -> None:
        super().__init__(fault.message)
        self.fault = fault


# --- found before the method runs -----------------------------------------------------------------------

NOT_JSON = Fault(-32700, "JSON_PARSE_ERROR: The JSON-Object is not JSON-Valid")
INVALID_REQUEST = Fault(-32600, "INVALID_JSON_REQUEST: The JSON sent is not a valid JSON-RPC Request object")
METHOD_NOT_FOUND = Fault(
    -32601, "METHOD_NOT_FOUND: The method being requested is not available on this server"
)
INVALID_PARAMS = Fault(
    -32602, "INVALID_PARAMS: Invalid method parameters (invalid name and/or type) recognised"
)
NOT_A_NOTIFICATION = Fault(-32604, "PROCEDURE_IS_METHOD: The requested notification is declared as a method")


def over_qps_limit(method: str) -> Fault:
    """The flow control of Channel refuses."""
    return Fault(-40011, f"{method} Over QPS limit")


def sdk_not_allowed(method: str) -> Fault:
    """The SDK is not in the group's allow-list."""
    return Fault(-40012, f"{method} The SDK is not allowed to access this group")


# --- answers of methods ---------------------------------------------------------------------------------

GROUP_UNKNOWN = Fault(-40001, "GroupID does not exist")
BLOCK_HASH_UNKNOWN = Fault(-40003, "BlockHash does not exist")
BLOCK_NUMBER_UNKNOWN = Fault(-40004, "BlockNumber does not exist")
INDEX_OUT_OF_RANGE = Fault(-40005, "TransactionIndex is out of range")
CALL_WITHOUT_SENDER = Fault(-40006, "Call needs a 'from' field")
NO_VIEW = Fault(-40007, "Only pbft consensus supports the view property")
SYSTEM_CONFIG_UNKNOWN = Fault(-40008, "Invalid System Config")
NOT_MEMBER = Fault(-40009, "Don't send request to this node who doesn't belong to the group")
NOT_READY = Fault(-40010, "RPC module initialization is incomplete")
DYNAMIC_GROUPS_DISABLED = Fault(-100001, "Dynamic group related interfaces are forbidden to access")


def no_epoch_sealers(consensus_type: str) -> Fault:
    """Only rPBFT has a committee."""
    return Fault(
        -40009,
        "method getEpochSealersList only supported when rpbft is used, "
        f"current consensus type is {consensus_type}",
    )


def receipts_out_of_range(receipt_count: int) -> Fault:
    """A batch of receipts was asked to start behind the last one."""
    return Fault(-40099, f"start index out of range, the number of receipt is {receipt_count}")


def internal_error(diagnostic: str) -> Fault:
    """Input that the method could not read, or a refused transaction.

    Clients search the text, so `diagnostic` carries the words of the reference node where there are such; the
    rest of its dump is not copied.
    """
    return Fault(-32603, f"INTERNAL_ERROR: : INTERNAL_ERROR: : {diagnostic}")
