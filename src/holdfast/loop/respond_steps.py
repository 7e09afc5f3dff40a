"""The transitions of runs, each inside one transaction: intended, carried out, read back, proven, taken back.

Every function here is given a run as it is stored now, stores and journals what becomes of it, and returns that; `None`
when nothing does.
"""

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta

from holdfast.errors import ActionError, ConflictError, NotFoundError, PlanError
from holdfast.findings.lifecycle import Transition, act, lift, mitigate
from holdfast.loop.reconcile import record_transitions
from holdfast.loop.respond_people import is_paused
from holdfast.loop.respond_plans import journal_run, make_call
from holdfast.loop.turn import Turn
from holdfast.loop.world import TxWorld
from holdfast.mitigations.actions import get_action
from holdfast.mitigations.autonomy import AUTOMATION, find_hold
from holdfast.model.exposure import Exposure
from holdfast.model.plan import Coverage
from holdfast.model.run import Run, RunState, RunStep, StepState
from holdfast.ports.ids import Ids
from holdfast.ports.store import Transaction

ACT_DEADLINE = timedelta(seconds=60)

_ORDER = (RunState.UNDOING, RunState.ACTING, RunState.APPROVED, RunState.VERIFYING)
_TOUCHED = frozenset({StepState.INTENT, StepState.DONE, StepState.FAILED, StepState.UNKNOWN})


def urgency(run: Run) -> tuple[int, datetime]:
    """Return what sorts runs: what is to be taken back first, then what acts, then what is looked at."""
    if run.released:
        return (-1, run.created_at)
    return (_ORDER.index(run.state) if run.state in _ORDER else len(_ORDER), run.created_at)


def begin(tx: Transaction, run: Run, now: datetime, busy: Run | None) -> Run | None:
    """Intend the first step, unless a guard holds the run back; that is written once."""
    hold = find_hold(run, paused=is_paused(tx), busy=busy)
    if hold is None:
        return _intend(tx, replace(run, state=RunState.ACTING, held=None), now)
    if hold != run.held:
        held = replace(run, held=hold, updated_at=now)
        tx.runs.save(held)
        journal_run(tx, "run.held", held, AUTOMATION, held=hold)
    return None


def act_next(tx: Transaction, run: Run, now: datetime, ids: Ids) -> Run | None:
    """Carry the intended step out, or intend the next one; between two steps the pause is looked at."""
    step = next((step for step in run.steps if step.state is not StepState.DONE), None)
    if step is None:
        return _finish_acting(tx, run, now, ids)
    if step.state is StepState.PENDING:
        held = find_hold(run, paused=is_paused(tx), busy=None) is not None
        return None if held else _intend(tx, run, now)
    done = _carry_out(tx, run, step, now)
    changed = _with_step(run, done, now)
    journal_run(tx, "run.step", changed, AUTOMATION, **_step_facts(done, "after"))
    if done.state is StepState.DONE and done.number == len(run.steps):
        return _finish_acting(tx, changed, now, ids)
    if done.state is not StepState.DONE:
        changed = replace(changed, state=RunState.FAILED, held=done.detail)
    tx.runs.save(changed)
    return changed


def _intend(tx: Transaction, run: Run, now: datetime) -> Run:
    """Write down that the next step is about to be carried out."""
    step = next((step for step in run.steps if step.state is StepState.PENDING), None)
    if step is None:
        raise PlanError(f"plan `{run.plan.id}` has no step", hint="name what to do under `do`")
    intent = replace(step, state=StepState.INTENT, at=now)
    changed = _with_step(run, intent, now)
    tx.runs.save(changed)
    journal_run(tx, "run.step", changed, AUTOMATION, **_step_facts(intent, "before"))
    return changed


def _carry_out(tx: Transaction, run: Run, step: RunStep, now: datetime) -> RunStep:
    """Probe first; act only if the effect is absent; believe what is read back."""
    spec = get_action(step.step.action)
    call = make_call(run, step, now, TxWorld(tx, run.environment))
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


def _finish_acting(tx: Transaction, run: Run, now: datetime, ids: Ids) -> Run:
    changed = replace(run, state=RunState.VERIFYING, held=None, updated_at=now)
    tx.runs.save(changed)
    _transit(tx, run, now, ids, lambda exposure: act(exposure, now))
    return changed


def prove(tx: Transaction, run: Run, now: datetime, ids: Ids, *, proof: str, seen_at: datetime) -> Run:
    """Keep the proof; with full coverage the exposure is mitigated at the instant it was seen."""
    full = run.plan.coverage is Coverage.FULL
    held = None if full else f"coverage is {run.plan.coverage}: it helps, and the clock goes on"
    changed = replace(run, state=RunState.EFFECTIVE, proof=proof, held=held, updated_at=now)
    tx.runs.save(changed)
    journal_run(tx, "run.effective", changed, AUTOMATION, proof=proof, coverage=run.plan.coverage)
    if full:
        acted_at = acted_last_at(run)
        _transit(tx, run, now, ids, lambda exposure: mitigate(exposure, acted_at, seen_at))
    return changed


def acted_last_at(run: Run) -> datetime:
    """Return when the last step was carried out."""
    return max((step.at for step in run.steps if step.at is not None), default=run.created_at)


def fail(tx: Transaction, run: Run, now: datetime, because: str) -> Run:
    """Give up on a run; what it did stays in place."""
    changed = replace(run, state=RunState.FAILED, held=because, updated_at=now)
    tx.runs.save(changed)
    journal_run(tx, "run.failed", changed, AUTOMATION, because=because)
    return changed


def begin_undo(tx: Transaction, run: Run, now: datetime) -> Run:
    """Intend to take everything back."""
    changed = replace(run, state=RunState.UNDOING, updated_at=now)
    tx.runs.save(changed)
    journal_run(tx, "run.undoing", changed, AUTOMATION)
    return changed


def undo_all(tx: Transaction, run: Run, now: datetime, ids: Ids) -> Run:
    """Take every step back, the last one first; the exposure's mitigation is lifted if nothing else guards it."""
    changed = run
    for step in reversed(run.steps):
        if step.state in _TOUCHED:
            undone = _take_back(tx, run, step, now)
            changed = _with_step(changed, undone, now)
            journal_run(tx, "run.step", changed, AUTOMATION, **_step_facts(undone, "undone"))
    changed = replace(changed, state=RunState.UNDONE, held=None, released=True, updated_at=now)
    tx.runs.save(changed)
    journal_run(tx, "run.undone", changed, AUTOMATION)
    if not _still_guarded(tx, run):
        _transit(tx, run, now, ids, lambda exposure: lift(exposure, now))
    return changed


def _take_back(tx: Transaction, run: Run, step: RunStep, now: datetime) -> RunStep:
    spec = get_action(step.step.action)
    if not spec.reversible:
        return replace(step, detail=f"`{spec.name}` can't be taken back")
    call = make_call(run, step, now, TxWorld(tx, run.environment))
    spec.undo(call)
    back = spec.read_undone(call)
    if not back.present:
        raise ActionError(f"`{spec.name}` was taken back and is still there: {back.detail}")
    return replace(step, state=StepState.UNDONE, at=now, detail=back.detail)


def _still_guarded(tx: Transaction, run: Run) -> bool:
    """Whether another proven run of full coverage still guards the exposure."""
    return any(
        other.id != run.id
        and other.state is RunState.EFFECTIVE
        and other.plan.coverage is Coverage.FULL
        and not other.released
        for other in tx.runs.of_exposures([run.exposure])
    )


def _transit(tx: Transaction, run: Run, now: datetime, ids: Ids, transition: Callable[[Exposure], Transition]) -> None:
    """Move the run's exposure; one whose state meanwhile forbids it (waived, resolved) stays as it is."""
    try:
        step = transition(tx.exposures.get(run.exposure))
    except (ConflictError, NotFoundError):
        return
    if step.after != step.before:
        record_transitions(Turn(tx, now, ids), [step])


def note_failure(tx: Transaction, run: Run, now: datetime, message: str) -> Run | None:
    """Record what went wrong, once; a run that could not act within `ACT_DEADLINE` has failed."""
    changed = _with_failure(run, message, now)
    if changed == run:
        return None
    tx.runs.save(changed)
    journal_run(tx, "run.trouble", changed, AUTOMATION, because=message)
    return changed


def _with_failure(run: Run, message: str, now: datetime) -> Run:
    step = next((step for step in run.steps if step.state is StepState.INTENT), None)
    if run.state is not RunState.ACTING or step is None:
        return replace(run, held=message, updated_at=now) if run.held != message else run
    if step.at is not None and now - step.at >= ACT_DEADLINE:
        failed = _with_step(run, replace(step, state=StepState.FAILED, detail=message), now)
        return replace(failed, state=RunState.FAILED, held=message)
    if step.detail == message:
        return run
    return replace(_with_step(run, replace(step, detail=message), now), held=message)


def _with_step(run: Run, step: RunStep, now: datetime) -> Run:
    steps = tuple(step if known.number == step.number else known for known in run.steps)
    return replace(run, steps=steps, updated_at=now)


def _step_facts(step: RunStep, phase: str) -> dict[str, object]:
    return {"step": step.number, "action": step.step.action, "key": step.key, "phase": phase, "detail": step.detail}
