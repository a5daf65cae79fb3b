"""`hansa bench`: options in, reports out.

Exit status: 0 every request was answered, 1 some were refused or lost or the chain holds something else than
it promised, 130 interrupted.
"""

from __future__ import annotations

import asyncio
import secrets
import signal
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any, TypeVar

import click
import uvloop

from hansa.bench.compare import compare, format_comparison
from hansa.bench.page import make_page
from hansa.bench.pour import Load
from hansa.bench.progress import LineProgress
from hansa.bench.report import Report, ReportError, make_report
from hansa.bench.saturate import RateSearch, Trial, judge
from hansa.bench.session import BenchError, Session, Target
from hansa.bench.workload import Workload, WorkloadOptions
from hansa.bench.workloads import WORKLOADS, make_workload
from hansa.channel.errors import ChannelError
from hansa.sdk import Account

__all__ = ["bench"]

_COUNT_DEFAULT = 10_000

_Result = TypeVar("_Result")


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


_TARGET_OPTIONS = [
    click.option(
        "--sdk",
        "sdk_folder",
        type=click.Path(exists=True, file_okay=False, path_type=Path),
        required=True,
        help="Folder with ca.crt, sdk.crt and sdk.key, as the chain builder makes it.",
    ),
    click.option(
        "--endpoint",
        "endpoints",
        multiple=True,
        required=True,
        callback=_parse_endpoints,
        help="A node's Channel address, HOST:PORT; repeat it to spread the load.",
    ),
    click.option("--group", "group_id", default=1, show_default=True, help="The group to use."),
    click.option(
        "--account",
        "account_path",
        type=click.Path(exists=True, dir_okay=False, path_type=Path),
        help="PEM file of the account that signs.  [default: a new one]",
    ),
    click.option(
        "--workload",
        type=click.Choice(list(WORKLOADS)),
        default="serial",
        show_default=True,
        help="What to send.",
    ),
    click.option(
        "--accounts",
        default=1000,
        show_default=True,
        type=click.IntRange(2, 100_000),
        help="Accounts, rows or keys the requests are spread over.",
    ),
    click.option(
        "--conflicts",
        default=0.0,
        show_default=True,
        type=click.FloatRange(0, 1),
        help="Share of transfers that touch one account in common.",
    ),
    click.option(
        "--seed", help="Begins the account names; the same seed gives the same stream.  [default: a new one]"
    ),
    click.option(
        "--warm-up",
        default=0.0,
        show_default=True,
        type=click.FloatRange(0),
        help="Seconds not to be measured.",
    ),
    click.option(
        "--pid", "pids", multiple=True, type=int, help="A further node process to watch; repeatable."
    ),
]


def _target_options(command: Callable[..., None]) -> Callable[..., None]:
    for option in reversed(_TARGET_OPTIONS):
        command = option(command)
    return command


@click.group()
def bench() -> None:
    """Put load on a running 2.x chain, Hansa's or another's, and measure it."""


@bench.command("run")
@_target_options
@click.option(
    "--count",
    type=click.IntRange(1),
    help=f"Requests to send.  [default: {_COUNT_DEFAULT}, or as many as --duration takes]",
)
@click.option("--duration", type=click.FloatRange(0, min_open=True), help="Seconds to measure.")
@click.option(
    "--rate",
    type=click.FloatRange(0, min_open=True),
    help="Requests per second, on a timetable. Latencies count from the moment a request was due.",
)
@click.option(
    "--in-flight",
    default=5_000,
    show_default=True,
    type=click.IntRange(1),
    help="Without a rate: requests that may wait for their answer.",
)
@click.option("--verify/--no-verify", default=True, show_default=True, help="Read back what the chain holds.")
@click.option(
    "--json", "json_path", type=click.Path(dir_okay=False), help="Write the report there; - for stdout."
)
@click.option("--html", "html_path", type=click.Path(dir_okay=False), help="Write a page with plots there.")
def run_command(
    count: int | None,
    duration: float | None,
    rate: float | None,
    in_flight: int,
    verify: bool,
    json_path: str | None,
    html_path: str | None,
    warm_up: float,
    **options: Any,
) -> None:
    """One load, one report.

    Deploys and prepares what the workload needs, signs beforehand, sends over the Channel and waits for every
    answer, then reads back what the chain holds. For endpoints on this machine, processor time, memory and
    descriptors of the nodes are reported too. Ctrl-C ends the load and reports what was measured so far.
    """
    if count is None and duration is None:
        count = _COUNT_DEFAULT
    load = Load(count, duration, rate, in_flight, warm_up)

    async def measure(session: Session, _: LineProgress) -> Report:
        report = make_report(await session.measure(load))
        return report.with_audit(await _audit(session)) if verify and not report.is_interrupted else report

    report = _with_session(options, measure)
    if json_path == "-":
        click.echo(report.to_json(), nl=False)
    else:
        click.echo(report.to_table())
    if json_path not in (None, "-"):
        Path(json_path).write_bytes(report.to_json())
    if html_path is not None:
        Path(html_path).write_text(make_page(report))
    if report.is_interrupted:
        sys.exit(130)
    if not report.is_clean:
        sys.exit(1)


@bench.command("saturate")
@_target_options
@click.option(
    "--p99", "p99_ms", default=1000.0, show_default=True, type=click.FloatRange(1), help="Limit in ms."
)
@click.option(
    "--start", default=200.0, show_default=True, type=click.FloatRange(1), help="First rate to try."
)
@click.option(
    "--max", "rate_max", default=50_000.0, show_default=True, type=click.FloatRange(1), help="Last one."
)
@click.option(
    "--step", default=10.0, show_default=True, type=click.FloatRange(1), help="Seconds to try a rate."
)
@click.option(
    "--precision",
    default=0.1,
    show_default=True,
    type=click.FloatRange(0.01, 1),
    help="Stop when the answer is known to this share.",
)
@click.option(
    "--json", "json_path", type=click.Path(dir_okay=False), help="Write the best run's report there."
)
def saturate_command(
    p99_ms: float,
    start: float,
    rate_max: float,
    step: float,
    precision: float,
    json_path: str | None,
    warm_up: float,
    **options: Any,
) -> None:
    """The highest rate that holds: nothing lost or refused, and 99 of 100 latencies below a limit.

    Rates are doubled until one does not hold, then the gap is halved.
    """
    search = RateSearch(start, rate_max, precision)

    async def find(session: Session, progress: LineProgress) -> None:
        while (rate := search.next_rate()) is not None:
            report = make_report(await session.measure(Load(None, step, rate, warm_up_s=warm_up)))
            if report.is_interrupted:
                return
            why = judge(report, p99_ms)
            search.record(Trial(rate, not why, why, report))
            verdict = "holds" if not why else f"does not hold: {why}"
            progress.close()
            p99 = report.latency_ms.get("p99", 0)
            click.echo(f"{rate:>9,.0f} per second {verdict} (p99 {p99:,.0f} ms)")

    _with_session(options, find)
    best = max((trial for trial in search.trials if trial.holds), key=lambda trial: trial.rate, default=None)
    if best is None:
        raise click.ClickException("no rate held")
    click.echo(f"highest rate that holds: {best.rate:,.0f} per second")
    if json_path is not None:
        Path(json_path).write_bytes(best.report.to_json())


@bench.command("compare")
@click.argument("first", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.argument("second", type=click.Path(exists=True, dir_okay=False, path_type=Path))
def compare_command(first: Path, second: Path) -> None:
    """Two reports (JSON) side by side; ratios are SECOND by FIRST."""
    click.echo(format_comparison(compare(_read(first), _read(second)), first.name, second.name))


@bench.command("page")
@click.argument("report", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.argument("page", type=click.Path(dir_okay=False, path_type=Path))
def page_command(report: Path, page: Path) -> None:
    """Turn a REPORT (JSON) into a PAGE (HTML) with plots."""
    page.write_text(make_page(_read(report)))


def _read(path: Path) -> Report:
    try:
        return Report.from_json(path.read_bytes())
    except ReportError as error:
        raise click.ClickException(f"{path}: {error}") from error


async def _audit(session: Session) -> str:
    try:
        return await session.audit() or "passed"
    except BenchError as error:
        return f"not possible: {error}"


def _with_session(
    options: dict[str, Any], work: Callable[[Session, LineProgress], Awaitable[_Result]]
) -> _Result:
    """Open what the options say, do the work there, put failures into words."""
    target = Target(
        options["sdk_folder"],
        options["endpoints"],
        options["group_id"],
        options["pids"],
        _load_account(options["account_path"]),
    )
    seed = options["seed"] if options["seed"] is not None else secrets.token_hex(4)
    workload = make_workload(
        options["workload"], WorkloadOptions(options["accounts"], options["conflicts"], seed)
    )
    progress = LineProgress(
        lambda text: click.echo(text, nl=False, err=True), is_terminal=sys.stderr.isatty()
    )
    try:
        return uvloop.run(_interruptible(target, workload, progress, work))
    except asyncio.CancelledError:
        raise click.Abort from None
    except (ChannelError, BenchError, OSError) as error:
        raise click.ClickException(str(error)) from error
    finally:
        progress.close()


async def _interruptible(
    target: Target,
    workload: Workload,
    progress: LineProgress,
    work: Callable[[Session, LineProgress], Awaitable[_Result]],
) -> _Result:
    """Ctrl-C ends a load in an orderly way, and anything else at once."""
    task = asyncio.current_task()
    assert task is not None
    sessions: list[Session] = []

    def interrupt() -> None:
        is_measuring = [session.stop() for session in sessions]
        if not any(is_measuring):
            task.cancel()

    asyncio.get_running_loop().add_signal_handler(signal.SIGINT, interrupt)
    async with Session.open(target, workload, progress) as session:
        sessions.append(session)
        return await work(session, progress)


def _load_account(path: Path | None) -> Account | None:
    if path is None:
        return None
    try:
        return Account.load(path)
    except ValueError as error:
        raise click.BadParameter(f"{path}: {error}", param_hint="--account") from error
