"""Plots as SVG text, with nothing from outside: enough for a report, no more. Pure."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

__all__ = ["Series", "bar_chart", "line_chart", "nice_ticks"]

_WIDTH, _HEIGHT = 860, 240
_LEFT, _RIGHT, _TOP, _BOTTOM = 70, 12, 12, 42
_COLOURS = ("#2563eb", "#d97706", "#059669", "#dc2626", "#7c3aed", "#0891b2", "#be185d", "#4d7c0f")


@dataclass(frozen=True, slots=True)
class Series:
    """One line of a chart."""

    name: str
    points: Sequence[tuple[float, float]]


def line_chart(lines: Sequence[Series], *, x_label: str, y_label: str, shaded_until: float = 0.0) -> str:
    """Lines over a common x axis that starts at 0; what lies before `shaded_until` is shaded."""
    points = [point for line in lines for point in line.points]
    frame = _Frame(max((x for x, _ in points), default=1.0), max((y for _, y in points), default=1.0))
    parts = [frame.axes(x_label, y_label)]
    if shaded_until > 0:
        width = frame.x(min(shaded_until, frame.x_max)) - _LEFT
        parts.append(
            f'<rect class="shade" x="{_LEFT}" y="{_TOP}" width="{width:.1f}" '
            f'height="{_HEIGHT - _TOP - _BOTTOM}"/>'
        )
    for index, line in enumerate(lines):
        colour = _COLOURS[index % len(_COLOURS)]
        path = " ".join(f"{frame.x(x):.1f},{frame.y(y):.1f}" for x, y in line.points)
        parts.append(f'<polyline fill="none" stroke="{colour}" stroke-width="1.6" points="{path}"/>')
        if len(lines) > 1:
            x = _LEFT + 10 + 200 * (index % 4)
            y = _TOP + 14 + 15 * (index // 4)
            parts.append(
                f'<text class="legend" style="fill:{colour}" x="{x}" y="{y}">{escape(line.name)}</text>'
            )
    return _svg(parts)


def bar_chart(bars: Sequence[tuple[str, float]], *, x_label: str, y_label: str) -> str:
    """Bars side by side; a label below some of them."""
    frame = _Frame(max(len(bars), 1), max((value for _, value in bars), default=1.0))
    parts = [frame.axes(x_label, y_label, with_x_ticks=False)]
    every = max(math.ceil(len(bars) / 10), 1)
    width = frame.x(1) - frame.x(0)
    for index, (label, value) in enumerate(bars):
        x, y = frame.x(index), frame.y(value)
        parts.append(
            f'<rect fill="{_COLOURS[0]}" x="{x + 0.5:.1f}" y="{y:.1f}" width="{max(width - 1, 0.5):.1f}" '
            f'height="{_HEIGHT - _BOTTOM - y:.1f}"><title>{escape(label)}: {value:,g}</title></rect>'
        )
        if index % every == 0:
            middle = x + width / 2
            parts.append(
                f'<text class="tick" text-anchor="middle" x="{middle:.1f}" y="{_HEIGHT - 26}">'
                f"{escape(label)}</text>"
            )
    return _svg(parts)


def nice_ticks(largest: float, count: int = 5) -> list[float]:
    """Round values from 0 that cover `largest` in about `count` steps."""
    if largest <= 0:
        return [0.0, 1.0]
    rough = largest / count
    power = 10.0 ** math.floor(math.log10(rough))
    step = next(power * factor for factor in (1, 2, 5, 10) if power * factor >= rough * 0.999)
    return [step * index for index in range(math.ceil(largest / step * 0.999) + 1)]


class _Frame:
    """From values to places in the picture."""

    def __init__(self, x_largest: float, y_largest: float) -> None:
        self.x_max = max(x_largest, 1e-9)
        self._y_ticks = nice_ticks(y_largest)
        self._y_max = self._y_ticks[-1]

    def x(self, value: float) -> float:
        return _LEFT + value / self.x_max * (_WIDTH - _LEFT - _RIGHT)

    def y(self, value: float) -> float:
        return _HEIGHT - _BOTTOM - value / self._y_max * (_HEIGHT - _TOP - _BOTTOM)

    def axes(self, x_label: str, y_label: str, *, with_x_ticks: bool = True) -> str:
        parts = []
        for tick in self._y_ticks:
            y = self.y(tick)
            parts.append(
                f'<line class="grid" x1="{_LEFT}" x2="{_WIDTH - _RIGHT}" y1="{y:.1f}" y2="{y:.1f}"/>'
            )
            parts.append(
                f'<text class="tick" text-anchor="end" x="{_LEFT - 6}" y="{y + 4:.1f}">{tick:,g}</text>'
            )
        if with_x_ticks:
            for tick in nice_ticks(self.x_max, 10):
                if tick <= self.x_max:
                    parts.append(
                        f'<text class="tick" text-anchor="middle" x="{self.x(tick):.1f}" '
                        f'y="{_HEIGHT - 26}">{tick:,g}</text>'
                    )
        middle = (_LEFT + _WIDTH - _RIGHT) / 2
        parts.append(
            f'<text class="axis" text-anchor="middle" x="{middle}" y="{_HEIGHT - 6}">{escape(x_label)}</text>'
        )
        height = (_HEIGHT - _BOTTOM + _TOP) / 2
        parts.append(
            f'<text class="axis" text-anchor="middle" transform="rotate(-90 14 {height})" '
            f'x="14" y="{height}">{escape(y_label)}</text>'
        )
        return "".join(parts)


def _svg(parts: Sequence[str]) -> str:
    return f'<svg viewBox="0 0 {_WIDTH} {_HEIGHT}" role="img">{"".join(parts)}</svg>'
