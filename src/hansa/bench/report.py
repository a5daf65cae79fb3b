"""What a run says: counts, rates, latencies, CPU. Pure: measurements in, a report, a table or JSON out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass

import orjson

__all__ = ["Measurements", "NodeCpu", "Report", "make_report", "percentile"]

PERCENTILES = (50, 90, 95, 99, 100)


@dataclass(frozen=True, slots=True)
class NodeCpu:
    """The processor time one node process used during the run."""

    name: str
    """Its endpoint, or its process id."""
    seconds: float
    resident_bytes: int
    """Memory at the end of the run."""


@dataclass(frozen=True, slots=True)
class Measurements:
    """What the load generator saw. Times in seconds of one steady clock; block times in ms."""

    workload: str
    sent: int
    refused: Mapping[str, int]
    """By status or error text: answered, but not executed."""
    statuses: Mapping[str, int]
    """Receipt status → how many."""
    sent_at: Sequence[float]
    """When each transaction with a receipt was handed to the connection…"""
    settled_at: Sequence[float]
    """…and when its receipt arrived."""
    started: float
    ended: float
    """When the last receipt arrived, or waiting was given up."""
    block_times_ms: Sequence[int]
    """Timestamps of the blocks that hold the transactions, ascending; the block before them first."""
    blocks: int
    nodes: Sequence[NodeCpu]
    client_cpu_seconds: float


@dataclass(frozen=True, slots=True)
class Report:
    """A run in numbers."""

    workload: str
    sent: int
    committed: int
    """Receipts that arrived, whatever their status."""
    succeeded: int
    refused: int
    lost: int
    """Sent, but neither receipt nor refusal arrived."""
    seconds: float
    tps_wall: float
    """Committed per second from the first send to the last receipt."""
    tps_block: float | None
    """Committed per second of block time; None when fewer than two timestamps are known."""
    blocks: int
    latency_ms: dict[str, float]
    """Percentiles from send to receipt."""
    cpu_ms_per_transaction: dict[str, float]
    """By node."""
    memory_mb: dict[str, float]
    client_cpu_ms_per_transaction: float
    refusals: dict[str, int]
    statuses: dict[str, int]

    def to_json(self) -> bytes:
        """For scripts: one object, units in the names."""
        return orjson.dumps(asdict(self), option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE)

    def to_table(self) -> str:
        """For people."""
        rows = [
            ("workload", self.workload),
            ("sent", f"{self.sent:,}"),
            ("committed", f"{self.committed:,} in {self.blocks:,} blocks"),
            ("succeeded", f"{self.succeeded:,}"),
            ("refused", f"{self.refused:,}{_details(self.refusals)}"),
            ("lost", f"{self.lost:,}"),
            ("time", f"{self.seconds:.2f} s"),
            ("throughput", f"{self.tps_wall:,.0f} TPS"),
            ("by block time", "–" if self.tps_block is None else f"{self.tps_block:,.0f} TPS"),
            ("latency ms", "  ".join(f"{name} {value:,.1f}" for name, value in self.latency_ms.items())),
        ]
        rows += [
            (f"node {name}", f"{cpu:.3f} ms CPU per transaction, {self.memory_mb[name]:,.0f} MB")
            for name, cpu in self.cpu_ms_per_transaction.items()
        ]
        rows.append(("this client", f"{self.client_cpu_ms_per_transaction:.3f} ms CPU per transaction"))
        failed = {status: count for status, count in self.statuses.items() if status != "0x0"}
        if failed:
            rows.append(("failed", _details(failed).strip(" ()")))
        width = max(len(name) for name, _ in rows)
        return "\n".join(f"{name:<{width}}  {value}" for name, value in rows)


def make_report(seen: Measurements) -> Report:
    """Count and divide."""
    committed = len(seen.settled_at)
    refused = sum(seen.refused.values())
    seconds = max(seen.ended - seen.started, 1e-9)
    block_seconds = (
        (seen.block_times_ms[-1] - seen.block_times_ms[0]) / 1000 if len(seen.block_times_ms) > 1 else 0
    )
    latencies = sorted(
        (settled - sent) * 1000 for sent, settled in zip(seen.sent_at, seen.settled_at, strict=True)
    )
    per_transaction = 1000 / max(committed, 1)
    return Report(
        workload=seen.workload,
        sent=seen.sent,
        committed=committed,
        succeeded=seen.statuses.get("0x0", 0),
        refused=refused,
        lost=seen.sent - committed - refused,
        seconds=round(seconds, 3),
        tps_wall=round(committed / seconds, 1),
        tps_block=round(committed / block_seconds, 1) if block_seconds > 0 else None,
        blocks=seen.blocks,
        latency_ms={_name(rank): round(percentile(latencies, rank), 1) for rank in PERCENTILES if latencies},
        cpu_ms_per_transaction={node.name: round(node.seconds * per_transaction, 4) for node in seen.nodes},
        memory_mb={node.name: round(node.resident_bytes / 1_000_000, 1) for node in seen.nodes},
        client_cpu_ms_per_transaction=round(seen.client_cpu_seconds * per_transaction, 4),
        refusals=dict(seen.refused),
        statuses=dict(seen.statuses),
    )


def percentile(ascending: Sequence[float], rank: int) -> float:
    """The smallest value that at least `rank` percent do not exceed (nearest rank).

    Raises:
        ValueError: no values.
    """
    if not ascending:
        raise ValueError("no values")
    position = -(-len(ascending) * rank // 100)
    return ascending[max(position, 1) - 1]


def _name(rank: int) -> str:
    return "max" if rank == 100 else f"p{rank}"


def _details(counts: Mapping[str, int]) -> str:
    if not counts:
        return ""
    return " (" + ", ".join(f"{name}: {count:,}" for name, count in sorted(counts.items())) + ")"
