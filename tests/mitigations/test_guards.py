"""Guards: what holds an automatic run back, and in which words."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from holdfast.errors import UsageError
from holdfast.mitigations.guards import Circumstances, check_guards, judge_hold
from holdfast.model.guard import AtWork, Freeze, Guards, Hold, Use
from holdfast.model.plan import Step
from holdfast.model.run import Approval, Run, RunState, RunStep, StepState
from tests.mitigations.flag_texts import T0
from tests.mitigations.test_autonomy import RUN

STEP = RunStep(1, Step("flag.off", (("flag", "tax"),)), "run_1/1", StepState.PENDING)
AUTOMATIC = replace(RUN, steps=(STEP,))
FREEZE = Freeze("frz_1", "the yearly sale", T0, T0 + timedelta(hours=6), ("production",))
MINUTE = timedelta(minutes=1)


def use(
    run: str = "run_0", service: str = "svc_0", flag: str = "production/other", *, ago: timedelta = MINUTE, **more: Any
) -> Use:
    """Return a use of `flag.off` some time ago."""
    at = T0 - ago
    return replace(Use(run, service, "flag.off", flag, True, at, at), **more)


def hold(run: Run = AUTOMATIC, guards: Guards | None = None, **seen: Any) -> Hold | None:
    """Judge the run."""
    return judge_hold(run, guards or Guards(), Circumstances(T0, **seen))


def test_run_with_nothing_against_it_goes_on() -> None:
    assert hold() is None


def test_pause_says_who_since_when_and_why() -> None:
    found = hold(paused={"by": "per_1", "at": "2026-05-01T11:00:00Z", "reason": "an outage"})
    assert found is not None
    assert (found.guard, found.lasting) == ("pause", False)
    assert found.reason.startswith("automation is paused by per_1 since 2026-05-01T11:00:00Z: an outage")


def test_freeze_holds_its_environment_until_it_ends() -> None:
    found = hold(guards=Guards(freezes=(FREEZE,)))
    assert found is not None
    assert (found.guard, found.until) == ("freeze", FREEZE.ends_at)
    assert "the yearly sale" in found.reason
    assert hold(replace(AUTOMATIC, environment="staging"), Guards(freezes=(FREEZE,))) is None


def test_freeze_without_environments_holds_all_and_ends_at_its_end() -> None:
    everywhere = Guards(freezes=(replace(FREEZE, environments=()),))
    assert hold(replace(AUTOMATIC, environment="staging"), everywhere) is not None
    assert judge_hold(AUTOMATIC, everywhere, Circumstances(FREEZE.ends_at)) is None


def test_longest_of_two_freezes_is_named() -> None:
    longer = replace(FREEZE, id="frz_2", ends_at=T0 + timedelta(days=2))
    found = hold(guards=Guards(freezes=(FREEZE, longer)))
    assert found is not None
    assert found.until == longer.ends_at


def test_other_run_at_work_on_the_service_holds_and_itself_does_not() -> None:
    found = hold(at_work=[AtWork("run_2", "svc_1", "exp_2")])
    assert found is not None
    assert found.reason.startswith("run run_2 of the same service is at work")
    assert hold(at_work=[AtWork("run_1", "svc_1", "exp_1"), AtWork("run_3", "svc_3", "exp_3")]) is None


def test_exposure_that_is_guarded_already_holds_a_second_run() -> None:
    found = hold(guarded_by="run_7")
    assert found is not None
    assert (found.guard, found.lasting) == ("exposure", False)


@pytest.mark.parametrize(("name", "guard"), [("stale", "facts"), ("unproven", "drill")])
def test_what_does_not_pass_by_itself_is_lasting(name: str, guard: str) -> None:
    seen: dict[str, Any] = {name: "because"}
    assert hold(**seen) == Hold(guard, "because", lasting=True)


@pytest.mark.parametrize(
    ("share", "plan_cap", "org_cap", "is_held"),
    [
        (0.5, None, 1.0, False),
        (None, None, 1.0, False),
        (None, None, 0.9, True),
        (0.5, 0.4, 1.0, True),
        (0.5, 0.9, 0.4, True),
        (0.4, 0.4, 0.4, False),
    ],
)
def test_share_above_the_smaller_cap_holds_and_an_unknown_one_too(
    share: float | None, plan_cap: float | None, org_cap: float, is_held: bool
) -> None:
    run = replace(AUTOMATIC, share=share, plan=replace(RUN.plan, max_share=plan_cap))
    found = hold(run, Guards(max_share=org_cap))
    assert (found is not None) is is_held
    assert found is None or (found.guard, found.lasting) == ("share", True)


def test_share_is_named_in_percent() -> None:
    found = hold(replace(AUTOMATIC, share=0.5), Guards(max_share=0.25))
    assert found is not None
    assert found.reason == "it touches 50 % of `shop`; 25 % may be touched by itself"


def test_service_rests_from_an_action_until_its_cooldown_is_over() -> None:
    found = hold(uses=[use("run_2", "svc_1", ago=2 * MINUTE)])
    assert found is not None
    assert (found.guard, found.until) == ("rest", T0 + 3 * MINUTE)
    assert "after run run_2" in found.reason
    assert hold(uses=[use("run_2", "svc_1", ago=5 * MINUTE)]) is None


def test_rest_counts_peoples_runs_and_neither_other_actions_nor_itself() -> None:
    assert hold(uses=[use("run_2", "svc_1", automatic=False)]) is not None
    assert hold(uses=[use("run_2", "svc_1", action="service.off")]) is None
    assert hold(uses=[use("run_1", "svc_1")]) is None


def test_second_incident_does_not_rest_from_what_the_first_has_in_place() -> None:
    """Were it held, the flag would come back when the first one ends, with the second hole open."""
    same = use("run_2", "svc_1", "production/tax", in_place=True)
    assert hold(uses=[same]) is None
    assert hold(uses=[replace(same, in_place=False)]) is not None
    assert hold(uses=[replace(same, flag="production/other")]) is not None
    two = replace(STEP, number=2, step=Step("flag.off", (("flag", "vat"),)))
    assert hold(replace(AUTOMATIC, steps=(STEP, two)), uses=[same]) is not None


@pytest.mark.parametrize("action", ["service.off", "edge.block"])
def test_second_incidents_block_does_not_rest_from_one_that_is_in_place(action: str) -> None:
    """Each is a hold of its own: were it to wait, its hole would be open when the first comes off."""
    run = replace(AUTOMATIC, steps=(replace(STEP, step=Step(action, (("path", "/admin"),))),))
    placed = use("run_2", "svc_1", action=action, in_place=True)
    placed = replace(placed, flag=None)
    assert hold(run, uses=[placed]) is None
    taken_back = hold(run, uses=[placed, replace(placed, run="run_3", in_place=False)])
    assert taken_back is not None
    assert (taken_back.guard, "after run run_3" in taken_back.reason) == ("rest", True)
    capped = hold(run, Guards(services_per_hour=1), uses=[placed, use("run_4", "svc_4")])
    assert capped is None, "its service was counted with the first"
    capped = hold(replace(run, service_id="svc_9"), Guards(services_per_hour=1), uses=[placed])
    assert capped is not None
    assert capped.guard == "services"


def test_plan_has_its_own_rest() -> None:
    run = replace(AUTOMATIC, plan=replace(RUN.plan, cooldown_s=0.0))
    assert hold(run, uses=[use("run_2", "svc_1")]) is None


def test_cap_of_services_ends_when_the_oldest_leaves_the_hour() -> None:
    uses = [use("run_2", "svc_2", ago=40 * MINUTE), use("run_3", "svc_3", ago=10 * MINUTE)]
    found = hold(guards=Guards(services_per_hour=2), uses=uses)
    assert found is not None
    assert (found.guard, found.until) == ("services", T0 + 20 * MINUTE)
    assert found.reason == "the cap of 2 services per hour is reached; the next may begin at 2026-05-01T12:20:00Z"
    assert hold(guards=Guards(services_per_hour=3), uses=uses) is None


def test_service_that_was_counted_already_is_not_counted_again() -> None:
    uses = [use("run_2", "svc_1", ago=30 * MINUTE), use("run_3", "svc_3", ago=10 * MINUTE)]
    assert hold(guards=Guards(services_per_hour=2, cooldown_s=0), uses=uses) is None


def test_peoples_runs_and_drills_are_in_no_cap() -> None:
    uses = [use("run_2", "svc_2", automatic=False)]
    assert hold(guards=Guards(services_per_hour=1), uses=uses) is None


def test_cap_of_flags_counts_flags() -> None:
    uses = [use("run_2", "svc_2", "production/a"), use("run_2", "svc_2", "production/b", ago=2 * MINUTE)]
    found = hold(guards=Guards(flags_per_hour=2), uses=uses)
    assert found is not None
    assert (found.guard, found.until) == ("flags", T0 + 58 * MINUTE)
    assert hold(guards=Guards(flags_per_hour=2), uses=[uses[0]]) is None


def test_more_flags_at_once_than_an_hour_allows_need_a_person() -> None:
    other = replace(STEP, number=2, step=Step("flag.off", (("flag", "fees"),)))
    found = hold(replace(AUTOMATIC, steps=(STEP, other)), Guards(flags_per_hour=1))
    assert found is not None
    assert (found.lasting, found.until) == (True, None)


def test_cap_of_zero_lets_nothing_act_by_itself() -> None:
    found = hold(guards=Guards(services_per_hour=0))
    assert found is not None
    assert found.lasting


@pytest.mark.parametrize("state", [RunState.ACTING, RunState.VERIFYING])
def test_run_that_has_begun_is_held_by_pause_and_freeze_alone(state: RunState) -> None:
    begun = replace(AUTOMATIC, state=state)
    assert hold(begun, Guards(services_per_hour=0), stale="x", unproven="x", uses=[use("run_2", "svc_1")]) is None
    assert hold(begun, paused={"by": "per_1", "at": "now"}) is not None
    assert hold(begun, Guards(freezes=(FREEZE,))) is not None


EVERYTHING: dict[str, Any] = {
    "paused": {"by": "per_1", "at": "now"},
    "at_work": [AtWork("run_2", "svc_1", "exp_1")],
    "uses": [use("run_2", "svc_1")],
    "guarded_by": "run_2",
    "stale": "x",
    "unproven": "x",
}
PEOPLE: list[Callable[[Run], Run]] = [
    lambda run: replace(run, approvals=(Approval("per_1", T0),)),
    lambda run: replace(run, requested_by="per_1"),
    lambda run: replace(run, break_glass="it burns"),
    lambda run: replace(run, released=True),
    lambda run: replace(run, state=RunState.UNDOING),
]


@pytest.mark.parametrize("changed", PEOPLE)
def test_people_and_reverts_are_held_by_nothing(changed: Callable[[Run], Run]) -> None:
    guards = Guards(max_share=0, services_per_hour=0, flags_per_hour=0, freezes=(FREEZE,))
    assert hold(AUTOMATIC, guards, **EVERYTHING) is not None
    assert hold(changed(AUTOMATIC), guards, **EVERYTHING) is None


def test_drill_waits_for_pause_freeze_and_service_alone() -> None:
    drill = replace(AUTOMATIC, drill="drl_1")
    assert hold(drill, Guards(max_share=0, services_per_hour=0), unproven="x", uses=[use("run_2", "svc_1")]) is None
    assert hold(drill, paused={"by": "per_1", "at": "now"}) is not None
    assert hold(drill, at_work=[AtWork("run_2", "svc_1", "exp_2")]) is not None


@given(
    st.lists(st.tuples(st.integers(0, 9), st.integers(0, 59)), max_size=30),
    st.integers(0, 12),
)
def test_services_cap_is_kept_whatever_came_before(touched: list[tuple[int, int]], cap: int) -> None:
    uses = [use(f"run_x{n}", f"svc_x{n}", ago=timedelta(minutes=ago)) for n, ago in touched]
    found = hold(guards=Guards(services_per_hour=cap), uses=uses)
    services = {one.service_id for one in uses}
    assert (found is None) is (len(services) < cap)
    if found is not None and found.until is not None:  # then it fits
        later = Circumstances(found.until, uses=uses)
        assert judge_hold(AUTOMATIC, Guards(services_per_hour=cap), later) is None


@pytest.mark.parametrize(
    ("fields", "where"),
    [
        ({"max_share": 1.1}, "max_share"),
        ({"max_share": float("nan")}, "max_share"),
        ({"services_per_hour": -1}, "services_per_hour"),
        ({"flags_per_hour": 10_000_000}, "flags_per_hour"),
        ({"cooldown_s": float("inf")}, "cooldown_s"),
        ({"max_drill_age_s": -1.0}, "max_drill_age_s"),
        ({"freezes": (replace(FREEZE, ends_at=T0),)}, "freezes"),
        ({"freezes": (replace(FREEZE, reason=" "),)}, "freezes"),
        ({"freezes": (FREEZE, FREEZE)}, "freezes"),
    ],
)
def test_limits_that_mean_nothing_are_refused(fields: dict[str, Any], where: str) -> None:
    with pytest.raises(UsageError) as told:
        check_guards(replace(Guards(), **fields))
    assert told.value.where == where
