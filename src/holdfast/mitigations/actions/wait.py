"""`wait`: let some time pass between two steps. It begins with the step's intent: a restart does not add to it."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from holdfast.errors import PlanError
from holdfast.facts.manifest_durations import parse_duration_s
from holdfast.mitigations.action import Argument, Call, Change, ReadBack
from holdfast.mitigations.actions import _gate

LONGEST_S = 7 * _gate.DAY_S


def _length(call: Call) -> timedelta:
    text = call.require("for")
    seconds = parse_duration_s(text)
    if seconds is None or not 0 < seconds <= LONGEST_S:
        raise PlanError(f"`for` is no duration of up to 7 days: `{text[:40]}`", hint="30s, 10m, 2h")
    return timedelta(seconds=seconds)


def _ends_at(call: Call) -> datetime:
    return (call.intended_at or call.at) + _length(call)


def _plan(call: Call) -> Sequence[Change]:
    _length(call)
    return (Change("time", "now", f"{call.require('for')} later"),)


def _read_back(call: Call) -> ReadBack:
    ends_at = _ends_at(call)
    if call.intended_at is not None and call.at >= ends_at:
        return ReadBack(True, f"{call.require('for')} have passed")
    left_s = (ends_at - call.at) / timedelta(seconds=1)
    return ReadBack(False, f"{left_s:.0f} s are left of {call.require('for')}", pending=True, again_at=ends_at)


SPEC = _gate.gate_action(
    "wait",
    "Let some time pass.",
    (Argument("for", True, "How long, like `10m`."),),
    _plan,
    _read_back,
    deadline_s=LONGEST_S + _gate.DAY_S,
)
