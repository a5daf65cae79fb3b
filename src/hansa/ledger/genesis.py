"""What a group begins with: group.N.genesis, the genesis mark, the first rows (node §1.4, data model §6.3).

Rule 1  Everything here is the same on all members: a differing file gives another block 0, and no consensus.
Rule 2  The mark is a text in block 0 that names all of it; sealers stand in it in ascending order.
Rule 3  Rows of block 0 enter no root. They begin to count with block 1.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, TypeAlias, cast

from hansa.codec.ini import IniFile
from hansa.kernel import Header, Suite
from hansa.primitives import GroupId, NodeId, node_id_to_hex

__all__ = [
    "CONSENSUS_TYPES",
    "GROUP_ID_MAX",
    "ConsensusType",
    "GenesisSettings",
    "Row",
    "genesis_header",
    "genesis_mark",
    "genesis_rows",
    "load_genesis_settings",
    "parse_genesis_settings",
    "working_sealers",
]

ConsensusType: TypeAlias = Literal["pbft", "rpbft", "raft"]
CONSENSUS_TYPES: tuple[ConsensusType, ...] = ("pbft", "rpbft", "raft")

Row: TypeAlias = tuple[str, list[tuple[str, str]]]
"""A table's name, and the fields of one row in it."""

GROUP_ID_MAX = 32767
_INT64_MAX = (1 << 63) - 1
_UINT32_MAX = (1 << 32) - 1
_CONSENSUS_TIMEOUT_S_MAX = _UINT32_MAX // 1000 - 1
_FREE_STORAGE_FLAG = 1 << 63


@dataclass(frozen=True, slots=True)
class GenesisSettings:
    """The contents of group.N.genesis."""

    group_id: GroupId
    timestamp_ms: int
    """Of block 0. A file that does not say gives the largest signed 64-bit number."""
    sealers: tuple[NodeId, ...]
    """The first voters, ascending, without repetition, at least one."""
    consensus: ConsensusType
    consensus_text: str
    """The same as it was written: the mark repeats it."""
    block_transaction_count_max: int
    """First value of the system parameter tx_count_limit."""
    transaction_gas_limit: int
    """First value of the system parameter tx_gas_limit."""
    consensus_timeout_s: int
    """First value of the system parameter consensus_timeout."""
    epoch_sealer_count: int
    """rPBFT: how many sealers vote at a time."""
    epoch_block_count: int
    """rPBFT: after how many blocks one of them is relieved."""
    election_ms_min: int
    """Raft: shortest time without a leader before a node stands for election."""
    election_ms_max: int
    free_storage: bool
    """Writing contract storage costs less gas."""
    event_block_range_max: int
    """How many blocks an event subscription may span; 0: any."""
    event_blocks_per_turn_max: int
    """How many blocks are searched for an event subscription before others have their turn."""
    supported_version: tuple[int, int, int]
    """Of the chain, from config.ini: it decides which rules hold."""
    suite: Suite = Suite.STANDARD
    """What the chain hashes and signs with, from config.ini."""
    warnings: tuple[str, ...] = ()
    """Sentences about keys that mean nothing here."""


def load_genesis_settings(
    path: Path, supported_version: tuple[int, int, int], suite: Suite = Suite.STANDARD
) -> GenesisSettings:
    """Read a group.N.genesis. The rest is what config.ini says of the chain.

    Raises:
        SettingsError: the file cannot be read or followed.
    """
    return _genesis_settings(IniFile.load(path), supported_version, suite)


def parse_genesis_settings(
    text: str, file: str, supported_version: tuple[int, int, int], suite: Suite = Suite.STANDARD
) -> GenesisSettings:
    """Parse the text of a group.N.genesis; `file` is its name in messages.

    Raises:
        SettingsError: the text cannot be followed.
    """
    return _genesis_settings(IniFile.parse(text, file), supported_version, suite)


def _genesis_settings(ini: IniFile, supported_version: tuple[int, int, int], suite: Suite) -> GenesisSettings:
    group, consensus, events = ini.section("group"), ini.section("consensus"), ini.section("event_filter")
    sealers = consensus.node_ids("node")
    if not sealers:
        raise consensus.error(None, "no sealer is named", "add a node.N line for each node that votes")
    if len(set(sealers)) != len(sealers):
        twice = next(sealer for sealer in sealers if sealers.count(sealer) > 1)
        raise consensus.error(
            None, f"node {twice.hex()[:8]}… is named twice", "keep one node.N line for each node"
        )
    election_ms_min = consensus.integer("min_elect_time", 1000, minimum=1, maximum=_UINT32_MAX)
    election_ms_max = consensus.integer(
        "max_elect_time", max(2000, election_ms_min), minimum=election_ms_min, maximum=_UINT32_MAX
    )
    if (state := ini.section("state")).text("type", "storage") != "storage":
        raise state.error(
            "type",
            "Hansa keeps the world state in tables only",
            "write type=storage for a new chain; a chain with another type cannot be joined",
        )
    return GenesisSettings(
        group_id=GroupId(group.required_integer("id", minimum=1, maximum=GROUP_ID_MAX)),
        timestamp_ms=group.integer("timestamp", _INT64_MAX, minimum=0, maximum=_INT64_MAX),
        sealers=tuple(sorted(sealers)),
        consensus=cast(ConsensusType, consensus.choice("consensus_type", "pbft", CONSENSUS_TYPES)),
        consensus_text=consensus.text("consensus_type", "pbft"),
        block_transaction_count_max=consensus.integer("max_trans_num", 1000, minimum=1, maximum=_INT64_MAX),
        transaction_gas_limit=ini.section("tx").integer(
            "gas_limit", 300_000_000, minimum=1, maximum=_INT64_MAX
        ),
        consensus_timeout_s=consensus.integer(
            "consensus_timeout", 3, minimum=3, maximum=_CONSENSUS_TIMEOUT_S_MAX
        ),
        epoch_sealer_count=consensus.integer("epoch_sealer_num", len(sealers), minimum=1, maximum=_INT64_MAX),
        epoch_block_count=consensus.integer("epoch_block_num", 1000, minimum=2, maximum=_INT64_MAX),
        election_ms_min=election_ms_min,
        election_ms_max=election_ms_max,
        free_storage=ini.section("evm").flag("enable_free_storage", False),
        event_block_range_max=events.integer("max_block_range", 0, minimum=0, maximum=_INT64_MAX),
        event_blocks_per_turn_max=events.integer("max_block_per_process", 3, minimum=1, maximum=_INT64_MAX),
        supported_version=supported_version,
        suite=suite,
        warnings=ini.warnings(),
    )


def genesis_mark(settings: GenesisSettings) -> str:
    """The text that block 0 carries as its only extra data."""
    parts = [
        str(settings.group_id),
        "".join(f"{node_id_to_hex(sealer)}," for sealer in settings.sealers),
        settings.consensus_text,
        "storage",
        str(_FREE_STORAGE_FLAG if settings.free_storage else 0),
        str(settings.block_transaction_count_max),
        str(settings.transaction_gas_limit),
    ]
    if settings.consensus == "rpbft":
        parts += [str(settings.epoch_sealer_count), str(settings.epoch_block_count)]
    parts.append(str(settings.consensus_timeout_s))
    return "-".join(parts)


def genesis_header(settings: GenesisSettings) -> Header:
    """The header of block 0: the mark and the time, all else zero."""
    return Header(
        number=0,
        timestamp=settings.timestamp_ms,
        extra_data=[genesis_mark(settings).encode("ascii")],
        suite=settings.suite,
    )


def genesis_rows(settings: GenesisSettings) -> list[Row]:
    """The system parameters and the first sealers, in the order in which they are inserted."""
    parameters = [
        ("tx_count_limit", str(settings.block_transaction_count_max)),
        ("tx_gas_limit", str(settings.transaction_gas_limit)),
    ]
    working: frozenset[NodeId] = frozenset()
    if settings.consensus == "rpbft":
        parameters += [
            ("rpbft_epoch_sealer_num", str(settings.epoch_sealer_count)),
            ("rpbft_epoch_block_num", str(settings.epoch_block_count)),
            ("notify_rotate", "0"),
        ]
        working = working_sealers(settings, settings.suite.hash)
    parameters.append(("consensus_timeout", str(settings.consensus_timeout_s)))
    rows: list[Row] = [
        ("_sys_config_", [("key", key), ("value", value), ("enable_num", "0")]) for key, value in parameters
    ]
    rows += [
        (
            "_sys_consensus_",
            [
                ("name", "node"),
                ("type", "wSealer" if sealer in working else "sealer"),
                ("node_id", node_id_to_hex(sealer)),
                ("enable_num", "0"),
            ],
        )
        for sealer in settings.sealers
    ]
    return rows


def working_sealers(settings: GenesisSettings, chain_hash: Callable[[bytes], bytes]) -> frozenset[NodeId]:
    """rPBFT: who votes in the first epoch. A shuffle by hashes, so that every member draws the same."""
    order = list(settings.sealers)
    if len(order) > settings.epoch_sealer_count:
        for index in range(len(order) - 1, 0, -1):
            other = int.from_bytes(chain_hash(order[index])) % (index + 1)
            order[index], order[other] = order[other], order[index]
    return frozenset(order[: settings.epoch_sealer_count])
