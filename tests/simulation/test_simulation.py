"""Seeds: each is a bad day of its own, and must end with every transaction in one chain."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.simulation.faults import load_mixes
from tests.simulation.run import ENGINES, mix_of, simulate

SEEDS = range(50)


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("seed", SEEDS)
def test_seed(engine: str, seed: int) -> None:
    outcome, _ = simulate(engine, seed)
    assert outcome.height > 0


def test_every_mix_has_its_seeds() -> None:
    assert {mix_of(seed).name for seed in SEEDS} == {mix.name for mix in load_mixes()}


@pytest.mark.parametrize("engine", ENGINES)
def test_a_seed_tells_the_same_story_everywhere(engine: str) -> None:
    """Another order of sets must not leave a trace."""
    root = Path(__file__).parents[2]
    here, _ = simulate(engine, 4)
    completed = subprocess.run(
        [
            sys.executable,
            "-c",
            f"from tests.simulation.run import simulate; print(simulate({engine!r}, 4)[0].history)",
        ],
        cwd=root,
        env=os.environ | {"PYTHONHASHSEED": "1", "PYTHONPATH": f"{root / 'src'}:{root}"},
        capture_output=True,
        text=True,
        check=True,
    )
    assert completed.stdout.strip() == here.history
