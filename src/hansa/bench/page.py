"""A report as one HTML page that needs nothing else: figures, and plots over time. Pure."""

from __future__ import annotations

import math
from collections.abc import Sequence
from html import escape

from hansa.bench.charts import Series, bar_chart, line_chart
from hansa.bench.report import LatencyBucket, NodeReport, Report

__all__ = ["make_page"]

_BARS = 48
_STYLE = """
:root { color-scheme: light dark; --line: #8884; }
body { font: 15px/1.5 system-ui, sans-serif; max-width: 56rem; margin: 2rem auto; padding: 0 1rem; }
h1 { font-size: 1.5rem; } h2 { font-size: 1.1rem; margin-top: 2rem; }
table { border-collapse: collapse; }
td, th { padding: .2rem .8rem .2rem 0; text-align: left; vertical-align: top; }
td.number { text-align: right; font-variant-numeric: tabular-nums; }
.figures { display: flex; flex-wrap: wrap; gap: 1rem; } .figures div { border: 1px solid var(--line);
border-radius: .5rem; padding: .6rem 1rem; } .figures b { display: block; font-size: 1.4rem; }
svg { width: 100%; height: auto; } svg text { font-size: 11px; fill: currentColor; }
svg text.legend { font-weight: 600; } .grid { stroke: var(--line); } .shade { fill: #8882; }
.bad { color: #dc2626; }
"""


def make_page(report: Report) -> str:
    """The page."""
    title = f"{report.workload}: {report.tps:,.0f} TPS"
    return (
        f'<!doctype html><html lang="en"><head><meta charset="utf-8"><title>{escape(title)}</title>'
        f'<meta name="viewport" content="width=device-width"><style>{_STYLE}</style></head><body>'
        f"<h1>Load test: {escape(report.workload)}</h1>{_where(report)}{_figures(report)}"
        f"{_accounts(report)}{_plots(report)}</body></html>\n"
    )


def _where(report: Report) -> str:
    place = report.environment
    aim = (
        f"{report.rate:,g} requests per second"
        if report.rate is not None
        else f"{report.in_flight:,} in flight"
    )
    return (
        f"<p>{escape(place.started_at)} · {escape(aim)} to {len(place.endpoints)} node(s), "
        f"{escape(place.node_version)} · load generator {escape(place.client_version)} on "
        f"{escape(place.processor)}, {place.cores} processors, {escape(place.system)}</p>"
    )


def _figures(report: Report) -> str:
    figures = [("throughput", f"{report.tps:,.0f} TPS")]
    figures += [
        (f"latency {name}", f"{report.latency_ms[name]:,.1f} ms")
        for name in ("p50", "p99", "max")
        if name in report.latency_ms
    ]
    figures += [(f"CPU, {node.name}", f"{node.cpu_ms_per_request:.3f} ms") for node in report.nodes]
    boxes = "".join(f"<div>{escape(name)}<b>{escape(value)}</b></div>" for name, value in figures)
    return f'<div class="figures">{boxes}</div>'


def _accounts(report: Report) -> str:
    rows = [
        ("sent", report.sent, ""),
        ("settled", report.settled, f"in {report.blocks:,} blocks" if report.blocks else ""),
        ("succeeded", report.succeeded, ""),
        ("refused", report.refused, _reasons(report.refusals)),
        ("lost", report.lost, _reasons(report.silences)),
    ]
    cells = "".join(
        f'<tr><th>{name}</th><td class="number{" bad" if name in {"refused", "lost"} and count else ""}">'
        f"{count:,}</td><td>{escape(note)}</td></tr>"
        for name, count, note in rows
    )
    interrupted = "<p>The run was interrupted.</p>" if report.is_interrupted else ""
    return (
        f"<h2>Every request accounted for</h2><table>{cells}</table>{interrupted}"
        f"<p>Read back from the chain afterwards: {escape(report.audit)}. Measured for "
        f"{report.measured_s:,.1f} s after a warm-up of {report.warm_up_s:g} s.</p>"
    )


def _plots(report: Report) -> str:
    seconds = list(enumerate(report.seconds))
    warm_up = report.warm_up_s
    parts = [
        "<h2>Throughput</h2>",
        line_chart(
            [Series("settled", [(index + 0.5, item.settled) for index, item in seconds])],
            x_label="seconds",
            y_label="per second",
            shaded_until=warm_up,
        ),
        "<h2>Latency over time</h2>",
        line_chart(
            [
                Series("p50", [(i + 0.5, item.p50_ms) for i, item in seconds if item.p50_ms is not None]),
                Series("p99", [(i + 0.5, item.p99_ms) for i, item in seconds if item.p99_ms is not None]),
            ],
            x_label="seconds",
            y_label="ms",
            shaded_until=warm_up,
        ),
        "<h2>Latencies</h2>",
        bar_chart(group_latencies(report.histogram), x_label="up to ms", y_label="requests"),
        _percentiles(report),
    ]
    if report.nodes:
        parts += [
            "<h2>Processors used</h2>",
            _node_chart(report.nodes, "processors", warm_up),
            "<h2>Memory</h2>",
            _node_chart(report.nodes, "MB", warm_up),
        ]
    return "".join(parts)


def _node_chart(nodes: Sequence[NodeReport], unit: str, warm_up: float) -> str:
    lines = [
        Series(
            node.name, list(zip(node.at_s, node.memory_mb if unit == "MB" else node.cpu_cores, strict=True))
        )
        for node in nodes
    ]
    return line_chart(lines, x_label="seconds", y_label=unit, shaded_until=warm_up)


def _percentiles(report: Report) -> str:
    cells = "".join(
        f'<tr><th>{escape(name)}</th><td class="number">{value:,.1f} ms</td></tr>'
        for name, value in report.latency_ms.items()
    )
    return f"<table>{cells}</table>"


def group_latencies(histogram: Sequence[LatencyBucket]) -> list[tuple[str, float]]:
    """Fewer, wider bars of equal width on a logarithmic axis: (upper end in ms, how many)."""
    if not histogram:
        return []
    low, high = math.log(histogram[0].up_to_ms / 1.02), math.log(histogram[-1].up_to_ms)
    width = max((high - low) / _BARS, 1e-9)
    counts = [0] * _BARS
    for bucket in histogram:
        middle = math.log(bucket.up_to_ms / 1.01)
        counts[min(int((middle - low) / width), _BARS - 1)] += bucket.count
    return [(f"{math.exp(low + width * (index + 1)):.3g}", count) for index, count in enumerate(counts)]


def _reasons(counts: dict[str, int]) -> str:
    return ", ".join(f"{reason}: {count:,}" for reason, count in counts.items())
