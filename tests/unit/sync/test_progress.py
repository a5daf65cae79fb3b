"""What the log says of a download."""

from __future__ import annotations

from hansa.primitives import Height
from hansa.sync.progress import REPORT_INTERVAL_MS, DownloadProgress


def test_a_line_comes_every_few_seconds() -> None:
    progress = DownloadProgress(Height(0), 1_000)
    assert progress.report(Height(100), Height(9_000), 1_000 + REPORT_INTERVAL_MS - 1) is None
    first = progress.report(Height(1_000), Height(9_000), 1_000 + REPORT_INTERVAL_MS)
    assert first == "block 1000 of 9000, 8000 to go, 200 blocks/s, 40 s left"
    assert progress.report(Height(1_100), Height(9_000), 1_001 + REPORT_INTERVAL_MS) is None
    second = progress.report(Height(1_100), Height(9_000), 1_000 + 2 * REPORT_INTERVAL_MS)
    assert second == "block 1100 of 9000, 7900 to go, 20 blocks/s, 6 min 35 s left"


def test_a_download_that_stands_still_promises_nothing() -> None:
    progress = DownloadProgress(Height(7), 0)
    assert progress.report(Height(7), Height(9), REPORT_INTERVAL_MS) == "block 7 of 9, 2 to go, 0 blocks/s"


def test_hours_are_hours() -> None:
    progress = DownloadProgress(Height(0), 0)
    line = progress.report(Height(5_000), Height(10_005_000), REPORT_INTERVAL_MS)
    assert line is not None
    assert line.endswith("1000 blocks/s, 2 h 46 min left")
