"""Pours the workload over the Channel of every node, and writes down what comes back.

A client waits for nobody: operations leave at a fixed rate, each through a node that is connected then. One
in ten goes to a second node as well, as an impatient application would do it.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable, Mapping
from pathlib import Path

from hansa.channel.errors import ChannelError, ClientError
from hansa.primitives import Address
from hansa.sdk import Account, ChainClient, Contract
from hansa.sdk import Receipt as ToldReceipt
from tests.cluster.nemesis.history import History, Receipt, Refused, Sent, Unanswered
from tests.cluster.nemesis.workload import Workload

__all__ = ["Clients"]

REPEATED_SHARE = 0.1
_RECONNECT_S = 0.3
_REFUSED_FROM = 10_000
_POOL_STATUSES = frozenset({15, 16, 28, 29})
"""Statuses only a pool gives: the transaction is in no block (client protocol §3.8)."""


class Clients:
    """One connection to each of some nodes."""

    def __init__(
        self,
        history: History,
        sdk_directory: Path,
        endpoints: Mapping[int, tuple[str, int]],
        workload: Workload,
        *,
        seed: int,
    ) -> None:
        self._history = history
        self._sdk_directory = sdk_directory
        self._endpoints = endpoints
        self._workload = workload
        self._chance = random.Random(seed)
        self._account = Account.create()
        self._connected: dict[int, ChainClient] = {}
        self._open_count = 0

    @property
    def open_count(self) -> int:
        """Transactions sent and neither answered nor given up."""
        return self._open_count

    async def keep_connected(self) -> None:
        """Connect to every node, again and again, until cancelled."""
        async with asyncio.TaskGroup() as tasks:
            for node in self._endpoints:
                tasks.create_task(self._keep_connected(node))

    async def _keep_connected(self, node: int) -> None:
        host, port = self._endpoints[node]
        while True:
            try:
                async with ChainClient.connect(self._sdk_directory, host, port) as chain:
                    self._connected[node] = chain
                    while chain.channel.is_connected:
                        await asyncio.sleep(0.05)
            except (ChannelError, OSError):
                pass  # the node is away; that is what this is about
            finally:
                self._connected.pop(node, None)
            await asyncio.sleep(_RECONNECT_S)

    async def pour(self, contract: Contract, address: Address, *, rate: float) -> None:
        """Send `rate` operations a second until cancelled."""
        loop = asyncio.get_running_loop()
        due = loop.time()
        while True:
            due = max(due + 1 / rate, loop.time() - 0.5)
            await asyncio.sleep(max(0.0, due - loop.time()))
            nodes = sorted(self._connected)
            if not nodes:
                continue
            count = 2 if len(nodes) > 1 and self._chance.random() < REPEATED_SHARE else 1
            transfer = self._workload.next()
            chosen = self._chance.sample(nodes, count)
            signer = self._connected[chosen[0]]
            transaction = signer.sign(self._account, address, transfer.call_data(contract))
            digest = "0x" + transaction.hash.hex()
            for node in chosen:
                self._send(node, transaction.raw, Sent(node, digest, transfer))

    def _send(self, node: int, raw: bytes, sent: Sent) -> None:
        chain = self._connected[node]
        try:
            chain.channel.submit_transaction(chain.group_id, raw, self._listener(sent, chain))
        except ClientError:
            return  # it did not leave
        self._open_count += 1
        self._history.note(sent)

    def _listener(self, sent: Sent, chain: ChainClient) -> Callable[[bytes | ClientError], None]:
        def settle(result: bytes | ClientError) -> None:
            self._open_count -= 1
            if isinstance(result, ClientError):
                is_connected = chain.channel.is_connected
                self._history.note(Unanswered(sent.node, sent.hash, str(result), is_connected))
                return
            told = ToldReceipt.decode(result)
            if told.status >= _REFUSED_FROM or told.status in _POOL_STATUSES:
                self._history.note(Refused(sent.node, sent.hash, told.status_text))
            else:
                self._history.note(Receipt(sent.node, sent.hash, told.height, told.status))

        return settle
