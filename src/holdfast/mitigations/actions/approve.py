"""`approve`: wait until people consent to go on. Each counts once, and who asked for the run does not count."""

from collections.abc import Sequence

from holdfast.errors import PlanError
from holdfast.mitigations.action import Argument, Call, Change, ReadBack
from holdfast.mitigations.actions import _gate

MOST = 10


def _wanted(call: Call) -> int:
    text = call.step.argument("people") or "1"
    if not (text.isascii() and text.isdecimal() and 0 < int(text) <= MOST):
        raise PlanError(f"`people` is no number from 1 to {MOST}: `{text[:40]}`", hint="people: 2")
    return int(text)


def _words(count: int) -> str:
    return "one person" if count == 1 else f"{count} people"


def _plan(call: Call) -> Sequence[Change]:
    return (Change("consent", "nobody asked", f"{_words(_wanted(call))} consented"),)


def _read_back(call: Call) -> ReadBack:
    wanted = _wanted(call)
    consented = {one.by for one in call.world.approvals(call.run, call.number)} - {call.requested_by}
    if len(consented) >= wanted:
        return ReadBack(True, f"{_words(len(consented))} consented")
    return ReadBack(False, f"{len(consented)} of {wanted} consented", pending=True)


SPEC = _gate.gate_action(
    "approve",
    "Wait until people consent to go on.",
    (Argument("people", False, "How many must consent; 1 without. Who asked for the run does not count."),),
    _plan,
    _read_back,
    deadline_s=7 * _gate.DAY_S,
)
