"""The blocks behind the hashes the machine speaks of: read, filled from the pool, built for execution.

Rules:
- What is told to the machine is bound to its hash: header, transaction hashes and their root agree.
- A leader may repeat a prepared block in its executed form; it is taken back to the form before execution,
  which is what the prepare's hash is of (node §4.4).
- The header of a proposal has no freedom beyond timestamp, transactions and sealer: it is built anew on our
  own head and must come out with the same hash (node §4.3, execution §7).
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from typing import Final

from hansa.consensus.errors import InvalidProposal
from hansa.consensus.headers import header_on
from hansa.consensus.pbft.messages import Prepare, WantedTransaction
from hansa.kernel import Block, ExecutedBlock, Header, Suite, TransactionList, transactions_root
from hansa.primitives import Hash32, NodeId

__all__ = ["EMPTY_PROPOSAL_SEALER", "Proposal", "open_proposal", "proposal_of"]

EMPTY_PROPOSAL_SEALER: Final = (1 << 256) - 1
"""What stands for the sealer in the header of an empty prepare."""

ANSWERS_PER_PEER_MAX: Final = 3
"""How often one sealer gets transactions of one proposal."""


@dataclass(slots=True)
class Proposal:
    """A block on its way to a commit. Grows: hashes, then transactions, then an execution."""

    block_hash: Hash32
    """Before execution."""
    header: Header
    """Its roots may be those after execution."""
    hashes: list[bytes]
    block: Block | None = None
    """Unexecuted, with all transactions."""
    executed: ExecutedBlock | None = None
    is_executing: bool = False
    asked: NodeId | None = None
    """Who was asked for missing transactions."""
    wanted: tuple[WantedTransaction, ...] = ()
    """Which ones."""
    fetched: TransactionList | None = None
    """Transactions that came with the prepare, or as an answer."""
    answers: dict[NodeId, int] = field(default_factory=dict)

    def fill(
        self, found: TransactionList, missing: Sequence[int], head: Header, sealers: Sequence[NodeId]
    ) -> None:
        """Build the block from what the pool has, and what was fetched.

        Afterwards either `block` is there, or `wanted` says what is still missing.

        Raises:
            InvalidProposal: the block is not one that follows `head`.
        """
        if missing and self.fetched is not None:
            found, missing = self._with_fetched(found, missing)
        self.wanted = tuple(WantedTransaction(Hash32(self.hashes[index]), index) for index in missing)
        if not missing:
            self.block = block_on(head, sealers, self.header, found)
            if self.block.hash != self.block_hash:
                raise InvalidProposal("its header is not one of a proposal on our head")

    def accept_fetched(self, transactions: TransactionList) -> bool:
        """Take the answer to our request, if it is exactly that."""
        if not self.wanted or transactions.hashes != [wanted.hash for wanted in self.wanted]:
            return False
        self.fetched = transactions
        return True

    def answer(self, asking: NodeId, wanted: Collection[WantedTransaction]) -> bytes | None:
        """Transactions for a sealer that lacks them, in the offset table form; None: not ours to give."""
        if self.block is None or self.answers.get(asking, 0) >= ANSWERS_PER_PEER_MAX:
            return None
        for transaction in wanted:
            if transaction.index >= len(self.hashes) or self.hashes[transaction.index] != transaction.hash:
                return None
        self.answers[asking] = self.answers.get(asking, 0) + 1
        transactions = self.block.transactions
        if len(wanted) == len(transactions):
            return transactions.encode_blob()
        raws = [transactions[item.index].raw for item in wanted]
        return TransactionList.decode(raws, suite=self.header.suite).encode_blob()

    def _with_fetched(
        self, found: TransactionList, missing: Sequence[int]
    ) -> tuple[TransactionList, Sequence[int]]:
        """What the pool did not admit is taken from the answer: whether it is valid, execution decides."""
        known = (*found, *(self.fetched or ()))
        raws = {transaction.hash: transaction.raw for transaction in known}
        still_missing = [index for index in missing if self.hashes[index] not in raws]
        if still_missing:
            return found, still_missing
        ordered = [raws[transaction_hash] for transaction_hash in self.hashes]
        return TransactionList.decode(ordered, suite=self.header.suite), ()


def open_proposal(prepare: Prepare, head: Header, sealers: Sequence[NodeId]) -> Proposal:
    """Read the block of a prepare: the form with transaction hashes, or the full one.

    Args:
        head: our newest committed block.
        sealers: of the block after it.

    Raises:
        InvalidProposal: no block, or not the one the prepare names.
    """
    header, hashes, block = _read(prepare.block, head.suite)
    if header.number != prepare.height:
        raise InvalidProposal(f"block {header.number} in a prepare of {prepare.height}")
    if len(set(hashes)) != len(hashes):
        raise InvalidProposal("a transaction stands in it twice")
    if header.transactions_root != transactions_root(hashes, suite=head.suite):
        raise InvalidProposal("its transactions root differs")
    if (
        header.hash != prepare.block_hash
        and _before_execution(header, head, sealers).hash != prepare.block_hash
    ):
        raise InvalidProposal("its block is another than it names")
    return Proposal(prepare.block_hash, header, hashes, fetched=None if block is None else block.transactions)


def proposal_of(block: Block) -> Proposal:
    """A block of our own: sealed, or kept through a restart."""
    return Proposal(Hash32(block.hash), block.header, block.transactions.hashes, block=block)


def block_on(
    head: Header, sealers: Sequence[NodeId], proposed: Header, transactions: TransactionList
) -> Block:
    """The unexecuted block on `head` that `proposed` must be the header of.

    Raises:
        InvalidProposal: it is not later than its parent.
    """
    if proposed.timestamp <= head.timestamp:
        raise InvalidProposal(f"its time {proposed.timestamp} is not after its parent's")
    header = header_on(head, sealers, timestamp=proposed.timestamp, sealer=proposed.sealer)
    return Block.propose(header, transactions)


def _before_execution(header: Header, head: Header, sealers: Sequence[NodeId]) -> Header:
    return Header(
        number=header.number,
        parent_hash=header.parent_hash,
        state_root=head.state_root,
        transactions_root=header.transactions_root,
        timestamp=header.timestamp,
        sealer=header.sealer,
        sealer_list=sealers,
        suite=head.suite,
    )


def _read(data: bytes, suite: Suite) -> tuple[Header, list[bytes], Block | None]:
    try:
        header, hashes, _ = Block.decode_proposal(data, suite=suite)
    except ValueError:
        pass
    else:
        return header, hashes, None
    try:
        block = Block.decode(data, suite=suite)
    except ValueError as error:
        raise InvalidProposal(str(error)) from error
    return block.header, block.transactions.hashes, block
