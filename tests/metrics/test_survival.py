"""Survival analysis against cases worked by hand."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from holdfast.errors import UsageError
from holdfast.metrics.survival import Curve, Observation, aalen_johansen, find_quantile_s, kaplan_meier, value_at


def ended(*times: float) -> list[Observation]:
    return [Observation(time, "fixed") for time in times]


def censored(*times: float) -> list[Observation]:
    return [Observation(time, None) for time in times]


def rounded(curve: Curve) -> list[tuple[float, int, int, float]]:
    """(time, at risk, events, value to three digits)."""
    return [(step.at_s, step.at_risk, step.events, round(step.value, 3)) for step in curve.steps]


def test_textbook_leukemia_trial_gives_the_published_curve() -> None:
    """Weeks of remission under 6-MP, 21 patients: the example of most textbooks (Freireich and others, 1963).

    6 6 6 6+ 7 9+ 10 10+ 11+ 13 16 17+ 19+ 20+ 22 23 25+ 32+ 32+ 34+ 35+, where + is censored. By hand:
    S(6) = 18/21 = .857; S(7) = .857·16/17 = .807; S(10) = .807·14/15 = .753; S(13) = .753·11/12 = .690;
    S(16) = .690·10/11 = .627; S(22) = .627·6/7 = .538; S(23) = .538·5/6 = .448. The median is 23.
    """
    trial = ended(6, 6, 6, 7, 10, 13, 16, 22, 23) + censored(6, 9, 10, 11, 17, 19, 20, 25, 32, 32, 34, 35)
    curve = kaplan_meier(trial)
    assert rounded(curve) == [
        (6, 21, 3, 0.857),
        (7, 17, 1, 0.807),
        (10, 15, 1, 0.753),
        (13, 12, 1, 0.690),
        (16, 11, 1, 0.627),
        (22, 7, 1, 0.538),
        (23, 6, 1, 0.448),
    ]
    assert find_quantile_s(curve, 0.5) == 23
    assert find_quantile_s(curve, 0.25) == 13
    assert find_quantile_s(curve, 0.9) is None


def test_without_censoring_it_is_the_plain_distribution() -> None:
    """Of 1, 2, 3, 4 the half has come at 2, nine tenths at 4."""
    curve = kaplan_meier(ended(4, 2, 1, 3))
    assert [step.value for step in curve.steps] == pytest.approx([0.75, 0.5, 0.25, 0])
    assert (find_quantile_s(curve, 0.5), find_quantile_s(curve, 0.9)) == (2, 4)
    assert curve.broken_at_s is None


def test_quantile_hits_a_value_that_is_reached_exactly_in_spite_of_rounding() -> None:
    """Ten lives: after the seventh 0.3 are left, which a product of fractions misses by a hair."""
    assert find_quantile_s(kaplan_meier(ended(*range(1, 11))), 0.7) == 7
    assert find_quantile_s(kaplan_meier(ended(*range(1, 11))), 0.9) == 9


def test_late_entry_counts_only_from_entry_on() -> None:
    """Lives (entry, exit): (0,2) ended, (1,4) ended, (3,5) censored, (3,6) ended, (0,6) censored. By hand:

    t=2: at risk are (0,2) (1,4) (0,6): S = 2/3. t=4: (1,4) (3,5) (3,6) (0,6): S = 2/3·3/4 = 1/2.
    t=6: (3,6) (0,6): S = 1/4. Whoever takes entry for 0 gets 4/5 at t=2.
    """
    lives = [
        Observation(2, "fixed"),
        Observation(4, "fixed", 1),
        Observation(5, None, 3),
        Observation(6, "fixed", 3),
        Observation(6, None),
    ]
    assert rounded(kaplan_meier(lives)) == [(2, 3, 1, 0.667), (4, 4, 1, 0.5), (6, 2, 1, 0.25)]


def test_entry_at_an_events_own_time_is_too_late_for_it() -> None:
    """(0,2) ended and (2,5) censored: at t=2 one is at risk, not two."""
    lives = [Observation(2, "fixed"), Observation(3, None), Observation(5, None, 2)]
    assert rounded(kaplan_meier(lives)) == [(2, 2, 1, 0.5)]


def test_curve_that_falls_to_nothing_before_others_entered_is_broken() -> None:
    """(0,1) ended; (3,9) and (4,8) ended: at t=1 one of one ended, S = 0, and the two later ones could tell nothing."""
    curve = kaplan_meier([Observation(1, "fixed"), Observation(9, "fixed", 3), Observation(8, "fixed", 4)])
    assert curve.broken_at_s == 1
    assert find_quantile_s(curve, 0.5) is None


def test_ends_at_zero_seconds_have_everybody_at_risk() -> None:
    """Two of four were seen the very moment they could be: S(0) = 1/2, the median is 0 s, and that is a figure."""
    curve = kaplan_meier(ended(0, 0, 5) + censored(7))
    assert rounded(curve) == [(0, 4, 2, 0.5), (5, 2, 1, 0.25)]
    assert find_quantile_s(curve, 0.5) == 0


def test_one_that_ends_when_it_enters_is_at_risk_for_itself() -> None:
    curve = kaplan_meier([Observation(3, "fixed", 3), Observation(5, None)])
    assert rounded(curve) == [(3, 2, 1, 0.5)]


def test_competing_ends_by_hand() -> None:
    """Five lives: 1 fixed, 2 waived, 3 fixed, 4 censored, 5 fixed. By hand, with S the part still open:

    t=1: fixed = 1·1/5 = 1/5, S = 4/5. t=2: waived = 4/5·1/4 = 1/5, S = 3/5. t=3: fixed += 3/5·1/3 → 2/5, S = 2/5.
    t=5: fixed += 2/5·1/1 → 4/5, S = 0. In the end 4/5 fixed and 1/5 waived: 1 together, where 1 − Kaplan–Meier of fixed
    alone would claim 1.
    """
    lives = [*ended(1, 3, 5), Observation(2, "waived"), *censored(4)]
    found = aalen_johansen(lives)
    assert [(step.at_s, round(step.value, 6)) for step in found["fixed"].steps] == [(1, 0.2), (3, 0.4), (5, 0.8)]
    assert [(step.at_s, round(step.value, 6)) for step in found["waived"].steps] == [(2, 0.2)]
    assert kaplan_meier(lives, "fixed").steps[-1].value == 0


def test_two_causes_at_one_time_share_one_risk_set() -> None:
    """Four lives: at 2 one fixed, one waived, one censored; at 3 one fixed. At 2: 1/4 each, S = 1/2. At 3: + 1/2."""
    found = aalen_johansen([*ended(2, 3), Observation(2, "waived"), *censored(2)])
    assert value_at(found["fixed"], 2, start=0) == 0.25
    assert value_at(found["fixed"], 3, start=0) == 0.75
    assert value_at(found["waived"], 9, start=0) == 0.25


def test_no_data_is_no_figure() -> None:
    assert kaplan_meier([]) == Curve(())
    assert find_quantile_s(kaplan_meier([]), 0.5) is None
    assert find_quantile_s(kaplan_meier(censored(5, 6)), 0.5) is None
    assert aalen_johansen(censored(3)) == {}


def test_value_is_the_start_before_the_first_step() -> None:
    curve = kaplan_meier(ended(2, 4))
    assert [value_at(curve, at) for at in (0, 1.9, 2, 3, 4, 9)] == [1, 1, 0.5, 0.5, 0, 0]


@pytest.mark.parametrize(("entry", "exit_"), [(0, -1), (-1, 3), (4, 3), (float("nan"), 3)])
def test_contradictory_life_is_refused(entry: float, exit_: float) -> None:
    with pytest.raises(UsageError):
        Observation(exit_, "fixed", entry)


@pytest.mark.parametrize("q", [0, 1, -0.5, 50])
def test_quantile_outside_of_the_curve_is_refused(q: float) -> None:
    with pytest.raises(UsageError):
        find_quantile_s(Curve(()), q)


_LIVES = st.lists(
    st.builds(
        lambda entry, run, cause: Observation(entry + run, cause, entry),
        st.sampled_from([0, 0, 0, 1, 3]),
        st.integers(0, 12),
        st.sampled_from(["fixed", "waived", None]),
    ),
    max_size=30,
)


@given(_LIVES)
def test_curves_fall_whatever_the_order_of_the_data(lives: list[Observation]) -> None:
    curve = kaplan_meier(lives, "fixed")
    values = [1.0, *(step.value for step in curve.steps)]
    assert all(0 <= after <= before for before, after in pairwise(values))
    assert all(0 < step.events <= step.at_risk <= len(lives) for step in curve.steps)
    assert kaplan_meier(lives[::-1], "fixed") == curve


@given(_LIVES)
def test_incidences_and_the_open_part_add_up_to_one(lives: list[Observation]) -> None:
    found = aalen_johansen(lives)
    whole = kaplan_meier(lives)
    last = max((one.exit_s for one in lives), default=0)
    total = value_at(whole, last) + sum(value_at(curve, last, start=0) for curve in found.values())
    assert total == pytest.approx(1)


@given(st.lists(st.integers(0, 50), min_size=1, max_size=40))
def test_uncensored_curve_is_one_minus_the_share_that_ended(times: list[int]) -> None:
    curve = kaplan_meier(ended(*times))
    for at in range(51):
        assert value_at(curve, at) == pytest.approx(sum(time > at for time in times) / len(times))
