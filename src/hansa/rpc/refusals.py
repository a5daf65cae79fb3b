"""What a client hears of a transaction that the pool refuses or drops (client protocol §3.8).

A synchronous caller (HTTP, Channel v1 and v2) gets an error text with a reason word; an asynchronous one
(Channel v3) got the hash already and is pushed a receipt with nothing but the status, as is everybody whose
admitted transaction was dropped later.
"""

from __future__ import annotations

from collections.abc import Mapping

import orjson

from hansa.primitives import Hash32
from hansa.rpc.errors import Fault, internal_error
from hansa.txpool import STATUS_NAMES, AdmissionStatus

__all__ = ["not_a_transaction", "refusal_receipt", "syncing", "transaction_refused"]

_REASON_WORDS: Mapping[int, str] = {
    AdmissionStatus.NONCE_CHECK_FAIL: "TransactionNonceCheckFail",
    AdmissionStatus.BLOCK_LIMIT_CHECK_FAIL: "BlockLimitCheckFailed",
    AdmissionStatus.POOL_IS_FULL: "TransactionPoolIsFull",
    AdmissionStatus.ALREADY_KNOWN: "TransactionAlreadyKown",  # spelled so by every node
    AdmissionStatus.ALREADY_IN_CHAIN: "TransactionAlreadyInChain",
    AdmissionStatus.INVALID_CHAIN_ID: "InvalidChainId",
    AdmissionStatus.INVALID_GROUP_ID: "InvalidGroupId",
    AdmissionStatus.OVER_MEMORY_LIMIT: "OverGroupMemoryLimit",
}

_OTHER_REASON = "TransactionSubmitFailed"

_STATUS_WORDS: Mapping[int, str] = {int(status): name for status, name in STATUS_NAMES.items()}

_ZERO_ADDRESS = "0x" + "0" * 40
_ZERO_HASH = "0x" + "0" * 64


def transaction_refused(status: int, transaction_hash: Hash32, block_limit: int | None = None) -> Fault:
    """The error text for an admission status other than 0; `block_limit` where that was the reason."""
    word = _REASON_WORDS.get(status, _OTHER_REASON)
    limit = "" if block_limit is None else f", txBlockLimit={block_limit}"
    return internal_error(f"TransactionRefused: {word}{limit}, txHash={transaction_hash.hex()[:8]}...")


def not_a_transaction(reason: str) -> Fault:
    """The bytes are no transaction, or its signature is not valid."""
    return internal_error(f"invalid rc2 transaction format: {reason}")


def syncing() -> Fault:
    """The node is too far behind to check a transaction."""
    return internal_error("TransactionRefused: ImportResult::NodeIsSyncing")


def refusal_receipt(status: int, transaction_hash: bytes) -> bytes:
    """The receipt to push for a transaction that will not be executed: compact JSON, all else zero."""
    return orjson.dumps(
        {
            "blockHash": _ZERO_HASH,
            "blockNumber": "0x0",
            "contractAddress": _ZERO_ADDRESS,
            "from": _ZERO_ADDRESS,
            "gasUsed": "0x0",
            "input": "0x",
            "logs": [],
            "logsBloom": "0x" + "0" * 512,
            "output": "0x",
            "remainGas": "0x0",
            "root": _ZERO_HASH,
            "status": hex(status),
            "statusMsg": _STATUS_WORDS.get(status, "Unknown"),
            "to": _ZERO_ADDRESS,
            "transactionHash": "0x" + transaction_hash.hex(),
            "transactionIndex": "0x0",
        }
    )
