"""The steps of runs: intended, carried out, read back, taken back. Each inside one transaction of the engine."""

from dataclasses import replace
from datetime import datetime, timedelta

from holdfast.errors import ActionError, PlanError
from holdfast.loop.respond_plans import journal_run, make_call
from holdfast.mitigations.actions import get_action
from holdfast.mitigations.autonomy import AUTOMATION
from holdfast.model.plan import Coverage, Run, RunState, RunStep, StepState
from holdfast.ports.store import Transaction

ACT_DEADLINE = timedelta(seconds=60)
TOUCHED = frozenset({StepState.INTENT, StepState.DONE, StepState.FAILED, StepState.UNKNOWN})
"""The states of steps that may have changed the world."""

_ORDER = (RunState.UNDOING, RunState.ACTING, RunState.APPROVED, RunState.VERIFYING)


def urgency(run: Run) -> tuple[int, datetime]:
    """Return what sorts runs: what is to be taken back first, then what acts, then what is looked at."""
    if run.released:
        return (-1, run.created_at)
    return (_ORDER.index(run.state) if run.state in _ORDER else len(_ORDER), run.created_at)


def with_step(run: Run, step: RunStep, now: datetime) -> Run:
    """Return the run with one of its steps changed."""
    steps = tuple(step if known.number == step.number else known for known in run.steps)
    return replace(run, steps=steps, updated_at=now)


def step_facts(step: RunStep, phase: str) -> dict[str, object]:
    """Return what the journal says of a step; `phase` is `before`, `after` or `undone`."""
    return {"step": step.number, "action": step.step.action, "key": step.key, "phase": phase, "detail": step.detail}


def intend(tx: Transaction, run: Run, now: datetime) -> Run:
    """Write down that the next step is about to be carried out."""
    step = next((step for step in run.steps if step.state is StepState.PENDING), None)
    if step is None:
        raise PlanError(f"plan `{run.plan.id}` has no step", hint="name what to do under `do`")
    intent = replace(step, state=StepState.INTENT, at=now)
    changed = with_step(replace(run, held=None), intent, now)
    tx.runs.save(changed)
    journal_run(tx, "run.step", changed, AUTOMATION, **step_facts(intent, "before"))
    return changed


def carry_out(tx: Transaction, run: Run, step: RunStep, now: datetime) -> RunStep:
    """Probe first; act only if the effect is absent; believe what is read back."""
    spec = get_action(step.step.action)
    call = make_call(tx, run, step, now)
    back = spec.read_back(call)
    if back.present is None and not spec.idempotent:
        because = f"what became of it can't be told, and doing it twice may harm: {back.detail}"
        return replace(step, state=StepState.UNKNOWN, at=now, detail=because)
    if back.present:
        return replace(step, state=StepState.DONE, at=now, detail=f"found in place: {back.detail}")
    spec.apply(call)
    back = spec.read_back(call)
    if not back.present:
        raise ActionError(f"`{spec.name}` was carried out and is not there: {back.detail}")
    return replace(step, state=StepState.DONE, at=now, detail=back.detail)


def take_back(tx: Transaction, run: Run, step: RunStep, now: datetime) -> RunStep:
    """Undo a step; believe what is read back."""
    spec = get_action(step.step.action)
    if not spec.reversible:
        return replace(step, detail=f"`{spec.name}` can't be taken back")
    call = make_call(tx, run, step, now)
    spec.undo(call)
    back = spec.read_undone(call)
    if not back.present:
        raise ActionError(f"`{spec.name}` was taken back and is still there: {back.detail}")
    return replace(step, state=StepState.UNDONE, at=now, detail=back.detail)


def still_guarded(tx: Transaction, run: Run) -> bool:
    """Whether another proven run of full coverage still guards the exposure."""
    return any(
        other.id != run.id
        and other.state is RunState.EFFECTIVE
        and other.plan.coverage is Coverage.FULL
        and not other.released
        for other in tx.runs.of_exposures([run.exposure])
    )


def with_failure(run: Run, message: str, now: datetime) -> Run:
    """Return the run with what went wrong; one that could not act within `ACT_DEADLINE` has failed."""
    step = next((step for step in run.steps if step.state is StepState.INTENT), None)
    if run.state is not RunState.ACTING or step is None:
        return replace(run, held=message, updated_at=now) if run.held != message else run
    if step.at is not None and now - step.at >= ACT_DEADLINE:
        failed = with_step(run, replace(step, state=StepState.FAILED, detail=message), now)
        return replace(failed, state=RunState.FAILED, held=message)
    if step.detail == message:
        return run
    return replace(with_step(run, replace(step, detail=message), now), held=message)
