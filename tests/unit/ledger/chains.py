"""A small group with known keys, and blocks that its sealers would commit."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

from hansa.kernel import (
    Block,
    ExecutedBlock,
    Header,
    Suite,
    Transaction,
    TransactionList,
    keccak256,
    public_key,
    sign,
)
from hansa.ledger.genesis import GenesisSettings, parse_genesis_settings
from hansa.ledger.ledger import Ledger
from hansa.primitives import NodeId
from hansa.storage import KeyValueStore, MemoryStore

THREADS = ThreadPoolExecutor(1)
SENDER = keccak256(b"test key of a sender")


def sealer_keys(count: int, suite: Suite = Suite.STANDARD) -> list[bytes]:
    """Secrets in the order of the sealers' indices. Test keys."""
    secrets = [keccak256(b"test key of sealer %d" % number) for number in range(count)]
    return sorted(secrets, key=lambda secret: public_key(secret, suite=suite))


class Group:
    """A ledger, and what is needed to extend it."""

    def __init__(
        self,
        sealers: int = 4,
        store: KeyValueStore | None = None,
        *,
        consensus: str = "",
        suite: Suite = Suite.STANDARD,
    ) -> None:
        """Args: `consensus` are lines of the genesis file's section of that name."""
        self.suite = suite
        self.keys = sealer_keys(sealers, suite)
        self.sealers = [NodeId(public_key(key, suite=suite)) for key in self.keys]
        self.store = store or MemoryStore()
        self.genesis = self._genesis(consensus)
        self.ledger = Ledger(self.store, self.genesis, THREADS)
        self._nonce = 0

    def _genesis(self, consensus: str) -> GenesisSettings:
        nodes = "\n".join(f"node.{index}={sealer.hex()}" for index, sealer in enumerate(self.sealers))
        text = f"[group]\nid=1\ntimestamp=1700000000000\n[consensus]\n{consensus}\n{nodes}\n"
        return parse_genesis_settings(text, "group.1.genesis", (2, 9, 1), self.suite)

    def transaction(self, data: bytes = b"", to: bytes | None = bytes(19) + b"\x04") -> Transaction:
        self._nonce += 1
        return Transaction.create(
            SENDER,
            nonce=self._nonce,
            gas_price=1,
            gas=30_000_000,
            block_limit=self.ledger.head.number + 500,
            to=to,
            value=0,
            data=data,
            chain_id=1,
            group_id=1,
            suite=self.suite,
        )

    def propose(self, transactions: Sequence[Transaction], **changes: object) -> Block:
        head = self.ledger.head
        fields: dict[str, object] = {
            "number": head.number + 1,
            "parent_hash": head.hash,
            "state_root": head.state_root,
            "timestamp": head.timestamp + 1000,
            "sealer": 1,
            "sealer_list": self.ledger.membership.working,
            "suite": self.suite,
        }
        header = Header(**(fields | changes))  # type: ignore[arg-type]
        raws = [transaction.raw for transaction in transactions]
        return Block.propose(header, TransactionList.decode(raws, suite=self.suite))

    def signatures(self, block_hash: bytes, indices: Sequence[int]) -> list[tuple[int, bytes]]:
        return [(index, sign(self.keys[index], block_hash, suite=self.suite)) for index in indices]

    async def extend(self, transactions: Sequence[Transaction]) -> Block:
        executed = await self.ledger.execute(self.propose(transactions))
        return await self.commit(executed)

    async def commit(self, executed: ExecutedBlock) -> Block:
        return await self.ledger.commit(executed, self.signatures(executed.block.hash, (0, 1, 2)))
