"""What the doctor looks at, as values. Where something could not be read, the reason stands in its place."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, TypeAlias

from cryptography import x509

from hansa.codec.ini import SettingsError
from hansa.ledger.genesis import GenesisSettings
from hansa.node.endpoint import Endpoint
from hansa.node.group_settings import GroupSettings
from hansa.node.settings import NodeSettings
from hansa.primitives import Height, NodeId

__all__ = [
    "BlockStamp",
    "CertificateFile",
    "ChainFacts",
    "Dial",
    "Disk",
    "GroupFacts",
    "GroupState",
    "Identity",
    "KeyFile",
    "NodeFacts",
    "Pair",
    "PeerState",
    "Port",
    "Role",
]

Role: TypeAlias = Literal["node", "channel", "sdk"]
"""Whose key and certificate: a node's among nodes, a node's towards SDKs, an SDK's."""


@dataclass(frozen=True, slots=True)
class CertificateFile:
    """A PEM file of certificates; without any, `problem` says why."""

    path: Path
    certificates: tuple[x509.Certificate, ...] = ()
    problem: str = ""


@dataclass(frozen=True, slots=True)
class KeyFile:
    """A private key, of which only the public half is kept; without it, `problem` says why."""

    path: Path
    public_key: bytes | None = None
    """SubjectPublicKeyInfo in DER."""
    mode: int | None = None
    """Permission bits; None where there is no file."""
    problem: str = ""


@dataclass(frozen=True, slots=True)
class Identity:
    """The three files with which somebody shows who they are."""

    role: Role
    ca: CertificateFile
    own: CertificateFile
    """The leaf first, then what leads to the CA."""
    key: KeyFile
    refusal: str = ""
    """Why a node could not use these files, in the words with which it refuses to start."""


@dataclass(frozen=True, slots=True)
class Pair:
    """A node and an SDK: would they talk?"""

    node: Path
    sdk: Path
    refusal: str
    """Why not, in the words of the node's log; empty if they would."""
    sdk_key: str
    """The SDK's key as an allow-list names it; empty if it cannot be read."""
    allow_lists: Mapping[int, frozenset[NodeId]]
    """Of the node's groups; an empty list is open."""


@dataclass(frozen=True, slots=True)
class Port:
    """Where a node would listen."""

    setting: str
    endpoint: Endpoint
    obstacle: str
    """Why it cannot listen there; empty if it can."""


@dataclass(frozen=True, slots=True)
class Dial:
    """A peer in config.ini, dialled as the node would dial it."""

    endpoint: Endpoint
    connected: bool
    """A TCP connection came about."""
    refusal: str
    """Why there was no session, in the words of the node's log; empty if there was."""


@dataclass(frozen=True, slots=True)
class Disk:
    """Room for the data."""

    path: Path
    free_bytes: int
    total_bytes: int


@dataclass(frozen=True, slots=True)
class GroupFacts:
    """The files of one group."""

    group_id: int
    genesis: GenesisSettings | None
    settings: GroupSettings | None
    problems: tuple[SettingsError, ...]
    """Why one of the two is missing."""


@dataclass(frozen=True, slots=True)
class NodeFacts:
    """A node's folder and what surrounds it."""

    folder: Path
    settings: NodeSettings | None
    problems: tuple[SettingsError, ...]
    """Why there are no settings, or no groups."""
    node_id_text: str | None
    """Contents of node.nodeid; None without the file."""
    identities: tuple[Identity, ...]
    groups: tuple[GroupFacts, ...]
    ports: tuple[Port, ...]
    """Empty while the node itself is running there."""
    dials: tuple[Dial, ...]
    """Empty while the node is running: a second session under its name would end its own."""
    disk: Disk | None


@dataclass(frozen=True, slots=True)
class BlockStamp:
    """Who sealed a block, and when by its clock."""

    number: Height
    sealer: int
    """Index in the block's sealer list."""
    timestamp_ms: int


@dataclass(frozen=True, slots=True)
class PeerState:
    """What a peer announced to the node we asked."""

    node_id: str
    genesis_hash: str
    number: Height


@dataclass(frozen=True, slots=True)
class GroupState:
    """What a running node answers about a group."""

    group_id: int
    number: Height
    genesis_hash: str
    sealers: tuple[str, ...]
    observers: tuple[str, ...]
    peers: tuple[PeerState, ...]
    blocks: tuple[BlockStamp, ...]
    """The last ones, ascending."""


@dataclass(frozen=True, slots=True)
class ChainFacts:
    """What a running node answers."""

    where: str
    """Where it was asked."""
    node_id: str
    """128 digits; empty if it is a member of no group."""
    supported_version: str
    groups: tuple[GroupState, ...]
