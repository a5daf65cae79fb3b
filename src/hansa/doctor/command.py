"""`hansa doctor`: what to look at, and the report.

Exit status: 0 nothing wrong, 1 something does not work, 2 called in a wrong way.
"""

from __future__ import annotations

import asyncio
import time
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import click
import orjson

from hansa.doctor.certificates import check_identity, check_pair
from hansa.doctor.chain import check_chain
from hansa.doctor.facts import ChainFacts
from hansa.doctor.files import read_node, read_pair, read_sdk
from hansa.doctor.findings import Finding, error, has_error, note, summary
from hansa.doctor.network import Unanswered, ask_channel, ask_http, dial_peers, try_ports
from hansa.doctor.node import check_node, node_id_of
from hansa.node.endpoint import Endpoint, parse_endpoint
from hansa.node.settings import NodeSettings

__all__ = ["doctor"]


@click.command()
@click.argument("target", metavar="FOLDER|HOST:PORT")
@click.option(
    "--sdk",
    metavar="DIR",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    help="An SDK's folder: to question a Channel port with, or to compare with a node. For a node, by "
    "default, the folder sdk beside it.",
)
@click.option("--json", "as_json", is_flag=True, help="Report as JSON.")
@click.help_option("-h", "--help")
def doctor(target: str, sdk: Path | None, as_json: bool) -> None:
    """Look for what usually goes wrong, and say what to change.

    FOLDER is a node's (with config.ini) or an SDK's (with sdk.crt); HOST:PORT a running node's JSON-RPC port,
    or, with --sdk, its Channel port. Nothing is changed.
    """
    findings = _examine(target, sdk)
    if as_json:
        report = {"target": target, "findings": [finding.as_json() for finding in findings]}
        click.echo(orjson.dumps(report, option=orjson.OPT_INDENT_2))
    else:
        for finding in findings:
            click.echo(str(finding))
        click.echo(summary(findings))
    if has_error(findings):
        raise SystemExit(1)


def _examine(target: str, sdk: Path | None) -> list[Finding]:
    path = Path(target)
    folder = path.parent if path.name == "config.ini" else path
    if (folder / "config.ini").exists():
        return _examine_node(folder, sdk)
    if any((folder / name).exists() for name in ("sdk.crt", "sdk.key")):
        return check_identity(read_sdk(folder), _now())
    if path.exists():
        raise click.UsageError(f"{target} is neither a node's folder (config.ini) nor an SDK's (sdk.crt).")
    try:
        endpoint = parse_endpoint(target)
    except ValueError as reason:
        raise click.UsageError(f"{target} is no folder, and no HOST:PORT either: {reason}.") from None
    return asyncio.run(_examine_endpoint(endpoint, sdk))


def _examine_node(folder: Path, sdk: Path | None) -> list[Finding]:
    facts = read_node(folder)
    settings = facts.settings
    if settings is None:
        return check_node(facts, _now())
    running = asyncio.run(_ask_itself(settings, node_id_of(facts)))
    if running is None:
        facts = replace(facts, ports=try_ports(settings), dials=asyncio.run(dial_peers(settings)))
    findings = check_node(facts, _now())
    if running is None:
        findings.append(note(folder, "the node is not running, so it was not questioned"))
    else:
        findings += check_chain(running, _now_ms())
    beside = folder.absolute().parent / "sdk"
    sdk = sdk or (beside if beside.is_dir() else None)
    if sdk is not None and not settings.chain.sm_crypto:
        findings += check_identity(read_sdk(sdk), _now())
        findings += check_pair(read_pair(folder, settings, facts.groups, sdk))
    return findings


async def _ask_itself(settings: NodeSettings, node_id: str) -> ChainFacts | None:
    """What the node answers at its own JSON-RPC port, if it is this node that listens there."""
    listen = settings.rpc.jsonrpc_listen
    host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(listen.host, listen.host)
    try:
        answers = await ask_http(Endpoint(host, listen.port))
    except Unanswered:
        return None
    return answers if answers.node_id == node_id else None


async def _examine_endpoint(endpoint: Endpoint, sdk: Path | None) -> list[Finding]:
    try:
        return check_chain(await ask_http(endpoint), _now_ms())
    except Unanswered as reason:
        if sdk is None:
            return [
                error(
                    endpoint,
                    str(reason),
                    "start the node, or name its JSON-RPC port; for a Channel port add --sdk DIR, the folder "
                    "with ca.crt, sdk.crt and sdk.key",
                )
            ]
    findings = check_identity(read_sdk(sdk), _now())
    try:
        return findings + check_chain(await ask_channel(endpoint, sdk), _now_ms())
    except Unanswered as reason:
        remedy = "mend what the sentence names; the node's log has the node's side of it"
        return [*findings, error(endpoint, str(reason), remedy)]


def _now() -> datetime:
    return datetime.now(UTC)


def _now_ms() -> int:
    return time.time_ns() // 1_000_000
