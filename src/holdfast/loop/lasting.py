"""Effects that outlive the exposure they ended: a release that was switched stays switched.

Rules:
1. When an exposure ends, what only covered it is taken back, and what ended it is not: going back would open it again.
2. A run that is at work with such a step is let finish, and let go of afterwards.
3. People, failures and a service that got worse take it back as they take back everything else.
"""

from holdfast.errors import NotFoundError, PlanError
from holdfast.mitigations.actions import get_action
from holdfast.model.run import Run, RunState, RunStep, StepState
from holdfast.ports.store import Transaction

ENDED = "its exposure has ended"
"""Why a run is taken back then; told apart from every other reason by this text."""

_TOUCHED = frozenset({StepState.INTENT, StepState.DONE, StepState.FAILED, StepState.UNKNOWN, StepState.UNDOING})
_AT_WORK = frozenset({RunState.ACTING, RunState.VERIFYING})


def is_lasting(step: RunStep) -> bool:
    """Whether a step's effect outlives the exposure."""
    try:
        return get_action(step.step.action).lasting
    except PlanError:  # another version's action: that is said where it is to be driven
        return False


def stays(run: Run) -> bool:
    """Whether nothing of a run is to be taken back when its exposure ends, now or yet."""
    touched = [is_lasting(step) for step in run.steps if step.state in _TOUCHED]
    if not any(touched):
        return False
    return all(touched) or run.state in _AT_WORK


def has_ended(tx: Transaction, run: Run) -> bool:
    """Whether the exposure of a run is over."""
    try:
        return not tx.exposures.get(run.exposure).is_live
    except NotFoundError:
        return False
