"""`python -m tests.cluster.nemesis --seed 4711 --minutes 30`: break a chain for that long, and judge it.

The nodes' files and the history stay in the directory that is named at the end. 0: no violation.
"""

import argparse
import asyncio
import secrets
import sys
import tempfile
from pathlib import Path

from tests.cluster.nemesis.run import Outcome, Plan, run


def main() -> None:
    """Read the arguments and run."""
    parser = argparse.ArgumentParser(prog="python -m tests.cluster.nemesis", description=__doc__)
    parser.add_argument("--seed", type=int, default=None, help="by default a new one, which is told")
    parser.add_argument("--minutes", type=float, default=1.5)
    parser.add_argument("--rate", type=float, default=60.0, help="transactions a second")
    arguments = parser.parse_args()
    seed = secrets.randbelow(1 << 31) if arguments.seed is None else arguments.seed
    directory = Path(tempfile.mkdtemp(prefix="nemesis-"))
    _say(f"seed {seed}, files in {directory}")
    plan = Plan(seed, arguments.minutes * 60, arguments.rate)
    outcome = asyncio.run(run(plan, directory, _say))
    _report(outcome)
    sys.exit(1 if outcome.violations else 0)


def _report(outcome: Outcome) -> None:
    _say(f"{outcome.sent} transactions, {outcome.receipts} receipts, {outcome.blocks} blocks")
    worst: dict[str, list[float]] = {}
    for fault, seconds in outcome.recoveries:
        if seconds is not None:
            worst.setdefault(type(fault).__name__, []).append(seconds)
    for name, times in sorted(worst.items()):
        median = sorted(times)[len(times) // 2]
        _say(f"{name}: {len(times)} times, went on after {median:.1f} s, at worst {max(times):.1f} s")
    for violation in outcome.violations:
        _say(f"VIOLATION {violation}")


def _say(line: str) -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
