"""The ladder: who may let a run act, and what holds it back."""

from dataclasses import replace

import pytest

from holdfast.mitigations.autonomy import AUTOMATION, Circumstances, Decision, decide, find_hold
from holdfast.model.plan import Autonomy, Coverage, Plan
from holdfast.model.run import Approval, Run, RunState
from holdfast.model.verdict import Fail, Pass, Unknown
from tests.mitigations.flag_texts import T0

PLAN = Plan("p", "true", 1, 1, (), Coverage.FULL, (), ())
RUN = Run(
    org="org_1",
    id="run_1",
    exposure="exp_1",
    service_id="svc_1",
    service="shop",
    environment="production",
    plan=PLAN,
    plan_digest="d",
    state=RunState.APPROVED,
    level=Autonomy.AUTO,
    steps=(),
    created_at=T0,
    requested_by=AUTOMATION,
)
NOTHING = Circumstances()


@pytest.mark.parametrize(
    ("level", "state"),
    [
        (Autonomy.OBSERVE, RunState.OBSERVED),
        (Autonomy.SUGGEST, RunState.SUGGESTED),
        (Autonomy.APPROVE_1, RunState.AWAITING),
        (Autonomy.AUTO, RunState.APPROVED),
    ],
)
def test_rung_decides_how_a_run_begins(level: Autonomy, state: RunState) -> None:
    assert decide(level, Pass(), NOTHING) == Decision(state, level)


@pytest.mark.parametrize("level", list(Autonomy))
def test_plan_that_does_not_apply_makes_no_run(level: Autonomy) -> None:
    assert decide(level, Fail("other component"), NOTHING) is None


def test_unknown_condition_never_acts_by_itself() -> None:
    decision = decide(Autonomy.AUTO, Unknown("no score"), NOTHING)
    assert decision is not None
    assert (decision.state, decision.level) == (RunState.AWAITING, Autonomy.APPROVE_1)
    assert decision.held == "whether the plan applies could not be told: no score"


@pytest.mark.parametrize(
    "circumstances", [Circumstances(stale="x"), Circumstances(overruled="x"), Circumstances(not_simulated="x")]
)
def test_what_stands_against_it_lets_auto_fall_to_approve(circumstances: Circumstances) -> None:
    assert decide(Autonomy.AUTO, Pass(), circumstances) == Decision(RunState.AWAITING, Autonomy.APPROVE_1, "x")


def test_lower_rungs_stay_where_they_are() -> None:
    assert decide(Autonomy.OBSERVE, Pass(), Circumstances(stale="x")) == Decision(
        RunState.OBSERVED, Autonomy.OBSERVE, "x"
    )


def test_pause_holds_automation() -> None:
    assert find_hold(RUN, paused=True, busy=None) == "automation is paused"


def test_another_run_at_work_holds_automation() -> None:
    assert find_hold(RUN, paused=False, busy=replace(RUN, id="run_2")) == "run run_2 of the same service is at work"


def test_run_does_not_hold_itself() -> None:
    assert find_hold(RUN, paused=False, busy=RUN) is None


@pytest.mark.parametrize("run", [replace(RUN, approvals=(Approval("per_1", T0),)), replace(RUN, requested_by="tok_1")])
def test_people_are_never_held(run: Run) -> None:
    assert find_hold(run, paused=True, busy=replace(RUN, id="run_2")) is None
