"""Every kind of fault once, under load; `python -m tests.cluster.nemesis` does it for longer."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.cluster.nemesis.run import Plan, run

pytestmark = pytest.mark.cluster

SEED = 4711
SECONDS = 75.0


async def test_no_fault_breaks_a_promise(tmp_path: Path) -> None:
    outcome = await run(Plan(SEED, SECONDS), tmp_path)
    assert outcome.violations == []
    assert outcome.receipts > 0.9 * outcome.sent
    assert len({type(fault) for fault, _ in outcome.recoveries}) == 9
