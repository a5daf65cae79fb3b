"""What a chain needs after it was built: further agencies, nodes and SDKs (node §2.1, §2.3).

A new node is a copy of one that runs already, with keys and ports of its own. It knows all peers of that one;
they need not know it, for one side that dials is enough. To vote it must still be made a member of a group,
by a transaction.
"""

from __future__ import annotations

import re
import shutil
from datetime import UTC, datetime
from pathlib import Path

from hansa.chain.agency import Agency
from hansa.chain.certificates import Validity, load_chain_authority
from hansa.chain.errors import ChainError
from hansa.chain.folder import new_folder, write
from hansa.chain.plan import CERTIFICATE_DAYS_DEFAULT, Ports, check_agency_name, check_port_range
from hansa.node.endpoint import Endpoint
from hansa.node.settings import NodeSettings, SettingsError, load_node_settings, replace_peers
from hansa.primitives import NodeId

__all__ = ["add_agency", "add_node", "add_sdk", "with_ports"]

_COPIED_SCRIPTS = ("start.sh", "stop.sh")
_PORT_KEYS = {
    ("[rpc]", "channel_listen_port"): "channel",
    ("[rpc]", "jsonrpc_listen_port"): "jsonrpc",
    ("[p2p]", "listen_port"): "p2p",
}


def add_agency(authority: Path, name: str, *, days: int = CERTIFICATE_DAYS_DEFAULT) -> Path:
    """Make the folder of a further agency inside that of the chain authority; its path.

    Raises:
        ChainError: the authority is unusable, or the agency exists.
    """
    check_agency_name(name)
    output = authority / name
    with new_folder(output, mode=0o700) as folder:
        Agency.create(load_chain_authority(authority), name, _validity(days)).save(folder)
    return output


def add_sdk(
    agency: Path, output: Path, *, elliptic: bool = False, days: int = CERTIFICATE_DAYS_DEFAULT
) -> None:
    """Make a folder with the key and certificates of a further SDK.

    Args:
        agency: folder of the agency whose nodes it will talk to.
        output: the folder to make.
        elliptic: a secp256k1 certificate instead of an RSA one.
        days: how long the certificate holds.

    Raises:
        ChainError: the agency is unusable, or the output exists.
    """
    with new_folder(output) as folder:
        Agency.load(agency).equip_sdk(folder, _validity(days), rsa_channel=not elliptic)


def add_node(
    agency: Path, output: Path, *, like: Path, ports: Ports, days: int = CERTIFICATE_DAYS_DEFAULT
) -> NodeId:
    """Make the folder of a further node; its id.

    Args:
        agency: folder of the agency it belongs to.
        output: the folder to make; its name is the node's.
        like: folder of a node whose configuration, groups and scripts it takes over.
        ports: its own.
        days: how long its certificates hold.

    Raises:
        ChainError: the agency or the other node is unusable, or the output exists.
    """
    check_port_range(ports, output.name)
    settings = _settings(like)
    with new_folder(output) as folder:
        node_id = Agency.load(agency).equip_node(
            folder / "conf", output.name, _validity(days), rsa_channel=settings.chain.rsa_crypto_channel
        )
        config = with_ports(settings.file.read_text("utf-8"), ports)
        if not settings.p2p.peers:
            config = replace_peers(config, [_address(settings)])
        write(folder / "config.ini", config)
        for path in sorted(settings.group_config_path.glob("group.*.*")):
            if path.suffix in (".genesis", ".ini"):
                write(folder / "conf" / path.name, path.read_bytes())
        for name in _COPIED_SCRIPTS:
            shutil.copy(like / name, folder / name)
        shutil.copytree(like / "scripts", folder / "scripts")
    return node_id


def with_ports(config: str, ports: Ports) -> str:
    """The text of a config.ini with other ports, and every other line as it was."""
    lines: list[str] = []
    section = ""
    for line in config.split("\n"):
        if line.strip().startswith("["):
            section = line.strip()
        match = re.match(r"(\s*)([a-z_]+)\s*=", line)
        if match is not None and (port := _PORT_KEYS.get((section, match[2]))) is not None:
            line = f"{match[1]}{match[2]}={getattr(ports, port)}"
        lines.append(line)
    return "\n".join(lines)


def _settings(node: Path) -> NodeSettings:
    try:
        return load_node_settings(node / "config.ini")
    except SettingsError as error:
        raise ChainError(
            f"the node in {node} cannot be copied: {error.problem}", "Name the folder of a node that works"
        ) from error


def _address(node: NodeSettings) -> Endpoint:
    """Where a node on this host can be dialled."""
    ip, port = node.p2p.listen
    return Endpoint({"0.0.0.0": "127.0.0.1", "::": "::1"}.get(ip, ip), port)


def _validity(days: int) -> Validity:
    return Validity.starting(datetime.now(UTC), days)
