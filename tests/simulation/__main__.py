"""`python -m tests.simulation --seed 4711` replays a seed with its history; `--count 200` runs that many.

A failure names its seed: give it back with `--seed`, and make it a test.
"""

import argparse
import sys
from collections import defaultdict

from tests.simulation.pbft import simulate


def replay(seed: int) -> None:
    """Run one seed and tell everything that happened."""
    outcome, lines = simulate(seed, keep_history=True)
    sys.stdout.write("\n".join(lines) + f"\n{outcome}\n")


def run_many(count: int) -> None:
    """Run seeds 0 … count − 1; the first failure ends the run."""
    recoveries: dict[str, list[int]] = defaultdict(list)
    for seed in range(count):
        outcome, _ = simulate(seed)
        recoveries[outcome.mix].append(outcome.recovery_ms)
    for mix, times in sorted(recoveries.items()):
        median = sorted(times)[len(times) // 2]
        sys.stdout.write(f"{mix}: {len(times)} seeds, recovered in {median} ms (worst {max(times)} ms)\n")


def main() -> None:
    """Read the arguments and run."""
    parser = argparse.ArgumentParser(prog="python -m tests.simulation", description=__doc__)
    chosen = parser.add_mutually_exclusive_group(required=True)
    chosen.add_argument("--seed", type=int)
    chosen.add_argument("--count", type=int)
    arguments = parser.parse_args()
    if arguments.count is None:
        replay(arguments.seed)
    else:
        run_many(arguments.count)


if __name__ == "__main__":
    main()
