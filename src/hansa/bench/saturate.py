"""The highest rate a chain holds: a search over rates, told how each trial went. Pure.

It doubles until a trial fails, then halves the gap until it is narrow enough.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from hansa.bench.report import Report

__all__ = ["RateSearch", "Trial", "judge"]


@dataclass(frozen=True, slots=True)
class Trial:
    """One rate tried."""

    rate: float
    holds: bool
    why: str
    """What spoke against it; empty if it holds."""
    report: Report


@dataclass(slots=True)
class RateSearch:
    """Ask `next_rate`, try it, tell `record`; until there is none."""

    start: float
    rate_max: float
    precision: float
    """How wide the gap may be at the end, as a share of the highest rate that held."""
    trials: list[Trial] = field(default_factory=list)

    @property
    def held(self) -> float:
        """The highest rate that held; 0 if none did."""
        return max((trial.rate for trial in self.trials if trial.holds), default=0.0)

    @property
    def failed(self) -> float | None:
        """The lowest rate that did not hold."""
        return min((trial.rate for trial in self.trials if not trial.holds), default=None)

    def next_rate(self) -> float | None:
        """The rate to try next; None when the answer is known well enough."""
        held, failed = self.held, self.failed
        if failed is None:
            if held >= self.rate_max:
                return None
            return min(held * 2 or self.start, self.rate_max)
        if held and failed - held <= held * self.precision:
            return None
        if not held and failed <= 1:
            return None
        return max((held + failed) / 2 if held else failed / 2, 1.0)

    def record(self, trial: Trial) -> None:
        """How a rate went."""
        self.trials.append(trial)


def judge(report: Report, p99_limit_ms: float) -> str:
    """What speaks against the rate of this run; empty if it holds.

    A backlog needs no rule of its own: latencies count from the timetable, so it shows there.
    """
    if report.lost or report.refused:
        return f"{report.lost:,} lost, {report.refused:,} refused"
    p99 = report.latency_ms.get("p99")
    if p99 is None:
        return "nothing was measured"
    if p99 > p99_limit_ms:
        return f"p99 {p99:,.0f} ms"
    return ""
