"""`python -m tests.simulation --seed 4711` replays a seed with its history; `--count 200` runs that many.

A failure names its seed: give it back with `--seed`, and make it a test.
"""

import argparse
import sys
from collections import defaultdict

from tests.simulation.run import ENGINES, simulate


def replay(engine: str, seed: int) -> None:
    """Run one seed and tell everything that happened."""
    outcome, lines = simulate(engine, seed, keep_history=True)
    sys.stdout.write("\n".join(lines) + f"\n{outcome}\n")


def run_many(engine: str, count: int) -> None:
    """Run seeds 0 … count − 1; the first failure ends the run."""
    recoveries: dict[str, list[int]] = defaultdict(list)
    for seed in range(count):
        outcome, _ = simulate(engine, seed)
        recoveries[outcome.mix].append(outcome.recovery_ms)
    for mix, times in sorted(recoveries.items()):
        median = sorted(times)[len(times) // 2]
        sys.stdout.write(
            f"{engine}, {mix}: {len(times)} seeds, recovered in {median} ms (worst {max(times)} ms)\n"
        )


def main() -> None:
    """Read the arguments and run."""
    parser = argparse.ArgumentParser(prog="python -m tests.simulation", description=__doc__)
    chosen = parser.add_mutually_exclusive_group(required=True)
    chosen.add_argument("--seed", type=int)
    chosen.add_argument("--count", type=int)
    parser.add_argument("--engine", choices=ENGINES, help="one of them; all if it is not given")
    arguments = parser.parse_args()
    for engine in [arguments.engine] if arguments.engine else ENGINES:
        if arguments.count is None:
            replay(engine, arguments.seed)
        else:
            run_many(engine, arguments.count)


if __name__ == "__main__":
    main()
