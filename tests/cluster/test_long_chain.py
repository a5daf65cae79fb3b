"""Who joins late gets everything, at a fair pace and in little memory; `long_chain` does it with more."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.cluster.long_chain import NEWCOMER, build_long_chain, download

pytestmark = pytest.mark.cluster

BLOCKS = 2_500
BLOCKS_PER_SECOND_MIN = 60
"""A tenth of what one core does, for a machine that is busy with other things."""
RESIDENT_BYTES_MAX = 160 << 20


def test_a_newcomer_downloads_a_long_chain(tmp_path: Path) -> None:
    cluster = build_long_chain(tmp_path, BLOCKS, transaction_count=2)
    try:
        outcome = download(cluster, seconds_max=BLOCKS / BLOCKS_PER_SECOND_MIN)
        assert outcome.resident_bytes_max < RESIDENT_BYTES_MAX
        cluster.wait(lambda: "level with the peers" in cluster.log(NEWCOMER), 10, "it knows that it is done")
        assert f"to {BLOCKS}" in cluster.log(NEWCOMER)
    finally:
        cluster.close()
