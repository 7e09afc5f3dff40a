"""What documents say of a live exposure: a day-by-day life."""

from dataclasses import replace

import pytest

from holdfast.findings.as_of import exposure_at
from holdfast.findings.clocks import problems, time_to_mitigate, time_to_repair
from holdfast.findings.heard import CLEARED, REOPENED, hear, said_reasons, said_words
from holdfast.findings.journal_body import exposure_from_json, exposure_to_json, without_names
from holdfast.findings.lifecycle import LIFTED, MITIGATED, RESOLVED, UPDATED, act, lift, mitigate, observe
from holdfast.model.exposure import Ending, Exposure, Spoken, State
from holdfast.model.vex import VexStatus
from tests.findings.made import context, day, exposure, span

SAID = Spoken(VexStatus.NOT_AFFECTED, "vendor", "sha256:" + "0" * 64, "Ana", "component_not_present", "It is not there")
LOOKS = replace(SAID, status=VexStatus.UNDER_INVESTIGATION)
VOID = replace(SAID, void=("the policy does not name Ana as an author",))


def cleared(one: Exposure, at: float = 2) -> Exposure:
    step = hear(one, SAID, day(at))
    assert step is not None
    return step.after


def test_a_document_that_clears_an_exposure_takes_it_out_of_the_race() -> None:
    step = hear(exposure(), SAID, day(2))
    assert step is not None
    assert (step.kind, step.after.state, step.after.clocks.cleared_at) == (CLEARED, State.CLEARED, day(2))
    assert step.after.is_live
    for measure in (time_to_mitigate(step.after, day(9)), time_to_repair(step.after, day(9))):
        assert measure is not None
        assert (measure.event, measure.success, measure.ended_at) == ("cleared", False, day(2))
    assert problems(step.after.clocks) == ()


def test_what_no_document_clears_any_more_ran_all_the_while() -> None:
    step = hear(cleared(exposure()), None, day(5))
    assert step is not None
    assert (step.kind, step.after) == (REOPENED, exposure())
    measure = time_to_mitigate(step.after, day(9))
    assert measure is not None
    assert (measure.ended_at, measure.censored_at) == (None, day(9))


def test_an_episode_that_came_again_is_regressed_again() -> None:
    again = replace(exposure(state=State.REGRESSED), episode=2)
    step = hear(cleared(again), None, day(5))
    assert step is not None
    assert step.after == again


@pytest.mark.parametrize("said", [LOOKS, VOID, replace(SAID, status=VexStatus.AFFECTED, action="Update")])
def test_what_clears_nothing_only_marks(said: Spoken) -> None:
    step = hear(exposure(), said, day(2))
    assert step is not None
    assert (step.kind, step.after) == (UPDATED, replace(exposure(), said=said))
    assert hear(step.after, said, day(3)) is None
    back = hear(cleared(exposure()), said, day(5))
    assert back is not None
    assert (back.kind, back.after.state, back.after.said) == (REOPENED, State.OPEN, said)


def test_another_reason_for_the_same_is_told_and_moves_no_clock() -> None:
    one = cleared(exposure())
    step = hear(one, replace(SAID, digest="sha256:" + "1" * 64), day(4))
    assert step is not None
    assert (step.kind, step.after.state, step.after.clocks) == (UPDATED, State.CLEARED, one.clocks)


def test_a_mitigation_holds_through_what_is_said_meanwhile() -> None:
    mitigated = exposure(state=State.MITIGATED, acted=1, mitigated=1)
    back = hear(cleared(mitigated), None, day(5))
    assert back is not None
    assert back.after == mitigated
    lifted = lift(cleared(mitigated), day(3))
    assert (lifted.kind, lifted.after.state) == (LIFTED, State.CLEARED)
    back = hear(lifted.after, None, day(5))
    assert back is not None
    assert back.after.state is State.REGRESSED


def test_a_mitigation_that_comes_meanwhile_is_kept() -> None:
    step = mitigate(act(cleared(exposure()), day(3)).after, day(3), day(4))
    assert (step.kind, step.after.state, step.after.clocks.mitigated_at) == (MITIGATED, State.CLEARED, day(4))
    back = hear(step.after, None, day(5))
    assert back is not None
    assert back.after.state is State.MITIGATED


def test_a_waived_one_stays_waived() -> None:
    waived = exposure(state=State.WAIVED, waived=1)
    step = hear(waived, SAID, day(2))
    assert step is not None
    assert (step.kind, step.after.state) == (UPDATED, State.WAIVED)


def test_what_is_cleared_and_runs_no_more_is_resolved_and_keeps_when_it_was_cleared() -> None:
    one = cleared(exposure())
    (step,) = observe([span(0, 4)], [one], context(), day(5), lambda: "exp_2")
    assert (step.kind, step.after.state, step.after.ending) == (RESOLVED, State.RESOLVED, Ending.FIXED)
    measure = time_to_repair(step.after, day(9))
    assert measure is not None
    assert measure.event == "cleared"


def test_what_is_learnt_meanwhile_does_not_take_the_word_away() -> None:
    one = cleared(exposure())
    (step,) = observe([span(0, version="1.1")], [one], context(), day(5), lambda: "exp_2")
    assert (step.kind, step.after.versions, step.after.state) == (UPDATED, ("1.1",), State.CLEARED)
    assert (step.after.said, step.after.clocks.cleared_at) == (SAID, day(2))


def test_as_of_before_it_was_cleared_it_is_open() -> None:
    one = cleared(exposure())
    assert [exposure_at(one, day(at)).state for at in (1, 2)] == [State.OPEN, State.CLEARED]


def test_the_journal_has_the_verdict_and_the_digest_and_nobodys_words() -> None:
    one = replace(cleared(exposure()), said=replace(VOID, action="Ask Bob", others=("VEX: affected, by Bob",)))
    text = exposure_to_json(without_names(one))
    assert "Ana" not in text
    assert "Bob" not in text
    assert "It is not there" not in text
    said = exposure_from_json(text).said
    assert said is not None
    assert (said.status, said.digest, said.reason) == (VOID.status, VOID.digest, "component_not_present")
    assert said.void == ("the policy does not name its author as an author",)


def test_what_is_said_has_words_for_people() -> None:
    assert said_words(SAID) == "VEX: not affected"
    assert said_words(VOID) == "VEX: not affected, which does not count"
    full = replace(SAID, response=("will_not_fix",), action="Update", void=("late",), others=("b",))
    assert said_reasons(full) == (
        "Because: It is not there",
        "Its author does: will_not_fix",
        "What to do: Update",
        "It does not count: late",
        "Another document differs: b",
    )
