"""The error texts for transactions that are not admitted (client protocol §3.8).

They answer synchronous callers: HTTP, and Channel below version 3. Clients search the text for the reason.
"""

from __future__ import annotations

from collections.abc import Mapping

from hansa.kernel import Suite, Transaction
from hansa.rpc.errors import Fault, internal_error
from hansa.txpool import AdmissionStatus

__all__ = ["node_is_syncing", "transaction_refused"]

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


def transaction_refused(raw: bytes, status: int, transaction_hash: bytes) -> Fault:
    """What to say of a pool's answer that is not ADMITTED. The hash is empty if `raw` is no transaction."""
    if status == AdmissionStatus.MALFORMED:
        what = "the signature is not valid" if transaction_hash else "not the RLP of a transaction"
        return internal_error(f"invalid rc2 transaction format: {what}")
    reason = _REASON_WORDS.get(status, _OTHER_REASON)
    if status == AdmissionStatus.BLOCK_LIMIT_CHECK_FAIL:
        # The guomi form of a signature is any bytes: its decoder reads the fields of a chain of either suite.
        reason += f", txBlockLimit={Transaction.decode(raw, suite=Suite.SM).block_limit}"
    return internal_error(f"TransactionRefused: {reason}, txHash={transaction_hash.hex()[:8]}...")


def node_is_syncing() -> Fault:
    """The node is too far behind to check a transaction."""
    return internal_error("TransactionRefused: ImportResult::NodeIsSyncing")
