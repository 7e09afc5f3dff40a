"""What people do with runs that have not begun: look, ask, approve, reject.

Rules:
1. People are never held back by automation's guards. They are told when the state forbids what they ask.
2. Two approvals are two identities, and neither is the requester: all tokens of a person are one identity.
3. What was said is kept as a signal in the same transaction; the same signal again changes nothing.
4. Whoever calls `approve` for a token has asked `approvals.require_person` first: a machine asks, and never consents.
"""

from dataclasses import replace
from datetime import datetime
from typing import Any

from holdfast.errors import ConflictError, ForbiddenError, NotFoundError
from holdfast.loop.approvals import ask_people
from holdfast.loop.drills import open_reader
from holdfast.loop.pausing import get_pause, is_paused, pause
from holdfast.loop.provider_health import find_outage, list_health
from holdfast.loop.respond_plans import PlanReader, changes_to_json, find_gap, journal_run, simulate
from holdfast.loop.signals import take_signal
from holdfast.mitigations.action import Change
from holdfast.mitigations.autonomy import AUTOMATION, WORKING, count_missing
from holdfast.mitigations.drill import Prediction, Standing
from holdfast.model.exposure import Exposure
from holdfast.model.frozen import frozen
from holdfast.model.plan import Autonomy, Plan
from holdfast.model.run import Approval, Run, RunState
from holdfast.model.verdict import Fail, Verdict
from holdfast.ports.ids import Ids
from holdfast.ports.store import Transaction

__all__ = [
    "WAITING",
    "Preview",
    "approve",
    "change_run",
    "get_pause",
    "get_run_in",
    "is_paused",
    "pause",
    "plan_preview",
    "reject",
    "request_run",
    "require_live",
]

_BY_A_MACHINE = "a machine asked for it: it waits for a person"
WAITING = frozenset({RunState.OBSERVED, RunState.SUGGESTED, RunState.AWAITING, RunState.APPROVED})


@frozen
class Preview:
    """What a plan would change for an exposure.

    `applies` says whether its conditions hold, `level` is its rung there, `problem` why the changes could not be told;
    `others` are the ids of further plans of the service that could be asked for. `rehearsed` is what its drills say
    there, `prediction` how long it took in them. `run` is what it would be carried out as. `changes` are those within
    the store until `preview_outside` has asked for the others; `unasked` says what it could not ask.
    """

    exposure: Exposure
    plan: Plan
    run: Run
    applies: Verdict
    level: Autonomy
    changes: tuple[Change, ...]
    problem: str | None
    others: tuple[str, ...]
    rehearsed: Standing | None = None
    prediction: Prediction | None = None
    unasked: tuple[str, ...] = ()


def plan_preview(tx: Transaction, exposure_id: str, plan_id: str | None, now: datetime) -> Preview:
    """Return what a plan would change, by default the one that applies; writes nothing.

    Raises:
        NotFoundError: no such exposure or plan, or no plan applies.
    """
    exposure = tx.exposures.get(exposure_id)
    reader = PlanReader(tx)
    plan, verdict, others = find_plan(reader, exposure, plan_id, now)
    run = reader.make_run(exposure, plan, "run_preview", "", now)
    simulation = simulate(run, now, reader.world(run.environment))
    level = plan.level(exposure.environment)
    problem = simulation.problem or find_outage(list_health(tx), plan, exposure.environment, exposure.subject.name, now)
    drills = open_reader(tx, now)
    return Preview(
        exposure,
        plan,
        run,
        verdict,
        level,
        simulation.changes,
        problem,
        others,
        drills.standing(plan, exposure.subject.id, exposure.environment),
        drills.predict(plan, exposure.subject.id, exposure.environment),
    )


def find_plan(
    reader: PlanReader, exposure: Exposure, plan_id: str | None, now: datetime
) -> tuple[Plan, Verdict, tuple[str, ...]]:
    """Return a plan of the exposure's service, whether it applies, and the ids of the others.

    Raises:
        NotFoundError: no such plan, or none applies by itself.
    """
    judged = {plan.id: (plan, verdict) for plan, verdict in reader.judge(exposure, now)}
    if not judged:
        raise NotFoundError(
            f"`{exposure.subject.name}` has no plan", hint="declare one under `plans` in its holdfast.yaml"
        )
    if plan_id is None:
        chosen = reader.choose(exposure, now)
        if chosen is None:
            raise NotFoundError("no plan applies by itself", hint=f"name one of {', '.join(judged)}")
    elif plan_id in judged:
        chosen = judged[plan_id]
    else:
        raise NotFoundError(f"there is no plan `{plan_id[:80]}`", hint=f"one of {', '.join(judged)}")
    return (*chosen, tuple(name for name in judged if name != chosen[0].id))


def request_run(  # noqa: PLR0917  the order of its siblings
    tx: Transaction,
    exposure_id: str,
    plan_id: str | None,
    actor: str,
    now: datetime,
    ids: Ids,
    *,
    is_person: bool = True,
    signal: str | None = None,
) -> Run:
    """Start a plan for an exposure because somebody says so; a run that waits for that becomes it.

    A person's word is the approval, except on the rung `approve-2`, where two others consent; a machine's run waits.

    Raises:
        NotFoundError: no such exposure or plan.
        ConflictError: the exposure has ended, the plan does not cover it, or a run of the plan is at work.
        PlanError: the plan cannot be carried out as things are.
    """
    exposure = tx.exposures.get(exposure_id)
    require_live(exposure)
    reader = PlanReader(tx)
    plan = find_helpful(reader, exposure, plan_id, now)
    same = [run for run in tx.runs.of_exposures([exposure_id]) if run.plan.id == plan.id]
    for run in same:
        if run.state in WORKING:
            raise ConflictError(f"run {run.id} of this plan is at work already", hint="wait for it, or undo it")
    waiting = next((run for run in same if run.state in WAITING), None)
    if waiting is not None and is_person and actor != waiting.requested_by:
        return approve(tx, waiting.id, actor, now, signal=signal)
    if waiting is not None and (is_person or waiting.state is not RunState.OBSERVED):
        return waiting  # who asked before does not approve it by asking again
    body = {"plan": plan.id}
    if not take_signal(tx, "request", actor, now, exposure=exposure_id, signal=signal, body=body) and same:
        return same[-1]
    if waiting is not None:
        return change_run(tx, "run.requested", waiting, actor, now, state=RunState.AWAITING, held=_BY_A_MACHINE)
    return _request(reader, exposure, plan, actor, now, ids, is_person=is_person)


def find_helpful(reader: PlanReader, exposure: Exposure, plan_id: str | None, now: datetime) -> Plan:
    """Return the plan, if it is about what the exposure is about.

    Raises:
        ConflictError: it is not: its clock would stop for a hole that it leaves open.
    """
    plan, _, _ = find_plan(reader, exposure, plan_id, now)
    manifest = reader.manifest(exposure)
    gap = find_gap(plan, exposure, manifest.features if manifest else ())
    if isinstance(gap, Fail):
        raise ConflictError(f"plan `{plan.id}` does not help here: {gap.because}", hint="ask for another plan")
    return plan


def _request(  # noqa: PLR0917  the order of its caller
    reader: PlanReader, exposure: Exposure, plan: Plan, actor: str, now: datetime, ids: Ids, *, is_person: bool
) -> Run:
    run = reader.make_run(exposure, plan, ids.new("run"), actor, now)
    needs_two = plan.level(exposure.environment) is Autonomy.APPROVE_2
    if needs_two or not is_person:
        level = Autonomy.APPROVE_2 if needs_two else Autonomy.APPROVE_1
        held = _missing_words(2) if needs_two else _BY_A_MACHINE
        run = replace(run, state=RunState.AWAITING, level=level, held=held)
    else:
        run = replace(run, state=RunState.APPROVED, level=Autonomy.APPROVE_1, approvals=(Approval(actor, now),))
    simulation = simulate(run, now, reader.world(run.environment))
    reader.tx.runs.save(run)
    changes = changes_to_json(simulation.changes)
    journal_run(reader.tx, "run.requested", run, actor, changes=changes, problem=simulation.problem)
    if run.state is RunState.AWAITING:
        ask_people(reader.tx, [run], now)
    return run


def require_live(exposure: Exposure) -> None:
    """Raises: ConflictError: the exposure has ended."""
    if not exposure.is_live:
        raise ConflictError(f"exposure {exposure.id} has ended", hint="nothing bad runs there any more")


def approve(tx: Transaction, run_id: str, actor: str, now: datetime, *, signal: str | None = None) -> Run:
    """Consent to a run; with enough people behind it it acts, and one that guards hold half way goes on.

    Raises:
        ConflictError: it does not wait for that, its exposure has ended, or this person consented already.
        ForbiddenError: this person asked for it.
    """
    run = tx.runs.get(run_id)
    if signal is not None and any(known.id == signal for known in tx.signals.of_run(run_id)):
        return run
    run = get_run_in(tx, run_id, WAITING | _held_half_way(run), "approved")
    require_live(tx.exposures.get(run.exposure))
    if actor == run.requested_by:
        raise ForbiddenError("who asked for a run does not approve it", hint="ask somebody else")
    if any(one.by == actor for one in run.approvals):
        raise ConflictError("you approved it already", hint="a second approval is another person's")
    take_signal(tx, "approve", actor, now, run=run_id, exposure=run.exposure, signal=signal)
    approvals = (*run.approvals, Approval(actor, now))
    level = run.level if run.level is Autonomy.APPROVE_2 or run.state not in _ASKED else Autonomy.APPROVE_1
    missing = count_missing(level, approvals, run.requested_by)
    state = RunState.AWAITING if missing else run.state if run.state is RunState.ACTING else RunState.APPROVED
    held = _missing_words(missing) if missing else None
    return change_run(tx, "run.approved", run, actor, now, state=state, level=level, approvals=approvals, held=held)


_ASKED = frozenset({RunState.OBSERVED, RunState.SUGGESTED, RunState.AWAITING})


def _held_half_way(run: Run) -> frozenset[RunState]:
    is_held = run.held is not None and run.requested_by == AUTOMATION and not run.approvals
    return frozenset({RunState.ACTING}) if is_held else frozenset()


def _missing_words(missing: int) -> str:
    if missing == 1:
        return "one more person must approve it, and not who asked for it"
    return f"{missing} people must approve it, and neither may be who asked for it"


def reject(tx: Transaction, run_id: str, actor: str, now: datetime, *, signal: str | None = None) -> Run:
    """Refuse a run that has not begun.

    Raises:
        ConflictError: it has begun, or has ended.
    """
    run = tx.runs.get(run_id)
    if signal is not None and any(known.id == signal for known in tx.signals.of_run(run_id)):
        return run
    run = get_run_in(tx, run_id, WAITING, "rejected")
    take_signal(tx, "reject", actor, now, run=run_id, exposure=run.exposure, signal=signal)
    return change_run(tx, "run.rejected", run, actor, now, state=RunState.REJECTED, held="a person rejected it")


def get_run_in(tx: Transaction, run_id: str, states: frozenset[RunState], deed: str) -> Run:
    """Return a run that is in one of these states and not being taken back.

    Raises:
        ConflictError: it is in another; says in which.
    """
    run = tx.runs.get(run_id)
    if run.state not in states or run.released:
        begun = run.state not in WAITING
        state = "being undone" if run.released and begun and run.state is not RunState.UNDONE else run.state.value
        raise ConflictError(f"run {run.id} is {state}; it cannot be {deed}", hint="read it again")
    return run


def change_run(tx: Transaction, kind: str, run: Run, actor: str, now: datetime, **fields: Any) -> Run:
    """Save a run with other fields, and journal what kind of change that is."""
    changed = replace(run, updated_at=now, **fields)
    tx.runs.save(changed)
    journal_run(tx, kind, changed, actor)
    return changed
