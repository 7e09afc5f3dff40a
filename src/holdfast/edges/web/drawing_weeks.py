"""Geometry of a figure over weeks, drawn as SVG: a line with a point a week; where a week has no figure, a gap."""

from collections.abc import Callable, Sequence
from datetime import datetime

from holdfast.edges.web.drawing import Steps, Tick

_LEFT, _RIGHT, _TOP, _BOTTOM = 38, 332, 10, 108
_MOST_TICKS = 4
Point = tuple[datetime, float | None]
"""(first day of a week, the figure of it; `None` without any)."""


def draw_weeks(points: Sequence[Point], top: float, words: Callable[[float], str], name: str) -> Steps:
    """Return a line over weeks; `top` is the least value that the scale ends at, `words` says a value."""
    top = max([top, *(value for _, value in points if value is not None)]) or 1.0
    width = (_RIGHT - _LEFT) / max(1, len(points) - 1)

    def x_of(number: int) -> float:
        return round(_LEFT + number * width, 1)

    def y_of(value: float) -> float:
        return round(_BOTTOM - value / top * (_BOTTOM - _TOP), 1)

    path, joined = "", False
    for number, (_, value) in enumerate(points):
        if value is None:
            joined = False
            continue
        if not joined:  # a week alone is seen as a short dash
            path += f"M{max(_LEFT, x_of(number) - 3)} {y_of(value)}"
        path, joined = f"{path}L{x_of(number)} {y_of(value)}", True
    step = max(1, -(-len(points) // _MOST_TICKS))
    last = len(points) - 1
    shown = [number for number in range(0, len(points), step) if number == last or last - number >= step / 2]
    ticks = tuple(Tick(x_of(number), f"{points[number][0]:%d %b}", _anchor(number, last)) for number in shown)
    rows = tuple((y_of(value), words(value)) for value in (top, top / 2, 0.0))
    said = [f"{at:%d %b} {words(value)}" for at, value in points if value is not None]
    return Steps(path or f"M{_LEFT} {_BOTTOM}", ticks, rows, f"{name} by week: {', '.join(said) or 'nothing yet'}")


def _anchor(number: int, last: int) -> str:
    return "start" if number == 0 else "end" if number == last else "middle"
