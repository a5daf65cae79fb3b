"""Who votes and who follows, and the parameters the chain agreed on: read from its own tables.

A row counts for the next block when its `enable_num` is at most that block's number (data model §8.1).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from hansa.primitives import Height, NodeId

__all__ = ["PARAMETER_DEFAULTS", "Membership", "Rows", "load_membership", "load_parameters", "quorum"]

Rows = Callable[[str, str], Sequence[Mapping[str, bytes]]]
"""Committed rows of (table, key)."""

PARAMETER_DEFAULTS = {
    "tx_count_limit": "1000",
    "tx_gas_limit": "300000000",
    "rpbft_epoch_sealer_num": "",
    "rpbft_epoch_block_num": "",
    "consensus_timeout": "3",
    "enable_charge_mgr": "",
}
"""The keys getSystemConfigByKey answers, and what a chain that never set them says."""


@dataclass(frozen=True, slots=True)
class Membership:
    """The group's nodes for one height."""

    sealers: tuple[NodeId, ...]
    """Ascending; a sealer's index is its place here."""
    observers: tuple[NodeId, ...]
    """Ascending."""

    def __contains__(self, node: object) -> bool:
        return node in self.sealers or node in self.observers


def quorum(sealer_count: int) -> int:
    """Equal votes needed: n − ⌊(n − 1) / 3⌋ (node §4.1)."""
    return sealer_count - (sealer_count - 1) // 3


def load_membership(rows: Rows, next_height: Height) -> Membership:
    """Read `_sys_consensus_` as it counts for `next_height`."""
    by_type: dict[bytes, set[NodeId]] = {}
    for row in rows("_sys_consensus_", "node"):
        if _counts(row, next_height):
            by_type.setdefault(row["type"], set()).add(NodeId(bytes.fromhex(row["node_id"].decode())))
    sealers = by_type.get(b"sealer", set()) | by_type.get(b"wSealer", set())
    return Membership(tuple(sorted(sealers)), tuple(sorted(by_type.get(b"observer", set()))))


def load_parameters(rows: Rows, next_height: Height) -> dict[str, str]:
    """The chain's parameters as they count for `next_height`; those never set have their default."""
    return {
        key: next(
            (row["value"].decode() for row in rows("_sys_config_", key) if _counts(row, next_height)), default
        )
        for key, default in PARAMETER_DEFAULTS.items()
    }


def _counts(row: Mapping[str, bytes], height: Height) -> bool:
    return int(row.get("enable_num", b"0")) <= height
