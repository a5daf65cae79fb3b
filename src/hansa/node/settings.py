"""What an operator may set for a node: config.ini (node §1.3).

Rule 1  Every key has the name, default and range of the fact sheet; older section names are understood.
Rule 2  Paths are relative to the folder of config.ini, not to where the process was started.
Rule 3  A wrong value stops the start with a `SettingsError`; an unknown key is a warning.
Rule 4  Times, sizes and rates leave here in the unit their name ends with.

group.N.ini is read by `group_settings`, group.N.genesis, which all members share, by `hansa.ledger.genesis`.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path
from typing import Literal, TypeAlias, cast

from hansa.codec.ini import IniFile, Section, SettingsError
from hansa.kernel import Suite
from hansa.node.endpoint import PORT_MAX, Endpoint, parse_endpoint
from hansa.primitives import NodeId

__all__ = [
    "SUPPORTED_VERSION_DEFAULT",
    "CertificateSettings",
    "ChainSettings",
    "EncryptionSettings",
    "Endpoint",
    "FlowControlSettings",
    "LogLevel",
    "LogSettings",
    "NodeSettings",
    "P2pSettings",
    "RpcSettings",
    "SettingsError",
    "Version",
    "flow_control",
    "load_node_settings",
    "parse_endpoint",
    "parse_node_settings",
    "parse_supported_version",
    "replace_peers",
]

Version: TypeAlias = tuple[int, int, int]
LogLevel: TypeAlias = Literal["trace", "debug", "info", "warning", "error", "fatal"]

SUPPORTED_VERSION_DEFAULT: Version = (2, 9, 1)
"""What a new chain presents itself as."""
_VERSION_MIN: Version = (2, 9, 0)
_VERSION_END: Version = (2, 12, 0)

_LOG_LEVELS: tuple[LogLevel, ...] = ("trace", "debug", "info", "warning", "error", "fatal")

_PORT_MIN = 1025
_INT32_MAX = (1 << 31) - 1
_MEGABYTE = 1 << 20
_MEGABYTES_MAX = 1 << 20
_THREADS_MAX = 256
_PEERS_MAX = 10_000
_CONTRACTS_MAX = 256
_BANDWIDTH_MBIT_MAX = Decimal(1_000_000)
_PEER_LINE = re.compile(r"\s*node\.[^=]*=")


def parse_supported_version(text: str) -> Version:
    """Parse a `supported_version`, such as `2.9.1`.

    Raises:
        ValueError: not a version, or one whose rules Hansa does not follow.
    """
    match = re.fullmatch(r"([0-9]{1,3})\.([0-9]{1,3})\.([0-9]{1,3})", text)
    if match is None:
        raise ValueError("a version is three numbers, such as 2.9.1")
    version = (int(match[1]), int(match[2]), int(match[3]))
    if version < _VERSION_MIN:
        raise ValueError("before 2.9.0 blocks and receipts had other formats, which Hansa does not write")
    if version >= _VERSION_END:
        raise ValueError("Hansa follows the rules of 2.9.0 to 2.11.x; later ones are not known to it")
    return version


@dataclass(frozen=True, slots=True)
class RpcSettings:
    """`[rpc]`: the two doors for clients."""

    channel_listen: Endpoint
    """TLS, for SDKs."""
    jsonrpc_listen: Endpoint
    """Plain HTTP; loopback unless set otherwise."""
    channel_thread_count: int
    jsonrpc_thread_count: int
    disable_dynamic_group: bool
    """Refuse the methods that make, start and stop groups."""
    act_as_group_member: bool
    """Answer for every loaded group, even one this node is no member of."""


@dataclass(frozen=True, slots=True)
class P2pSettings:
    """`[p2p]`: the line to other nodes."""

    listen: Endpoint
    peers: tuple[Endpoint, ...]
    """Whom to dial, in the order of the file; may contain the node itself."""
    enable_compress: bool
    """All nodes of a chain must agree on it."""
    connection_warning: bool
    peers_param_limit: int
    """Peers in one addPeers or erasePeers call."""
    max_nodes_limit: int
    """Peers that addPeers may lead to; the file itself may list more."""


@dataclass(frozen=True, slots=True)
class CertificateSettings:
    """`[network_security]`: the node's key and certificates."""

    data_path: Path
    key: Path
    certificate: Path
    ca_certificate: Path
    encryption_key: Path
    """Second key of a guomi node."""
    encryption_certificate: Path
    ca_path: Path | None
    """A folder with further CA certificates."""
    channel_path: Path
    """The folder with the RSA key and certificates for SDKs."""
    check_issuer: bool
    """An SDK's certificate must come from the same agency as the node's."""


@dataclass(frozen=True, slots=True)
class EncryptionSettings:
    """`[storage_security]`, enabled: encryption of what is on the disk."""

    key_manager: Endpoint
    cipher_data_key: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class ChainSettings:
    """`[chain]`: what distinguishes this chain; never changed after its first block."""

    id: int
    sm_crypto: bool
    """Guomi algorithms."""
    sm_crypto_channel: bool
    """Guomi TLS for SDKs; only with `sm_crypto`."""
    rsa_crypto_channel: bool
    """RSA certificates for SDKs instead of the node's own."""

    @property
    def suite(self) -> Suite:
        """What the chain hashes and signs with."""
        return Suite.SM if self.sm_crypto else Suite.STANDARD


@dataclass(frozen=True, slots=True)
class LogSettings:
    """`[log]`: the run log and the statistics log. Sizes in MB as log rotation counts them; 0: no limit."""

    enable: bool
    path: Path
    level: LogLevel
    file_size_mb_max: int
    flush: bool
    """Write every line at once."""
    enable_console_output: bool
    enable_statistic: bool
    statistic_flush_interval_s: int
    format: str
    enable_rotate_by_hour: bool
    name_pattern: str
    rotate_name_pattern: str
    archive_path: Path
    compress_archive_file: bool
    archive_file_count_max: int
    archive_size_mb_max: int
    free_space_mb_min: int


@dataclass(frozen=True, slots=True)
class FlowControlSettings:
    """`[flow_control]`, of a node or of a group; None: no limit."""

    requests_per_second_max: int | None
    outgoing_bytes_per_second_max: int | None


@dataclass(frozen=True, slots=True)
class NodeSettings:
    """A whole config.ini."""

    file: Path
    """The file itself, absolute. Signal files appear beside it."""
    rpc: RpcSettings
    p2p: P2pSettings
    certificate_blacklist: frozenset[NodeId]
    certificate_whitelist: frozenset[NodeId]
    """Empty: everybody who is not on the blacklist."""
    group_data_path: Path
    group_config_path: Path
    certificates: CertificateSettings
    encryption: EncryptionSettings | None
    chain: ChainSettings
    supported_version: Version
    contracts: tuple[str, ...]
    """`[execution] contracts`: those in Python, as `package.module:Class`, or with `@height` behind it."""
    log: LogSettings
    flow_control: FlowControlSettings
    warnings: tuple[str, ...]
    """Sentences for the log about keys that mean nothing here."""


def load_node_settings(path: Path) -> NodeSettings:
    """Read a config.ini.

    Raises:
        SettingsError: the file cannot be read or followed.
    """
    path = path.absolute()
    return _node_settings(IniFile.load(path), path)


def parse_node_settings(text: str, path: Path) -> NodeSettings:
    """Parse the text of a config.ini; `path` is where it stands, and is not read.

    Raises:
        SettingsError: the text cannot be followed.
    """
    path = path.absolute()
    return _node_settings(IniFile.parse(text, str(path)), path)


def _node_settings(ini: IniFile, path: Path) -> NodeSettings:
    folder = path.parent
    group = ini.section("group")
    chain = _chain(ini.section("chain"))
    return NodeSettings(
        file=path,
        rpc=_rpc(ini.section("rpc")),
        p2p=_p2p(ini.section("p2p")),
        certificate_blacklist=frozenset(
            ini.section("certificate_blacklist", legacy="crl").node_ids("crl"),
        ),
        certificate_whitelist=frozenset(
            ini.section("certificate_whitelist", legacy="cal").node_ids("cal"),
        ),
        group_data_path=folder / group.text("group_data_path", "data/"),
        group_config_path=folder / group.text("group_config_path", "conf/"),
        certificates=_certificates(
            ini.section("network_security", legacy="secure"), folder, sm_crypto=chain.sm_crypto
        ),
        encryption=_encryption(ini.section("storage_security", legacy="data_secure")),
        chain=chain,
        supported_version=_supported_version(ini.section("compatibility")),
        contracts=_contracts(ini.section("execution")),
        log=_log(ini.section("log"), folder),
        flow_control=flow_control(ini.section("flow_control")),
        warnings=ini.warnings(),
    )


def _rpc(section: Section) -> RpcSettings:
    listen_ip = section.text("listen_ip")  # the older name of both addresses
    return RpcSettings(
        channel_listen=Endpoint(
            section.listen_ip("channel_listen_ip", listen_ip or "0.0.0.0"),
            section.integer("channel_listen_port", 20200, minimum=_PORT_MIN, maximum=PORT_MAX),
        ),
        jsonrpc_listen=Endpoint(
            section.listen_ip("jsonrpc_listen_ip", listen_ip or "127.0.0.1"),
            section.integer("jsonrpc_listen_port", 8545, minimum=_PORT_MIN, maximum=PORT_MAX),
        ),
        channel_thread_count=section.integer("channel_thread_count", 8, minimum=1, maximum=_THREADS_MAX),
        jsonrpc_thread_count=section.integer("jsonrpc_thread_count", 8, minimum=1, maximum=_THREADS_MAX),
        disable_dynamic_group=section.flag("disable_dynamic_group", False),
        act_as_group_member=section.flag("act_as_group_member", False),
    )


def _p2p(section: Section) -> P2pSettings:
    peers: list[Endpoint] = []
    for key, value in section.numbered("node"):
        try:
            peers.append(parse_endpoint(value))
        except ValueError as error:
            raise section.error(
                key, f"not the address of a node: {error}", "write ip:port, [ipv6]:port or name:port"
            ) from error
    return P2pSettings(
        listen=Endpoint(
            section.listen_ip("listen_ip", "0.0.0.0"),
            section.integer("listen_port", 30300, minimum=_PORT_MIN, maximum=PORT_MAX),
        ),
        peers=tuple(peers),
        enable_compress=section.flag("enable_compress", True),
        connection_warning=section.flag("connection_warning", True),
        peers_param_limit=section.integer("peers_param_limit", 10, minimum=1, maximum=_PEERS_MAX),
        max_nodes_limit=section.integer("max_nodes_limit", 100, minimum=1, maximum=_PEERS_MAX),
    )


def _certificates(section: Section, folder: Path, *, sm_crypto: bool) -> CertificateSettings:
    if section.text("crypto_provider", "ssm") != "ssm":
        raise section.error(
            "crypto_provider", "Hansa keeps keys in files, not in a hardware module", "remove this line"
        )
    section.ignore("key_id", "enckey_id")  # names of keys in such a module
    data_path = folder / section.text("data_path", "conf/")
    prefix = "gm" if sm_crypto else ""
    ca_path = section.text("ca_path")
    return CertificateSettings(
        data_path=data_path,
        key=data_path / section.text("key", f"{prefix}node.key"),
        certificate=data_path / section.text("cert", f"{prefix}node.crt"),
        ca_certificate=data_path / section.text("ca_cert", f"{prefix}ca.crt"),
        encryption_key=data_path / section.text("en_key", "gmennode.key"),
        encryption_certificate=data_path / section.text("en_cert", "gmennode.crt"),
        ca_path=folder / ca_path if ca_path else None,
        channel_path=data_path / "channel_cert",
        check_issuer=section.flag("check_cert_issuer", True),
    )


def _encryption(section: Section) -> EncryptionSettings | None:
    enable = section.flag("enable", False)
    ip = section.text("key_manager_ip")
    port = section.integer("key_manager_port", 20000, minimum=1, maximum=PORT_MAX)
    cipher_data_key = section.text("cipher_data_key")
    if not enable:
        return None
    if not cipher_data_key:
        raise section.error(
            "cipher_data_key", "is not set", "write the key that the Key Manager made for this node"
        )
    try:
        return EncryptionSettings(Endpoint(str(ipaddress.ip_address(ip)), port), cipher_data_key)
    except ValueError:
        raise section.error(
            "key_manager_ip", "is not an IP address", "write that of the Key Manager"
        ) from None


def _chain(section: Section) -> ChainSettings:
    settings = ChainSettings(
        id=section.integer("id", 1, minimum=0, maximum=_INT32_MAX),
        sm_crypto=section.flag("sm_crypto", False),
        sm_crypto_channel=section.flag("sm_crypto_channel", False),
        rsa_crypto_channel=section.flag("rsa_crypto_channel", False),
    )
    if settings.sm_crypto_channel and not settings.sm_crypto:
        raise section.error(
            "sm_crypto_channel", "guomi TLS for SDKs needs a guomi chain", "write false, or sm_crypto=true"
        )
    return settings


def _supported_version(section: Section) -> Version:
    text = section.text("supported_version")
    if not text:
        raise section.error(
            "supported_version",
            "is not set, which stands for a chain of 2.0.0, whose format Hansa does not write",
            "write the version the chain was built with, at least 2.9.0",
        )
    try:
        return parse_supported_version(text)
    except ValueError as error:
        raise section.error(
            "supported_version",
            str(error),
            "write the version the chain was built with; an older chain cannot be joined",
        ) from error


def _contracts(section: Section) -> tuple[str, ...]:
    """Names joined by commas; what they stand for is looked up when the node starts."""
    text = section.text("contracts")
    names = tuple(name.strip() for name in text.split(",")) if text else ()
    if "" in names or len(set(names)) < len(names):
        raise section.error(
            "contracts",
            "a name is missing or written twice",
            "write package.module:Class, and several of them joined by commas",
        )
    if len(names) > _CONTRACTS_MAX:
        raise section.error("contracts", f"more than {_CONTRACTS_MAX} contracts", "name fewer")
    return names


def _log(section: Section, folder: Path) -> LogSettings:
    def megabytes(key: str) -> int:
        return section.integer(key, 0, minimum=0, maximum=_MEGABYTES_MAX)

    path = folder / section.text("log_path", "log")
    return LogSettings(
        enable=section.flag("enable", True),
        path=path,
        level=cast(LogLevel, section.choice_or_default("level", "info", _LOG_LEVELS)),
        file_size_mb_max=section.integer("max_log_file_size", 1024, minimum=100, maximum=_MEGABYTES_MAX),
        flush=section.flag("flush", True),
        enable_console_output=section.flag("enable_console_output", False),
        enable_statistic=section.flag("enable_statistic", False),
        statistic_flush_interval_s=section.integer("stat_flush_interval", 60, minimum=1, maximum=_INT32_MAX),
        format=section.text("format"),
        enable_rotate_by_hour=section.flag("enable_rotate_by_hour", True),
        name_pattern=section.text("log_name_pattern", "log_%Y%m%d_%H%M.log"),
        rotate_name_pattern=section.text("rotate_name_pattern", "log_%Y%m%d%H.%M.log"),
        archive_path=folder / archive if (archive := section.text("archive_path")) else path,
        compress_archive_file=section.flag("compress_archive_file", False),
        archive_file_count_max=section.integer("max_archive_files", 0, minimum=0, maximum=_INT32_MAX),
        archive_size_mb_max=megabytes("max_archive_size"),
        free_space_mb_min=megabytes("min_free_space"),
    )


def flow_control(section: Section) -> FlowControlSettings:
    """Read a `[flow_control]` section, which both files have.

    Raises:
        SettingsError: a limit that is none.
    """
    megabits = section.optional_decimal(
        "outgoing_bandwidth_limit", minimum=Decimal("0.001"), maximum=_BANDWIDTH_MBIT_MAX
    )
    return FlowControlSettings(
        requests_per_second_max=section.optional_integer("limit_req", minimum=1, maximum=_INT32_MAX),
        outgoing_bytes_per_second_max=None if megabits is None else int(megabits * _MEGABYTE / 8),
    )


def replace_peers(text: str, peers: Sequence[Endpoint]) -> str:
    """A config.ini with another list of peers and every other line as it was.

    The new lines stand directly under `[p2p]`, where the reference node puts them too.

    Raises:
        ValueError: there is no `[p2p]` heading to put them under.
    """
    kept: list[str] = []
    in_p2p = found = False
    for line in text.split("\n"):
        if line.strip().startswith("["):
            in_p2p = line.strip() == "[p2p]"
            kept.append(line)
            if in_p2p:
                found = True
                kept += [f"    node.{index}={peer}" for index, peer in enumerate(peers)]
        elif not (in_p2p and _PEER_LINE.match(line)):
            kept.append(line)
    if not found:
        raise ValueError("the file has no [p2p] section")
    return "\n".join(kept)
