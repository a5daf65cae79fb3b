"""Who waits for which receipt, and the receipt of a transaction that never gets into a block.

Rule 1: the first request for a hash gets the receipt; a repeated one is refused by the pool anyway.
Rule 2: a receipt is handed out once. The entry goes with it, with its session, or as the oldest of a full
        book.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import orjson

__all__ = ["ReceiptBook", "WaitingReceipt", "refusal_receipt"]


@dataclass(frozen=True, slots=True)
class WaitingReceipt:
    """A session that wants the receipt of a transaction it sent."""

    session_id: int
    seq: bytes
    with_proof: bool


class ReceiptBook:
    """Transaction hash → who waits. Bounded; oldest entries give way."""

    def __init__(self, entries_max: int) -> None:
        self._entries_max = entries_max
        self._waiting: dict[bytes, WaitingReceipt] = {}
        self._of_session: dict[int, set[bytes]] = {}

    def __len__(self) -> int:
        return len(self._waiting)

    def expect(self, transaction_hash: bytes, waiting: WaitingReceipt) -> bool:
        """Note who waits, unless somebody does already; tells whether this is the one who waits."""
        present = self._waiting.get(transaction_hash)
        if present is not None:
            return present == waiting
        if len(self._waiting) >= self._entries_max:
            self._remove(next(iter(self._waiting)))
        self._waiting[transaction_hash] = waiting
        self._of_session.setdefault(waiting.session_id, set()).add(transaction_hash)
        return True

    def forget(self, transaction_hash: bytes, waiting: WaitingReceipt) -> None:
        """Take back `expect`; another session's entry for the same hash stays."""
        if self._waiting.get(transaction_hash) == waiting:
            self._remove(transaction_hash)

    def take(self, hashes: Sequence[bytes]) -> list[tuple[int, WaitingReceipt]]:
        """The transactions of a block somebody waits for, as (index, who); nobody does any longer."""
        waiting = self._waiting
        if not waiting:
            return []
        found = []
        for index, transaction_hash in enumerate(hashes):
            if transaction_hash in waiting:
                found.append((index, self._remove(transaction_hash)))
        return found

    def forget_session(self, session_id: int) -> None:
        """The session ended: its receipts are lost (client protocol §5.5)."""
        for transaction_hash in self._of_session.pop(session_id, ()):
            del self._waiting[transaction_hash]

    def _remove(self, transaction_hash: bytes) -> WaitingReceipt:
        waiting = self._waiting.pop(transaction_hash)
        hashes = self._of_session[waiting.session_id]
        hashes.discard(transaction_hash)
        if not hashes:
            del self._of_session[waiting.session_id]
        return waiting


_ZERO_HASH = "0x" + "0" * 64
_ZERO_ADDRESS = "0x" + "0" * 40
_REFUSAL = {
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
    "status": "0x0",
    "statusMsg": "",
    "to": _ZERO_ADDRESS,
    "transactionHash": _ZERO_HASH,
    "transactionIndex": "0x0",
}


def refusal_receipt(transaction_hash: bytes, status: int, message: str) -> bytes:
    """The receipt pushed for a transaction that was refused or dropped (client protocol §3.8).

    Everything but the status is zero, and unlike upstream the hash is filled in (§13): clients print it.
    """
    members = {
        "status": hex(status),
        "statusMsg": message,
        "transactionHash": "0x" + transaction_hash.hex().zfill(64),
    }
    return orjson.dumps(_REFUSAL | members)
