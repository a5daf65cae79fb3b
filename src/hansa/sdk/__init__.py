"""The client's side of a 2.x chain: accounts, contracts, and a connection to any node, Hansa's or another's.

It speaks the Channel protocol and never imports the node.
"""

from hansa.sdk.account import Account
from hansa.sdk.client import ChainClient, Receipt
from hansa.sdk.contract import Contract, ContractError, load_artifact

__all__ = ["Account", "ChainClient", "Contract", "ContractError", "Receipt", "load_artifact"]
