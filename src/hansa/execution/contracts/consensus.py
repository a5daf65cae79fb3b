"""Consensus 0x1003: who seals and who observes (execution §2.7)."""

from __future__ import annotations

import re

from hansa.execution.contract import method
from hansa.execution.system import CONSENSUS_TABLE, SystemCall, SystemContract, int256_code
from hansa.execution.tables import Fields
from hansa.execution.text import ascii_lower

__all__ = ["KEY", "OBSERVER", "SEALER", "WORKING_SEALER", "Consensus"]

BAD_NODE_ID = -51_100
LAST_SEALER = -51_101

KEY = "node"
"""The one key under which all nodes are."""

SEALER = "sealer"
WORKING_SEALER = "wSealer"
OBSERVER = "observer"

_NODE_ID = re.compile(r"[0-9a-f]{128}")


class Consensus(SystemContract):
    """Changes the list of nodes. Whoever may write its table may; a change is in force from the next block
    on.

    Results: the rows changed; −51100: not a node id; −51101: nobody could seal any more; −50000: not allowed.
    """

    address = 0x1003
    unknown = int256_code(0)

    @method("addSealer(string)", returns="int256")
    def add_sealer(self, call: SystemCall, node: str) -> int:
        """Let a node seal."""
        node = ascii_lower(node)
        if not _NODE_ID.fullmatch(node):
            return BAD_NODE_ID
        return _set_type(call, node, SEALER)

    @method("addObserver(string)", returns="int256")
    def add_observer(self, call: SystemCall, node: str) -> int:
        """Let a node follow without sealing."""
        node = ascii_lower(node)
        if not _NODE_ID.fullmatch(node):
            return BAD_NODE_ID
        if _is_last_sealer(call, node):
            return LAST_SEALER
        return _set_type(call, node, OBSERVER)

    @method("remove(string)", returns="int256")
    def remove(self, call: SystemCall, node: str) -> int:
        """Take a node off the list; 0 if it was not on it."""
        node = ascii_lower(node)
        if not _NODE_ID.fullmatch(node):
            return BAD_NODE_ID
        if _is_last_sealer(call, node):
            return LAST_SEALER
        return call.table(CONSENSUS_TABLE).remove(KEY, ("node_id", "==", node), as_origin=True)


def _set_type(call: SystemCall, node: str, kind: str) -> int:
    row: Fields = {"type": kind, "node_id": node, "enable_num": call.block_number}
    return call.table(CONSENSUS_TABLE).put(KEY, row, ("node_id", "==", node), as_origin=True)


def _is_last_sealer(call: SystemCall, node: str) -> bool:
    """Is it the only one that works, or the only sealer where none works by turns?"""
    table = call.table(CONSENSUS_TABLE)
    working = [row.get("node_id") for row in table.select(KEY, ("type", "==", WORKING_SEALER))]
    sealers = working or [row.get("node_id") for row in table.select(KEY, ("type", "==", SEALER))]
    return sealers == [node]
