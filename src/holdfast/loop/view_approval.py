"""What a person sees before consenting: the run's dry run, how far it reaches, how long it will take, who consented.

A dry run as it is now, of what lies in our own store; what lies outside is looked at when the run begins.
"""

from datetime import datetime

from holdfast.errors import NotFoundError
from holdfast.loop.drills import DrillReader
from holdfast.loop.guards import get_guards
from holdfast.loop.respond_people import WAITING
from holdfast.loop.respond_plans import simulate
from holdfast.loop.world import TxWorld
from holdfast.mitigations.action import Change
from holdfast.mitigations.actions import get_action
from holdfast.mitigations.autonomy import count_missing
from holdfast.mitigations.drill import Prediction, Standing
from holdfast.model.exposure import Exposure
from holdfast.model.frozen import frozen
from holdfast.model.run import Run
from holdfast.ports.store import Transaction


@frozen
class ApprovalView:
    """One run that asks. `missing` counts the people still needed; `why_not` says why the visitor can't approve it."""

    run: Run
    exposure: Exposure | None
    changes: tuple[Change, ...]
    problem: str | None
    reach: tuple[tuple[str, str, bool], ...]
    """(action, how far it reaches, whether it can be taken back), a step each."""
    predicted: Prediction | None
    standing: Standing
    missing: int
    why_not: str | None


def approval_view(tx: Transaction, run: Run, visitor: str, now: datetime) -> ApprovalView:
    """Return what a person sees before consenting to a run; `visitor` is the identity that looks."""
    world = TxWorld(tx, run.environment)
    simulation = simulate(run, now, world)
    drills = DrillReader(tx, now, get_guards(tx).max_drill_age_s)
    return ApprovalView(
        run,
        _find_exposure(tx, run.exposure),
        simulation.changes,
        simulation.problem,
        tuple(_reach(step.step.action) for step in run.steps),
        drills.predict(run.plan, run.service_id, run.environment),
        drills.standing(run.plan, run.service_id, run.environment),
        count_missing(run.level, run.approvals, run.requested_by),
        _why_not(run, visitor),
    )


def _reach(action: str) -> tuple[str, str, bool]:
    spec = get_action(action)
    return (spec.name, spec.blast_radius, spec.reversible)


def _find_exposure(tx: Transaction, exposure_id: str) -> Exposure | None:
    try:
        return tx.exposures.get(exposure_id)
    except NotFoundError:
        return None


def _why_not(run: Run, visitor: str) -> str | None:
    if run.state not in WAITING:
        return f"it is {run.state.value.replace('_', ' ')} and waits for nobody"
    if visitor == run.requested_by:
        return "you asked for it: somebody else approves it"
    if any(one.by == visitor for one in run.approvals):
        return "you approved it already: another person is needed" if run.held else "you approved it already"
    return None
