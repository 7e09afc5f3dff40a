"""What people do with runs that have begun, and past all that would hold one up.

Undo takes a run back; confirm keeps one for another while; resolve says what became of a step that nobody can prove;
consent lets a waiting `approve` step go on. Breaking the glass lets a run act past every guard and approval, with a
reason that everybody is told; the run's own rules hold for it as for any other.
"""

from dataclasses import replace
from datetime import datetime, timedelta

from holdfast.errors import ConflictError, ForbiddenError, UsageError
from holdfast.loop.approvals import tell_all
from holdfast.loop.respond_people import WAITING, change_run, find_helpful, get_run_in, require_live
from holdfast.loop.respond_plans import PlanReader, changes_to_json, journal_run, simulate
from holdfast.loop.signals import take_signal
from holdfast.mitigations.autonomy import WORKING
from holdfast.mitigations.run import get_step, resolve_step
from holdfast.model.instant import format_instant
from holdfast.model.plan import Autonomy
from holdfast.model.run import Approval, Run, RunState, StepState, Timer
from holdfast.ports.ids import Ids
from holdfast.ports.store import Transaction

UNDOABLE = frozenset({RunState.ACTING, RunState.VERIFYING, RunState.EFFECTIVE, RunState.FAILED, RunState.NEEDS_PERSON})
CONFIRMABLE = frozenset({RunState.EFFECTIVE, RunState.FAILED})
LONGEST_CONFIRM_S = 366 * 86400.0
MOST_REASON = 500


def undo(tx: Transaction, run_id: str, actor: str, now: datetime, *, signal: str | None = None) -> Run:
    """Take a run back; nothing holds it up. The exposure is open again if what is bad still runs.

    Raises:
        ConflictError: it has not begun, or is undone already.
    """
    run = _find_repeated(tx, run_id, signal)
    if run is not None:
        return run
    run = get_run_in(tx, run_id, UNDOABLE, "undone")
    take_signal(tx, "undo", actor, now, run=run_id, exposure=run.exposure, signal=signal)
    return change_run(tx, "run.undo_requested", run, actor, now, released=True, undo_because="a person asked for it")


def confirm(
    tx: Transaction, run_id: str, actor: str, now: datetime, *, for_s: float | None = None, signal: str | None = None
) -> Run:
    """Keep an expiring mitigation for another while: `for_s` seconds from now, by default what its plan says.

    Raises:
        ConflictError: nothing of it is in place, or it never expires.
        UsageError: a time that is none.
    """
    run = _find_repeated(tx, run_id, signal)
    if run is not None:
        return run
    run = get_run_in(tx, run_id, CONFIRMABLE, "confirmed")
    if run.state is not RunState.EFFECTIVE and run.expires_at is None:
        raise ConflictError(f"nothing of run {run.id} is in place that expires", hint="read it again")
    wanted_s = for_s if for_s is not None else run.plan.expires_s
    if wanted_s is None:
        raise ConflictError(f"run {run.id} never expires", hint="undo it when it is not needed any more")
    if not 0 < wanted_s <= LONGEST_CONFIRM_S:
        raise UsageError(f"expected seconds up to a year, got `{wanted_s}`", where="for_s")
    expires_at = now + timedelta(seconds=wanted_s)
    body = {"expires_at": format_instant(expires_at)}
    take_signal(tx, "confirm", actor, now, run=run_id, exposure=run.exposure, signal=signal, body=body)
    tx.timers.set(Timer(tx.org, run.id, 0, "expiry", expires_at))
    held = None if run.state is RunState.EFFECTIVE else "it failed, and a person keeps what it did"
    changed = replace(run, expires_at=expires_at, held=held, updated_at=now)
    tx.runs.save(changed)
    journal_run(tx, "run.confirmed", changed, actor, **body)
    return changed


def resolve(  # noqa: PLR0917  the order of its siblings
    tx: Transaction, run_id: str, step: int, happened: bool, actor: str, now: datetime, *, signal: str | None = None
) -> Run:
    """Say what became of a step whose effect nobody can prove: it happened, or it did not and is tried again.

    Raises:
        ConflictError: the step's fate is not in question.
    """
    run = _find_repeated(tx, run_id, signal)
    if run is not None:
        return run
    run = tx.runs.get(run_id)
    if not run.released:  # what is being taken back may wait for this very word
        run = get_run_in(tx, run_id, frozenset({RunState.NEEDS_PERSON}), "resolved")
    if run.is_foreign:
        raise ConflictError(f"run {run.id} can't be resolved by this Holdfast", hint=run.held)
    changed = resolve_step(run, step, happened, now)
    kind = "happened" if happened else "did_not_happen"
    take_signal(tx, kind, actor, now, run=run_id, exposure=run.exposure, signal=signal, body={"step": step})
    tx.runs.save(changed)
    journal_run(tx, "run.resolved", changed, actor, step=step, happened=happened)
    return changed


def approve_step(
    tx: Transaction, run_id: str, step: int, actor: str, now: datetime, *, signal: str | None = None
) -> Run:
    """Consent to a step of a run that waits for people.

    Raises:
        ConflictError: the step does not wait for that, or this person consented already.
        ForbiddenError: this person asked for the run.
    """
    run = _find_repeated(tx, run_id, signal)
    if run is not None:
        return run
    run = get_run_in(tx, run_id, frozenset({RunState.APPROVED, RunState.ACTING}), "told to go on")
    waiting = get_step(run, step)
    if waiting.step.action != "approve" or waiting.state not in {StepState.PENDING, StepState.INTENT}:
        raise ConflictError(
            f"step {step} of run {run.id} is `{waiting.step.action}`, {waiting.state.value}",
            hint="only a waiting `approve` step is consented to",
        )
    if actor == run.requested_by:
        raise ForbiddenError("who asked for a run does not approve its steps", hint="ask somebody else")
    kind = f"approve-step-{step}"
    if any(one.kind == kind and one.by == actor for one in tx.signals.of_run(run_id)):
        raise ConflictError("you approved this step already", hint="a second approval is another person's")
    take_signal(tx, kind, actor, now, run=run_id, exposure=run.exposure, signal=signal, body={"step": step})
    journal_run(tx, "run.step_approved", run, actor, step=step)
    return run


def break_glass(
    tx: Transaction, run_id: str, actor: str, reason: str, now: datetime, *, signal: str | None = None
) -> Run:
    """Let a waiting run act past every guard and approval. It is loud: journaled, and everybody is told.

    Raises:
        UsageError: no reason.
        ConflictError: it does not wait, or its exposure has ended: no glass is broken past the run's own rules.
    """
    why = _require_reason(reason)
    run = _find_repeated(tx, run_id, signal)
    if run is not None:
        return run
    run = tx.runs.get(run_id)
    half_way = frozenset({RunState.ACTING}) if run.held is not None and run.break_glass is None else frozenset()
    run = get_run_in(tx, run_id, WAITING | half_way, "let go by breaking the glass")
    require_live(tx.exposures.get(run.exposure))
    state = RunState.ACTING if run.state is RunState.ACTING else RunState.APPROVED
    approvals = (
        run.approvals if any(one.by == actor for one in run.approvals) else (*run.approvals, Approval(actor, now))
    )
    changed = replace(run, state=state, break_glass=why, approvals=approvals, held=None, updated_at=now)
    return _shatter(tx, changed, actor, now, signal)


def break_glass_for(  # noqa: PLR0917  the order of `request_run`
    tx: Transaction,
    exposure_id: str,
    plan_id: str | None,
    actor: str,
    reason: str,
    now: datetime,
    ids: Ids,
    *,
    signal: str | None = None,
) -> Run:
    """The same for an exposure: its waiting run of the plan, or a new one.

    Raises:
        UsageError: no reason.
        ConflictError: the exposure has ended, the plan does not cover it, or a run of the plan is at work.
    """
    why = _require_reason(reason)
    exposure = tx.exposures.get(exposure_id)
    require_live(exposure)
    reader = PlanReader(tx)
    plan = find_helpful(reader, exposure, plan_id, now)
    for run in tx.runs.of_exposures([exposure_id]):
        if run.plan.id != plan.id:
            continue
        if run.state in WAITING:
            return break_glass(tx, run.id, actor, why, now, signal=signal)
        if run.state in WORKING:
            raise ConflictError(f"run {run.id} of this plan is at work already", hint="wait for it, or undo it")
    run = reader.make_run(exposure, plan, ids.new("run"), actor, now)
    run = replace(
        run, state=RunState.APPROVED, level=Autonomy.APPROVE_1, approvals=(Approval(actor, now),), break_glass=why
    )
    simulation = simulate(run, now, reader.world(run.environment))
    journal_run(
        tx, "run.requested", run, actor, changes=changes_to_json(simulation.changes), problem=simulation.problem
    )
    return _shatter(tx, run, actor, now, signal)


def _shatter(tx: Transaction, run: Run, actor: str, now: datetime, signal: str | None) -> Run:
    reason = run.break_glass or ""
    take_signal(
        tx, "break_glass", actor, now, run=run.id, exposure=run.exposure, signal=signal, body={"reason": reason}
    )
    tx.runs.save(run)
    journal_run(tx, "run.break_glass", run, actor, reason=reason)
    text = f"Plan `{run.plan.id}` for `{run.service}` in {run.environment} acts past all guards: {reason}"
    tell_all(tx, f"{run.id}/break-glass", "break_glass", f"Glass broken for {run.service}", text, now, run)
    return run


def _require_reason(reason: str) -> str:
    if not reason.strip():
        raise UsageError("breaking the glass needs a reason", hint='everybody is told it: --reason "…"')
    return reason.strip()[:MOST_REASON]


def _find_repeated(tx: Transaction, run_id: str, signal: str | None) -> Run | None:
    """Return the run as it is when this very signal came before."""
    if signal is None or all(one.id != signal for one in tx.signals.of_run(run_id)):
        return None
    return tx.runs.get(run_id)
