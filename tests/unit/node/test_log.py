"""The run log's lines and files."""

from __future__ import annotations

import logging
import re
import time
from pathlib import Path

import pytest

from hansa.node.log import BadgeFormatter, HourlyFileHandler


def record(name: str, level: int, text: str) -> logging.LogRecord:
    return logging.LogRecord(name, level, __file__, 1, text, (), None)


def test_a_line_has_the_operators_form() -> None:
    line = BadgeFormatter().format(record("hansa.p2p.gateway", logging.WARNING, "peer dropped,reason=idle"))
    pattern = (
        r"warning\|\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d{6}\|MainThread-\d+\|\[P2P\]peer dropped,reason=idle"
    )
    assert re.fullmatch(pattern, line)


def test_fatal_is_the_word_for_critical() -> None:
    assert BadgeFormatter().format(record("hansa", logging.CRITICAL, "x")).startswith("fatal|")


def test_a_new_file_begins_each_hour_and_at_the_size_limit(tmp_path: Path) -> None:
    now = 1_800_000_000.0
    handler = HourlyFileHandler(tmp_path / "log", 20, clock=lambda: now)
    for step in (0, 60, 3600):
        now = 1_800_000_000.0 + step
        handler.emit(record("hansa", logging.INFO, "twenty bytes and more"))
    handler.close()
    assert len(list((tmp_path / "log").iterdir())) == 3


def test_a_full_disk_is_said_once_and_left_behind(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    now = 1_800_000_000.0
    handler = HourlyFileHandler(tmp_path, 1_000_000, clock=lambda: now)
    full = tmp_path / time.strftime("log_%Y%m%d%H.%M.log", time.localtime(now))
    full.symlink_to("/dev/full")
    for number in range(100):
        handler.emit(record("hansa", logging.INFO, f"lost line {number}"))
    (said,) = capsys.readouterr().err.splitlines()
    assert str(tmp_path) in said
    assert "No space left on device" in said

    full.unlink()
    handler.emit(record("hansa", logging.INFO, "there is room again"))
    assert full.read_text().endswith("there is room again\n")
    assert "lost line" not in full.read_text()

    full.unlink()
    full.symlink_to("/dev/full")
    now += 3600
    handler.emit(record("hansa", logging.INFO, "a new hour, a new file"))
    handler.close()
    assert capsys.readouterr().err == ""


def test_a_folder_that_cannot_be_made_does_not_raise(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "log").write_text("a file where the folder should be")
    handler = HourlyFileHandler(tmp_path / "log", 20)
    handler.emit(record("hansa", logging.INFO, "x"))
    handler.close()
    assert (tmp_path / "log").is_file()
    assert "are lost" in capsys.readouterr().err
