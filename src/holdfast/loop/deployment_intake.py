"""Deployments come in: each is stored, journaled and judged in one transaction.

Rules:
1. It names a release that is known and built by then; its end is derived over its whole slot, so that a claim that
   arrives late inserts into history.
2. What it changes is judged at once, for its service and its environment alone.
3. A machine whose clock runs a little ahead of ours is believed: what it says has begun, has begun by now. Kept as the
   future it would be judged too early, and never again.
4. A pipeline's own token tells of what its job just did: a claim of long ago would have begun before any verdict was
   needed.
"""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta

from holdfast.errors import ConflictError, ForbiddenError, NotFoundError, UsageError
from holdfast.facts.inventory import occupancy
from holdfast.loop.declare import ensure_environment
from holdfast.loop.named_release import find_release
from holdfast.loop.oidc_binding import require_bound
from holdfast.loop.reconcile import reconcile
from holdfast.loop.requests import CLOCK_SKEW, DeploymentOutcome, DeploymentRequest
from holdfast.loop.turn import Turn
from holdfast.loop.unverified import Verdict, VerdictReader
from holdfast.model.exposure import Subject
from holdfast.model.instant import format_instant
from holdfast.model.inventory import Deployment, Origin, Service, Status
from holdfast.model.tenancy import Permission

_JOB = timedelta(days=1)
"""How long the job of a pipeline may have taken when it tells of its deployment."""


def record_deployment(turn: Turn, request: DeploymentRequest) -> DeploymentOutcome:
    """Record that a release occupies a target, or how a known deployment went.

    Raises:
        NotFoundError: there is no such release or deployment.
        ForbiddenError: it is not this pipeline's to tell.
        ConflictError: it started before its release was built, or a removal would become a running, or the other way.
        UsageError: it starts in the future, or the share is not above 0 and up to 1.
    """
    turn.require(Permission.FACTS_WRITE, bound=True)
    deployment, known = _deployment_of(turn, request)
    require_bound(turn, turn.tx.services.get(deployment.service_id), deployment.environment)
    if turn.token and turn.token.binding and deployment.origin is Origin.OBSERVED:
        raise ForbiddenError("a pipeline claims what it deployed; what was seen is for who watches the place")
    if turn.token and turn.token.binding and known is None and deployment.started_at < turn.now - _JOB:
        raise ForbiddenError(
            f"a pipeline claims what it just deployed, not what began at {format_instant(deployment.started_at)}",
            hint="leave `started_at` out; what ran before is told with a token of its own",
        )
    if deployment == known:
        return DeploymentOutcome(deployment, created=False, changed=())
    ensure_environment(turn, deployment.environment)
    before = turn.tx.deployments.slot(deployment.service_id, deployment.environment, deployment.target)
    twin = next((other for other in before if _is_same(other, deployment)), None)
    if twin is not None and known is None:
        return DeploymentOutcome(twin, created=False, changed=())
    turn.tx.deployments.save(deployment)
    ends = _derive_ends(turn, deployment)
    deployment = replace(deployment, ended_at=ends.get(deployment.id))
    changed = tuple(other.id for other in before if other.id in ends and other.ended_at != ends[other.id])
    service = turn.tx.services.get(deployment.service_id)
    verdict = _verdict_of(turn, service, deployment)
    body = _deployment_body(deployment, changed, turn.actor) | {"verdict": verdict.standing.value if verdict else None}
    turn.tx.journal.append("deployment.recorded", body)
    reconcile(turn, subjects=[(Subject("service", service.id, service.name), deployment.environment)])
    warnings = (f"{verdict.standing}: {verdict.because}",) if verdict and verdict.is_told else ()
    return DeploymentOutcome(deployment, created=known is None, changed=changed, warnings=warnings)


def _verdict_of(turn: Turn, service: Service, deployment: Deployment) -> Verdict | None:
    """Return what the gate says of it; `None` of what does not run."""
    if deployment.release_id is None or deployment.status is not Status.SUCCEEDED:
        return None
    return VerdictReader(turn.tx).read(service, deployment, turn.tx.releases.get(deployment.release_id))


def _deployment_of(turn: Turn, request: DeploymentRequest) -> tuple[Deployment, Deployment | None]:
    if not 0 < request.share <= 1:
        raise UsageError(f"expected a share above 0 and up to 1, got `{request.share}`")
    if request.id is not None:
        known = turn.tx.deployments.get(request.id)
        _require_kind(known, request.status)
        return replace(known, status=request.status, share=request.share), known
    if request.started_at and request.started_at > turn.now + CLOCK_SKEW:
        raise UsageError(
            f"a deployment that starts in the future: {format_instant(request.started_at)}",
            hint="check the clock of CI",
        )
    service_id, release_id = _release_of(turn, request)
    deployment = Deployment(
        turn.tx.org,
        turn.ids.new("dep"),
        service_id,
        release_id,
        request.environment,
        request.target,
        request.status,
        request.share,
        min(request.started_at or turn.now, turn.now),
        None,
        turn.now,
        request.origin,
    )
    return deployment, None


def _require_kind(known: Deployment, status: Status) -> None:
    """What ran has run: a removal is told as a deployment of its own, and never becomes something that runs."""
    allowed = {Status.REMOVED, Status.FAILED} if known.release_id is None else set(Status) - {Status.REMOVED}
    if status not in allowed:
        raise ConflictError(
            f"deployment {known.id} is `{known.status}`, and cannot become `{status}`",
            hint="record another deployment: that it is gone, or what runs there now",
        )


def _release_of(turn: Turn, request: DeploymentRequest) -> tuple[str, str | None]:
    if (
        request.status is Status.REMOVED
        and request.service
        and not (request.release or request.digest or request.version)
    ):
        service = turn.tx.services.find(request.service)
        if service is None:
            raise NotFoundError(f"there is no service `{request.service}`")
        return service.id, None
    release = find_release(turn, request)
    started_at = request.started_at or turn.now + CLOCK_SKEW
    if release.built_at and started_at < release.built_at:
        raise ConflictError(
            f"`{release.service} {release.version}` was built at {format_instant(release.built_at)}, "
            f"after it is said to have started at {format_instant(started_at)}",
            hint="check the clocks, or which release this is",
        )
    return release.service_id, None if request.status is Status.REMOVED else release.id


def _is_same(other: Deployment, new: Deployment) -> bool:
    return (other.release_id, other.started_at, other.status, other.share, other.origin) == (
        new.release_id,
        new.started_at,
        new.status,
        new.share,
        new.origin,
    )


def _derive_ends(turn: Turn, deployment: Deployment) -> Mapping[str, datetime | None]:
    slot = turn.tx.deployments.slot(deployment.service_id, deployment.environment, deployment.target)
    ends = occupancy(slot)
    changed = {other.id: ends.get(other.id) for other in slot if other.ended_at != ends.get(other.id)}
    if changed:
        turn.tx.deployments.end(changed)
    return ends


def _deployment_body(deployment: Deployment, changed: tuple[str, ...], actor: str) -> dict[str, object]:
    return {
        "id": deployment.id,
        "about": deployment.service_id,
        "release": deployment.release_id,
        "environment": deployment.environment,
        "target": deployment.target,
        "status": deployment.status.value,
        "share": deployment.share,
        "origin": deployment.origin.value,
        "started_at": format_instant(deployment.started_at),
        "ended_at": format_instant(deployment.ended_at) if deployment.ended_at else None,
        "ends_changed": list(changed),
        "by": actor,
    }
