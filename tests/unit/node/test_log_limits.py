"""Warnings of one kind do not fill the disk."""

from __future__ import annotations

import logging

from hansa.node.log_limits import INTERVAL_S, LINES_PER_INTERVAL_MAX, RepetitionFilter


def record(line: int, text: str, *arguments: object, level: int = logging.WARNING) -> logging.LogRecord:
    return logging.LogRecord("hansa.p2p", level, "gateway.py", line, text, arguments, None)


def test_a_flood_of_one_kind_is_cut_and_counted() -> None:
    now = 0.0
    repetitions = RepetitionFilter(lambda: now)
    written = sum(repetitions.filter(record(7, "bad packet %d", number)) for number in range(1_000))
    assert written == LINES_PER_INTERVAL_MAX
    now = INTERVAL_S
    late = record(7, "bad packet %d of %s", 1_001, "ab12")
    assert repetitions.filter(late)
    assert late.getMessage() == "bad packet 1001 of ab12 (and 980 lines like it before)"
    following = record(7, "bad packet %d", 1_002)
    assert repetitions.filter(following)
    assert following.getMessage() == "bad packet 1002"


def test_other_kinds_are_not_concerned() -> None:
    repetitions = RepetitionFilter(lambda: 0.0)
    for number in range(100):
        repetitions.filter(record(7, "bad packet %d", number))
    assert repetitions.filter(record(8, "something else"))
    assert all(repetitions.filter(record(7, "block", level=logging.INFO)) for _ in range(100))
    assert all(repetitions.filter(record(7, "stop", level=logging.CRITICAL)) for _ in range(100))


def test_percent_signs_of_a_peer_do_no_harm() -> None:
    now = 0.0
    repetitions = RepetitionFilter(lambda: now)
    for _ in range(50):
        repetitions.filter(record(7, "peer says %s", "100%s"))
    now = INTERVAL_S
    late = record(7, "peer says %s", "100%s")
    repetitions.filter(late)
    assert late.getMessage() == "peer says 100%s (and 30 lines like it before)"
