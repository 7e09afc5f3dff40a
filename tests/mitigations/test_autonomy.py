"""The ladder: who may let a run act, and what holds it back."""

import pytest

from holdfast.mitigations.autonomy import AUTOMATION, Circumstances, Decision, count_missing, decide
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
    "circumstances",
    [
        Circumstances(stale="x"),
        Circumstances(overruled="x"),
        Circumstances(not_simulated="x"),
        Circumstances(unproven="x"),
        Circumstances(too_wide="x"),
    ],
)
def test_what_stands_against_it_lets_auto_fall_to_approve(circumstances: Circumstances) -> None:
    assert decide(Autonomy.AUTO, Pass(), circumstances) == Decision(RunState.AWAITING, Autonomy.APPROVE_1, "x")


def test_lower_rungs_stay_where_they_are() -> None:
    assert decide(Autonomy.OBSERVE, Pass(), Circumstances(stale="x")) == Decision(
        RunState.OBSERVED, Autonomy.OBSERVE, "x"
    )


def test_approve_2_waits_whatever_stands_against_acting() -> None:
    assert decide(Autonomy.APPROVE_2, Pass(), Circumstances(stale="x")) == Decision(
        RunState.AWAITING, Autonomy.APPROVE_2, "x"
    )


@pytest.mark.parametrize(
    ("level", "approved_by", "missing"),
    [
        (Autonomy.APPROVE_1, [], 1),
        (Autonomy.APPROVE_1, ["per_1"], 0),
        (Autonomy.APPROVE_2, [], 2),
        (Autonomy.APPROVE_2, ["per_1"], 1),
        (Autonomy.APPROVE_2, ["per_1", "per_1"], 1),
        (Autonomy.APPROVE_2, ["per_1", "per_9"], 1),
        (Autonomy.APPROVE_2, ["per_1", "per_2"], 0),
    ],
)
def test_approvals_are_counted_by_identity_without_the_requester(
    level: Autonomy, approved_by: list[str], missing: int
) -> None:
    assert count_missing(level, tuple(Approval(by, T0) for by in approved_by), "per_9") == missing
