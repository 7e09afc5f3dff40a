"""Every action passes the suite, and the suite finds what an action must not do."""

from collections.abc import Sequence

import pytest

from holdfast.registry import load_room
from holdfast.testing.actions import Case, load_cases
from holdfast.testing.actions_suite import ActionSuite

CASES: Sequence[tuple[str, Case]] = load_cases()


class TestEveryAction(ActionSuite):
    @pytest.fixture(params=CASES, ids=[f"{action}-{case.name}" for action, case in CASES])
    def case(self, request: pytest.FixtureRequest) -> Case:
        _, case = request.param
        assert isinstance(case, Case)
        return case


def test_no_action_is_without_a_case() -> None:
    assert {spec.id for spec in load_room("mitigations.actions")} - {action for action, _ in CASES} == set()


def test_every_case_is_of_its_own_action() -> None:
    known = {spec.id: spec.name for spec in load_room("mitigations.actions")}
    for action, case in CASES:
        with case.open() as scene:
            assert scene.call.step.action == known[action], case.name
