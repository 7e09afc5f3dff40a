"""Geometry of what is drawn as SVG: three lanes over time, and a survival curve. All values are coordinates and words.

The lanes are linear in time. A label is drawn only where it overlaps no other; the list beside the drawing has all.
"""

import math
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from holdfast.loop.view_words import short_span, span
from holdfast.loop.views import Moment, Timeline
from holdfast.metrics.survival import Curve
from holdfast.model.frozen import frozen

WIDTH, LEFT, RIGHT = 1180, 96, 1166
LANES = (("detect", "Detect", 38), ("mitigate", "Mitigate", 72), ("repair", "Repair", 106))
BAR_HEIGHT = 18
_CHARACTER = 6.7
_GAP = 12
_TOGETHER = 9
_SHORTEST_S = 0.01
_STEPS_S = (
    0.01,
    0.02,
    0.05,
    0.1,
    0.2,
    0.5,
    1,
    2,
    5,
    10,
    15,
    30,
    60,
    120,
    300,
    600,
    900,
    1800,
    3600,
    7200,
    10800,
    21600,
    43200,
)
_DAY_S = 86400
_MOST_TICKS = 6
_ROUNDING_S = 0.0005


@frozen
class Tick:
    """A line of the axis with its words."""

    x: float
    words: str
    anchor: str


@frozen
class Strip:
    """A bar of a lane."""

    x: float
    y: float
    width: float
    kind: str
    words: str = ""


@frozen
class Mark:
    """Something that happened: `words` is the label, empty where there is no room; `title` always says it.

    `lies_bare` says that no bar is behind the label, so that it must keep the grid away.
    """

    x: float
    y: float
    lane: str
    title: str
    words: str
    label_x: float
    anchor: str
    lies_bare: bool = True


@frozen
class Lanes:
    """A timeline, ready to be drawn."""

    ticks: tuple[Tick, ...]
    strips: tuple[Strip, ...]
    marks: tuple[Mark, ...]
    names: tuple[tuple[str, float], ...]
    about: str


def draw_lanes(timeline: Timeline, now: datetime) -> Lanes:
    """Return a timeline's geometry."""
    length_s = max(_SHORTEST_S, (timeline.end - timeline.start).total_seconds())

    def x_of(at: datetime) -> float:
        part = (at - timeline.start).total_seconds() / length_s
        return round(LEFT + min(1.0, max(0.0, part)) * (RIGHT - LEFT), 1)

    strips = []
    for bar in timeline.bars:
        y = next(y for lane, _, y in LANES if lane == bar.lane)
        x, end = x_of(bar.since), x_of(bar.until or timeline.end)
        width = round(max(2.0, end - x), 1)
        fits = len(bar.words) * _CHARACTER + 2 * _GAP <= width
        strips.append(Strip(x, y - BAR_HEIGHT / 2, width, bar.kind, bar.words if fits else ""))
    marks: list[Mark] = []
    for lane, _, y in LANES:
        mine = [moment for moment in timeline.moments if moment.lane == lane]
        bars = [(strip.x, strip.x + strip.width) for strip in strips if strip.y == y - BAR_HEIGHT / 2]
        placed = _place(_groups([(x_of(moment.at), moment) for moment in mine]), lane, y)
        marks += [replace(mark, lies_bare=not _is_inside(mark, bars)) for mark in placed]
    return Lanes(
        tuple(_ticks(timeline, length_s)),
        tuple(strips),
        tuple(marks),
        tuple((name, y) for _, name, y in LANES),
        _about(timeline, now),
    )


def _groups(placed: Sequence[tuple[float, Moment]]) -> list[tuple[float, list[Moment]]]:
    """Moments that would be drawn on top of each other are one mark."""
    out: list[tuple[float, list[Moment]]] = []
    for x, moment in placed:
        if out and x - out[-1][0] < _TOGETHER:
            out[-1][1].append(moment)
        else:
            out.append((x, [moment]))
    return out


def _place(groups: Sequence[tuple[float, list[Moment]]], lane: str, y: float) -> list[Mark]:
    """Place labels from the last mark back to the first: the newest words matter most."""
    out: list[Mark] = []
    free_until: float = RIGHT
    for number in range(len(groups) - 1, -1, -1):
        x, moments = groups[number]
        before = groups[number - 1][0] if number else LEFT - _GAP
        said = moments[-1].words
        width = len(said) * _CHARACTER
        words, label_x, anchor = "", x + _GAP, "start"
        if x + _GAP + width <= free_until:
            words, free_until = said, x - _GAP
        elif x - _GAP - width >= before + _GAP and x <= free_until + _GAP:
            words, label_x, anchor = said, x - _GAP, "end"
            free_until = x - _GAP - width - _GAP
        else:
            free_until = min(free_until, x - _GAP)
        title = "; ".join(f"{moment.at:%Y-%m-%d %H:%M:%S} UTC: {moment.words}" for moment in moments)
        out.append(Mark(x, y, lane, title, words, round(label_x, 1), anchor))
    return out[::-1]


def _is_inside(mark: Mark, bars: Sequence[tuple[float, float]]) -> bool:
    width = len(mark.words) * _CHARACTER
    left = mark.label_x if mark.anchor == "start" else mark.label_x - width
    return any(start <= left and left + width <= end for start, end in bars)


def _ticks(timeline: Timeline, length_s: float) -> list[Tick]:
    step_s = _step(length_s)
    origin, end = timeline.start.timestamp(), timeline.end.timestamp()
    number = math.ceil(origin / step_s)
    out = []
    while (at := number * step_s) <= end:
        x = LEFT + (at - origin) / length_s * (RIGHT - LEFT)
        if x <= RIGHT - 70:
            instant = timeline.start + timedelta(seconds=at - origin + _ROUNDING_S)
            out.append(Tick(round(x, 1), _tick_words(instant, step_s, length_s), "start"))
        number += 1
    out.append(Tick(RIGHT, "now" if timeline.is_live else "end", "end"))
    return out


def _step(length_s: float) -> float:
    for step in _STEPS_S:
        if length_s / step <= _MOST_TICKS:
            return step
    days = length_s / _DAY_S / _MOST_TICKS
    return _DAY_S * next((nice for nice in (1, 2, 5, 10, 30, 60, 90, 180, 365) if nice >= days), math.ceil(days))


def _tick_words(at: datetime, step_s: float, length_s: float) -> str:
    if step_s >= _DAY_S:
        return f"{at:%d %b %Y}" if length_s > 300 * _DAY_S else f"{at:%d %b}"
    face = f"{at:%H:%M:%S}" if step_s < 60 else f"{at:%H:%M}"
    if step_s < 1:
        face += f".{at.microsecond // 10_000:02d}"
    return f"{at:%d %b} {face}" if length_s > _DAY_S else face


def _about(timeline: Timeline, now: datetime) -> str:
    """The drawing in words, for who can't see it."""
    said = [f"{moment.words} {short_span((now - moment.at).total_seconds())} ago" for moment in timeline.moments]
    return "Timeline: " + "; ".join(said) if said else "Timeline: nothing happened yet"


CURVE_WIDTH, CURVE_HEIGHT = 340, 132
_CURVE_LEFT, _CURVE_RIGHT, _CURVE_TOP, _CURVE_BOTTOM = 38, 332, 10, 108
_SCALE_S = (0.1, 1, 10, 60, 600, 3600, 36000, 86400, 864000, 8640000, 86400000)


@frozen
class Steps:
    """A survival curve, ready to be drawn: `path` is that of the curve, `about` says it in words."""

    path: str
    ticks: tuple[Tick, ...]
    rows: tuple[tuple[float, str], ...]
    about: str


def draw_curve(curve: Curve, p50_s: float | None, p90_s: float | None) -> Steps:
    """Return the part still waiting over time, on a logarithmic scale; it begins at a second, or a tenth of one."""
    bottom, top = _bounds([step.at_s for step in curve.steps])
    width = (_CURVE_RIGHT - _CURVE_LEFT) / math.log10(top / bottom)

    def x_of(seconds: float) -> float:
        return round(min(_CURVE_RIGHT, _CURVE_LEFT + math.log10(max(bottom, seconds) / bottom) * width), 1)

    def y_of(part: float) -> float:
        return round(_CURVE_BOTTOM - part * (_CURVE_BOTTOM - _CURVE_TOP), 1)

    path = f"M{_CURVE_LEFT} {y_of(1)}" + "".join(f"H{x_of(one.at_s)}V{y_of(one.value)}" for one in curve.steps)
    scale = [one for one in _SCALE_S if bottom <= one <= top]
    shown = scale if len(scale) <= 5 else scale[:: math.ceil(len(scale) / 5)]
    ticks = tuple(Tick(x_of(one), span(one), _anchor(one, bottom, top)) for one in shown)
    rows = tuple((y_of(part), f"{part:.0%}") for part in (1.0, 0.5, 0.0))
    reached = [f"{name} after {span(at)}" for name, at in (("half", p50_s), ("nine in ten", p90_s)) if at is not None]
    about = "Share still waiting over time: " + (
        ", ".join(reached) + " are done" if reached else "half is not done yet"
    )
    return Steps(path + f"H{_CURVE_RIGHT}", ticks, rows, about)


def _bounds(instants_s: list[float]) -> tuple[float, float]:
    """Where the scale begins and ends."""
    bottom = 0.1 if instants_s and min(instants_s) < 1 else 1
    last_s = max(instants_s, default=10.0)
    return bottom, next((one for one in _SCALE_S if one > max(last_s, bottom)), _SCALE_S[-1])


def _anchor(at_s: float, bottom_s: float, top_s: float) -> str:
    return "start" if at_s <= bottom_s else "end" if at_s >= top_s else "middle"
