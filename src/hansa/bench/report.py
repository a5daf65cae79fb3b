"""What a run says: counts, rates, latencies, use of the machine. Pure: measurements in, a report out.

The JSON form is stable: `schema` names it, and under one name members are only ever added
(docs/performance.md, "The report as JSON"). Units are in the names.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields, replace
from itertools import pairwise
from typing import Any

import orjson

from hansa.bench.environment import Environment
from hansa.bench.measurements import Measurements
from hansa.bench.sampling import NodeUsage
from hansa.bench.tally import Second

__all__ = ["SCHEMA", "LatencyBucket", "NodeReport", "Report", "ReportError", "SecondReport", "make_report"]

SCHEMA = "hansa-bench/1"
PERCENTILES = {"p50": 50.0, "p90": 90.0, "p95": 95.0, "p99": 99.0, "p99.9": 99.9, "max": 100.0}

_MB = 1_000_000


class ReportError(ValueError):
    """A file that is not a report of this schema."""


@dataclass(frozen=True, slots=True)
class SecondReport:
    """One second of the run, the warm-up included."""

    settled: int
    refused: int
    p50_ms: float | None
    p99_ms: float | None


@dataclass(frozen=True, slots=True)
class LatencyBucket:
    """How many latencies were no longer than this, and longer than the bucket before."""

    up_to_ms: float
    count: int


@dataclass(frozen=True, slots=True)
class NodeReport:
    """One node's process. The lists are its samples: times since the start, and what was seen then."""

    name: str
    cpu_ms_per_request: float
    """Processor time after the warm-up, divided by what settled then."""
    memory_mb_max: float
    memory_mb_end: float
    descriptors_max: int
    at_s: list[float]
    cpu_cores: list[float]
    """Processors used on average since the sample before."""
    memory_mb: list[float]
    descriptors: list[int]


@dataclass(frozen=True, slots=True)
class Report:
    """A run in numbers."""

    schema: str
    workload: str
    environment: Environment
    is_interrupted: bool
    rate: float | None
    """Requests per second aimed at; None for as many as `in_flight` allows."""
    in_flight: int
    warm_up_s: float
    sent: int
    settled: int
    """Receipts and answers that arrived, whatever their status."""
    succeeded: int
    """Of these, with status 0."""
    refused: int
    lost: int
    """Sent, but neither answer nor refusal arrived."""
    refusals: dict[str, int]
    """Why, and how many."""
    silences: dict[str, int]
    """Why requests were lost, as far as it is known."""
    statuses: dict[str, int]
    measured_s: float
    """From the end of the warm-up to the last answer."""
    measured: int
    """Settled in that time."""
    tps: float
    """`measured` by `measured_s`."""
    tps_block: float | None
    """Settled per second of block time, the warm-up included; None when there are no blocks."""
    blocks: int
    latency_ms: dict[str, float]
    """Percentiles from the moment a request was meant to leave to its answer, and the mean."""
    nodes: list[NodeReport]
    client_cpu_ms_per_request: float
    audit: str
    """"passed", "not run", or what is wrong with what the chain holds."""
    seconds: list[SecondReport]
    histogram: list[LatencyBucket]

    def with_audit(self, outcome: str) -> Report:
        """The same report with the outcome of reading back."""
        return replace(self, audit=outcome)

    @property
    def is_clean(self) -> bool:
        """Whether every request was answered and nothing contradicts it."""
        return not self.lost and not self.refused and self.audit in {"passed", "not run"}

    def to_json(self) -> bytes:
        """For scripts."""
        return orjson.dumps(asdict(self), option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE)

    @staticmethod
    def from_json(text: bytes) -> Report:
        """Read what `to_json` wrote; members of a newer version are passed over.

        Raises:
            ReportError: the text is something else.
        """
        try:
            members = orjson.loads(text)
            if members["schema"] != SCHEMA:
                raise ReportError(f"the schema is {members['schema']!r}, not {SCHEMA!r}")
            members = _known(Report, members)
            members["environment"] = Environment(**_known(Environment, members["environment"]))
            members["nodes"] = [NodeReport(**_known(NodeReport, node)) for node in members["nodes"]]
            members["seconds"] = [SecondReport(**_known(SecondReport, item)) for item in members["seconds"]]
            members["histogram"] = [
                LatencyBucket(**_known(LatencyBucket, item)) for item in members["histogram"]
            ]
            return Report(**members)
        except ReportError:
            raise
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise ReportError(f"not a report of `hansa bench`: {error}") from error

    def to_table(self) -> str:
        """For people."""
        blocks = f" in {self.blocks:,} blocks" if self.blocks else ""
        aim = f"{self.rate:,g} per second" if self.rate is not None else f"{self.in_flight:,} in flight"
        rows = [
            ("workload", f"{self.workload}, {aim}{', interrupted' if self.is_interrupted else ''}"),
            ("sent", f"{self.sent:,}"),
            ("settled", f"{self.settled:,}{blocks}"),
            ("succeeded", f"{self.succeeded:,}"),
            ("refused", f"{self.refused:,}{_details(self.refusals)}"),
            ("lost", f"{self.lost:,}{_details(self.silences)}"),
            ("read back", self.audit),
            ("measured", f"{self.measured:,} in {self.measured_s:.2f} s after {self.warm_up_s:g} s warm-up"),
            ("throughput", f"{self.tps:,.0f} TPS"),
            ("by block time", "–" if self.tps_block is None else f"{self.tps_block:,.0f} TPS"),
            ("latency ms", "  ".join(f"{name} {value:,.1f}" for name, value in self.latency_ms.items())),
        ]
        rows += [
            (
                f"node {node.name}",
                f"{node.cpu_ms_per_request:.3f} ms CPU per request, "
                f"{node.memory_mb_max:,.0f} MB, {node.descriptors_max:,} descriptors",
            )
            for node in self.nodes
        ]
        rows.append(("this client", f"{self.client_cpu_ms_per_request:.3f} ms CPU per request"))
        failed = {status: count for status, count in self.statuses.items() if status != "0x0"}
        if failed:
            rows.append(("failed", _details(failed).strip(" ()")))
        width = max(len(name) for name, _ in rows)
        return "\n".join(f"{name:<{width}}  {value}" for name, value in rows)


def make_report(seen: Measurements) -> Report:
    """Count and divide."""
    tally = seen.tally
    measured_s = max(tally.ended - tally.measured_from, 0.0)
    per_request = 1000 / max(tally.settled_measured, 1)
    latencies = tally.latencies
    percentiles = {
        name: _ms(latencies.percentile(rank)) for name, rank in PERCENTILES.items() if latencies.count
    }
    return Report(
        schema=SCHEMA,
        workload=seen.workload,
        environment=seen.environment,
        is_interrupted=seen.is_interrupted,
        rate=seen.load.rate,
        in_flight=seen.load.in_flight,
        warm_up_s=seen.load.warm_up_s,
        sent=tally.sent,
        settled=tally.settled,
        succeeded=tally.statuses["0x0"],
        refused=tally.refused,
        lost=tally.lost,
        refusals=dict(sorted(tally.refusals.items())),
        silences=dict(sorted(tally.silences.items())),
        statuses=dict(sorted(tally.statuses.items())),
        measured_s=round(measured_s, 3),
        measured=tally.settled_measured,
        tps=round(tally.settled_measured / measured_s, 1) if measured_s > 0 else 0.0,
        tps_block=round(tally.settled / seen.block_time_s, 1) if seen.block_time_s else None,
        blocks=len(tally.heights),
        latency_ms=percentiles | {"mean": _ms(latencies.mean())} if latencies.count else {},
        nodes=[_report_node(node, seen.load.warm_up_s, per_request) for node in seen.nodes],
        client_cpu_ms_per_request=round(seen.client_cpu_seconds * per_request, 4),
        audit="not run",
        seconds=[_report_second(second) for second in tally.seconds],
        histogram=[LatencyBucket(_ms(end), count) for end, count in latencies],
    )


def _report_node(node: NodeUsage, warm_up_s: float, per_request: float) -> NodeReport:
    samples = node.samples
    memory = [round(sample.resident_bytes / _MB, 1) for sample in samples]
    cores = [0.0]
    for earlier, later in pairwise(samples):
        elapsed = max(later.second - earlier.second, 1e-3)
        cores.append(round((later.cpu_seconds - earlier.cpu_seconds) / elapsed, 3))
    return NodeReport(
        name=node.name,
        cpu_ms_per_request=round(node.cpu_seconds(warm_up_s) * per_request, 4),
        memory_mb_max=max(memory),
        memory_mb_end=memory[-1],
        descriptors_max=max(sample.descriptors for sample in samples),
        at_s=[round(sample.second, 2) for sample in samples],
        cpu_cores=cores,
        memory_mb=memory,
        descriptors=[sample.descriptors for sample in samples],
    )


def _report_second(second: Second) -> SecondReport:
    latencies = second.latencies
    return SecondReport(
        settled=second.settled,
        refused=second.refused,
        p50_ms=_ms(latencies.percentile(50)) if latencies.count else None,
        p99_ms=_ms(latencies.percentile(99)) if latencies.count else None,
    )


def _known(kind: type[Any], members: Mapping[str, Any]) -> dict[str, Any]:
    names = {item.name for item in fields(kind)}
    return {name: value for name, value in members.items() if name in names}


def _ms(seconds: float) -> float:
    return round(seconds * 1000, 3)


def _details(counts: Mapping[str, int]) -> str:
    if not counts:
        return ""
    return " (" + ", ".join(f"{name}: {count:,}" for name, count in sorted(counts.items())) + ")"
