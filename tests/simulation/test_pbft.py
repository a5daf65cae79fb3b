"""Seeds: each is a bad day of its own, and must end with every transaction in one chain."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.simulation.pbft import mix_of, simulate
from tests.simulation.pbft_faults import load_mixes

SEEDS = range(50)


@pytest.mark.parametrize("seed", SEEDS)
def test_seed(seed: int) -> None:
    outcome, _ = simulate(seed)
    assert outcome.height > 0


def test_every_mix_has_its_seeds() -> None:
    assert {mix_of(seed).name for seed in SEEDS} == {mix.name for mix in load_mixes()}


@pytest.mark.parametrize("hash_seed", ["1", "2"])
def test_a_seed_tells_the_same_story_everywhere(hash_seed: str) -> None:
    """Another order of sets must not leave a trace."""
    root = Path(__file__).parents[2]
    here, _ = simulate(4)
    completed = subprocess.run(
        [sys.executable, "-c", "from tests.simulation.pbft import simulate; print(simulate(4)[0].history)"],
        cwd=root,
        env=os.environ | {"PYTHONHASHSEED": hash_seed, "PYTHONPATH": f"{root / 'src'}:{root}"},
        capture_output=True,
        text=True,
        check=True,
    )
    assert completed.stdout.strip() == here.history
