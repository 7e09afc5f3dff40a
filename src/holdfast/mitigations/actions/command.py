"""`command`: a command from the operator's allow-list. What it runs stands in the operator's file; no shell takes part.

Rules:
1. A plan names the command and its arguments; the operator's patterns say which are allowed.
2. With a `probe` the effect is read back by it. Without one, how the command ended is the only evidence, and gone with
   the process: then an idempotent command is run again, and with any other a person is asked.
"""

from collections.abc import Mapping, Sequence

from holdfast.errors import ActionError, PlanError
from holdfast.mitigations.action import ActionSpec, Argument, Call, Change, ReadBack
from holdfast.model.plan import Coverage
from holdfast.ports.outside import CommandTarget

THERE, ABSENT, ON_ITS_WAY = 0, 1, 75
"""The exit statuses of a `probe`; every other is "can't be told"."""


def _command(call: Call) -> CommandTarget:
    return call.world.targets.command(call.require("name"), call.environment, call.service)


def _arguments(call: Call) -> Mapping[str, str]:
    return {name: value for name, value in call.step.arguments if name != "name"}


def _checked(call: Call) -> CommandTarget:
    """Return the command. Raises: PlanError: it is not allowed, or not with these arguments."""
    command = _command(call)
    wrong = command.refuse(_arguments(call))
    if wrong is not None:
        raise PlanError(wrong, hint="the operator's file says what a command takes")
    return command


def _plan(call: Call) -> Sequence[Change]:
    command = _checked(call)
    given = ", ".join(f"{name}={value}" for name, value in sorted(_arguments(call).items()))
    note = "" if command.can("undo") else "it can't be taken back: the operator named no `undo`"
    return (Change(f"command {command.name}", "not run", f"run{f' with {given}' if given else ''}"[:300], note),)


def _run(call: Call, verb: str) -> str:
    command = _checked(call)
    reply = command.run(_arguments(call), call.key, verb=verb)
    if reply.status != 0:
        said = f": {reply.output}" if reply.output else ""
        raise ActionError(f"`{command.name}` ended with status {reply.status}{said}")
    return f"`{command.name}` ended well"


def _apply(call: Call) -> str:
    return _run(call, "apply")


def _look(call: Call) -> ReadBack | None:
    """Return what the command's own probe says of the effect; `None` without one."""
    command = _checked(call)
    if not command.can("probe"):
        return None
    status = command.run(_arguments(call), call.key, verb="probe").status
    match status:
        case 0:
            return ReadBack(True, f"the probe of `{command.name}` says that it is there")
        case 1:
            return ReadBack(False, f"the probe of `{command.name}` says that it is not there")
        case 75:
            return ReadBack(False, f"the probe of `{command.name}` says that it is on its way", pending=True)
    return ReadBack(None, f"the probe of `{command.name}` could not tell: it ended with status {status}")


def _read_back(call: Call) -> ReadBack:
    command, seen = _checked(call), _look(call)
    if seen is not None:
        return seen
    ended = command.ended(call.key)
    if ended is not None and ended.status == 0:
        return ReadBack(True, f"`{command.name}` ended well; it has no probe")
    if ended is not None and ended.status == 127:
        return ReadBack(False, f"`{command.name}` did not start")
    if call.fresh:
        return ReadBack(False, f"`{command.name}` was not run yet")
    if command.idempotent:
        return ReadBack(False, f"whether `{command.name}` was run is not known; running it again does no harm")
    return ReadBack(None, f"`{command.name}` has no probe: whether it was carried out is not known")


def _undo(call: Call) -> str:
    seen = _look(call)
    if seen is not None and seen.present is False and not seen.pending:
        return "it is not there"
    return _run(call, "undo")


def _read_undone(call: Call) -> ReadBack:
    command, seen = _checked(call), _look(call)
    if seen is not None:
        present = None if seen.present is None else not seen.present and not seen.pending
        return ReadBack(present, seen.detail, pending=seen.pending)
    ended = command.ended(f"{call.key}/undo")
    if ended is not None and ended.status == 0:
        return ReadBack(True, f"the undo of `{command.name}` ended well; it has no probe")
    if command.idempotent:
        return ReadBack(False, f"whether the undo of `{command.name}` was run is not known; again does no harm")
    return ReadBack(None, f"`{command.name}` has no probe: whether it was taken back is not known")


def _can_undo(call: Call) -> bool:
    return _command(call).can("undo")


def _target(call: Call) -> str:
    return f"command:{call.require('name')}"


def _find_problem(call: Call) -> str | None:
    return _command(call).find_problem()


SPEC = ActionSpec(
    id="command",
    name="command",
    about="Run a command that the operator allows.",
    arguments=(
        Argument("name", True, "Its name in the operator's file."),
        Argument("*", False, "An argument of the command, as its pattern in the operator's file allows."),
    ),
    blast_radius="whatever the command does; the operator's file says what is run",
    reversible=True,
    idempotent=False,
    plan=_plan,
    apply=_apply,
    read_back=_read_back,
    undo=_undo,
    read_undone=_read_undone,
    target=_target,
    find_problem=_find_problem,
    coverage=Coverage.FULL,
    deadline_s=120.0,
    reversible_for=_can_undo,
)
