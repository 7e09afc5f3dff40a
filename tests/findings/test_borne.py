"""What a waiver makes of a live exposure: a day-by-day life."""

from dataclasses import replace

import pytest

from holdfast.findings.as_of import exposure_at
from holdfast.findings.borne import UNWAIVED, WAIVED, bear, waiver_words
from holdfast.findings.clocks import problems, time_to_mitigate, time_to_repair
from holdfast.findings.heard import hear
from holdfast.findings.journal_body import exposure_from_json, exposure_to_json, without_names
from holdfast.findings.lifecycle import LIFTED, MITIGATED, RESOLVED, UPDATED, act, lift, mitigate, observe
from holdfast.model.exposure import Ending, Exposure, State, Waiving
from tests.findings.made import WAIVER, context, day, exposure, span
from tests.findings.test_heard import SAID

VOID = replace(WAIVER, void=("it is known to be exploited since",))


def waived(one: Exposure, at: float = 2) -> Exposure:
    step = bear(one, WAIVER, day(at))
    assert step is not None
    return step.after


def unwaived(one: Exposure, at: float = 5, waiver: Waiving | None = None) -> Exposure:
    step = bear(one, waiver, day(at))
    assert step is not None
    assert step.kind == UNWAIVED
    return step.after


def test_a_waiver_in_force_takes_an_exposure_out_of_the_race_and_is_no_success() -> None:
    step = bear(exposure(), WAIVER, day(2))
    assert step is not None
    assert (step.kind, step.after.state, step.after.clocks.waived_at) == (WAIVED, State.WAIVED, day(2))
    assert (step.before, step.after.waiver, step.after.is_live) == (exposure(), WAIVER, True)
    for measure in (time_to_mitigate(step.after, day(9)), time_to_repair(step.after, day(9))):
        assert measure is not None
        assert (measure.event, measure.success, measure.ended_at) == ("waived", False, day(2))
    assert problems(step.after.clocks) == ()
    assert bear(step.after, WAIVER, day(3)) is None


@pytest.mark.parametrize(
    "before",
    [
        exposure(),
        exposure(state=State.MITIGATED, acted=1, mitigated=1),
        exposure(state=State.REGRESSED, acted=1, mitigated=1, lifted=2),
        replace(exposure(state=State.REGRESSED), episode=2),
    ],
)
def test_what_is_waived_no_more_is_what_it_was_and_ran_all_the_while(before: Exposure) -> None:
    assert unwaived(waived(before, 3)) == before
    again = time_to_repair(unwaived(waived(before, 3)), day(9))
    assert again is not None
    assert (again.started_at, again.censored_at) == (day(0), day(9))


def test_a_waiver_that_does_not_hold_only_marks() -> None:
    step = bear(exposure(), VOID, day(2))
    assert step is not None
    assert (step.kind, step.after) == (UPDATED, replace(exposure(), waiver=VOID))
    back = unwaived(waived(exposure()), waiver=VOID)
    assert (back.state, back.waiver) == (State.OPEN, VOID)


def test_another_waiver_of_the_same_is_told_and_moves_no_clock() -> None:
    one = waived(exposure())
    step = bear(one, replace(WAIVER, id="wav_2"), day(4))
    assert step is not None
    assert (step.kind, step.after.state, step.after.clocks) == (UPDATED, State.WAIVED, one.clocks)


def test_a_mitigation_that_comes_meanwhile_is_kept_and_one_may_be_lifted() -> None:
    step = mitigate(act(waived(exposure()), day(3)).after, day(3), day(4))
    assert (step.kind, step.after.state, step.after.clocks.mitigated_at) == (MITIGATED, State.WAIVED, day(4))
    assert unwaived(step.after).state is State.MITIGATED
    lifted = lift(step.after, day(4.5))
    assert (lifted.kind, lifted.after.state) == (LIFTED, State.WAIVED)
    assert unwaived(lifted.after).state is State.REGRESSED


def test_what_is_waived_and_runs_no_more_is_resolved() -> None:
    (step,) = observe([span(0, 4)], [waived(exposure())], context(), day(5), lambda: "exp_2")
    assert (step.kind, step.after.state, step.after.ending) == (RESOLVED, State.RESOLVED, Ending.FIXED)
    measure = time_to_repair(step.after, day(9))
    assert measure is not None
    assert (measure.event, measure.success) == ("waived", False)


def test_what_is_learnt_meanwhile_does_not_take_the_waiver_away() -> None:
    (step,) = observe([span(0, version="1.1")], [waived(exposure())], context(), day(5), lambda: "exp_2")
    assert (step.kind, step.after.state, step.after.waiver) == (UPDATED, State.WAIVED, WAIVER)


def test_waived_counts_before_cleared_and_each_ends_by_itself() -> None:
    """Day 2: a document clears it. Day 3: somebody waives it as well. Then either may end first."""
    heard = hear(exposure(), SAID, day(2))
    assert heard is not None
    both = waived(heard.after, 3)
    assert both.state is State.WAIVED
    assert unwaived(both) == heard.after
    silent = hear(both, None, day(4))
    assert silent is not None
    assert (silent.kind, silent.after.state, silent.after.clocks.cleared_at) == (UPDATED, State.WAIVED, None)
    assert unwaived(silent.after) == exposure()


def test_what_a_document_clears_while_it_is_waived_is_cleared_once_the_waiver_ends() -> None:
    heard = hear(waived(exposure()), SAID, day(3))
    assert heard is not None
    after = unwaived(heard.after)
    assert (after.state, after.clocks.cleared_at) == (State.CLEARED, day(3))


def test_as_of_before_it_was_waived_it_is_open() -> None:
    one = waived(exposure())
    assert [exposure_at(one, day(at)).state for at in (1, 2)] == [State.OPEN, State.WAIVED]


def test_the_journal_names_the_waiver_by_ids_and_has_nobodys_words() -> None:
    text = exposure_to_json(without_names(waived(exposure())))
    assert "until we move" not in text
    assert exposure_from_json(text).waiver == replace(WAIVER, statement="")


def test_a_waiver_has_words_for_people() -> None:
    assert waiver_words(WAIVER) == "waived until 2026-03-31T00:00:00Z"
    assert waiver_words(VOID) == "its waiver does not hold"
