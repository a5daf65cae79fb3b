"""Each story in `pbft/` and `raft/` is replayed against the machine, line by line."""

from pathlib import Path

import pytest

from tests.scenarios import pbft_script, raft_script
from tests.scenarios.script import parse_steps

HERE = Path(__file__).parent
STAGES = {"pbft": pbft_script.Stage, "raft": raft_script.Stage}
STORIES = [path for engine in STAGES for path in sorted((HERE / engine).glob("*.txt"))]


@pytest.mark.parametrize("path", STORIES, ids=lambda path: f"{path.parent.name}-{path.stem}")
def test_story(path: Path) -> None:
    stage = STAGES[path.parent.name]()
    for step in parse_steps(path.read_text()):
        assert stage.play(step.commands) == step.expected, f"after {step.commands}"


@pytest.mark.parametrize("engine", STAGES)
def test_there_are_stories(engine: str) -> None:
    assert len([path for path in STORIES if path.parent.name == engine]) >= 10
