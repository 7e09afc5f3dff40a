"""Durations by definition, worked out by hand, in days."""

from dataclasses import replace

import pytest

from holdfast.findings.clocks import (
    MEASURES,
    Measure,
    exposure_window,
    problems,
    time_to_act,
    time_to_decide,
    time_to_detect,
    time_to_mitigate,
    time_to_repair,
)
from holdfast.model.exposure import Ending, Exposure, State
from tests.findings.made import day, exposure

DAY_S = 86_400.0


def days(measure: Measure | None) -> float | None:
    assert measure is not None
    return None if measure.seconds is None else measure.seconds / DAY_S


def repaired() -> Exposure:
    """Introduced day 1, disclosed 2, applicable 3, detected 4, acted 5, mitigated 7, fixed and resolved 10."""
    one = exposure(introduced=1, disclosed=2, applicable=3, detected=4, acted=5, mitigated=7, resolved=10, lifted=11)
    return replace(one, state=State.RESOLVED, ending=Ending.FIXED)


def test_every_measure_of_a_whole_life() -> None:
    """detect 3→4 = 1, mitigate 4→7 = 3 (decide 4→5 = 1, act 5→7 = 2), repair 4→10 = 6, window 2→7 = 5."""
    found = {name: days(measure(repaired(), day(20))) for name, measure in MEASURES.items()}
    assert found == {"detect": 1, "mitigate": 3, "decide": 1, "act": 2, "repair": 6, "window": 5}
    assert all((one := measure(repaired(), day(20))) and one.success for measure in MEASURES.values())


def test_decide_and_act_add_up_to_mitigate() -> None:
    one = repaired()
    parts = (days(time_to_decide(one, day(20))), days(time_to_act(one, day(20))))
    assert sum(part for part in parts if part) == days(time_to_mitigate(one, day(20)))


@pytest.mark.parametrize(
    ("introduced", "disclosed", "applicable", "watched", "expected"),
    [(1, 2, 3, 0, 1.0), (1, 2, None, 0, 2.0), (3.5, 2, 3, 0, 0.5), (1, 2, 3, 3.8, 0.2), (None, None, None, 0, 4.0)],
)
def test_detect_runs_from_the_last_of_what_it_waited_for(
    introduced: float | None, disclosed: float | None, applicable: float | None, watched: float, expected: float
) -> None:
    one = exposure(introduced=introduced, disclosed=disclosed, applicable=applicable, watched=watched, detected=4)
    assert days(time_to_detect(one, day(9))) == pytest.approx(expected)


def test_open_ones_are_censored_now_and_not_left_out() -> None:
    one = exposure(introduced=1, detected=4)
    for measure in (time_to_mitigate, time_to_decide, time_to_repair, exposure_window):
        found = measure(one, day(9))
        assert found is not None
        assert (found.seconds, found.event, found.censored_at) == (None, None, day(9))
    assert time_to_act(one, day(9)) is None


def test_window_was_seen_only_from_detection_on() -> None:
    found = exposure_window(exposure(introduced=1, detected=4), day(9))
    assert found is not None
    assert (found.entry_s, found.exit_s) == (3 * DAY_S, 8 * DAY_S)


def test_window_detected_before_disclosure_was_seen_from_its_start() -> None:
    found = exposure_window(exposure(introduced=1, disclosed=6, detected=4), day(9))
    assert found is not None
    assert (found.entry_s, found.exit_s) == (0, 3 * DAY_S)


def test_window_without_a_known_start_is_no_measure() -> None:
    assert exposure_window(exposure(introduced=None), day(3)) is None


@pytest.mark.parametrize("ending", [Ending.DECOMMISSIONED, Ending.WITHDRAWN])
def test_other_ends_are_no_successes(ending: Ending) -> None:
    one = replace(exposure(introduced=1, detected=4, resolved=6), state=State.RESOLVED, ending=ending)
    for measure in (time_to_mitigate, time_to_repair, exposure_window):
        found = measure(one, day(9))
        assert found is not None
        assert (found.event, found.success) == (ending.value, False)


def test_waiver_ends_the_clocks_when_it_was_signed() -> None:
    one = exposure(introduced=1, detected=4, state=State.WAIVED, waived=5)
    found = time_to_repair(one, day(9))
    assert (days(found), found and found.event) == (1, "waived")


def test_fix_before_any_mitigation_competes_with_mitigating_and_closes_the_window() -> None:
    one = replace(exposure(introduced=1, detected=4, resolved=6), state=State.RESOLVED, ending=Ending.FIXED)
    mitigation, window = time_to_mitigate(one, day(9)), exposure_window(one, day(9))
    assert mitigation is not None
    assert (mitigation.event, mitigation.success, days(mitigation)) == ("fixed", False, 2)
    assert window is not None
    assert (window.event, window.success, days(window)) == ("fixed", True, 5)


def test_mitigation_lifted_too_early_is_open_again() -> None:
    one = exposure(introduced=1, detected=4, state=State.REGRESSED, acted=5, mitigated=5, lifted=6)
    found = time_to_mitigate(one, day(9))
    assert found is not None
    assert (found.event, found.censored_at) == (None, day(9))
    assert days(time_to_decide(one, day(9))) == 1


def test_merged_exposure_has_no_measures() -> None:
    one = exposure(state=State.RESOLVED, ending=Ending.MERGED, acted=1, resolved=2)
    assert all(measure(one, day(9)) is None for measure in MEASURES.values())


def test_negative_duration_is_returned_as_it_is_and_named() -> None:
    one = exposure(introduced=1, detected=4, state=State.MITIGATED, acted=3, mitigated=3.5)
    found = time_to_mitigate(one, day(9))
    assert days(found) == -0.5
    assert found is not None
    assert not found.is_sound
    words = problems(one.clocks)
    assert len(words) == 1
    assert words[0].startswith("acted_at 2026-03-04T00:00:00Z is before detected_at 2026-03-05T00:00:00Z")


def test_consistent_clocks_have_no_problems_even_when_the_fix_was_learnt_of_late() -> None:
    one = repaired()
    assert problems(one.clocks) == ()
    assert problems(replace(one.clocks, fixed_at=day(3.9))) == ()


def test_problems_name_every_contradiction() -> None:
    one = exposure(introduced=5, applicable=6, watched=7, detected=4, waived=3, resolved=2)
    starts = [tuple(words.split()[index] for index in (0, 4)) for words in problems(one.clocks)]
    assert starts == [
        ("detected_at", "introduced_at"),
        ("detected_at", "applicable_at"),
        ("detected_at", "watched_since"),
        ("waived_at", "detected_at"),
        ("resolved_at", "detected_at"),
    ]
