"""What the inventory learns when a release was switched and read back: where the loop's facts follow a mitigation.

The deployment is recorded as observed: exposures of what no longer runs end, their clocks stop, and what runs instead
is judged at once. Telling what is recorded already changes nothing.
"""

from holdfast.errors import NotFoundError
from holdfast.facts.inventory import shares_at
from holdfast.loop.intake import record_deployment
from holdfast.loop.requests import DeploymentOutcome, DeploymentRequest
from holdfast.loop.turn import Turn
from holdfast.mitigations.action import Switched
from holdfast.model.inventory import Origin, Release, Status


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
