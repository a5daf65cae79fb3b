"""Lines for people."""

from __future__ import annotations

from dataclasses import replace

from hansa.bench.progress import LineProgress, Silence, Snapshot, format_snapshot

SNAPSHOT = Snapshot(
    seconds=3.2, sent=2000, settled=1500, open=500, refused=0, lost=0, total=10_000, tps=512.3,
    p50_ms=None, p99_ms=None, is_warm_up=False,
)  # fmt: skip


def test_a_snapshot_in_one_line() -> None:
    assert format_snapshot(SNAPSHOT) == "3 s · 1,500 of 10,000 · 512 TPS · 500 pending"
    full = replace(SNAPSHOT, total=None, p50_ms=12.4, p99_ms=80.0, refused=2, lost=1)
    assert format_snapshot(full).endswith("p50 12 ms, p99 80 ms · 2 refused · 1 lost")


def test_a_terminal_line_is_written_over_completely() -> None:
    written: list[str] = []
    progress = LineProgress(written.append, is_terminal=True)
    progress.step("preparing", 1000, 1000)
    progress.step("signing", 1, 2)
    progress.close()
    progress.close()
    assert written == ["\rpreparing 1,000 of 1,000", "\rsigning 1 of 2".ljust(25), "\n"]


def test_elsewhere_a_line_at_every_new_phase_and_now_and_then() -> None:
    written: list[str] = []
    now = [0.0]
    progress = LineProgress(written.append, is_terminal=False, clock=lambda: now[0])
    for second in range(8):
        now[0] = float(second)
        progress.load(replace(SNAPSHOT, is_warm_up=second < 2))
    progress.close()
    assert [line.split()[0] for line in written] == ["warming", "measuring", "measuring"]
    assert all(line.endswith("\n") for line in written)


def test_silence() -> None:
    Silence().step("signing", 1, 2)
    Silence().load(SNAPSHOT)
