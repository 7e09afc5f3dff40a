"""What follows when a run has acted, was proven, was given up or is taken back: clocks, the next rung, people.

Rules:
1. The clock of an exposure stops with full coverage alone, at the instant at which the effect was seen.
2. What was never proven stays in place, the safer side, and a person is told. While it does, the service's health is
   watched as after a proven run, and beyond `health_for` now and then: nobody has seen that it is worth its price.
3. A run that can't be carried out makes way for its plan's next rung in the same transaction; without one a person is
   told.
4. What expires is taken back, or a person is asked to confirm it: asked again and again, while it stays in place.
"""

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from holdfast.errors import ConflictError, NotFoundError
from holdfast.findings.lifecycle import Transition, act, lift, mitigate
from holdfast.loop.approvals import ask_people, tell_all
from holdfast.loop.drills_bound import find_rung_unbound
from holdfast.loop.lasting import ENDED, has_ended, stays
from holdfast.loop.reconcile import record_transitions
from holdfast.loop.respond_plans import PlanReader, changes_to_json, find_gap, journal_run, simulate
from holdfast.loop.turn import Turn
from holdfast.mitigations.autonomy import AUTOMATION, Circumstances, decide
from holdfast.mitigations.run import finish_undo
from holdfast.model.exposure import Exposure
from holdfast.model.instant import format_instant
from holdfast.model.plan import Coverage, OnExpiry, Plan
from holdfast.model.run import Run, RunState, StepState, Timer
from holdfast.model.verdict import Fail, Pass, Verdict
from holdfast.ports.ids import Ids
from holdfast.ports.store import Transaction
from holdfast.ports.world import Targets

CONFIRM_AGAIN = timedelta(hours=1)
HEALTH_PAUSE = timedelta(seconds=1)
HEALTH_REST = timedelta(seconds=30)
"""How long is waited between two looks after a run that failed long ago and is in place still."""
_NOT_IN_PLACE = frozenset({StepState.PENDING, StepState.SKIPPED, StepState.UNDONE})
_IN_PLACE = frozenset({RunState.ACTING, RunState.VERIFYING, RunState.EFFECTIVE, RunState.FAILED, RunState.NEEDS_PERSON})


def finish_acting(tx: Transaction, run: Run, now: datetime, ids: Ids) -> Run:
    """Every step is done: from now on the application is looked at. The caller stores the run."""
    _transit(tx, run, now, ids, lambda exposure: act(exposure, now))
    return replace(run, state=RunState.VERIFYING, held=None, updated_at=now)


def acted_last_at(run: Run) -> datetime:
    """Return when the last step was carried out."""
    return max((step.at for step in run.steps if step.at is not None), default=run.created_at)


def prove(tx: Transaction, run: Run, now: datetime, ids: Ids, *, proof: str, seen_at: datetime) -> Run:
    """Keep the proof; with full coverage the exposure is mitigated at the instant it was seen."""
    full = run.plan.coverage is Coverage.FULL
    held = None if full else f"coverage is {run.plan.coverage}: it helps, and the clock goes on"
    changed = replace(
        run, state=RunState.EFFECTIVE, proof=proof, held=held, unproven=(), effective_at=seen_at, updated_at=now
    )
    if has_ended(tx, changed) and not stays(changed):  # what ended it was let finish; what covered it goes now
        changed = replace(changed, released=True, undo_because=changed.undo_because or ENDED)
    tx.runs.save(changed)
    if is_watched(changed):
        tx.timers.set(Timer(run.org, run.id, 0, "health", now + HEALTH_PAUSE))
    journal_run(tx, "run.effective", changed, AUTOMATION, proof=proof, coverage=run.plan.coverage)
    if full:
        acted_at = acted_last_at(run)
        _transit(tx, run, now, ids, lambda exposure: mitigate(exposure, acted_at, seen_at))
    return changed


def is_watched(run: Run) -> bool:
    """Whether the service's health is watched after the run: it has probes, and they held before."""
    return bool(run.plan.health) and run.healthy_before is True


def is_watched_failed(run: Run) -> bool:
    """Whether the service's health is watched after a run that failed: something of it is in place."""
    in_place = any(step.state not in _NOT_IN_PLACE for step in run.steps)
    return run.state is RunState.FAILED and in_place and is_watched(run)


def rest_watch(tx: Transaction, run: Run, now: datetime) -> None:
    """Look again after a while, as long as something of a failed run is in place that it could be taken back for."""
    if run.released or not is_watched_failed(run) or (stays(run) and has_ended(tx, run)):
        tx.timers.clear(run.id, 0, "health")
    else:
        tx.timers.set(Timer(run.org, run.id, 0, "health", now + HEALTH_REST))


def note_unproven(tx: Transaction, run: Run, now: datetime, unproven: Sequence[str]) -> Run:
    """Name the live targets on which the effect was not seen."""
    changed = replace(run, unproven=tuple(unproven), updated_at=now)
    tx.runs.save(changed)
    journal_run(tx, "run.unproven", changed, AUTOMATION, unproven=list(unproven))
    return changed


def fail_unproven(
    tx: Transaction, run: Run, now: datetime, ids: Ids, because: str, *, targets: Targets | None = None
) -> Run:
    """Give up on seeing an effect; what was done stays in place, and the next rung is taken."""
    failed = replace(run, state=RunState.FAILED, held=because, updated_at=now)
    failed = give_up(tx, failed, now, ids, because, targets=targets)
    tx.runs.save(failed)
    return failed


def give_up(tx: Transaction, run: Run, now: datetime, ids: Ids, because: str, *, targets: Targets | None = None) -> Run:
    """Journal that a run failed or needs a person; take its plan's next rung, or tell people. The caller stores it."""
    if run.state is RunState.NEEDS_PERSON:
        journal_run(tx, "run.needs_person", run, AUTOMATION, because=because)
        _tell(tx, run, now, "needs-person", title="a person must say what happened", text=because)
        return run
    if run.state is RunState.UNDOING and not run.failed:
        return run
    if run.state not in {RunState.FAILED, RunState.UNDOING}:
        return run
    kind = "run.failed" if run.state is RunState.FAILED else "run.undoing"
    journal_run(tx, kind, run, AUTOMATION, because=because)
    if is_watched_failed(run):
        tx.timers.set(Timer(run.org, run.id, 0, "health", now + HEALTH_PAUSE))
    rung, why_not = _take_next_rung(PlanReader(tx, targets=targets), run, now, ids)
    if rung is None:
        _tell(tx, run, now, "failed", title="a mitigation failed", text=f"{because}. {why_not}")
    return run


def _take_next_rung(reader: PlanReader, run: Run, now: datetime, ids: Ids) -> tuple[Run | None, str]:
    """Make the run of the plan that is to be taken next; with the reason when there is none."""
    tx, name = reader.tx, run.plan.otherwise
    if name is None:
        return None, "There is no other plan."
    if run.released:
        return None, "It was let go."
    try:
        exposure = tx.exposures.get(run.exposure)
    except NotFoundError:
        return None, "Its exposure is not there any more."
    if not exposure.is_live:
        return None, "Its exposure has ended."
    manifest = reader.manifest(exposure)
    plan = next((one for one in manifest.plans if one.id == name), None) if manifest else None
    if plan is None or manifest is None:
        return None, f"Its next plan `{name}` is not declared any more."
    if name in _tried(tx, run):
        return None, f"Its next plan `{name}` was tried already."
    gap = find_gap(plan, exposure, manifest.features)
    if isinstance(gap, Fail):
        return None, f"Its next plan `{name}` does not help: {gap.because}."
    unbound = find_rung_unbound(tx, manifest, plan, run.environment) if run.drill is not None else None
    if unbound is not None:  # a drill's runs tell nobody, so it stands in the journal
        why_not = f"Its next plan `{name}` must not act in a drill: {unbound}."
        journal_run(tx, "run.trouble", run, AUTOMATION, because=why_not)
        return None, why_not
    return _make_rung(reader, run, exposure, plan, gap, now, ids), ""


def _tried(tx: Transaction, run: Run) -> set[str]:
    """Return the plans of the failed runs that led to this one."""
    runs = {one.id: one for one in tx.runs.of_exposures([run.exposure])}
    names, one = {run.plan.id}, run
    while one.after is not None and one.after in runs:
        one = runs[one.after]
        names.add(one.plan.id)
    return names


def _make_rung(  # noqa: PLR0917  what its caller found
    reader: PlanReader, failed: Run, exposure: Exposure, plan: Plan, gap: Verdict, now: datetime, ids: Ids
) -> Run | None:
    run = reader.make_run(exposure, plan, ids.new("run"), AUTOMATION, now)
    world = reader.world(run.environment)
    share = world.share(run.service_id, run.environment)
    run = replace(run, after=failed.id, drill=failed.drill, break_glass=failed.break_glass, share=share)
    simulation = simulate(run, now, world)
    verdict = Pass() if isinstance(gap, Pass) else gap
    decision = decide(plan.level(run.environment), verdict, Circumstances(not_simulated=simulation.problem))
    if decision is None:
        return None
    run = replace(run, state=decision.state, level=decision.level, held=decision.held)
    reader.tx.runs.save(run)
    changes = changes_to_json(simulation.changes)
    journal_run(
        reader.tx,
        "run.planned",
        run,
        AUTOMATION,
        level=run.level.value,
        held=run.held,
        changes=changes,
        after=failed.id,
    )
    if run.state in {RunState.SUGGESTED, RunState.AWAITING} and run.drill is None:
        ask_people(reader.tx, [run], now)
    return run


def _tell(tx: Transaction, run: Run, now: datetime, kind: str, *, title: str, text: str) -> None:
    if run.drill is None:
        title = f"{run.service} in {run.environment}: {title}"
        tell_all(tx, f"{run.id}/{kind}", kind, title, f"Plan `{run.plan.id}`: {text}", now, run)


def note_trouble(tx: Transaction, run: Run, now: datetime, because: str) -> Run:
    """Record what went wrong, once."""
    if run.held == because:
        return run
    changed = replace(run, held=because, updated_at=now)
    tx.runs.save(changed)
    journal_run(tx, "run.trouble", changed, AUTOMATION, because=because)
    return changed


# Back.


def tell_not_back(tx: Transaction, run: Run, number: int, now: datetime, because: str) -> None:
    """Tell people, once, that a step can't be taken back so far; it is tried for as long as it takes."""
    text = f"step {number} is still in place, and is tried again: {because}"
    _tell(tx, run, now, f"not-back-{number}", title="a mitigation can't be taken back", text=text)


def end_undo(tx: Transaction, run: Run, now: datetime, ids: Ids) -> Run:
    """Everything is taken back; the exposure's mitigation is lifted if nothing else guards it. The caller stores it."""
    changed = finish_undo(run, now)
    kind = "run.undone" if changed.state is RunState.UNDONE else "run.failed"
    journal_run(tx, kind, changed, AUTOMATION, because=changed.held)
    if not _still_guarded(tx, run):
        _transit(tx, run, now, ids, lambda exposure: lift(exposure, now))
    return changed


def revert_unwell(tx: Transaction, run: Run, now: datetime, because: str) -> Run:
    """Let a run go under which the service got worse; it is not tried again by itself."""
    changed = replace(run, released=True, undo_because=f"the service got worse after it: {because}", updated_at=now)
    tx.runs.save(changed)
    tx.timers.clear(run.id, 0, "health")
    journal_run(tx, "run.reverted", changed, AUTOMATION, because=changed.undo_because)
    _tell(tx, changed, now, "reverted", title="a mitigation is taken back", text=changed.undo_because or "")
    return changed


def expire(tx: Transaction, run: Run, now: datetime) -> Run:
    """Take a run back whose time is over, or ask people to confirm it; until they do, it stays."""
    if run.is_foreign:
        return run
    if run.state not in _IN_PLACE or run.released or run.expires_at is None:
        tx.timers.clear(run.id, 0, "expiry")
        return run
    if run.expires_at > now:  # somebody confirmed it
        tx.timers.set(Timer(run.org, run.id, 0, "expiry", run.expires_at))
        return run
    nothing = run.state is RunState.FAILED and all(step.state in _NOT_IN_PLACE for step in run.steps)
    if nothing or (stays(run) and has_ended(tx, run)):  # there is nothing left that it could come back for
        changed = replace(run, expires_at=None, updated_at=now)
        tx.runs.save(changed)
        tx.timers.clear(run.id, 0, "expiry")
        return changed
    ended_at = format_instant(run.expires_at)
    if run.plan.on_expiry is OnExpiry.REVERT:
        changed = replace(run, released=True, undo_because=f"it expired at {ended_at}", updated_at=now)
        tx.timers.clear(run.id, 0, "expiry")
    else:
        held = f"it expired at {ended_at} and stays in place: confirm it again, or undo it"
        asks = run.state in {RunState.EFFECTIVE, RunState.FAILED}  # any other run says by `held` what it waits for
        changed = replace(run, held=held if asks else run.held, updated_at=now)
        tx.timers.set(Timer(run.org, run.id, 0, "expiry", now + CONFIRM_AGAIN))
        _tell(tx, changed, now, f"expired-{int(now.timestamp())}", title="a mitigation has expired", text=held)
    if changed.held != run.held or changed.released:
        tx.runs.save(changed)
        journal_run(tx, "run.expired", changed, AUTOMATION, on_expiry=run.plan.on_expiry.value)
    return changed


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
