"""`hansa bench`: options in, table or JSON out."""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path

import click

from hansa.bench.load import BenchPlan, run
from hansa.bench.report import make_report
from hansa.channel.errors import ChannelError
from hansa.sdk import ContractError

__all__ = ["bench"]


def _parse_endpoints(
    context: click.Context, parameter: click.Parameter, values: tuple[str, ...]
) -> list[tuple[str, int]]:
    endpoints = []
    for value in values:
        host, _, port = value.rpartition(":")
        if not host or not port.isdigit() or not 0 < int(port) < 65536:
            raise click.BadParameter(f"{value!r} is not HOST:PORT")
        endpoints.append((host.strip("[]"), int(port)))
    return endpoints


@click.command()
@click.option(
    "--sdk",
    "sdk_folder",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    required=True,
    help="Folder with ca.crt, sdk.crt and sdk.key, as the chain builder makes it.",
)
@click.option(
    "--endpoint",
    "endpoints",
    multiple=True,
    required=True,
    callback=_parse_endpoints,
    help="A node's Channel address, HOST:PORT; repeat it to spread the load.",
)
@click.option("--group", "group_id", default=1, show_default=True, help="The group to use.")
@click.option(
    "--count", default=10_000, show_default=True, type=click.IntRange(1), help="Transactions to send."
)
@click.option(
    "--accounts",
    default=100,
    show_default=True,
    type=click.IntRange(2),
    help="Accounts amounts move between.",
)
@click.option(
    "--in-flight",
    default=5_000,
    show_default=True,
    type=click.IntRange(1),
    help="Transactions that may wait for their receipt.",
)
@click.option("--rate", type=click.FloatRange(0, min_open=True), help="Send this many per second instead.")
@click.option("--pid", "pids", multiple=True, type=int, help="A further node process to watch; repeatable.")
@click.option(
    "--json", "json_path", type=click.Path(dir_okay=False), help="Write the report there; - for stdout."
)
def bench(
    sdk_folder: Path,
    endpoints: list[tuple[str, int]],
    group_id: int,
    count: int,
    accounts: int,
    in_flight: int,
    rate: float | None,
    pids: tuple[int, ...],
    json_path: str | None,
) -> None:
    """Pour signed transactions into a running 2.x chain and report what came of them.

    Deploys a contract with named accounts, signs COUNT transfers, sends them over the Channel and waits for
    every receipt. Any 2.x chain will do. For endpoints on this machine, processor time and memory of the node
    processes are reported too.
    """
    plan = BenchPlan(sdk_folder, endpoints, group_id, count, accounts, in_flight, rate, pids)
    try:
        measurements = asyncio.run(run(plan, _show_progress))
    except (ChannelError, ContractError, OSError) as error:
        raise click.ClickException(str(error)) from error
    finally:
        click.echo(err=True)
    report = make_report(measurements)
    if json_path == "-":
        click.echo(report.to_json(), nl=False)
    else:
        click.echo(report.to_table())
    if json_path not in (None, "-"):
        Path(json_path).write_bytes(report.to_json())
    if report.lost or report.refused:
        sys.exit(1)


def _show_progress(phase: str, done: int, total: int) -> None:
    if sys.stderr.isatty():
        click.echo(f"\r{phase} {done:,} of {total:,}    ", nl=False, err=True)
