"""Contracts written on the spot, on a chain in memory."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from textwrap import dedent, indent

import pytest

from hansa.execution.sandbox import Sandbox
from hansa.kernel import Suite

HEAD = "from hansa.execution import Address, Context, Contract, Failure, NotAuthorized, fail, method\n"

Trial = Callable[..., Sandbox]
Rows = Sequence[tuple[str, Sequence[tuple[str, str]]]]


@pytest.fixture
def trial(tmp_path: Path) -> Trial:
    """A chain with one contract at 0x5100: its module-level lines and the body of its class."""

    def make(
        body: str,
        module: str = "",
        *,
        height: int = 0,
        rows: Rows = (),
        suite: Suite = Suite.STANDARD,
    ) -> Sandbox:
        source = HEAD + dedent(module) + "\nclass Trial(Contract):\n    address = 0x5100\n"
        (tmp_path / "trial.py").write_text(source + indent(dedent(body), "    "))
        return Sandbox([f"trial:Trial@{height}"], folder=tmp_path, rows=rows, suite=suite)

    return make
