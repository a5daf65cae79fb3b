"""What the doctor found: where, how bad, what is wrong, and what to change."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from enum import StrEnum

__all__ = ["Finding", "Severity", "has_error", "summary"]


class Severity(StrEnum):
    """How bad it is."""

    ERROR = "error"
    """Something does not work, or will not start."""
    WARNING = "warning"
    """It works, but not for long, not safely, or not with everybody."""
    NOTE = "note"
    """Worth knowing; nothing is wrong."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One line of the doctor's report."""

    severity: Severity
    where: str
    """A file, a setting or an address."""
    problem: str
    remedy: str
    """What to change; empty for a note that asks for nothing."""

    def __str__(self) -> str:
        remedy = f" {self.remedy[:1].upper()}{self.remedy[1:]}." if self.remedy else ""
        return f"{self.severity:<8}{self.where}: {self.problem}.{remedy}"

    def as_json(self) -> dict[str, str]:
        """The members of its JSON object."""
        return {name: str(value) for name, value in asdict(self).items()}


def error(where: object, problem: str, remedy: str) -> Finding:
    """Something does not work."""
    return Finding(Severity.ERROR, str(where), problem, remedy)


def warning(where: object, problem: str, remedy: str) -> Finding:
    """Something deserves attention."""
    return Finding(Severity.WARNING, str(where), problem, remedy)


def note(where: object, problem: str, remedy: str = "") -> Finding:
    """Something is worth knowing."""
    return Finding(Severity.NOTE, str(where), problem, remedy)


def has_error(findings: Sequence[Finding]) -> bool:
    """Whether something does not work."""
    return any(finding.severity is Severity.ERROR for finding in findings)


def summary(findings: Sequence[Finding]) -> str:
    """The last line of a report."""
    counts = [
        f"{count} {severity}{'s' if count > 1 else ''}"
        for severity in Severity
        if (count := sum(finding.severity is severity for finding in findings))
    ]
    return ", ".join(counts) if counts else "nothing wrong was found"
