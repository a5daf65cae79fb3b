"""Is this foreign block one that the group's sealers committed? (node §4.10, §5.4; execution §7)

What execution will decide (roots, receipts) is compared afterwards, by the ledger. Blocks of a Raft group
carry no signatures (node §4.9): there, whoever delivers a block is trusted like every sealer.
"""

from __future__ import annotations

from hansa.kernel import Block, Header, transactions_root, verify_batch
from hansa.ledger.errors import InvalidBlock
from hansa.ledger.membership import Membership, quorum

__all__ = ["verify_committed_block"]


def verify_committed_block(
    block: Block,
    *,
    parent: Header,
    membership: Membership,
    transaction_count_max: int,
    is_signed: bool,
) -> None:
    """Check the chain link, the sealer list, the signatures and the transactions of a block.

    Args:
        block: as received; its hash item has been checked against its header.
        parent: the committed head.
        membership: as it counts for this height.
        transaction_count_max: the agreed `tx_count_limit`.
        is_signed: the group's consensus signs its blocks.

    Raises:
        InvalidBlock: it breaks a rule; the text says which.
    """
    header, height = block.header, block.number
    if height != parent.number + 1 or header.parent_hash != parent.hash:
        raise InvalidBlock(height, f"does not follow block {parent.number}")
    if tuple(header.sealer_list) != membership.working:
        raise InvalidBlock(height, "its sealer list is not the group's")
    count = len(block.transactions)
    if not 0 < count <= transaction_count_max:
        raise InvalidBlock(height, f"{count} transactions, allowed are 1 to {transaction_count_max}")
    if header.transactions_root != transactions_root(block.transactions.hashes, suite=block.suite):
        raise InvalidBlock(height, "transactions root differs")
    if is_signed:
        _verify_signatures(block, membership)
    invalid = block.transactions.recover_senders()
    if invalid:
        raise InvalidBlock(height, f"transaction {invalid[0]} has no valid signature")


def _verify_signatures(block: Block, membership: Membership) -> None:
    # An index is a place among all sealers, also where only some of them work.
    sealers, needed = membership.sealers, quorum(len(membership.working))
    voters = {sealers.index(worker) for worker in membership.working}
    signatures = {index: signature for index, signature in block.signatures if index in voters}
    indices = sorted(signatures)
    valid = sum(
        verify_batch(
            [sealers[index] for index in indices],
            [block.hash] * len(indices),
            [signatures[index] for index in indices],
            suite=block.suite,
        )
    )
    if valid < needed:
        raise InvalidBlock(block.number, f"{valid} valid signatures, {needed} needed")
