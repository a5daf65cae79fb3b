"""Each story of `pbft/` is replayed against the machine, line by line."""

from pathlib import Path

import pytest

from tests.scenarios.pbft_script import Stage, parse_steps

STORIES = sorted((Path(__file__).parent / "pbft").glob("*.txt"))


@pytest.mark.parametrize("path", STORIES, ids=lambda path: path.stem)
def test_story(path: Path) -> None:
    stage = Stage()
    for step in parse_steps(path.read_text()):
        assert stage.play(step.commands) == step.expected, f"after {step.commands}"


def test_there_are_stories() -> None:
    assert len(STORIES) >= 10
