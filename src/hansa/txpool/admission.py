"""What the pool answers to a transaction (data model §3.2, client protocol §3.8)."""

from __future__ import annotations

from enum import IntEnum
from typing import NamedTuple

from hansa.primitives import Hash32

__all__ = ["STATUS_NAMES", "Admission", "AdmissionStatus"]


class AdmissionStatus(IntEnum):
    """0, or the receipt status a refused transaction is pushed with."""

    ADMITTED = 0
    NONCE_CHECK_FAIL = 15
    BLOCK_LIMIT_CHECK_FAIL = 16
    POOL_IS_FULL = 28
    REFUSED = 29
    ALREADY_KNOWN = 10000
    ALREADY_IN_CHAIN = 10001
    INVALID_CHAIN_ID = 10002
    INVALID_GROUP_ID = 10003
    NOT_IN_GROUP = 10004
    MALFORMED = 10005
    OVER_MEMORY_LIMIT = 10006


STATUS_NAMES = {
    AdmissionStatus.ADMITTED: "None",
    AdmissionStatus.NONCE_CHECK_FAIL: "NonceCheckFail",
    AdmissionStatus.BLOCK_LIMIT_CHECK_FAIL: "BlockLimitCheckFail",
    AdmissionStatus.POOL_IS_FULL: "TxPoolIsFull",
    AdmissionStatus.REFUSED: "TransactionRefused",
    AdmissionStatus.ALREADY_KNOWN: "AlreadyKnown",
    AdmissionStatus.ALREADY_IN_CHAIN: "AlreadyInChain",
    AdmissionStatus.INVALID_CHAIN_ID: "InvalidChainId",
    AdmissionStatus.INVALID_GROUP_ID: "InvalidGroupId",
    AdmissionStatus.NOT_IN_GROUP: "RequestNotBelongToTheGroup",
    AdmissionStatus.MALFORMED: "MalformedTx",
    AdmissionStatus.OVER_MEMORY_LIMIT: "OverGroupMemoryLimit",
}
"""The sheet's names, for logs and diagnostics."""


class Admission(NamedTuple):
    """The answer for one transaction."""

    status: int
    hash: Hash32
    """Empty when the bytes were no transaction."""
