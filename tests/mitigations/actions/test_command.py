"""`command`: only what the operator allows, and nothing pretended of how it ended."""

from collections.abc import Mapping
from dataclasses import replace

import pytest

from holdfast.errors import ActionError, PlanError
from holdfast.mitigations.action import Call
from holdfast.mitigations.actions.command import SPEC
from holdfast.ports.outside import Reply
from holdfast.testing.actions import make_call
from holdfast.testing.targets import Machine, MemoryCommand, MemoryTargets
from holdfast.testing.worlds import MemoryWorld


def call_of(command: MemoryCommand, given: Mapping[str, str] | None = None) -> Call:
    world = MemoryWorld(targets=MemoryTargets(commands={"switch": command}))
    return replace(make_call("command", {"name": "switch", "what": "x"} | dict(given or {})), world=world)


def ending(status: int, verb: str) -> MemoryCommand:
    """Return a command one verb of which ends with a status."""

    class Ending(MemoryCommand):
        def run(self, arguments: Mapping[str, str], key: str, *, verb: str = "apply") -> Reply:
            return Reply(status, "no space left") if verb == wanted else super().run(arguments, key, verb=verb)

    wanted = verb
    return Ending(Machine())


def test_arguments_that_are_not_allowed_are_refused_while_planning() -> None:
    machine = Machine()
    for given in ({"what": "a b"}, {"other": "x"}):
        with pytest.raises(PlanError):
            SPEC.plan(call_of(MemoryCommand(machine), given))
        with pytest.raises(PlanError):
            SPEC.apply(call_of(MemoryCommand(machine), given))
    assert machine.runs == 0


def test_command_that_nobody_allowed_is_refused() -> None:
    with pytest.raises(PlanError, match="the command `rm` is not allowed"):
        SPEC.plan(call_of(MemoryCommand(Machine()), {"name": "rm"}))


def test_plan_says_with_what_it_is_run() -> None:
    (change,) = SPEC.plan(call_of(MemoryCommand(Machine())))
    assert (change.what, change.after, change.note) == ("command switch", "run with what=x", "")
    (change,) = SPEC.plan(call_of(MemoryCommand(Machine(), undoes=False)))
    assert "can't be taken back" in change.note


@pytest.mark.parametrize(
    ("status", "present", "pending"), [(0, True, False), (1, False, False), (75, False, True), (2, None, False)]
)
def test_probe_tells_by_its_status(status: int, present: bool | None, pending: bool) -> None:
    back = SPEC.read_back(call_of(ending(status, "probe")))
    assert (back.present, back.pending) == (present, pending)


@pytest.mark.parametrize(("status", "present"), [(0, False), (1, True), (75, False), (2, None)])
def test_probe_tells_whether_it_is_gone(status: int, present: bool | None) -> None:
    assert SPEC.read_undone(call_of(ending(status, "probe"))).present is present


def test_status_that_is_not_zero_is_an_error() -> None:
    with pytest.raises(ActionError, match="`switch` ended with status 3: no space left"):
        SPEC.apply(call_of(ending(3, "apply")))


def test_end_that_nobody_knows_goes_to_a_person() -> None:
    call = call_of(MemoryCommand(Machine(), idempotent=False, probes=False))
    assert SPEC.read_back(replace(call, fresh=True)).present is False
    assert SPEC.read_back(call).present is None
    assert SPEC.read_undone(call).present is None


def test_end_that_nobody_knows_is_run_again_where_that_does_no_harm() -> None:
    call = call_of(MemoryCommand(Machine(), idempotent=True, probes=False))
    assert SPEC.read_back(call).present is False
    SPEC.apply(call)
    assert SPEC.read_back(call).present is True
    assert SPEC.read_undone(call).present is False
    SPEC.undo(call)
    assert SPEC.read_undone(call).present is True


def test_command_that_did_not_start_is_not_there() -> None:
    command = MemoryCommand(Machine(), idempotent=False, probes=False, outcomes={"run_1/1": Reply(127, "")})
    assert SPEC.read_back(call_of(command)).present is False


def test_undo_runs_nothing_where_nothing_is() -> None:
    command = MemoryCommand(Machine())
    assert SPEC.undo(call_of(command)) == "it is not there"
    assert command.outcomes == {}
