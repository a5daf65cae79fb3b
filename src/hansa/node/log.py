"""The run log, in the form operators and their scripts know (node §7.1).

    level|2026-01-31 12:00:00.123456|MainThread-140…|[MODULE]text,key=value,…

Files are named `log_%Y%m%d%H.%M.log` after the moment they were begun; a new one begins each hour, and
when the size limit is reached. The module is the package the line comes from.

A log that cannot be written (a full disk) is said once on standard error and does not stop the node: whether
it must stop is decided where its data are written.
"""

from __future__ import annotations

import logging
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import TextIO

from hansa.node.log_limits import RepetitionFilter
from hansa.node.settings import LogSettings

__all__ = ["BadgeFormatter", "HourlyFileHandler", "configure_logging"]

_LEVELS = {
    "trace": logging.DEBUG,
    "debug": logging.DEBUG,
    "info": logging.INFO,
    "warning": logging.WARNING,
    "error": logging.ERROR,
    "fatal": logging.CRITICAL,
}
_MEGABYTE = 1 << 20


def configure_logging(settings: LogSettings) -> None:
    """Send the log where config.ini says; called once, by the process."""
    root = logging.getLogger("hansa")
    root.setLevel(_LEVELS[settings.level])
    root.propagate = False
    handlers: list[logging.Handler] = []
    if settings.enable and settings.enable_console_output:
        handlers.append(logging.StreamHandler(sys.stdout))
    elif settings.enable:
        handlers.append(
            HourlyFileHandler(
                settings.path, settings.file_size_mb_max * _MEGABYTE, flush_each_line=settings.flush
            )
        )
    for handler in handlers or [logging.NullHandler()]:
        handler.setFormatter(BadgeFormatter())
        handler.addFilter(RepetitionFilter())
        root.addHandler(handler)


class BadgeFormatter(logging.Formatter):
    """Writes a record as one line; a traceback follows on lines of its own."""

    def format(self, record: logging.LogRecord) -> str:
        """The line of a record."""
        level = {"WARNING": "warning", "CRITICAL": "fatal"}.get(record.levelname, record.levelname.lower())
        moment = time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(record.created))
        microseconds = int(record.created % 1 * 1_000_000)
        parts = record.name.split(".")
        module = parts[1].upper() if len(parts) > 1 else "NODE"
        line = (
            f"{level}|{moment}.{microseconds:06d}|{record.threadName}-{record.thread}|"
            f"[{module}]{record.getMessage()}"
        )
        if record.exc_info:
            line += "\n" + self.formatException(record.exc_info)
        return line


class HourlyFileHandler(logging.Handler):
    """Appends lines to the file of the hour."""

    def __init__(
        self,
        directory: Path,
        size_max: int,
        *,
        flush_each_line: bool = True,
        clock: Callable[[], float] = time.time,
    ) -> None:
        """Begin in `directory`, which is made if it is missing; `size_max` in bytes."""
        super().__init__()
        self._directory = directory
        self._size_max = size_max
        self._flush_each_line = flush_each_line
        self._clock = clock
        self._hour = -1
        self._file: TextIO | None = None
        self._size = 0
        self._is_losing_lines = False

    def emit(self, record: logging.LogRecord) -> None:
        """Write a record. If that fails the line is lost; the next one is tried anew."""
        line = self.format(record) + "\n"
        try:
            file = self._current_file()
            file.write(line)
            self._size += len(line)
            if self._flush_each_line:
                file.flush()
        except OSError as error:
            self._lose_line(error)
        else:
            self._is_losing_lines = False

    def close(self) -> None:
        """Write out and close the file."""
        self._abandon_file()
        super().close()

    def _lose_line(self, error: OSError) -> None:
        self._abandon_file()
        if self._is_losing_lines:
            return
        self._is_losing_lines = True
        with suppress(OSError):
            sys.stderr.write(f"lines of the log in {self._directory} are lost: {error.strerror or error}\n")
            sys.stderr.flush()

    def _abandon_file(self) -> None:
        """What the file still buffers is written, or lost with it."""
        file, self._file = self._file, None
        if file is not None:
            with suppress(OSError):
                file.close()

    def _current_file(self) -> TextIO:
        now = self._clock()
        hour = int(now // 3600)
        if self._file is None or hour != self._hour or self._size >= self._size_max:
            if self._file is not None:
                self._file.close()
            self._directory.mkdir(parents=True, exist_ok=True)
            name = time.strftime("log_%Y%m%d%H.%M.log", time.localtime(now))
            self._file = (self._directory / name).open("a", encoding="utf-8")
            self._hour, self._size = hour, self._file.tell()
        return self._file
