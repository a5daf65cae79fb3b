"""Judges a node's folder: configuration, key and certificates, groups, ports, peers, disk (node §1, §2)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from datetime import datetime

from cryptography.hazmat.primitives.serialization import Encoding

from hansa.codec.ini import SettingsError
from hansa.doctor.certificates import check_identity
from hansa.doctor.facts import Disk, GroupFacts, NodeFacts
from hansa.doctor.findings import Finding, error, note, warning
from hansa.node.settings import NodeSettings
from hansa.p2p.errors import PeerRefused
from hansa.p2p.tls import identify_peer

__all__ = ["DISK_BYTES_MIN", "DISK_BYTES_WARNING", "check_node", "node_id_of"]

DISK_BYTES_MIN = 256 << 20
"""Below it a node soon fails to write."""
DISK_BYTES_WARNING = 2 << 30


def check_node(facts: NodeFacts, now: datetime) -> list[Finding]:
    """Everything about the folder of a node. `now` has a time zone."""
    findings = [_unfollowed(problem) for problem in facts.problems]
    settings = facts.settings
    if settings is None:
        return findings
    findings += _passed_over(settings.warnings)
    if settings.chain.sm_crypto:
        findings.append(note(settings.file, "guomi keys and certificates are not looked at"))
    for identity in facts.identities:
        wants_rsa = settings.chain.rsa_crypto_channel if identity.role == "channel" else None
        findings += check_identity(identity, now, wants_rsa=wants_rsa)
    node_id = node_id_of(facts)
    findings += _node_id_file(facts, node_id)
    if not facts.groups:
        findings.append(
            error(
                f"{settings.file}: [group] group_config_path",
                f"there is no group.N.genesis in {settings.group_config_path}",
                "put the genesis file of the chain's group there",
            )
        )
    for group in facts.groups:
        findings += _group(group, settings, node_id)
    findings += _ports(facts)
    findings += _peers(facts, settings)
    if facts.disk is not None:
        findings += _disk(facts.disk)
    return findings


def _unfollowed(problem: SettingsError) -> Finding:
    place = problem.file if problem.line is None else f"{problem.file}:{problem.line}"
    setting = " ".join(
        part for part in (f"[{problem.section}]" if problem.section else "", problem.key) if part
    )
    return error(f"{place}: {setting}" if setting else place, problem.problem, problem.remedy)


def _passed_over(sentences: tuple[str, ...]) -> Iterator[Finding]:
    for sentence in sentences:
        place, _, text = sentence.partition(": ")
        yield warning(place, text.rstrip("."), "remove or mend the line")


def node_id_of(facts: NodeFacts) -> str:
    """The node's id by its certificate, in hexadecimal digits; empty if that names none."""
    for identity in facts.identities:
        if identity.role == "node" and identity.own.certificates:
            try:
                return identify_peer(identity.own.certificates[0].public_bytes(Encoding.DER)).node_id.hex()
            except PeerRefused:
                return ""
    return ""


def _node_id_file(facts: NodeFacts, node_id: str) -> Iterator[Finding]:
    if facts.node_id_text is not None and node_id and facts.node_id_text != node_id:
        yield warning(
            facts.folder / "conf" / "node.nodeid",
            f"it says {facts.node_id_text[:8]}…, the certificate says {node_id[:8]}…",
            "write the certificate's: tools read the file, nodes the certificate",
        )


def _group(group: GroupFacts, settings: NodeSettings, node_id: str) -> Iterator[Finding]:
    for problem in group.problems:
        yield _unfollowed(problem)
    genesis = group.genesis
    if genesis is not None:
        yield from _passed_over(genesis.warnings)
        where = settings.group_config_path / f"group.{group.group_id}.genesis"
        if genesis.group_id != group.group_id:
            yield error(
                where,
                f"the file is named for group {group.group_id} and is of group {genesis.group_id}",
                "give it the name of its group",
            )
        if node_id and node_id not in {sealer.hex() for sealer in genesis.sealers}:
            yield note(
                where,
                f"this node ({node_id[:8]}…) is not among the {len(genesis.sealers)} first sealers",
                "if it joined later, all is well; otherwise add it as an observer with addObserver, and as a "
                "sealer with addSealer when it has all blocks",
            )
    if group.settings is not None:
        yield from _passed_over(group.settings.warnings)
        if keys := group.settings.sdk_allowlist:
            yield note(
                settings.group_config_path / f"group.{group.group_id}.ini",
                f"[sdk_allowlist] is not empty: only SDKs with one of its {len(keys)} keys may use the group",
            )


def _ports(facts: NodeFacts) -> Iterator[Finding]:
    twice = [port for port, count in Counter(port.endpoint.port for port in facts.ports).items() if count > 1]
    for number in twice:
        names = " and ".join(port.setting for port in facts.ports if port.endpoint.port == number)
        yield error("config.ini", f"{names} are both {number}", "give each a port of its own")
    for port in facts.ports:
        if port.obstacle and port.endpoint.port not in twice:
            yield error(
                f"config.ini: {port.setting}",
                f"the node cannot listen at {port.endpoint}: {port.obstacle}",
                "stop the program that holds the port, or choose another address or port",
            )


def _peers(facts: NodeFacts, settings: NodeSettings) -> Iterator[Finding]:
    if not settings.p2p.peers:
        yield warning(
            "config.ini: [p2p]",
            "no node.N is named: this node dials nobody",
            "add node.0=host:port of a peer",
        )
    for dial in facts.dials:
        if not dial.refusal:
            continue
        if dial.connected:
            yield error(
                f"config.ini: [p2p] node {dial.endpoint}",
                dial.refusal,
                "mend what the sentence names, at this node or at the other",
            )
        else:
            yield warning(
                f"config.ini: [p2p] node {dial.endpoint}",
                dial.refusal,
                "start that node, mend the address, or open the port in the firewall between",
            )


def _disk(disk: Disk) -> Iterator[Finding]:
    free = f"{disk.free_bytes >> 20} MB free of {disk.total_bytes >> 20}"
    if disk.free_bytes < DISK_BYTES_MIN:
        yield error(disk.path, f"{free}: a node stops when it cannot write", "make room before the start")
    elif disk.free_bytes < DISK_BYTES_WARNING:
        yield warning(disk.path, free, "make room, or move [group] group_data_path to a larger disk")
