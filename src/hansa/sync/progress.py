"""How a download gets on, in a line every few seconds."""

from __future__ import annotations

from hansa.primitives import Height

__all__ = ["REPORT_INTERVAL_MS", "DownloadProgress"]

REPORT_INTERVAL_MS = 5_000


class DownloadProgress:
    """From the moment the node knows that it lacks blocks until it does no longer."""

    def __init__(self, height: Height, now_ms: int) -> None:
        self._height = height
        self._reported_at_ms = now_ms

    def report(self, height: Height, target: Height, now_ms: int) -> str | None:
        """The line that is due, if one is: where we are, how fast, how long it will take."""
        elapsed_ms = now_ms - self._reported_at_ms
        if elapsed_ms < REPORT_INTERVAL_MS:
            return None
        blocks_per_s = 1000 * (height - self._height) // elapsed_ms
        self._height, self._reported_at_ms = height, now_ms
        line = f"block {height} of {target}, {target - height} to go, {blocks_per_s} blocks/s"
        if blocks_per_s == 0:
            return line
        return f"{line}, {_duration((target - height) // blocks_per_s)} left"


def _duration(seconds: int) -> str:
    minutes, rest = divmod(seconds, 60)
    hours, minutes = divmod(minutes, 60)
    if hours:
        return f"{hours} h {minutes} min"
    return f"{minutes} min {rest} s" if minutes else f"{rest} s"
