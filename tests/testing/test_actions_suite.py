"""The suite finds what an action must not do: each test here is an action with one defect."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace

import pytest

from holdfast.mitigations.action import ActionSpec, Call, Change, ReadBack
from holdfast.mitigations.actions import edge_block, get_action, http
from holdfast.testing import actions
from holdfast.testing.action_cases import edge_block as blocks
from holdfast.testing.action_cases import http as requests
from holdfast.testing.actions import Case, Worker
from holdfast.testing.actions_suite import ActionSuite

SUITE = ActionSuite()
GOOD = edge_block.SPEC


@contextmanager
def instead(monkeypatch: pytest.MonkeyPatch, spec: ActionSpec) -> Iterator[None]:
    """Let the suite meet another action of that name."""
    with monkeypatch.context() as patch:
        patch.setattr(actions, "get_action", lambda name: spec if name == spec.name else get_action(name))
        yield


def writes_while_planning(call: Call) -> list[Change]:
    GOOD.apply(call)
    return list(GOOD.plan(call))


def believes_itself(call: Call) -> ReadBack:
    del call
    return ReadBack(True, "surely")


def undoes_nothing(call: Call) -> str:
    del call
    return "done"


def undoes_everything(call: Call) -> str:
    proxy = call.world.targets.proxy(call.environment, call.service)
    for block in proxy.blocks():
        proxy.remove(block.id)
    return "done"


@pytest.mark.parametrize(
    ("spec", "test"),
    [
        (replace(GOOD, plan=writes_while_planning), "test_planning_writes_nothing"),
        (replace(GOOD, capture=GOOD.apply), "test_planning_writes_nothing"),
        (replace(GOOD, read_back=believes_itself), "test_it_is_not_there_before_it_was_done"),
        (replace(GOOD, read_back=believes_itself), "test_what_was_swallowed_is_not_an_effect"),
        (replace(GOOD, apply=lambda call: ""), "test_it_is_read_back_once_done"),
        (replace(GOOD, undo=undoes_nothing), "test_undoing_restores_to_the_bit"),
        (replace(GOOD, undo=undoes_everything), "test_undoing_restores_to_the_bit"),
        (replace(GOOD, undo=undoes_nothing, read_undone=believes_itself), "test_undoing_restores_to_the_bit"),
        (replace(GOOD, undo=undoes_everything), "test_undoing_what_was_never_done_changes_nothing"),
        (replace(GOOD, read_undone=believes_itself), "test_it_is_not_undone_before_it_was"),
        (replace(GOOD, target=lambda call: ""), "test_it_says_what_it_is"),
    ],
)
def test_defect_of_a_block_is_found(monkeypatch: pytest.MonkeyPatch, spec: ActionSpec, test: str) -> None:
    case = blocks.SPEC.cases[0]
    run: Callable[[Case], None] = getattr(SUITE, test)
    run(case)
    with instead(monkeypatch, spec), pytest.raises(AssertionError):
        run(case)


def sends_again(call: Call) -> ReadBack:
    """Say that nothing is there whenever it can't be told: after a crash it would be done twice."""
    back = http.SPEC.read_back(call)
    return replace(back, present=False) if back.present is None else back


def test_action_that_is_done_twice_after_a_crash_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    neither = requests.SPEC.cases[2]
    SUITE.test_a_crash_at_any_point_ends_right(neither)
    with instead(monkeypatch, replace(http.SPEC, read_back=sends_again)), pytest.raises(AssertionError, match="twice"):
        SUITE.test_a_crash_at_any_point_ends_right(neither)


def test_crash_leaves_points_on_both_sides_of_each_call() -> None:
    from holdfast.testing.action_worlds import Crash, Fuse

    points = 0
    for point in range(1, 100):
        with blocks.SPEC.cases[0].open() as scene:
            fuse = Fuse(point)
            try:
                Worker(scene).carry_out(fuse.see(scene.open_world()))
            except Crash:
                points += 1
            else:
                assert not fuse.blown
                break
    assert points >= 6, "look, put, look: each has a before and an after"
