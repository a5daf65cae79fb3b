"""Who votes and who follows, and the parameters the chain agreed on: read from its own tables.

A row counts for the next block when its `enable_num` is at most that block's number (data model §8.1).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from hansa.primitives import Height, NodeId

__all__ = [
    "PARAMETER_DEFAULTS",
    "Epoch",
    "Membership",
    "Rows",
    "load_epoch",
    "load_membership",
    "load_parameters",
    "quorum",
]

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
    working: tuple[NodeId, ...]
    """The sealers whose votes count for this height, ascending: with rPBFT those of the epoch, else all."""

    @property
    def pending(self) -> tuple[NodeId, ...]:
        """Sealers that wait for an epoch of theirs."""
        return tuple(sealer for sealer in self.sealers if sealer not in self.working)

    def __contains__(self, node: object) -> bool:
        return node in self.sealers or node in self.observers


@dataclass(frozen=True, slots=True)
class Epoch:
    """How the sealers of an rPBFT group take turns (execution §8). Of no meaning in other groups."""

    sealer_count: int
    """How many shall work."""
    sealer_count_set_at: Height
    """The block that said so."""
    block_count: int
    """After how many blocks one is relieved; 0: never."""
    block_count_set_at: Height
    """The block that said so, and from which epochs are counted."""
    is_overdue: bool
    """The chain itself asks for a rotation."""

    def ends_with(self, height: Height, *, working_count: int, sealer_count: int) -> bool:
        """Must the block after `height` rotate the working sealers?

        Args:
            height: of the head.
            working_count: sealers that vote on the block after it.
            sealer_count: all sealers, as they count for that block.
        """
        return (
            self.is_overdue
            or self.sealer_count_set_at == height
            or working_count < min(self.sealer_count, sealer_count)
            or (self.block_count > 0 and (height - self.block_count_set_at) % self.block_count == 0)
        )


def quorum(sealer_count: int) -> int:
    """Equal votes needed: n − ⌊(n − 1) / 3⌋ (node §4.1)."""
    return sealer_count - (sealer_count - 1) // 3


def load_membership(rows: Rows, next_height: Height) -> Membership:
    """Read `_sys_consensus_` as it counts for `next_height`."""
    by_type: dict[bytes, set[NodeId]] = {}
    for row in rows("_sys_consensus_", "node"):
        if _counts(row, next_height):
            by_type.setdefault(row["type"], set()).add(NodeId(bytes.fromhex(row["node_id"].decode())))
    working, others = by_type.get(b"wSealer", set()), by_type.get(b"sealer", set())
    return Membership(
        sealers=tuple(sorted(working | others)),
        observers=tuple(sorted(by_type.get(b"observer", set()))),
        # Without rPBFT nobody is marked; and if the last who was has left, somebody must go on.
        working=tuple(sorted(working or others)),
    )


def load_parameters(rows: Rows, next_height: Height) -> dict[str, str]:
    """The chain's parameters as they count for `next_height`; those never set have their default."""
    return {
        key: next(
            (row["value"].decode() for row in rows("_sys_config_", key) if _counts(row, next_height)), default
        )
        for key, default in PARAMETER_DEFAULTS.items()
    }


def load_epoch(rows: Rows) -> Epoch:
    """Read how sealers take turns, as the newest block left it."""

    def parameter(key: str) -> tuple[int, Height]:
        for row in rows("_sys_config_", key):
            return int(row["value"]), Height(int(row.get("enable_num", b"0")))
        return 0, Height(0)

    sealer_count, sealer_count_set_at = parameter("rpbft_epoch_sealer_num")
    block_count, block_count_set_at = parameter("rpbft_epoch_block_num")
    is_overdue, _ = parameter("notify_rotate")
    return Epoch(sealer_count, sealer_count_set_at, block_count, block_count_set_at, is_overdue == 1)


def _counts(row: Mapping[str, bytes], height: Height) -> bool:
    return int(row.get("enable_num", b"0")) <= height
