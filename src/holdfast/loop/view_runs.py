"""Runs in a list: what is at work, what waits for whom, what is held back and why.

Rules:
1. What can still change comes first: at work, needing a person, waiting, in effect; what has ended after that.
2. A drill is never shown among real runs unless it is asked for.
"""

from collections.abc import Sequence
from datetime import datetime

from holdfast.loop.view_action import label_of
from holdfast.mitigations.autonomy import AUTOMATION
from holdfast.model.frozen import frozen
from holdfast.model.plan import Autonomy, Coverage
from holdfast.model.run import Run, RunState, StepState
from holdfast.ports.store import Transaction

WORKING = (RunState.APPROVED, RunState.ACTING, RunState.VERIFYING, RunState.UNDOING)
PERSON = (RunState.NEEDS_PERSON, RunState.AWAITING, RunState.SUGGESTED, RunState.FAILED)
IN_EFFECT = (RunState.EFFECTIVE,)
ENDED = (RunState.UNDONE, RunState.REJECTED, RunState.OBSERVED)
GROUPS = {"working": WORKING, "person": PERSON, "effective": IN_EFFECT, "ended": ENDED}

_WORDS = {
    RunState.OBSERVED: ("waived", "only observed"),
    RunState.SUGGESTED: ("unknown", "suggested"),
    RunState.AWAITING: ("unknown", "waits for approval"),
    RunState.APPROVED: ("mitigated", "about to begin"),
    RunState.ACTING: ("mitigated", "acting"),
    RunState.VERIFYING: ("mitigated", "being read back"),
    RunState.EFFECTIVE: ("fine", "in effect"),
    RunState.NEEDS_PERSON: ("exposed", "needs a person"),
    RunState.FAILED: ("exposed", "failed"),
    RunState.UNDOING: ("mitigated", "being taken back"),
    RunState.UNDONE: ("resolved", "taken back"),
    RunState.REJECTED: ("waived", "rejected"),
}


@frozen
class RunRow:
    """A run in a list. `tag` is what its mark looks like, `words` its state; `done` of `steps` are carried out.

    `asked` is `automation`, or the opaque id of who asked. `took_s` is from its plan to its effect, `None` without one.
    """

    id: str
    tag: str
    words: str
    label: str
    plan: str
    service: str
    environment: str
    exposure: str
    level: str
    asked: str
    approvals: int
    wanted: int
    done: int
    steps: int
    held: str | None
    break_glass: str | None
    drill: str | None
    created_at: datetime
    updated_at: datetime
    took_s: float | None
    expires_at: datetime | None


@frozen
class RunsView:
    """A page of runs, newest first; `counts` are how many are in each group, `next` the cursor."""

    group: str | None
    rows: tuple[RunRow, ...]
    counts: tuple[tuple[str, int], ...]
    next: str | None


def approvals_wanted(run: Run) -> int:
    """Return how many identities must consent before it begins."""
    match run.level:
        case Autonomy.APPROVE_2:
            return 2
        case Autonomy.AUTO:
            return 0
    return 1


def run_words(run: Run) -> tuple[str, str]:
    """Return (mark, words) of a run's state."""
    if run.released and run.state not in {RunState.UNDONE, RunState.UNDOING, RunState.REJECTED}:
        return _WORDS[RunState.UNDOING]
    if run.state is RunState.EFFECTIVE and (run.unproven or run.plan.coverage is not Coverage.FULL):
        return "mitigated", "in effect, in part" if not run.unproven else "not proven everywhere"
    if run.state is RunState.APPROVED and run.held:
        return "unknown", "held back"
    return _WORDS[run.state]


def row_of_run(run: Run) -> RunRow:
    """Return a run as a list shows it."""
    tag, words = run_words(run)
    done = sum(step.state is StepState.DONE for step in run.steps)
    took = (run.effective_at - run.created_at).total_seconds() if run.effective_at else None
    return RunRow(
        run.id,
        tag,
        words,
        label_of([step.step for step in run.steps]),
        run.plan.id,
        run.service,
        run.environment,
        run.exposure,
        run.level.value,
        "automation" if run.requested_by == AUTOMATION else run.requested_by,
        len({one.by for one in run.approvals}),
        approvals_wanted(run),
        done,
        len(run.steps),
        run.held,
        run.break_glass,
        run.drill,
        run.created_at,
        run.updated_at or run.created_at,
        took,
        run.expires_at,
    )


def runs_view(
    tx: Transaction, *, group: str | None = None, after: str | None = None, limit: int = 50, drills: bool = False
) -> RunsView:
    """Return a page of runs, of one group or of all."""
    states: Sequence[RunState] = GROUPS.get(group or "", ())
    rows: list[Run] = []
    cursor = after
    while len(rows) <= limit:
        page = tx.runs.list(cursor, limit + 1, states=states, drills=drills)
        rows += page
        if len(page) <= limit:
            break
        cursor = page[-1].id
    shown = rows[:limit]
    following = shown[-1].id if len(rows) > limit else None
    return RunsView(group, tuple(row_of_run(run) for run in shown), _counts(tx, drills), following)


def _counts(tx: Transaction, drills: bool) -> tuple[tuple[str, int], ...]:
    """How many runs are in each group that can still change."""
    groups = {name: states for name, states in GROUPS.items() if states is not ENDED}
    found = tx.runs.count([state for states in groups.values() for state in states], drills=drills)
    return tuple((name, sum(found.get(state, 0) for state in states)) for name, states in groups.items())
