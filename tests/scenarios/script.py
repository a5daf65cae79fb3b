"""What stories have in common, whichever engine they are about.

A story is a text file. Lines that begin with `>` tell the machine something; the lines below them, up to an
empty line, are everything it asked for. `#` begins a comment. Blocks have names: `B` before execution, `B*`
after; `H10` is the hash of block 10. What can be told is listed in the engine's own script.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from hansa.primitives import Hash32, NodeId


class Stage(Protocol):
    """Plays one sealer's shell."""

    def play(self, commands: list[str]) -> list[str]:
        """Tell the machine; what it asked for, one line each."""


@dataclass(slots=True)
class Step:
    """Commands, and what they led to."""

    commands: list[str] = field(default_factory=list)
    expected: list[str] = field(default_factory=list)


def node(index: int) -> NodeId:
    """The sealer with this index."""
    return NodeId(bytes([index]) * 64)


def hash_of(name: str) -> Hash32:
    """A block's name as a hash."""
    return Hash32(name.encode().ljust(32, b"\0"))


def name_of(block_hash: bytes) -> str:
    """The name behind such a hash."""
    return block_hash.rstrip(b"\0").decode()


def words_of(command: str) -> tuple[str, list[str], dict[str, str]]:
    """Verb, arguments and options."""
    words = command.split()
    options = dict(word.split("=", 1) for word in words[1:] if "=" in word)
    return words[0], [word for word in words[1:] if "=" not in word], options


def parse_steps(text: str) -> list[Step]:
    """Read a story."""
    steps: list[Step] = []
    for line in text.splitlines():
        content = line.split("#")[0].strip()
        if content.startswith(">"):
            if not steps or steps[-1].expected:
                steps.append(Step())
            steps[-1].commands.append(content[1:].strip())
        elif content:
            steps[-1].expected.append(content)
        elif not line.strip() and steps and (steps[-1].commands or steps[-1].expected):
            steps.append(Step())
    return [step for step in steps if step.commands]


def rewrite(path: Path, stage: Stage) -> None:
    """Put what the machine does now into a story, keeping its comments."""
    lines: list[str] = []
    commands: list[str] = []
    for line in [*path.read_text().splitlines(), ""]:
        content = line.split("#")[0].strip()
        if content.startswith(">"):
            commands.append(content[1:].strip())
            lines.append(line)
        elif not line.strip():
            lines.extend([*stage.play(commands), ""])
            commands = []
        elif not content:
            lines.append(line)
    path.write_text("\n".join(lines).rstrip("\n") + "\n")
