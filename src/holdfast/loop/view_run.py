"""One run: step by step, what holds it back and why, who consented, what a person may do now.

Nothing is shown as done that was not read back.
"""

from collections.abc import Sequence
from datetime import datetime

from holdfast.errors import NotFoundError, PlanError
from holdfast.loop.respond_begun import CONFIRMABLE
from holdfast.loop.view_exposure import JournalLine, line_of
from holdfast.loop.view_runs import RunRow, approvals_wanted, row_of_run
from holdfast.mitigations.actions import get_action
from holdfast.model.exposure import Exposure
from holdfast.model.frozen import frozen
from holdfast.model.run import Run, RunState, RunStep, Signal, StepState
from holdfast.ports.store import Transaction

APPROVE, REJECT, UNDO, CONFIRM = "approve", "reject", "undo", "confirm"

_STEP = {
    StepState.PENDING: ("waived", "not begun"),
    StepState.INTENT: ("mitigated", "at work"),
    StepState.DONE: ("fine", "done, read back"),
    StepState.FAILED: ("exposed", "failed"),
    StepState.UNKNOWN: ("unknown", "not known"),
    StepState.UNDOING: ("mitigated", "being taken back"),
    StepState.UNDONE: ("resolved", "taken back"),
    StepState.SKIPPED: ("waived", "not begun"),
}
_WAITING = frozenset({RunState.OBSERVED, RunState.SUGGESTED, RunState.AWAITING, RunState.APPROVED})
_UNDOABLE = frozenset({RunState.ACTING, RunState.VERIFYING, RunState.EFFECTIVE, RunState.FAILED, RunState.NEEDS_PERSON})
_SENTENCES = {
    RunState.OBSERVED: "It says what it would do, and does nothing unless a person asks.",
    RunState.SUGGESTED: "It is suggested, and waits for a person.",
    RunState.APPROVED: "It may act, and begins in a moment.",
    RunState.ACTING: "It is carrying its steps out.",
    RunState.VERIFYING: "Everything was carried out; whether the application really changed is being read back.",
    RunState.EFFECTIVE: "Its effect was read back in the application.",
    RunState.NEEDS_PERSON: "What became of a step can't be proved, and doing it twice may harm: a person must say.",
    RunState.FAILED: "It did not do what it promised.",
    RunState.UNDOING: "It is being taken back, the last step first.",
    RunState.UNDONE: "Everything it did was taken back.",
    RunState.REJECTED: "It was rejected, and did nothing.",
}


@frozen
class StepRow:
    """A step: what it does, where it stands, when it was intended and when it was read back.

    `asks` are what a person may say of it: `approve` for one that waits for consent, `happened` and `did_not_happen`
    for one whose fate is not known.
    """

    number: int
    name: str
    action: str
    arguments: tuple[tuple[str, str], ...]
    about: str
    blast_radius: str
    reversible: bool
    tag: str
    words: str
    detail: str
    attempt: int
    after: tuple[str, ...]
    intended_at: datetime | None
    done_at: datetime | None
    due_at: datetime | None
    took_s: float | None
    asks: tuple[str, ...] = ()


@frozen
class RunView:
    """One run with what explains it. `deeds` are what a person may do now; `exposure` is `None` when it is gone."""

    run: Run
    row: RunRow
    sentence: str
    exposure: Exposure | None
    steps: tuple[StepRow, ...]
    deeds: tuple[str, ...]
    wanted: int
    signals: tuple[Signal, ...]
    driven_by: str | None
    next_at: datetime | None
    journal: tuple[JournalLine, ...]


def run_view(tx: Transaction, run_id: str, now: datetime, entries: int = 200) -> RunView:
    """Return one run.

    Raises:
        NotFoundError: there is no such run.
    """
    run = tx.runs.get(run_id)
    lease = tx.leases.of(run.id)
    waits = [step.due_at for step in run.steps if step.due_at is not None]
    return RunView(
        run,
        row_of_run(run),
        _sentence(run),
        _find_exposure(tx, run),
        tuple(_step_row(run, step) for step in run.steps),
        _deeds(run),
        approvals_wanted(run),
        tuple(tx.signals.of_run(run.id)),
        lease.owner if lease is not None and lease.until > now else None,
        min(waits, default=None),
        tuple(line_of(entry) for entry in tx.journal.about(run.id, entries)),
    )


def _find_exposure(tx: Transaction, run: Run) -> Exposure | None:
    try:
        return tx.exposures.get(run.exposure)
    except NotFoundError:
        return None


def _sentence(run: Run) -> str:
    if run.released and run.state not in {RunState.UNDONE, RunState.REJECTED}:
        return _SENTENCES[RunState.UNDOING]
    if run.state is RunState.AWAITING:
        missing = approvals_wanted(run) - len({one.by for one in run.approvals})
        people = "one person" if missing == 1 else f"{missing} different people"
        return f"It waits for the consent of {people}, other than who asked for it."
    return _SENTENCES[run.state]


def _deeds(run: Run) -> tuple[str, ...]:
    if run.released:
        return ()
    if run.state in _WAITING:
        return (APPROVE, REJECT)
    if run.state not in _UNDOABLE:
        return ()
    return (CONFIRM, UNDO) if run.state in CONFIRMABLE and run.expires_at else (UNDO,)


def _step_row(run: Run, step: RunStep) -> StepRow:
    tag, words = _STEP[step.state]
    about, blast, reversible = _facts(step.step.action)
    took = (step.done_at - step.intended_at).total_seconds() if step.done_at and step.intended_at else None
    return StepRow(
        step.number,
        step.name,
        step.step.action,
        step.step.arguments,
        about,
        blast,
        reversible,
        tag,
        words,
        step.detail,
        step.attempt,
        _after(run.steps, step),
        step.intended_at,
        step.done_at,
        step.due_at,
        took,
        _asks(step),
    )


def _facts(action: str) -> tuple[str, str, bool]:
    """About, blast radius, whether it can be taken back; an action of another version of this program is named so."""
    try:
        spec = get_action(action)
    except PlanError:
        return "An action that this version does not know.", "not known", False
    return spec.about, spec.blast_radius, spec.reversible


def _after(steps: Sequence[RunStep], step: RunStep) -> tuple[str, ...]:
    if step.step.after is not None:
        return step.step.after
    return tuple(other.name for other in steps if other.number == step.number - 1)


def _asks(step: RunStep) -> tuple[str, ...]:
    if step.state is StepState.UNKNOWN:
        return ("happened", "did_not_happen")
    return ("approve",) if step.state is StepState.INTENT and step.step.action == "approve" else ()
