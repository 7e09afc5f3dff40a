"""What people do with runs: look, ask, approve, reject, undo, pause.

People are never held back by automation's guards. They are told when the state forbids what they ask.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from holdfast.errors import ConflictError, NotFoundError
from holdfast.loop.respond_plans import PlanReader, changes_to_json, find_gap, journal_run, simulate
from holdfast.mitigations.action import Change
from holdfast.mitigations.autonomy import WORKING
from holdfast.model.exposure import Exposure
from holdfast.model.instant import format_instant
from holdfast.model.plan import Autonomy, Plan
from holdfast.model.run import Approval, Run, RunState
from holdfast.model.verdict import Fail, Verdict
from holdfast.ports.ids import Ids
from holdfast.ports.store import Transaction

PAUSE = "mitigations.pause"
_WAITING = frozenset({RunState.OBSERVED, RunState.SUGGESTED, RunState.AWAITING, RunState.APPROVED})
_UNDOABLE = frozenset({RunState.ACTING, RunState.VERIFYING, RunState.EFFECTIVE, RunState.FAILED})


@dataclass(frozen=True, slots=True)
class Preview:
    """What a plan would change for an exposure.

    `applies` says whether its conditions hold, `level` is its rung there, `problem` why the changes could not be told;
    `others` are the ids of further plans of the service that could be asked for.
    """

    exposure: Exposure
    plan: Plan
    applies: Verdict
    level: Autonomy
    changes: tuple[Change, ...]
    problem: str | None
    others: tuple[str, ...]


def plan_preview(tx: Transaction, exposure_id: str, plan_id: str | None, now: datetime) -> Preview:
    """Return what a plan would change, by default the one that applies; writes nothing.

    Raises:
        NotFoundError: no such exposure or plan, or no plan applies.
    """
    exposure = tx.exposures.get(exposure_id)
    reader = PlanReader(tx)
    plan, verdict, others = _find_plan(reader, exposure, plan_id, now)
    run = reader.make_run(exposure, plan, "run_preview", "", now)
    simulation = simulate(run, now, reader.world(run.environment))
    level = plan.level(exposure.environment)
    return Preview(exposure, plan, verdict, level, simulation.changes, simulation.problem, others)


def _find_plan(
    reader: PlanReader, exposure: Exposure, plan_id: str | None, now: datetime
) -> tuple[Plan, Verdict, tuple[str, ...]]:
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
    tx: Transaction, exposure_id: str, plan_id: str | None, actor: str, now: datetime, ids: Ids
) -> Run:
    """Start a plan for an exposure because a person says so; a run that waits for that becomes it.

    Raises:
        NotFoundError: no such exposure or plan.
        ConflictError: the exposure has ended, the plan does not cover it, or a run of the plan is at work.
        PlanError: the plan cannot be carried out as things are.
    """
    exposure = tx.exposures.get(exposure_id)
    _require_live(exposure)
    reader = PlanReader(tx)
    plan, _, _ = _find_plan(reader, exposure, plan_id, now)
    manifest = reader.manifest(exposure)
    gap = find_gap(plan, exposure, manifest.features if manifest else ())
    if isinstance(gap, Fail):  # its clock would stop for a hole that it leaves open
        raise ConflictError(f"plan `{plan.id}` does not help here: {gap.because}", hint="ask for another plan")
    same = [run for run in tx.runs.of_exposures([exposure_id]) if run.plan.id == plan.id]
    for run in same:
        if run.state in WORKING:
            raise ConflictError(f"run {run.id} of this plan is at work already", hint="wait for it, or undo it")
    waiting = next((run for run in same if run.state in _WAITING), None)
    if waiting is not None:
        return approve(tx, waiting.id, actor, now)
    run = reader.make_run(exposure, plan, ids.new("run"), actor, now)
    run = replace(run, state=RunState.APPROVED, level=Autonomy.APPROVE_1, approvals=(Approval(actor, now),))
    simulation = simulate(run, now, reader.world(run.environment))
    tx.runs.save(run)
    changes = changes_to_json(simulation.changes)
    journal_run(tx, "run.requested", run, actor, changes=changes, problem=simulation.problem)
    return run


def _require_live(exposure: Exposure) -> None:
    if not exposure.is_live:
        raise ConflictError(f"exposure {exposure.id} has ended", hint="nothing bad runs there any more")


def approve(tx: Transaction, run_id: str, actor: str, now: datetime) -> Run:
    """Let a run act; one that automation's guards hold goes on at once.

    Raises:
        ConflictError: it does not wait for that, or its exposure has ended.
    """
    run = _get_run(tx, run_id, _WAITING, "approved")
    _require_live(tx.exposures.get(run.exposure))
    level = Autonomy.APPROVE_1 if run.state is not RunState.APPROVED else run.level
    return _save(
        tx,
        "run.approved",
        run,
        actor,
        now,
        state=RunState.APPROVED,
        level=level,
        approvals=(*run.approvals, Approval(actor, now)),
        held=None,
    )


def reject(tx: Transaction, run_id: str, actor: str, now: datetime) -> Run:
    """Refuse a run that has not begun.

    Raises:
        ConflictError: it has begun, or has ended.
    """
    run = _get_run(tx, run_id, _WAITING, "rejected")
    return _save(tx, "run.rejected", run, actor, now, state=RunState.REJECTED, held="a person rejected it")


def undo(tx: Transaction, run_id: str, actor: str, now: datetime) -> Run:
    """Take a run back; nothing holds it up. The exposure is open again if what is bad still runs.

    Raises:
        ConflictError: it has not begun, or is undone already.
    """
    run = _get_run(tx, run_id, _UNDOABLE, "undone")
    return _save(tx, "run.undo_requested", run, actor, now, released=True)


def _get_run(tx: Transaction, run_id: str, states: frozenset[RunState], deed: str) -> Run:
    run = tx.runs.get(run_id)
    if run.state not in states or run.released:
        state = "being undone" if run.released and run.state in _UNDOABLE else run.state.value
        raise ConflictError(f"run {run.id} is {state}; it cannot be {deed}", hint="read it again")
    return run


def _save(tx: Transaction, kind: str, run: Run, actor: str, now: datetime, **fields: Any) -> Run:
    changed = replace(run, updated_at=now, **fields)
    tx.runs.save(changed)
    journal_run(tx, kind, changed, actor)
    return changed


def pause(tx: Transaction, on: bool, actor: str, reason: str, now: datetime) -> Mapping[str, str] | None:
    """Stop all automation at its next safe point, or let it go on; returns the pause in force, `None` for none."""
    if on:
        value = {"by": actor, "reason": reason[:500], "at": format_instant(now)}
        tx.settings.set(PAUSE, json.dumps(value))
        tx.journal.append("automation.paused", {"id": PAUSE, "by": actor, "reason": reason[:500]})
        return value
    tx.settings.set(PAUSE, None)
    tx.journal.append("automation.resumed", {"id": PAUSE, "by": actor, "reason": reason[:500]})
    return None


def get_pause(tx: Transaction) -> Mapping[str, str] | None:
    """Return who paused automation, when and why; `None` when it is not paused."""
    text = tx.settings.get(PAUSE)
    return json.loads(text) if text else None


def is_paused(tx: Transaction) -> bool:
    """Whether automation is paused."""
    return tx.settings.get(PAUSE) is not None
