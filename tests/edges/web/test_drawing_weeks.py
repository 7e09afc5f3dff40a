"""A figure over weeks as a line: a gap where there is none, and words for who can't see it."""

from datetime import UTC, datetime, timedelta

from holdfast.edges.web.drawing_weeks import Point, draw_weeks

MONDAY = datetime(2026, 3, 2, tzinfo=UTC)


def weeks(*values: float | None) -> list[Point]:
    return [(MONDAY + timedelta(weeks=number), value) for number, value in enumerate(values)]


def test_line_has_a_point_a_week_and_a_gap_where_nothing_is_known() -> None:
    drawn = draw_weeks(weeks(0.5, 1.0, None, 0.0), 1.0, lambda value: f"{value:.0%}", "Held")
    assert drawn.path.count("M") == 2
    assert drawn.path.endswith("L332.0 108.0")
    assert [words for _, words in drawn.rows] == ["100%", "50%", "0%"]
    assert drawn.about == "Held by week: 02 Mar 50%, 09 Mar 100%, 23 Mar 0%"


def test_scale_ends_at_the_highest_value_or_the_least_top() -> None:
    assert draw_weeks(weeks(3.0), 1.0, str, "Took").rows[0][1] == "3.0"
    assert draw_weeks(weeks(0.01), 0.1, str, "Took").rows[0][1] == "0.1"


def test_nothing_is_drawn_as_nothing() -> None:
    drawn = draw_weeks(weeks(None, None), 1.0, str, "Held")
    assert "L" not in drawn.path
    assert drawn.about == "Held by week: nothing yet"


def test_ticks_stay_few_and_end_at_the_last_week() -> None:
    drawn = draw_weeks(weeks(*[0.1] * 13), 1.0, str, "Held")
    assert 2 <= len(drawn.ticks) <= 5
    assert [drawn.ticks[0].anchor, drawn.ticks[-1].anchor] == ["start", "end"]
