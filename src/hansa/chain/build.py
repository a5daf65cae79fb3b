"""Builds a chain's folders on the disk: keys, certificates, configuration and scripts (node §1.2, §2.1).

    <output>/build.log
    <output>/cert/ca.{key,crt}
    <output>/cert/<agency>/…                                  see `agency`
    <output>/<host>/{start_all,stop_all}.sh
    <output>/<host>/sdk/{ca.crt,sdk.crt,sdk.key}              with secp256k1 certificates also sdk.publickey
    <output>/<host>/nodeN/{config.ini,start.sh,stop.sh}
    <output>/<host>/nodeN/scripts/*.sh
    <output>/<host>/nodeN/conf/{ca.crt,node.crt,node.key,node.nodeid,group.G.genesis,group.G.ini}
    <output>/<host>/nodeN/conf/channel_cert/{ca.crt,node.crt,node.key}

Files and folders follow the rules of `folder`.
"""

from __future__ import annotations

import os
import shlex
import sys
import tarfile
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.resources import files
from pathlib import Path

from hansa.chain import templates
from hansa.chain.agency import Agency
from hansa.chain.certificates import (
    Authority,
    Validity,
    create_chain_authority,
    load_chain_authority,
)
from hansa.chain.folder import new_folder, write, write_authority
from hansa.chain.plan import ChainPlan, NodePlan
from hansa.primitives import NodeId

__all__ = ["BuiltChain", "BuiltNode", "build_chain", "console_command"]

Report = Callable[[str], None]

_HOST_SCRIPTS = ("start_all.sh", "stop_all.sh")
_NODE_SCRIPTS = ("start.sh", "stop.sh")
_INNER_SCRIPTS = (
    "load_new_groups.sh",
    "monitor.sh",
    "process.sh",
    "reload_sdk_allowlist.sh",
    "reload_whitelist.sh",
)


@dataclass(frozen=True, slots=True)
class BuiltNode:
    """A node's folder and what is worth knowing of it."""

    plan: NodePlan
    directory: Path
    node_id: NodeId

    @property
    def config_file(self) -> Path:
        """What `hansa node -c` wants."""
        return self.directory / "config.ini"


@dataclass(frozen=True, slots=True)
class BuiltChain:
    """A chain that is ready to be started."""

    directory: Path
    nodes: tuple[BuiltNode, ...]
    """In the order of the plan."""
    sdk_directories: tuple[Path, ...]
    """One for each host, in the order of the plan."""


def console_command() -> tuple[str, ...]:
    """How start.sh runs the `hansa` of this Python environment."""
    script = Path(sys.executable).with_name("hansa")
    return (str(script),) if script.exists() else (sys.executable, "-m", "hansa.cli")


def build_chain(
    plan: ChainPlan, report: Report = lambda line: None, now: datetime | None = None
) -> BuiltChain:
    """Build a chain.

    Args:
        plan: what to build.
        report: told of each step in a line; the same lines stand in build.log.
        now: time of the genesis block, and when certificates begin to hold; the current time if not given.

    Raises:
        ChainError: the output exists, the authority is unusable, or the disk refuses. Nothing is left behind.
    """
    output = plan.output.absolute()
    with new_folder(output) as building:
        node_ids = _Builder(plan, building, report, now or datetime.now(UTC)).build()
    return BuiltChain(
        output,
        tuple(
            BuiltNode(node, output / node.host / plan.directory_name(node), node_id)
            for node, node_id in zip(plan.nodes, node_ids, strict=True)
        ),
        tuple(output / host / "sdk" for host in plan.hosts),
    )


class _Builder:
    """One build, in a folder of its own."""

    def __init__(self, plan: ChainPlan, root: Path, report: Report, now: datetime) -> None:
        self._plan = plan
        self._root = root
        self._tell = report
        self._validity = Validity.starting(now, plan.certificate_days)
        self._timestamp_ms = int(now.timestamp()) * 1000
        self._log: list[str] = []

    def build(self) -> list[NodeId]:
        plan = self._plan
        self._report("Generating the chain's certificates")
        chain = self._chain_authority()
        agencies = {name: Agency.create(chain, name, self._validity) for name in plan.agencies}
        for name, agency in agencies.items():
            agency.save(self._root / "cert" / name)
        self._report("Generating keys and certificates of the nodes")
        node_ids = [
            agencies[node.agency].equip_node(
                self._directory(node) / "conf", node.name, self._validity, rsa_channel=plan.rsa_channel
            )
            for node in plan.nodes
        ]
        self._report("Generating configuration")
        genesis = {
            group: templates.group_genesis(
                plan,
                group,
                [node_id for node, node_id in zip(plan.nodes, node_ids, strict=True) if group in node.groups],
                self._timestamp_ms,
            )
            for group in plan.groups
        }
        for node in plan.nodes:
            self._configure(node, genesis)
        for host in plan.hosts:
            self._host(host, agencies[plan.on_host(host)[0].agency])
            if plan.pack:
                self._pack(host)
        self._summarize()
        write(self._root / "build.log", "".join(f"{line}\n" for line in self._log))
        return node_ids

    def _directory(self, node: NodePlan) -> Path:
        return self._root / node.host / self._plan.directory_name(node)

    def _chain_authority(self) -> Authority:
        if self._plan.authority is not None:
            return load_chain_authority(self._plan.authority)
        chain = create_chain_authority(self._validity)
        write_authority(self._root / "cert", "ca", chain)
        return chain

    def _configure(self, node: NodePlan, genesis: dict[int, str]) -> None:
        directory = self._directory(node)
        for group in node.groups:
            write(directory / "conf" / f"group.{group}.genesis", genesis[group])
            write(directory / "conf" / f"group.{group}.ini", templates.group_ini(self._plan))
        write(directory / "config.ini", templates.config_ini(self._plan, node))
        for name in _NODE_SCRIPTS:
            self._script(directory / name)
        for name in _INNER_SCRIPTS:
            self._script(directory / "scripts" / name)

    def _host(self, host: str, agency: Agency) -> None:
        directory = self._root / host
        for name in _HOST_SCRIPTS:
            self._script(directory / name)
        agency.equip_sdk(directory / "sdk", self._validity, rsa_channel=self._plan.rsa_channel)

    def _script(self, path: Path) -> None:
        text = (files("hansa.chain") / "scripts" / path.name).read_text("utf-8")
        write(path, text.replace("@HANSA_COMMAND@", shlex.join(self._plan.hansa_command)), mode=0o755)

    def _pack(self, host: str) -> None:
        with tarfile.open(self._root / f"{host}.tar.gz", "w:gz") as archive:
            archive.add(self._root / host, arcname=host)
        os.chmod(self._root / f"{host}.tar.gz", 0o600)

    def _summarize(self) -> None:
        plan = self._plan
        hosts = ", ".join(f"{host}:{len(plan.on_host(host))}" for host in plan.hosts)
        first = plan.nodes[0].ports
        self._report(f"Start Port        : {first.p2p} {first.channel} {first.jsonrpc}")
        self._report(f"Server IP         : {hosts}")
        self._report(f"Groups            : {', '.join(map(str, plan.groups))}")
        self._report(f"Supported Version : {'.'.join(map(str, plan.supported_version))}")
        self._report(f"RSA channel       : {'true' if plan.rsa_channel else 'false'}")
        self._report(f"Output Dir        : {plan.output.absolute()}")
        self._report(f"CA Path           : {plan.authority or plan.output.absolute() / 'cert'}")
        self._report(f"All completed. Files in {plan.output.absolute()}")

    def _report(self, line: str) -> None:
        self._log.append(line)
        self._tell(line)
