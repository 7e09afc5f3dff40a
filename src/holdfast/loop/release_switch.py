"""What the inventory learns when a release was switched and read back: where the loop's facts follow a mitigation.

The deployment is recorded as observed: exposures of what no longer runs end, their clocks stop, and what runs instead
is judged at once. Telling what is recorded already changes nothing.
"""

from collections.abc import Sequence

from holdfast.errors import ConflictError, NotFoundError
from holdfast.facts.inventory import shares_at
from holdfast.findings.lifecycle import mitigate
from holdfast.loop.deployment_intake import record_deployment
from holdfast.loop.reconcile import record_transitions
from holdfast.loop.requests import DeploymentOutcome, DeploymentRequest
from holdfast.loop.turn import Turn
from holdfast.mitigations.action import Switched
from holdfast.model.inventory import Origin, Release, Status
from holdfast.model.plan import Coverage
from holdfast.model.run import Run


def record_switch(turn: Turn, environment: str, switched: Switched) -> DeploymentOutcome | None:
    """Record what a target runs since now; `None` when that is recorded already, or the release is not known.

    A release that was tried and `failed` is recorded as failed: it occupies nothing, and is no candidate any more.
    """
    try:
        release = turn.tx.releases.get(switched.release)
    except NotFoundError:  # it was switched by its version alone: what runs is not known to the inventory
        return None
    if not switched.failed and _holds_all(turn, environment, switched.target, release):
        return None
    request = DeploymentRequest(
        environment,
        release=release.id,
        target=switched.target,
        status=Status.FAILED if switched.failed else Status.SUCCEEDED,
        # a build machine's clock may run a little ahead of ours
        started_at=max(turn.now, release.built_at or turn.now),
        origin=Origin.OBSERVED,
    )
    return record_deployment(turn, request)


def _holds_all(turn: Turn, environment: str, target: str, release: Release) -> bool:
    slot = turn.tx.deployments.slot(release.service_id, environment, target)
    mine = {one.id for one in slot if one.release_id == release.id}
    shares = shares_at(slot, turn.now)
    return bool(shares) and all(key in mine for key, share in shares.items() if share > 0)


def record_facts(turn: Turn, run: Run, facts: Sequence[Switched]) -> None:
    """Record what a run's step was read back to have made true.

    Where that ends the run's exposure and its plan covers it in full, the clock of mitigating stops at this instant:
    what runs was read back, and the bad release is not it.
    """
    for fact in facts:
        if not fact.failed and run.plan.coverage is Coverage.FULL and _runs_nowhere_else(turn, run, fact):
            _mitigate(turn, run)
        record_switch(turn, run.environment, fact)


def _runs_nowhere_else(turn: Turn, run: Run, fact: Switched) -> bool:
    """Whether nothing that the exposure is about is left once that release has its target."""
    try:
        exposure = turn.tx.exposures.get(run.exposure)
    except NotFoundError:
        return False
    running = turn.tx.deployments.runs(run.service_id, run.environment, turn.now)
    left = {one.release_id for one in running if one.target != fact.target} | {fact.release}
    return exposure.drill is None and left.isdisjoint(exposure.releases)


def _mitigate(turn: Turn, run: Run) -> None:
    begun_at = min((step.intended_at for step in run.steps if step.intended_at is not None), default=turn.now)
    try:
        exposure = turn.tx.exposures.get(run.exposure)
        record_transitions(turn, [mitigate(exposure, begun_at, turn.now)])
    except ConflictError:  # it is mitigated already, waived or resolved: its clocks say so
        return
