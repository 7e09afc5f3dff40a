"""Geometry: nothing lies outside, no label overlaps another, curves fall."""

import re
from datetime import UTC, datetime, timedelta
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from holdfast.edges.web.drawing import LEFT, RIGHT, Lanes, draw_curve, draw_lanes
from holdfast.loop.views import Bar, Moment, Timeline
from holdfast.metrics.survival import Curve, Observation, kaplan_meier

START = datetime(2026, 3, 9, 14, 2, tzinfo=UTC)
CHARACTER = 6.7


def extents(lanes: Lanes) -> dict[float, list[tuple[float, float]]]:
    """Return where labels begin and end, by lane."""
    out: dict[float, list[tuple[float, float]]] = {}
    for mark in lanes.marks:
        if mark.words:
            width = len(mark.words) * CHARACTER
            left = mark.label_x if mark.anchor == "start" else mark.label_x - width
            out.setdefault(mark.y, []).append((left, left + width))
    return out


def timeline(seconds: list[float], length_s: float, *, live: bool = True) -> Timeline:
    """Return a timeline with moments on one lane."""
    moments = [
        Moment(START + timedelta(seconds=at), "mitigate", f"moment number {number} of some length")
        for number, at in enumerate(sorted(seconds))
    ]
    end = START + timedelta(seconds=length_s)
    bars = (Bar("mitigate", START, None, "exposed"),)
    return Timeline(START, end, live, START, tuple(moments), bars)


@given(st.lists(st.floats(min_value=0, max_value=1), max_size=12), st.floats(min_value=0, max_value=4e8))
def test_labels_lie_inside_and_never_overlap(parts: list[float], length_s: float) -> None:
    drawn = draw_lanes(timeline([part * length_s for part in parts], length_s), START)
    for lane in extents(drawn).values():
        assert all(left >= LEFT - 12 and right <= RIGHT for left, right in lane)
        assert all(one[1] <= other[0] for one, other in pairwise(lane))
    assert all(strip.x >= LEFT and strip.x + strip.width <= RIGHT + 2 for strip in drawn.strips)


@given(st.floats(min_value=0, max_value=4e8))
def test_axis_has_few_ticks_inside(length_s: float) -> None:
    drawn = draw_lanes(timeline([], length_s), START)
    assert 1 <= len(drawn.ticks) <= 8
    assert all(LEFT <= tick.x <= RIGHT for tick in drawn.ticks)
    assert drawn.ticks[-1].words == "now"


def test_axis_of_less_than_a_second_has_ticks_within_it() -> None:
    drawn = draw_lanes(timeline([], 0.4), START)
    assert [tick.words for tick in drawn.ticks] == ["14:02:00.00", "14:02:00.10", "14:02:00.20", "14:02:00.30", "now"]
    assert drawn.strips[0].width == RIGHT - LEFT


def test_curve_of_tenths_of_seconds_is_not_a_wall() -> None:
    drawn = draw_curve(kaplan_meier([Observation(at, "done") for at in (0.2, 0.4, 0.8)]), 0.4, 0.8)
    assert [tick.words for tick in drawn.ticks] == ["0.1 s", "1 s"]
    assert len(set(re.findall(r"H([\d.]+)", drawn.path))) == 4


def test_moments_on_one_spot_are_one_mark_with_the_newest_words() -> None:
    drawn = draw_lanes(timeline([10, 10, 10.1], 3600), START)
    assert len(drawn.marks) == 1
    assert drawn.marks[0].words == "moment number 2 of some length"
    assert drawn.marks[0].title.count("UTC") == 3


def test_drawing_is_told_in_words_too() -> None:
    assert draw_lanes(timeline([10], 60), START + timedelta(seconds=60)).about == (
        "Timeline: moment number 0 of some length 50 s ago"
    )


def test_ended_timeline_ends() -> None:
    assert draw_lanes(timeline([], 60, live=False), START).ticks[-1].words == "end"


@given(st.lists(st.floats(min_value=0, max_value=1e7), max_size=30))
def test_curve_falls_and_stays_inside(spans: list[float]) -> None:
    curve = kaplan_meier([Observation(at, "done") for at in spans])
    drawn = draw_curve(curve, None, None)
    xs = [float(one) for one in re.findall(r"H([\d.]+)", drawn.path)]
    ys = [float(one) for one in re.findall(r"V([\d.]+)", drawn.path)]
    assert xs == sorted(xs)
    assert ys == sorted(ys)
    assert all(38 <= x <= 332 for x in xs)
    assert all(10 <= y <= 108 for y in ys)


def test_curve_says_what_it_shows() -> None:
    assert (
        draw_curve(Curve(()), 52.0, 540.0).about
        == "Share still waiting over time: half after 52 s, nine in ten after 9 min are done"
    )
    assert draw_curve(Curve(()), None, None).about == "Share still waiting over time: half is not done yet"
