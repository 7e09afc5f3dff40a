"""Figures of groups, worked by hand in days."""

from dataclasses import replace

import pytest

from holdfast.errors import UsageError
from holdfast.findings.lifecycle import mitigate
from holdfast.metrics import DEFINITIONS
from holdfast.metrics.summary import DIMENSIONS, Group, summarize
from holdfast.model.exposure import Ending, Exposure, State, Subject
from tests.findings.made import day, exposure, fixed, with_severity

DAY_S = 86_400.0


def days(seconds: float | None) -> float | None:
    return None if seconds is None else seconds / DAY_S


def whole(exposures: list[Exposure], now: float = 30) -> Group:
    return summarize(exposures, day(now))[0]


def test_repair_counts_the_open_ones() -> None:
    """Detected on day 0, repaired after 2, 4 and 6 days; one still open on day 5, so it was censored at 5.

    By hand: S(2) = 3/4, S(4) = 3/4·2/3 = 1/2, S(6) = 1/2·0 (one at risk) = 0. p50 = 4, p90 = 6.
    The mean of the repaired alone is 4: it knows nothing of the open one.
    """
    rows = [fixed("a", 0, 2), fixed("b", 0, 4), fixed("c", 0, 6), exposure("d", detected=0)]
    late = [replace(row, clocks=replace(row.clocks, detected_at=day(25))) for row in rows[3:]]
    figure = whole([*rows[:3], *late]).get_figure("repair")
    assert (figure.n, figure.n_done, figure.n_open, figure.n_other) == (4, 3, 1, ())
    assert (days(figure.p50_s), days(figure.p90_s), days(figure.mean_of_done_s)) == (4, 6, 4)
    assert [round(step.value, 6) for step in figure.curve.steps] == [0.75, 0.5, 0]


def test_mostly_open_group_has_no_median_and_not_a_fast_one() -> None:
    """One of four was repaired within a day, three are open for 30: the mean says 1 day, the median is not reached."""
    rows = [fixed("a", 0, 1), *(exposure(name, detected=0) for name in "bcd")]
    figure = whole(rows).get_figure("repair")
    assert (figure.p50_s, figure.p90_s, days(figure.mean_of_done_s)) == (None, None, 1)


def test_competing_ends_are_counted_apart_and_are_no_successes() -> None:
    """Days to the end: fixed 1, decommissioned 2, fixed 3, waived 4, open 30.

    By hand: incidence of done: 1/5, then 4/5·1/4 goes to decommissioned, then 3/5·1/3 = 1/5 more: 2/5 in the end.
    """
    gone = replace(exposure("b", resolved=2), state=State.RESOLVED, ending=Ending.DECOMMISSIONED)
    waived = exposure("d", state=State.WAIVED, waived=4)
    figure = whole([fixed("a", 0, 1), gone, fixed("c", 0, 3), waived, exposure("e")]).get_figure("repair")
    assert (figure.n_done, figure.n_open, figure.n_other) == (2, 1, (("decommissioned", 1), ("waived", 1)))
    last = {cause: curve.steps[-1].value for cause, curve in figure.incidence}
    assert last == pytest.approx({"decommissioned": 0.2, "done": 0.4, "waived": 0.2})


def test_window_enters_late_and_closes_by_mitigation_or_fix() -> None:
    """Introduced day 0. a: detected 1, mitigated 2. b: detected 3, fixed 5. c: detected 1, open on day 30.

    By hand: t=2: at risk a, c (b was not seen yet): S = 1/2. t=5: at risk b, c: S = 1/4. p50 = 2.
    """
    a = mitigate(exposure("a", detected=1), day(1.5), day(2)).after
    b = replace(fixed("b", 3, 5), clocks=replace(fixed("b", 3, 5).clocks, introduced_at=day(0)))
    figure = whole([a, b, exposure("c", detected=1)]).get_figure("window")
    assert [(days(step.at_s), step.at_risk, step.value) for step in figure.curve.steps] == [(2, 2, 0.5), (5, 2, 0.25)]
    assert (days(figure.p50_s), figure.n_done, figure.n_open) == (2, 2, 1)


def test_mitigate_is_split_into_decide_and_act() -> None:
    """Detected 1, acted 2, mitigated 5: decide 1, act 3, mitigate 4 days."""
    group = whole([mitigate(exposure(detected=1), day(2), day(5)).after])
    found = {name: days(group.get_figure(name).p50_s) for name in ("decide", "act", "mitigate")}
    assert found == {"decide": 1, "act": 3, "mitigate": 4}


def test_detection_at_once_is_zero_and_not_missing() -> None:
    group = whole([exposure(introduced=2, detected=2)])
    assert group.get_figure("detect").p50_s == 0


def test_backlog_stands_apart() -> None:
    old = replace(fixed("old", 0, 20), backlog=True)
    groups = summarize([old, fixed("new", 0, 1)], day(30))
    assert [(group.backlog, group.n, days(group.get_figure("repair").p50_s)) for group in groups] == [
        (False, 1, 1),
        (True, 1, 20),
    ]


def test_merged_ones_are_in_no_count() -> None:
    merged = replace(exposure("m", resolved=1), state=State.RESOLVED, ending=Ending.MERGED)
    assert whole([merged]).n == 0


def test_no_data_is_a_group_without_figures() -> None:
    group = whole([])
    assert (group.key, group.n, group.n_open, group.definitions) == ((), 0, 0, DEFINITIONS)
    assert {(figure.n, figure.p50_s, figure.mean_of_done_s) for figure in group.figures} == {(0, None, None)}


def test_negative_ones_are_shown_and_in_no_figure() -> None:
    """One was repaired before it was detected, by a clock that was off: it is named, and the other's 2 days stand."""
    wrong = fixed("wrong", 5, 4)
    group = whole([wrong, fixed("right", 5, 7)])
    figure = group.get_figure("repair")
    assert (figure.n, figure.n_unsound, days(figure.p50_s)) == (1, 1, 2)
    words = [words for identifier, words in group.problems if identifier == "wrong"]
    assert any("resolved_at" in text and "before detected_at" in text for text in words)
    assert any("repair is negative: -86400" in text for text in words)


def test_broken_curve_is_shown() -> None:
    """Introduced day 0; a: detected 1, fixed 2; b: detected 5, fixed 9. Nobody else was seen when a ended."""
    rows = [fixed("a", 1, 2), fixed("b", 5, 9)]
    rows = [replace(row, clocks=replace(row.clocks, introduced_at=day(0))) for row in rows]
    group = whole(rows)
    assert group.get_figure("window").p50_s is None
    assert any("window: the curve breaks at 172800 s" in words for _, words in group.problems)


def test_groups_by_every_dimension() -> None:
    other = replace(
        with_severity(fixed("b", 40, 41), None),
        team=None,
        environment="test",
        subject=Subject("service", "svc_2", "depot"),
    )
    rows = [fixed("a", 0, 2), other]
    found = {name: [group.key[0][1] for group in summarize(rows, day(50), by=(name,))] for name in DIMENSIONS}
    assert found == {
        "team": ["(no team)", "web"],
        "service": ["depot", "shop"],
        "environment": ["prod", "test"],
        "severity": ["critical", "unscored"],
        "month": ["2026-03", "2026-04"],
    }
    keys = [group.key for group in summarize(rows, day(50), by=("team", "month"))]
    assert keys == [(("team", "(no team)"), ("month", "2026-04")), (("team", "web"), ("month", "2026-03"))]


def test_unknown_dimension_or_measure_is_a_usage_error() -> None:
    with pytest.raises(UsageError, match="expected any of team"):
        summarize([], day(1), by=("color",))
    with pytest.raises(UsageError, match="expected one of detect"):
        whole([]).get_figure("sleep")


def test_episodes_count_each() -> None:
    again = replace(exposure("exp_2", introduced=5, detected=5), episode=2, state=State.REGRESSED)
    group = whole([fixed("exp_1", 0, 2), again])
    assert (group.n, group.n_open) == (2, 1)
