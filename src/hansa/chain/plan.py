"""What chain to build: hosts, nodes, ports, groups and options (node §2.1).

Pure: nothing here touches the disk, the clock or chance.
"""

from __future__ import annotations

import ipaddress
import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, NamedTuple, TypeAlias

from hansa.chain.errors import ChainError
from hansa.ledger.genesis import GROUP_ID_MAX, ConsensusType
from hansa.node.settings import SUPPORTED_VERSION_DEFAULT, Version

__all__ = [
    "CERTIFICATE_DAYS_DEFAULT",
    "PORTS_DEFAULT",
    "ChainPlan",
    "NodePlan",
    "Ports",
    "StorageChoice",
    "check_agency_name",
    "check_port_range",
    "parse_deployment",
    "parse_hosts",
    "parse_ports",
]

StorageChoice: TypeAlias = Literal["rocksdb", "leveldb", "mysql", "scalable"]

CERTIFICATE_DAYS_DEFAULT = 36500
_AGENCY_DEFAULT = "agency"
_NODES_MAX = 1000
_NAME = re.compile(r"[A-Za-z0-9_-][A-Za-z0-9._-]{0,63}")
_HOST = re.compile(r"[A-Za-z0-9:][A-Za-z0-9:._-]{0,252}")
_AUTHORITY_FOLDER = "cert"


class Ports(NamedTuple):
    """Where a node listens."""

    p2p: int
    channel: int
    jsonrpc: int

    def plus(self, offset: int) -> Ports:
        """The ports of the node `offset` places further on the same host."""
        return Ports(self.p2p + offset, self.channel + offset, self.jsonrpc + offset)


PORTS_DEFAULT = Ports(30300, 20200, 8545)


@dataclass(frozen=True, slots=True)
class NodePlan:
    """One node to build."""

    host: str
    """An IP address without brackets, or a name."""
    index: int
    """Its number on this host."""
    agency: str
    groups: tuple[int, ...]
    ports: Ports

    @property
    def name(self) -> str:
        """Of its folder and in its certificate."""
        return f"node{self.index}"


@dataclass(frozen=True, slots=True)
class ChainPlan:
    """Everything that a chain is built from, but chance and the time."""

    nodes: tuple[NodePlan, ...]
    output: Path
    """The folder to make; must not exist."""
    chain_id: int = 1
    consensus: ConsensusType = "pbft"
    storage: StorageChoice = "rocksdb"
    supported_version: Version = SUPPORTED_VERSION_DEFAULT
    jsonrpc_everywhere: bool = False
    """JSON-RPC, and with it the SDK channel, listens on all addresses of the host."""
    ipv6: bool = False
    """Listen on IPv6 addresses where this means all of them."""
    certificate_days: int = CERTIFICATE_DAYS_DEFAULT
    authority: Path | None = None
    """Folder with a chain CA to use instead of a new one."""
    rsa_channel: bool = True
    """SDKs use RSA certificates, not secp256k1 ones."""
    debug_log: bool = False
    statistics: bool = False
    log_flush: bool = True
    free_storage: bool = False
    deploy_names: bool = False
    """Node folders bear host and P2P port in their name, to be moved about."""
    pack: bool = False
    """Also make a tar.gz of each host's folder."""
    hansa_command: tuple[str, ...] = ("hansa",)
    """What start.sh runs."""

    def __post_init__(self) -> None:
        _check(self)

    @property
    def hosts(self) -> tuple[str, ...]:
        """In the order of their first node."""
        return tuple(dict.fromkeys(node.host for node in self.nodes))

    @property
    def agencies(self) -> tuple[str, ...]:
        """In the order of their first node."""
        return tuple(dict.fromkeys(node.agency for node in self.nodes))

    @property
    def groups(self) -> tuple[int, ...]:
        """Ascending."""
        return tuple(sorted({group for node in self.nodes for group in node.groups}))

    def members(self, group: int) -> tuple[NodePlan, ...]:
        """The nodes of a group."""
        return tuple(node for node in self.nodes if group in node.groups)

    def on_host(self, host: str) -> tuple[NodePlan, ...]:
        """The nodes of a host."""
        return tuple(node for node in self.nodes if node.host == host)

    def directory_name(self, node: NodePlan) -> str:
        """Of a node's folder in that of its host."""
        return f"node_{node.host}_{node.ports.p2p}" if self.deploy_names else node.name

    @property
    def p2p_listen_ip(self) -> str:
        """Loopback if all nodes stand on this host."""
        return self._loopback if self._is_local else self._any

    @property
    def channel_listen_ip(self) -> str:
        """Loopback if all nodes stand on this host and nobody else shall see them."""
        return self._loopback if self._is_local and not self.jsonrpc_everywhere else self._any

    @property
    def jsonrpc_listen_ip(self) -> str:
        """Loopback unless asked otherwise: this port has no access control."""
        return self._any if self.jsonrpc_everywhere else self._loopback

    @property
    def _is_local(self) -> bool:
        return all(_is_loopback(host) for host in self.hosts)

    @property
    def _loopback(self) -> str:
        return "::1" if all(":" in host for host in self.hosts) else "127.0.0.1"

    @property
    def _any(self) -> str:
        return "::" if self.ipv6 else "0.0.0.0"


def parse_ports(text: str) -> Ports:
    """Parse `p2p,channel,jsonrpc`.

    Raises:
        ChainError: other than three numbers.
    """
    if not re.fullmatch(r"[0-9]{1,5},[0-9]{1,5},[0-9]{1,5}", text):
        raise ChainError(
            f'"{text}" is not three ports', "Write them as 30300,20200,8545: P2P, channel, JSON-RPC"
        )
    return Ports(*map(int, text.split(",")))


def parse_hosts(text: str, first_ports: Ports = PORTS_DEFAULT) -> tuple[NodePlan, ...]:
    """Parse `host:count,host:count`: one agency, one group, consecutive ports on each host.

    Raises:
        ChainError: not of this form.
    """
    used: Counter[str] = Counter()
    return tuple(
        node
        for part in text.split(",")
        for node in _host_nodes(part.strip(), used, _AGENCY_DEFAULT, (1,), first_ports, offset_by_use=True)
    )


def parse_deployment(text: str, first_ports: Ports = PORTS_DEFAULT) -> tuple[NodePlan, ...]:
    """Parse a file of lines `host:count agency group[,group] [p2p,channel,jsonrpc]`.

    Empty lines, and lines that begin with #, are passed over.

    Raises:
        ChainError: not of this form; the line is named.
    """
    used: Counter[str] = Counter()
    nodes: list[NodePlan] = []
    for number, line in enumerate(text.splitlines(), start=1):
        words = line.split()
        if not words or words[0].startswith("#"):
            continue
        if len(words) not in (3, 4):
            raise ChainError(
                f"line {number} has {len(words)} words",
                "Write host:count agency groups, and the three first ports if they are not the default",
            )
        try:
            groups = tuple(sorted({_group_id(word) for word in words[2].split(",")}))
            ports = parse_ports(words[3]) if len(words) == 4 else first_ports
            nodes += _host_nodes(words[0], used, words[1], groups, ports, offset_by_use=len(words) == 3)
        except ChainError as error:
            raise ChainError(f"line {number}: {error.problem}", error.remedy) from error
    return tuple(nodes)


def _host_nodes(
    text: str,
    used: Counter[str],
    agency: str,
    groups: tuple[int, ...],
    first_ports: Ports,
    *,
    offset_by_use: bool,
) -> Iterable[NodePlan]:
    host, _, count_text = text.rpartition(":")
    if host.startswith("[") and host.endswith("]"):
        host = host[1:-1]
    if not _HOST.fullmatch(host) or not re.fullmatch("[0-9]{1,4}", count_text) or int(count_text) == 0:
        raise ChainError(f'"{text}" is not host:count', "Write an address and a number, such as 127.0.0.1:4")
    count, before = int(count_text), used[host]
    if count > _NODES_MAX:
        raise ChainError(f"{count} nodes on one host are too many", f"Write at most {_NODES_MAX}")
    used[host] += count
    start = first_ports.plus(before if offset_by_use else 0)
    return [NodePlan(host, before + index, agency, groups, start.plus(index)) for index in range(count)]


def _group_id(text: str) -> int:
    if not re.fullmatch("[0-9]{1,5}", text) or not 1 <= int(text) <= GROUP_ID_MAX:
        raise ChainError(f'"{text}" is not a group', f"Write numbers from 1 to {GROUP_ID_MAX}, such as 1,2")
    return int(text)


def _check(plan: ChainPlan) -> None:
    if not plan.nodes:
        raise ChainError("there is no node to build", "Name hosts and counts, such as 127.0.0.1:4")
    if len(plan.nodes) > _NODES_MAX:
        raise ChainError(f"{len(plan.nodes)} nodes are too many", f"Build at most {_NODES_MAX}")
    if not 0 <= plan.chain_id < 1 << 31:
        raise ChainError(f"chain id {plan.chain_id} is out of range", "Choose a number from 0 to 2147483647")
    if plan.certificate_days < 1:
        raise ChainError("the certificates would never hold", "Give them at least one day")
    if _AUTHORITY_FOLDER in plan.hosts:
        raise ChainError(f'a host cannot be called "{_AUTHORITY_FOLDER}"', "Write its address instead")
    for agency in plan.agencies:
        check_agency_name(agency)
    _check_ports(plan.nodes)


def check_agency_name(name: str) -> None:
    """A name that can stand in certificates and be a folder.

    Raises:
        ChainError: it is none.
    """
    if not _NAME.fullmatch(name):
        raise ChainError(f'"{name}" is no name for an agency', "Use letters, digits and . _ -")


def check_port_range(ports: Ports, node_name: str) -> None:
    """Ports that a node may listen on.

    Raises:
        ChainError: one of them is reserved or does not exist.
    """
    for port in ports:
        if not 1024 < port <= 65535:
            raise ChainError(f"{node_name} would listen on port {port}", "Choose ports from 1025 to 65535")


def _check_ports(nodes: Sequence[NodePlan]) -> None:
    owners: dict[tuple[str, int], str] = {}
    for node in nodes:
        check_port_range(node.ports, f"{node.name} on {node.host}")
        for port in node.ports:
            if (other := owners.get((node.host, port))) is not None:
                raise ChainError(
                    f"port {port} on {node.host} is wanted twice, by {other} and {node.name}",
                    "Choose first ports that are further apart",
                )
            owners[node.host, port] = node.name


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
