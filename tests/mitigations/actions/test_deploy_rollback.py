"""`deploy.rollback` and `deploy.forward` beyond the suite: what is told, left alone, learnt by the inventory."""

import json
from dataclasses import replace

import pytest

from holdfast.errors import FencedError, PlanError
from holdfast.mitigations.action import Call, Switched
from holdfast.mitigations.actions import get_action
from holdfast.testing.action_cases.deploy_rollback import OneChoice, OneDeployer
from holdfast.testing.actions import make_call
from holdfast.testing.deployers import MemoryDeployer, MemoryTarget
from holdfast.testing.worlds import MemoryWorld

SPEC = get_action("deploy.rollback")


@pytest.fixture
def outside() -> MemoryTarget:
    return MemoryTarget()


def use(outside: MemoryTarget, action: str = "deploy.rollback") -> Call:
    """Return a call on the target, its intent captured."""
    world = MemoryWorld(targets=OneDeployer(MemoryDeployer(outside)), releases=OneChoice())
    call = replace(make_call(action), world=world)
    return replace(call, before=get_action(action).capture(call))


def test_planning_tells_from_what_to_what_and_the_proof(outside: MemoryTarget) -> None:
    (change,) = SPEC.plan(use(outside))
    assert (change.what, change.before, change.after) == ("shop on default in production", "1.0", "2.0")
    assert change.note == "It is less exposed."


def test_it_is_on_its_way_until_it_is_healthy(outside: MemoryTarget) -> None:
    call = use(outside)
    SPEC.apply(call)
    waiting = SPEC.read_back(call)
    assert (waiting.present, waiting.pending) == (False, True)
    assert waiting.facts == (Switched("rel_2", "default", failed=True),), "what is recorded if it never turns healthy"
    outside.settle()
    done = SPEC.read_back(call)
    assert (done.present, done.facts) == (True, (Switched("rel_2", "default"),))


def test_before_anything_was_told_nothing_is_learnt(outside: MemoryTarget) -> None:
    back = SPEC.read_back(use(outside))
    assert (back.present, back.pending, back.facts) == (False, False, ())
    assert back.detail == "the target was told to run `1.0`"


def test_what_was_cut_off_is_done_again(outside: MemoryTarget) -> None:
    call = use(outside)
    outside.begun = True
    assert not SPEC.read_back(call).pending
    assert "cut off" in SPEC.read_back(call).detail


def test_the_choice_is_asked_for_once(outside: MemoryTarget) -> None:
    call = use(outside)
    chosen = call.world.releases
    assert isinstance(chosen, OneChoice)
    asked = chosen.asked
    for deed in (SPEC.apply, SPEC.read_back, SPEC.undo, SPEC.read_undone):
        deed(call)
    assert chosen.asked == asked


def test_a_third_version_is_left_alone(outside: MemoryTarget) -> None:
    call = use(outside)
    SPEC.apply(call)
    outside.settle()
    outside.whole.add("3.0")
    MemoryDeployer(outside).switch("3.0", "ci/1", 1)
    assert SPEC.undo(call) == "`3.0` was deployed since, and is left alone"
    back = SPEC.read_undone(call)
    assert (back.present, back.facts, outside.running) == (True, (), "3.0")


def test_going_back_to_what_was_sick_does_not_wait_for_its_health(outside: MemoryTarget) -> None:
    outside.sick.add("1.0")
    outside.healthy = False
    call = use(outside)
    SPEC.apply(call)
    outside.settle()
    SPEC.undo(call)
    outside.settle()
    back = SPEC.read_undone(call)
    assert back.present
    assert "no healthier than before" in back.detail
    assert back.facts == (Switched("rel_1", "default"),)


def test_undoing_before_the_switch_fences_a_late_one_out(outside: MemoryTarget) -> None:
    """A worker is frozen before its switch; another takes over and takes the run back; the first one wakes."""
    call = use(outside)
    SPEC.undo(replace(call, fence=2))
    with pytest.raises(FencedError, match="taken over"):
        SPEC.apply(replace(call, fence=1))
    assert outside.running == "1.0"


def test_a_target_that_runs_nothing_is_refused(outside: MemoryTarget) -> None:
    outside.running = outside.current = None
    with pytest.raises(PlanError, match="runs nothing that could be gone back to"):
        use(outside)


@pytest.mark.parametrize("before", ["{", "{}", "[]", json.dumps({"proof": 1})])
def test_an_intent_that_can_not_be_read_is_told(outside: MemoryTarget, before: str) -> None:
    with pytest.raises(PlanError, match="what step 1 decided on can't be read"):
        SPEC.apply(replace(use(outside), before=before))


def test_what_keeps_the_deployer_from_being_used_is_told() -> None:
    world = MemoryWorld(targets=OneDeployer(MemoryDeployer(problem="no supervisor runs")))
    assert SPEC.find_problem(replace(make_call("deploy.forward"), world=world)) == "no supervisor runs"


def test_steps_on_one_slot_have_one_target(outside: MemoryTarget) -> None:
    assert SPEC.target(use(outside)) == get_action("deploy.forward").target(use(outside, "deploy.forward"))
