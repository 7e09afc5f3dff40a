"""What `wait`, `approve` and `probe` share: they let a run go on when something holds, and change nothing."""

from collections.abc import Sequence

from holdfast.mitigations.action import Call, ReadBack
from holdfast.model.plan import Feature, Step

DAY_S = 86400.0


def keep(step: Step, _: Sequence[Feature]) -> Step:
    """Return the step as it is."""
    return step


def apply(call: Call) -> str:
    """Do nothing: what is waited for comes by itself."""
    return f"`{call.step.action}` is waited for"


def undo(call: Call) -> str:
    """Do nothing: it changed nothing."""
    return f"`{call.step.action}` changed nothing"


def read_undone(call: Call) -> ReadBack:
    """Say that nothing is in place."""
    return ReadBack(True, f"`{call.step.action}` holds nothing in place")


def within(_: Call) -> bool:
    """All that it looks at lies in our own store."""
    return True
