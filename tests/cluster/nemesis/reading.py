"""Chains and balances as running nodes tell them, over JSON-RPC."""

from __future__ import annotations

from collections.abc import Sequence

from hansa.primitives import Address
from hansa.sdk import Contract
from tests.cluster.harness import GROUP, Cluster
from tests.cluster.nemesis.checker import StoredBlock

__all__ = ["read_balances", "read_chain"]

_MEMBERS = ("hash", "parentHash", "stateRoot", "receiptsRoot", "transactionsRoot", "sealer", "transactions")


def read_chain(cluster: Cluster, node: int, heights: Sequence[int]) -> list[StoredBlock]:
    """Blocks of one node."""
    return [_read_block(cluster, node, height) for height in heights]


def _read_block(cluster: Cluster, node: int, height: int) -> StoredBlock:
    block = cluster.block(node, height)
    answer = cluster.rpc(node, "getBatchReceiptsByBlockNumberAndRange", GROUP, str(height), "0", "-1", False)
    return StoredBlock(height, {name: block[name] for name in _MEMBERS}, answer["transactionReceipts"])


def read_balances(
    cluster: Cluster, node: int, contract: Contract, address: Address, accounts: Sequence[str]
) -> dict[str, int]:
    """What the workload's contract answers on one node."""
    balances = {}
    for account in accounts:
        call = {
            "from": "0x" + "01" * 20,
            "to": "0x" + address.hex(),
            "data": "0x" + contract.call_data("balanceOf", account).hex(),
        }
        output = bytes.fromhex(cluster.rpc(node, "call", GROUP, call)["output"][2:])
        (balances[account],) = contract.decode_output("balanceOf", output)
    return balances
