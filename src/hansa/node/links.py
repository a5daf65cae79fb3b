"""What joins a group's parts to the node: a slice of the network, a signer, a small durable memory."""

from __future__ import annotations

import asyncio
from collections.abc import Collection
from concurrent.futures import Executor as ThreadPool

from hansa.kernel import Suite, Transaction, sign, vrf_prove
from hansa.node.flow_control import Bandwidth
from hansa.p2p import Gateway, Module
from hansa.primitives import GroupId, NodeId
from hansa.storage import KeyValueStore, WriteBatch

__all__ = ["DurableRecords", "ModuleLink", "NodeSigner"]


class ModuleLink:
    """One module's packets of one group."""

    def __init__(self, gateway: Gateway, module: Module, group_id: GroupId, bandwidth: Bandwidth) -> None:
        self._gateway = gateway
        self._module = module
        self._group_id = group_id
        self._bandwidth = bandwidth

    def send(self, node: NodeId, packet_type: int, payload: bytes) -> None:
        """Queue a packet; without a session it is dropped."""
        self._bandwidth.count(len(payload))
        self._gateway.send(
            node, group=self._group_id, module=self._module, packet_type=packet_type, payload=payload
        )

    def has_room(self) -> bool:
        """Whether the bandwidth limits leave room for a packet that can wait."""
        return self._bandwidth.has_room()

    def connected_ids(self) -> Collection[NodeId]:
        """Nodes there is a session with."""
        return self._gateway.connected_ids()


class NodeSigner:
    """Signs with the node's key, which never leaves this object."""

    def __init__(self, secret: bytes, suite: Suite = Suite.STANDARD) -> None:
        self._secret = secret
        self._suite = suite

    def sign(self, digest: bytes) -> bytes:
        """65 bytes r ‖ s ‖ v, or on a guomi chain 128: r ‖ s ‖ public key."""
        return sign(self._secret, digest, suite=self._suite)

    def prove(self, text: str) -> tuple[str, str]:
        """The public key of the node's verifiable random function, and its proof for a text."""
        return vrf_prove(self._secret, text)

    def sign_transaction(
        self, *, nonce: int, block_limit: int, to: bytes, data: bytes, chain_id: int, group_id: int
    ) -> Transaction:
        """A transaction of the node itself, without gas."""
        return Transaction.create(
            self._secret,
            nonce=nonce,
            gas_price=0,
            gas=0,
            block_limit=block_limit,
            to=to,
            value=0,
            data=data,
            chain_id=chain_id,
            group_id=group_id,
            suite=self._suite,
        )


class DurableRecords:
    """Named records in a store of their own; a saved record is on the disk when `save` returns."""

    def __init__(self, store: KeyValueStore, threads: ThreadPool) -> None:
        self._store = store
        self._threads = threads

    def load(self, name: str) -> bytes | None:
        """The record as it was saved last."""
        return self._store.get(name.encode())

    async def save(self, name: str, data: bytes) -> None:
        """Replace a record.

        Raises:
            StorageError: it could not be written.
        """
        batch = WriteBatch()
        batch.put(name.encode(), data)
        await asyncio.get_running_loop().run_in_executor(self._threads, self._write, batch)

    def _write(self, batch: WriteBatch) -> None:
        self._store.write(batch, sync=True)
