"""The rule "no release without a rehearsed way back"."""

import pytest

from holdfast.gate.rehearsed import PlanStanding, judge_way_back
from holdfast.model.drill import Readiness
from holdfast.model.verdict import Fail, Pass, Unknown


def test_service_without_a_plan_has_no_way_back() -> None:
    found = judge_way_back("shop", "production", [])
    assert isinstance(found.verdict, Fail)
    assert "has no plan" in found.because


@pytest.mark.parametrize(
    ("readiness", "verdict"),
    [(Readiness.PROVEN, Pass), (Readiness.STALE, Unknown), (Readiness.FAILED, Fail), (Readiness.NEVER, Fail)],
)
def test_one_plan_decides_by_its_drills(readiness: Readiness, verdict: type) -> None:
    found = judge_way_back("shop", "production", [PlanStanding("off", readiness, "as it is")])
    assert isinstance(found.verdict, verdict)
    assert (found.plan, found.because) == ("off", "plan `off` in `production`: as it is")


def test_one_proven_plan_is_enough() -> None:
    standings = [PlanStanding(one.value, one, "…") for one in Readiness]
    found = judge_way_back("shop", "production", standings)
    assert (found.verdict, found.plan) == (Pass(), "proven")


def test_stale_comes_before_what_failed() -> None:
    standings = [PlanStanding("a", Readiness.FAILED, "…"), PlanStanding("b", Readiness.STALE, "…")]
    assert isinstance(judge_way_back("shop", "production", standings).verdict, Unknown)
