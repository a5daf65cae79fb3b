"""`hansa chain …`: the chain builder at the command line, with the letters of build_chain.sh (node §2.1)."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, cast

import click

from hansa.chain.build import build_chain, console_command
from hansa.chain.errors import ChainError
from hansa.chain.expand import add_agency, add_node, add_sdk
from hansa.chain.plan import (
    CERTIFICATE_DAYS_DEFAULT,
    ChainPlan,
    NodePlan,
    Ports,
    StorageChoice,
    parse_deployment,
    parse_hosts,
    parse_ports,
)
from hansa.ledger.genesis import CONSENSUS_TYPES, ConsensusType
from hansa.node.settings import SUPPORTED_VERSION_DEFAULT, Version, parse_supported_version
from hansa.primitives import node_id_to_hex

__all__ = ["chain"]

_VERSION_DEFAULT = ".".join(map(str, SUPPORTED_VERSION_DEFAULT))

_REFUSED_FLAGS = {
    "-g": "Hansa builds chains with standard algorithms only: leave -g out.",
    "-G": "Guomi TLS belongs to a guomi chain, which Hansa does not build: leave -G out.",
    "-d": "Nodes are not put into containers: build without -d, and run `hansa node -c config.ini` in yours.",
    "-q": "There are no binaries to list: the installed hansa is what runs. `hansa --version` tells which.",
    "-N": "Agencies are part of every chain: leave -N out.",
    "-Z": "The SDK's files stand once for each host, in sdk/: leave -Z out and copy that folder.",
}
_REFUSED_OPTIONS = {
    "-K": "Guomi authorities belong to a guomi chain, which Hansa does not build: leave -K out.",
    "-t": "Certificates are made without OpenSSL, so there is no cert.cnf to replace: leave -t out.",
}


def _refuse(context: click.Context, parameter: click.Parameter, value: object) -> None:
    if value:
        letter = parameter.opts[0]
        raise click.UsageError((_REFUSED_FLAGS | _REFUSED_OPTIONS)[letter], context)


def _refused(command: Callable[..., Any]) -> Callable[..., Any]:
    """Know the letters that are refused, so that the answer is a reason and not `no such option`."""
    for letter in _REFUSED_FLAGS:
        command = click.option(
            letter, f"refused_{letter[1]}", is_flag=True, hidden=True, expose_value=False, callback=_refuse
        )(command)
    for letter in _REFUSED_OPTIONS:
        command = click.option(
            letter, f"refused_{letter[1]}", hidden=True, expose_value=False, callback=_refuse
        )(command)
    return command


def _version(context: click.Context, parameter: click.Parameter, text: str) -> Version:
    try:
        return parse_supported_version(text.removeprefix("v"))
    except ValueError as error:
        raise click.BadParameter(str(error), context, parameter) from error


_days = click.option(
    "-X",
    "days",
    metavar="DAYS",
    type=click.IntRange(min=1),
    default=CERTIFICATE_DAYS_DEFAULT,
    show_default=True,
    help="How long certificates hold.",
)


@click.group()
def chain() -> None:
    """Build a chain, or what joins one: agencies, nodes, SDKs."""


@chain.command(
    epilog="Refused, with the reason: -g -G -K (guomi), -d (docker), -q (list binaries), "
    "-t (OpenSSL configuration), -N (no agencies), -Z (SDK files in every node)."
)
@click.option("-l", "hosts", metavar="HOST:N,…", help="Hosts and how many nodes on each, e.g. 127.0.0.1:4.")
@click.option(
    "-f",
    "deployment",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help='File with a host per line: "host:n agency group[,group] [p2p,channel,jsonrpc]". Instead of -l.',
)
@click.option(
    "-o",
    "output",
    type=click.Path(path_type=Path),
    default=Path("nodes"),
    show_default=True,
    help="Folder to make; must not exist.",
)
@click.option(
    "-p",
    "ports",
    metavar="P2P,CHANNEL,RPC",
    default="30300,20200,8545",
    show_default=True,
    help="First ports; each further node on a host takes the next ones.",
)
@click.option(
    "-i",
    "jsonrpc_everywhere",
    is_flag=True,
    help="JSON-RPC listens on all addresses, not only loopback. It has no access control.",
)
@click.option(
    "-c",
    "consensus",
    type=click.Choice(CONSENSUS_TYPES, case_sensitive=False),
    default="pbft",
    show_default=True,
    help="Consensus of the groups.",
)
@click.option("-C", "chain_id", type=click.IntRange(min=0), default=1, show_default=True, help="Chain id.")
@click.option(
    "-s",
    "storage",
    type=click.Choice(["rocksdb", "leveldb", "mysql", "scalable"], case_sensitive=False),
    default="rocksdb",
    show_default=True,
    help="Storage engine. With mysql, fill in db_… in conf/group.N.ini before the start.",
)
@click.option(
    "-v",
    "supported_version",
    metavar="VERSION",
    callback=_version,
    default=_VERSION_DEFAULT,
    show_default=True,
    help="Rules of the chain (supported_version), 2.9.0 to 2.11.x. Cannot be changed later.",
)
@_days
@click.option(
    "-k",
    "authority",
    metavar="DIR",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    help="Use the chain CA in DIR: ca.key, ca.crt and, if it has one above it, root.crt.",
)
@click.option(
    "-R",
    "elliptic_channel",
    is_flag=True,
    help="SDKs use secp256k1 certificates instead of RSA ones. Needed for [sdk_allowlist].",
)
@click.option("-6", "ipv6", is_flag=True, help="Listen on :: where this means all addresses.")
@click.option("-D", "deploy", is_flag=True, help="Name node folders node_<host>_<p2p port>; implies -z.")
@click.option("-z", "pack", is_flag=True, help="Also pack each host's folder as tar.gz.")
@click.option("-T", "debug_log", is_flag=True, help="Log level debug.")
@click.option("-S", "statistics", is_flag=True, help="Write the statistics log.")
@click.option("-F", "log_unflushed", is_flag=True, help="Do not flush the log after every line.")
@click.option(
    "-E", "free_storage", is_flag=True, help="Contract storage costs less gas (enable_free_storage)."
)
@click.option(
    "-e",
    "executable",
    metavar="FILE",
    type=click.Path(exists=True, dir_okay=False, executable=True, resolve_path=True),
    help="The hansa command that start.sh runs; by default the one that builds.",
)
@_refused
@click.help_option("-h", "--help")
def build(
    hosts: str | None,
    deployment: Path | None,
    output: Path,
    ports: str,
    jsonrpc_everywhere: bool,
    consensus: str,
    chain_id: int,
    storage: str,
    supported_version: Version,
    days: int,
    authority: Path | None,
    elliptic_channel: bool,
    ipv6: bool,
    deploy: bool,
    pack: bool,
    debug_log: bool,
    statistics: bool,
    log_unflushed: bool,
    free_storage: bool,
    executable: str | None,
) -> None:
    """Build all folders of a chain: keys, certificates, genesis, configuration, scripts.

    The letters mean what they mean to build_chain.sh. Nothing is started.
    """
    with _failures():
        plan = ChainPlan(
            nodes=_nodes(hosts, deployment, parse_ports(ports)),
            output=output,
            chain_id=chain_id,
            consensus=cast(ConsensusType, consensus.lower()),
            storage=cast(StorageChoice, storage.lower()),
            supported_version=supported_version,
            jsonrpc_everywhere=jsonrpc_everywhere,
            ipv6=ipv6,
            certificate_days=days,
            authority=authority,
            rsa_channel=not elliptic_channel,
            debug_log=debug_log,
            statistics=statistics,
            log_flush=not log_unflushed,
            free_storage=free_storage,
            deploy_names=deploy,
            pack=pack or deploy,
            hansa_command=(executable,) if executable else console_command(),
        )
        built = build_chain(plan, click.echo)
    click.echo()
    for host in plan.hosts:
        click.echo(f"Start the nodes on {host}: bash {built.directory / host / 'start_all.sh'}")
    click.echo(f"Files for an SDK: {built.sdk_directories[0]}")


_agency_folder = click.option(
    "-c",
    "agency",
    metavar="DIR",
    required=True,
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    help="The agency's folder, e.g. nodes/cert/agency.",
)


@chain.command("add-agency")
@click.option(
    "-c",
    "authority",
    metavar="DIR",
    required=True,
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    help="Folder of the chain CA, e.g. nodes/cert.",
)
@click.option("-a", "name", required=True, help="Name of the agency.")
@_days
@click.help_option("-h", "--help")
def add_agency_command(authority: Path, name: str, days: int) -> None:
    """Make keys and certificates of a further agency."""
    with _failures():
        click.echo(f"All completed. Agency in {add_agency(authority, name, days=days)}")


@chain.command("add-node")
@_agency_folder
@click.option(
    "-o",
    "output",
    metavar="DIR",
    required=True,
    type=click.Path(path_type=Path),
    help="The node's folder; must not exist. Its name becomes the node's.",
)
@click.option(
    "--like",
    metavar="DIR",
    required=True,
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    help="A node of the chain whose configuration, groups and scripts are taken over.",
)
@click.option("-p", "ports", metavar="P2P,CHANNEL,RPC", required=True, help="The node's own ports.")
@_days
@click.help_option("-h", "--help")
def add_node_command(agency: Path, output: Path, like: Path, ports: str, days: int) -> None:
    """Make the folder of a node that joins the chain."""
    with _failures():
        node_id = add_node(agency, output, like=like, ports=parse_ports(ports), days=days)
        click.echo(f"All completed. Node in {output}, its id is {node_id_to_hex(node_id)}")
        click.echo(f"Start it with: bash {output / 'start.sh'}")
        click.echo("Then make it an observer, and when it has all blocks a sealer, of its groups.")


@chain.command("add-sdk")
@_agency_folder
@click.option(
    "-o",
    "output",
    metavar="DIR",
    required=True,
    type=click.Path(path_type=Path),
    help="Folder to make; must not exist.",
)
@click.option("-R", "elliptic", is_flag=True, help="A secp256k1 certificate instead of an RSA one.")
@_days
@click.help_option("-h", "--help")
def add_sdk_command(agency: Path, output: Path, elliptic: bool, days: int) -> None:
    """Make key and certificates of a further SDK."""
    with _failures():
        add_sdk(agency, output, elliptic=elliptic, days=days)
        click.echo(f"All completed. Files for the SDK in {output}")


@contextmanager
def _failures() -> Iterator[None]:
    """Tell a failure in its own words, without a traceback."""
    try:
        yield
    except ChainError as error:
        raise click.ClickException(str(error)) from error


def _nodes(hosts: str | None, deployment: Path | None, first_ports: Ports) -> tuple[NodePlan, ...]:
    if hosts is not None and deployment is None:
        return parse_hosts(hosts, first_ports)
    if deployment is not None and hosts is None:
        return parse_deployment(_read(deployment), first_ports)
    raise click.UsageError("Say which nodes to build: either with -l or with -f.")


def _read(path: Path) -> str:
    try:
        return path.read_text("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise ChainError(
            f"{path} cannot be read as text", "Name a UTF-8 file with a host per line"
        ) from error
