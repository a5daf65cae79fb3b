"""Who belongs to the group: the `Consensus` contract of every chain (node §4.10), through the SDK."""

from __future__ import annotations

from hansa.primitives import Address
from hansa.sdk import Account, ChainClient, Contract, Receipt

__all__ = ["CONSENSUS", "CONSENSUS_ADDRESS", "add_observer", "add_sealer", "remove"]

CONSENSUS_ADDRESS = Address((0x1003).to_bytes(20, "big"))
CONSENSUS = Contract(
    abi=[
        {
            "type": "function",
            "name": name,
            "inputs": [{"name": "nodeId", "type": "string"}],
            "outputs": [{"name": "", "type": "int256"}],
        }
        for name in ("addSealer", "addObserver", "remove")
    ],
    bytecode=b"",
)


async def add_sealer(chain: ChainClient, node_id: str) -> Receipt:
    """Have a node vote, from the next block on."""
    return await _change(chain, "addSealer", node_id)


async def add_observer(chain: ChainClient, node_id: str) -> Receipt:
    """Have a node follow without a vote."""
    return await _change(chain, "addObserver", node_id)


async def remove(chain: ChainClient, node_id: str) -> Receipt:
    """Have a node neither vote nor follow."""
    return await _change(chain, "remove", node_id)


async def _change(chain: ChainClient, method: str, node_id: str) -> Receipt:
    receipt = await chain.transact(Account.create(), CONSENSUS_ADDRESS, CONSENSUS.call_data(method, node_id))
    assert receipt.error is None, receipt.error
    (code,) = CONSENSUS.decode_output(method, receipt.output)
    assert code == 1, f"{method}: {code}"
    return receipt
