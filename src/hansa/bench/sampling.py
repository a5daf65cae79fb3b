"""What the nodes use while a run goes on: a sample of every process twice a second."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from hansa.bench.processes import find_listener, read_usage

__all__ = ["NodeUsage", "Sample", "Sampler", "find_nodes"]


@dataclass(frozen=True, slots=True)
class Sample:
    """A process at one moment."""

    second: float
    """Since the run started."""
    cpu_seconds: float
    """Since the process started."""
    resident_bytes: int
    descriptors: int


@dataclass(frozen=True, slots=True)
class NodeUsage:
    """A process over the run."""

    name: str
    """Its endpoint, or its process id."""
    samples: Sequence[Sample]

    def cpu_seconds(self, since: float) -> float:
        """Processor time from the last sample not after `since` to the end."""
        before = [sample for sample in self.samples if sample.second <= since] or self.samples[:1]
        return self.samples[-1].cpu_seconds - before[-1].cpu_seconds


class Sampler:
    """Collects samples of processes; who calls `sample` decides when."""

    def __init__(self, processes: Mapping[str, int]) -> None:
        self._processes = processes
        self._samples: dict[str, list[Sample]] = {name: [] for name in processes}

    def sample(self, second: float) -> None:
        """Look at every process; one that is gone is passed over."""
        for name, pid in self._processes.items():
            usage = read_usage(pid)
            if usage is not None:
                self._samples[name].append(
                    Sample(second, usage.cpu_seconds, usage.resident_bytes, usage.descriptors)
                )

    def usages(self) -> list[NodeUsage]:
        """What was seen of the processes that were there."""
        return [NodeUsage(name, samples) for name, samples in self._samples.items() if samples]


def find_nodes(endpoints: Sequence[tuple[str, int]], pids: Sequence[int]) -> dict[str, int]:
    """The processes behind endpoints of this machine, and those named by id: name → process id."""
    found = {f"{host}:{port}": find_listener(port) for host, port in endpoints if _is_local(host)}
    processes = {name: pid for name, pid in found.items() if pid is not None}
    return processes | {f"process {pid}": pid for pid in pids if pid not in processes.values()}


def _is_local(host: str) -> bool:
    return host in {"localhost", "::1"} or host.startswith("127.")
