"""The one safe action for an exposure: what it would do, what it waits for, why it is held.

Nothing is shown as done that was not read back; plans that nobody rehearsed say so.
"""

from collections.abc import Sequence
from datetime import datetime

from holdfast.errors import NotFoundError, PlanError
from holdfast.loop.respond import plan_preview
from holdfast.loop.respond_people import Preview
from holdfast.loop.respond_plans import PlanReader
from holdfast.mitigations.action import Change
from holdfast.mitigations.actions import get_action
from holdfast.model.drill import Readiness
from holdfast.model.exposure import Exposure
from holdfast.model.frozen import frozen
from holdfast.model.plan import Plan, Step
from holdfast.model.run import Run, RunState
from holdfast.model.verdict import Pass
from holdfast.ports.store import Transaction

START, APPROVE, REJECT, UNDO = "start", "approve", "reject", "undo"
NEVER_REHEARSED = "never rehearsed"
REHEARSED = {
    Readiness.PROVEN: "rehearsed",
    Readiness.STALE: "rehearsal stale",
    Readiness.FAILED: "rehearsal failed",
    Readiness.NEVER: NEVER_REHEARSED,
}

_WAITING = frozenset({RunState.OBSERVED, RunState.SUGGESTED, RunState.AWAITING, RunState.APPROVED})
_WORKING = frozenset({RunState.ACTING, RunState.VERIFYING, RunState.UNDOING})
_ENDED = frozenset({RunState.UNDONE, RunState.REJECTED})


@frozen
class Action:
    """What can be done, and what is being done.

    `status` is `none` (the exposure has ended), `no_plan`, `offered`, `waiting`, `working`, `effective` or `failed`.
    `label` is what a button would say, `words` one sentence on where things stand, `deeds` what a person may do now.
    `run` is the run that it is about, `plan` the plan; `facts` are short words on the plan, `held` why it is held back.
    """

    status: str
    label: str
    words: str
    deeds: tuple[str, ...] = ()
    plan: str | None = None
    run: str | None = None
    changes: tuple[Change, ...] = ()
    facts: tuple[str, ...] = ()
    held: str | None = None
    proof: str | None = None
    problem: str | None = None
    others: tuple[str, ...] = ()


def action_for(tx: Transaction, exposure: Exposure, runs: Sequence[Run], now: datetime) -> Action:
    """Return the action of an exposure; `runs` are its runs, oldest first."""
    current = next((run for run in reversed(runs) if run.state not in _ENDED), None)
    if not exposure.is_live:
        return _of_ended(current)
    preview = _find_preview(tx, exposure, current.plan.id if current else None, now)
    if current is not None:
        return _of_run(current, preview)
    if preview is None:
        hint = "declare one under `plans` in its holdfast.yaml" if exposure.subject.kind == "service" else "fix it"
        return Action("no_plan", "", f"No plan covers this exposure: {hint}.")
    steps = PlanReader(tx).make_run(exposure, preview.plan, "run_preview", "", now).steps
    label = label_of([step.step for step in steps])
    overruled = " An earlier run was undone or rejected." if runs else ""
    words = "It applies, and nobody asked for it yet." if isinstance(preview.applies, Pass) else _doubt(preview)
    return Action(
        "offered",
        label,
        words + overruled,
        (START,),
        preview.plan.id,
        None,
        preview.changes,
        plan_facts(preview.plan, exposure.environment, preview),
        problem=preview.problem,
        others=preview.others,
    )


def _doubt(preview: Preview) -> str:
    because = "" if isinstance(preview.applies, Pass) else preview.applies.because
    return f"Whether it applies could not be told: {because}."


def _find_preview(tx: Transaction, exposure: Exposure, plan_id: str | None, now: datetime) -> Preview | None:
    try:
        return plan_preview(tx, exposure.id, plan_id, now)
    except (NotFoundError, PlanError):  # no plan, or its manifest changed under a run: the run itself still speaks
        return None


def _of_ended(run: Run | None) -> Action:
    if run is not None and run.state in {RunState.EFFECTIVE, RunState.UNDOING} | _WORKING:
        label = label_of([step.step for step in run.steps])
        return Action("working", label, "It has ended; the mitigation is being taken back.", (), run.plan.id, run.id)
    return Action("none", "", "It has ended; nothing is to be done.")


_STATES: dict[RunState, tuple[str, str, tuple[str, ...]]] = {
    RunState.OBSERVED: (
        "waiting",
        "Only observes here: it says what it would do, and waits for you.",
        (APPROVE, REJECT),
    ),
    RunState.SUGGESTED: ("waiting", "Suggested, and waiting for you.", (APPROVE, REJECT)),
    RunState.AWAITING: ("waiting", "Approval asked; waiting for one person.", (APPROVE, REJECT)),
    RunState.APPROVED: ("working", "Approved; it begins in a moment.", (REJECT,)),
    RunState.ACTING: ("working", "Acting now.", (UNDO,)),
    RunState.VERIFYING: ("working", "Written; reading back whether the application really changed.", (UNDO,)),
    RunState.EFFECTIVE: ("effective", "In effect: read back in the application.", (UNDO,)),
    RunState.FAILED: ("failed", "It could not be proven to help; what it changed stays in place.", (START, UNDO)),
    RunState.NEEDS_PERSON: ("failed", "What became of a step could not be told; a person has to say.", (UNDO,)),
    RunState.UNDOING: ("working", "Being taken back.", ()),
}


def _of_run(run: Run, preview: Preview | None) -> Action:
    status, words, deeds = _STATES[run.state]
    if run.released:
        status, words, deeds = "working", "Being taken back.", ()
    elif run.state is RunState.APPROVED and run.held:
        words, deeds = "Approved by its plan, and held back.", (APPROVE, REJECT)
    shows = preview is not None and run.state in _WAITING | {RunState.FAILED}
    return Action(
        status,
        label_of([step.step for step in run.steps]),
        words,
        deeds,
        run.plan.id,
        run.id,
        preview.changes if preview and shows else (),
        plan_facts(run.plan, run.environment, preview),
        run.held,
        run.proof,
        preview.problem if preview and shows else None,
        preview.others if preview else (),
    )


def label_of(steps: Sequence[Step]) -> str:
    """Return what a button for these steps says."""
    first = steps[0] if steps else None
    if first is None:
        return "Run the plan"
    flag = first.argument("flag")
    label = f"Turn {flag} off" if first.action == "flag.off" and flag else f"Run {first.action}"
    return label if len(steps) == 1 else f"{label} and {len(steps) - 1} more"


def plan_facts(plan: Plan, environment: str, preview: Preview | None) -> tuple[str, ...]:
    """Return short words on a plan: its name, rung, coverage, whether it can be taken back, its rehearsals."""
    rehearsed = preview.rehearsed if preview is not None else None
    prediction = preview.prediction if preview is not None else None
    reversible = all(get_action(step.action).reversible for step in plan.steps)
    return (
        f"plan {plan.id}",
        f"{plan.level(environment).value} in {environment}",
        f"coverage {plan.coverage.value}" if plan.coverage else "coverage not said",
        "reversible" if reversible else "not reversible",
        REHEARSED[rehearsed.readiness] if rehearsed is not None else NEVER_REHEARSED,
        *((prediction.words,) if prediction is not None else ()),
    )
