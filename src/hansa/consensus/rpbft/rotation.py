"""The transaction that relieves working sealers (execution §8.2, §8.3).

After an epoch the leader puts it at the first place of its block: the proof of a verifiable random function
over the parent's hash, from which the contract 0x1011 draws who leaves and who comes. Sealers sign no such
block without it, and none whose rotation is not of the sealer that made the block.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from eth_abi.abi import encode

from hansa.consensus.errors import InvalidProposal
from hansa.consensus.surroundings import Chain, NodeKey
from hansa.kernel import Block, Header, TransactionList
from hansa.primitives import Address, GroupId, Height

__all__ = ["WORKING_SEALER_MANAGER", "Rotation"]

WORKING_SEALER_MANAGER: Final = Address(bytes.fromhex("0000000000000000000000000000000000001011"))

_SELECTOR_TEXT: Final = b"rotateWorkingSealer(std::string, std::string, std::string)"
"""No canonical signature: the reference hashes it as it stands in its code."""

_BLOCK_LIMIT: Final = 500
"""Heights for which the transaction is valid."""

_NONCE_BITS: Final = 250


class Rotation:
    """The agenda of an rPBFT group."""

    def __init__(
        self, *, chain: Chain, key: NodeKey, chain_id: int, group_id: GroupId, draw: Callable[[int], int]
    ) -> None:
        """Args: `draw` gives one of the integers from 0 up to, but without, the given one."""
        self._chain = chain
        self._key = key
        self._chain_id = chain_id
        self._group_id = group_id
        self._draw = draw

    def is_due(self) -> bool:
        """Must the block after the head rotate? The first one of a chain need not."""
        chain = self._chain
        height, membership = Height(chain.head.number), chain.membership
        return height > 0 and chain.epoch.ends_with(
            height, working_count=len(membership.working), sealer_count=len(membership.sealers)
        )

    def complete(self, pooled: TransactionList, head: Header) -> TransactionList:
        """Our rotation first; no other, which a leader before us may have left in the pool."""
        if not self.is_due():
            return pooled
        public_key, proof = self._key.prove(head.hash.hex())
        selector = head.suite.hash(_SELECTOR_TEXT)[:4]
        rotation = self._key.sign_transaction(
            nonce=self._draw(1 << _NONCE_BITS),
            block_limit=head.number + _BLOCK_LIMIT,
            to=WORKING_SEALER_MANAGER,
            data=selector + encode(["string", "string", "string"], [public_key, head.hash.hex(), proof]),
            chain_id=self._chain_id,
            group_id=self._group_id,
        )
        others = [transaction.raw for transaction in pooled if transaction.to != WORKING_SEALER_MANAGER]
        # Ours takes the place of one that fitted: that one waits for the next block.
        raws = [rotation.raw, *others[: max(0, len(pooled) - 1)]]
        return TransactionList.decode(raws, suite=head.suite)

    def check(self, block: Block) -> None:
        """Is the rotation where it must be, and of the sealer that made the block?

        Raises:
            InvalidProposal: no.
        """
        head, sealers = self._chain.head, self._chain.membership.sealers
        if block.header.parent_hash != head.hash or not self.is_due():
            return  # Of another head: executing it will tell.
        if block.header.sealer >= len(sealers):
            raise InvalidProposal(f"sealer {block.header.sealer} of {len(sealers)} made it")
        first = block.transactions[0]
        if first.to != WORKING_SEALER_MANAGER:
            raise InvalidProposal("the epoch ends, and its first transaction rotates nobody")
        if first.sender != block.suite.address(sealers[block.header.sealer]):
            raise InvalidProposal("its rotation is not of the sealer that made it")
