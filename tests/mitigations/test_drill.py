"""What rehearsals prove, and for how long."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from holdfast.mitigations.drill import (
    DEFAULT_AGE_S,
    Need,
    Standing,
    changes,
    digest_of,
    duration_words,
    judge,
    need_of,
    percentile,
    predict,
    reaches,
    seconds_words,
    worst,
)
from holdfast.model.drill import DrillEvidence, DrillLevel, DrillOutcome, Readiness
from holdfast.model.plan import Coverage, Drill, Plan

T0 = datetime(2026, 5, 1, 12, tzinfo=UTC)
PLAN = Plan("receipts-off", "true", 1, 1, (), Coverage.FULL, (), ())
NEED = Need(DrillLevel.L1, 86400.0)
INPUTS = {"plan": "a", "release": "b"}


def drill(number: int = 1, **fields: object) -> DrillEvidence:
    """Return an L1 drill that passed at T0."""
    one = DrillEvidence(
        "org_1",
        f"drl_{number:02}",
        "svc_1",
        "shop",
        "production",
        PLAN.id,
        "sha256:a",
        DrillLevel.L1,
        DrillOutcome.PASSED,
        T0,
        T0,
        "tok_1",
        tuple(INPUTS.items()),
    )
    return replace(one, **fields)  # type: ignore[arg-type]  # fields by name


def test_no_drill_is_never() -> None:
    assert judge([], NEED, INPUTS, T0).readiness is Readiness.NEVER


def test_running_drill_says_nothing() -> None:
    running = drill(2, outcome=DrillOutcome.RUNNING, ended_at=None)
    assert judge([running], NEED, INPUTS, T0).readiness is Readiness.NEVER
    assert judge([running, drill(1)], NEED, INPUTS, T0).readiness is Readiness.PROVEN


def test_pass_before_a_failure_proves_nothing_though_its_inputs_are_back() -> None:
    """It passed, failed with the same inputs, and passed with others; then what it rests on was put back."""
    elsewhere = drill(3, inputs=(("plan", "a"), ("release", "c")))
    failed = drill(2, outcome=DrillOutcome.FAILED, because="no answer")
    assert judge([elsewhere, failed, drill(1)], NEED, INPUTS, T0).readiness is Readiness.STALE
    assert judge([elsewhere, drill(1)], NEED, INPUTS, T0).is_proven


def test_lower_level_says_nothing_and_a_higher_one_says_it_all() -> None:
    assert judge([drill(level=DrillLevel.L0)], NEED, INPUTS, T0).readiness is Readiness.NEVER
    assert judge([drill(level=DrillLevel.L2)], NEED, INPUTS, T0).readiness is Readiness.PROVEN
    failed_look = drill(2, level=DrillLevel.L0, outcome=DrillOutcome.FAILED)
    assert judge([failed_look, drill(1)], NEED, INPUTS, T0).readiness is Readiness.PROVEN


def test_newest_of_sufficient_level_decides() -> None:
    failed = drill(2, outcome=DrillOutcome.FAILED, because="no answer")
    found = judge([failed, drill(1)], NEED, INPUTS, T0)
    assert (found.readiness, found.drill) == (Readiness.FAILED, "drl_02")
    assert "no answer" in found.because
    assert judge([drill(3), failed], NEED, INPUTS, T0).is_proven


def test_evidence_is_stale_at_its_age_to_the_second() -> None:
    assert judge([drill()], NEED, INPUTS, T0 + timedelta(seconds=86399)).is_proven
    found = judge([drill()], NEED, INPUTS, T0 + timedelta(seconds=86400))
    assert (found.readiness, "older than 1d" in found.because) == (Readiness.STALE, True)
    assert found.until == T0 + timedelta(days=1)


@pytest.mark.parametrize(
    ("now", "name"),
    [({**INPUTS, "plan": "x"}, "plan"), ({**INPUTS, "flag:a": "y"}, "flag:a"), ({"plan": "a"}, "release")],
)
def test_changed_new_and_gone_inputs_make_it_stale(now: dict[str, str], name: str) -> None:
    found = judge([drill()], NEED, now, T0)
    assert (found.readiness, f"`{name}`" in found.because) == (Readiness.STALE, True)


def test_older_drill_of_the_same_inputs_still_proves() -> None:
    newer = drill(2, inputs=(("plan", "other"),))
    assert judge([newer, drill(1)], NEED, INPUTS, T0).is_proven


def test_declared_drill_says_level_and_age() -> None:
    assert need_of(PLAN, []) == Need(DrillLevel.L1, DEFAULT_AGE_S)
    assert need_of(PLAN, [Drill("other", "1d", "L2")]) == Need(DrillLevel.L1, DEFAULT_AGE_S)
    declared = [Drill(PLAN.id, "12h", "L0"), Drill(PLAN.id, "7d", "L2")]
    assert need_of(PLAN, declared) == Need(DrillLevel.L2, 7 * 86400.0)
    assert need_of(PLAN, [Drill(PLAN.id, "90d", "L1")]) == Need(DrillLevel.L1, DEFAULT_AGE_S)


def test_worst_standing_decides() -> None:
    order = (Readiness.FAILED, Readiness.NEVER, Readiness.STALE, Readiness.PROVEN)
    standings = [Standing(one, one.value) for one in order]
    for number, one in enumerate(standings):
        assert worst(standings[number:][::-1]) == one


def test_prediction_is_of_passed_drills_without_faults() -> None:
    assert predict([]) is None
    assert predict([drill(outcome=DrillOutcome.FAILED, mitigate_s=1.0), drill(faults=("x",), mitigate_s=2.0)]) is None
    found = predict([drill(mitigate_s=3.0), drill(mitigate_s=1.0), drill(propagation_s=0.1)])
    assert found is not None
    assert (found.of, found.p50_s, found.p90_s, found.n) == ("mitigate", 1.0, 3.0, 2)
    assert found.words == "effective in 1.0 s (p90 3.0 s, 2 drills)"


def test_prediction_falls_back_on_the_canary() -> None:
    found = predict([drill(propagation_s=0.042)])
    assert found is not None
    assert found.words == "with whoever reads the flag in 42 ms (p90 42 ms, 1 drill)"


def test_prediction_looks_back_on_twenty_drills() -> None:
    found = predict([drill(mitigate_s=1.0)] * 20 + [drill(mitigate_s=99.0)] * 20)
    assert found is not None
    assert (found.p90_s, found.n) == (1.0, 20)


@given(st.lists(st.floats(0, 1e6), min_size=1), st.sampled_from([50, 90]))
def test_percentile_is_measured_and_enough_do_not_exceed_it(values: list[float], rank: int) -> None:
    found = percentile(values, rank)
    assert found in values
    assert sum(one <= found for one in values) * 100 >= rank * len(values)
    assert sum(one < found for one in values) * 100 < rank * len(values)


def test_levels_include_the_lower_ones() -> None:
    assert reaches(DrillLevel.L2, DrillLevel.L0)
    assert not reaches(DrillLevel.L0, DrillLevel.L1)


def test_digests_are_of_the_value_and_not_of_its_spelling() -> None:
    assert digest_of({"a": 1, "b": 2}) == digest_of({"b": 2, "a": 1}) != digest_of({"a": 2, "b": 1})
    assert digest_of("") == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
    assert changes({"a": "1"}, {"a": "1"}) == ()


@pytest.mark.parametrize(
    ("seconds", "words"), [(86400, "1d"), (5400, "90m"), (7200, "2h"), (90, "90s"), (0.5, "0.5s"), (86460, "1441m")]
)
def test_durations_are_written_as_a_manifest_does(seconds: float, words: str) -> None:
    assert duration_words(seconds) == words


@pytest.mark.parametrize(("seconds", "words"), [(0.0423, "42 ms"), (1.26, "1.3 s"), (119.0, "119.0 s"), (240, "4 min")])
def test_times_are_written_for_people(seconds: float, words: str) -> None:
    assert seconds_words(seconds) == words
