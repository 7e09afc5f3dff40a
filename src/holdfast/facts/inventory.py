"""Which release is which, and which deployment occupies a target until when.

Rules:
1. With artifacts a release is its service, version and the digests of its primary kind (an image index before its
   platforms' images); without, the commit stands in for them, so that a change of code alone is a new release.
2. Only successful deployments occupy a target. They are ordered by valid time, whatever the order of arrival.
3. The newest fill the target first, up to its whole share. One ends when later ones hold the whole, when a later one of
   the same release takes its place, or when the service is removed.
4. An observation stands above a claim of the same release: it takes the claim's place, and no claim takes its.
"""

import hashlib
import json
from collections.abc import Sequence
from datetime import datetime

from holdfast.model.inventory import Artifact, Deployment, Origin, Status

_KINDS = ("image-index", "image")
_FULL = 1.0 - 1e-9


def release_identity(service: str, version: str, commit: str | None, artifacts: Sequence[Artifact]) -> str:
    """Return the versioned identity of a release as hex of sha256, the same for every order of the artifacts."""
    content: list[object] = ["holdfast.release/1", service, version]
    if artifacts:
        kind = min((artifact.kind for artifact in artifacts), key=_rank)
        content.append(sorted({artifact.digest for artifact in artifacts if artifact.kind == kind}))
    else:
        content.append(["commit", commit])
    canonical = json.dumps(content, ensure_ascii=False, separators=(",", ":"))
    return hashlib.sha256(canonical.encode("utf-8", "surrogatepass")).hexdigest()


def _rank(kind: str) -> tuple[int, str]:
    return (_KINDS.index(kind) if kind in _KINDS else len(_KINDS), kind)


def occupancy(deployments: Sequence[Deployment]) -> dict[str, datetime | None]:
    """Return when each deployment of one (service, environment, target) ended; `None` still occupies it.

    Only deployments that ever occupied the target are in the answer. One that is superseded the instant it starts ends
    at its own start.
    """
    ends: dict[str, datetime | None] = {}
    current: list[Deployment] = []  # the newest first
    for deployment in _in_valid_time(deployments):
        kept = _after(current, deployment)
        if deployment.status is Status.SUCCEEDED:
            ends[deployment.id] = None
        ended = {other.id for other in (*current, deployment)} - {other.id for other in kept}
        ends.update(dict.fromkeys(ended & ends.keys(), deployment.started_at))
        current = kept
    return ends


def shares_at(deployments: Sequence[Deployment], at: datetime) -> dict[str, float]:
    """Return the share that each deployment really holds at an instant: the newest first, together at most 1."""
    current: list[Deployment] = []
    for deployment in _in_valid_time(deployments):
        if deployment.started_at <= at:
            current = _after(current, deployment)
    shares: dict[str, float] = {}
    left = 1.0
    for deployment in current:
        shares[deployment.id] = min(deployment.share, left)
        left -= shares[deployment.id]
    return shares


def _in_valid_time(deployments: Sequence[Deployment]) -> list[Deployment]:
    counted = [one for one in deployments if one.status in {Status.SUCCEEDED, Status.REMOVED}]
    return sorted(counted, key=lambda one: (one.started_at, one.recorded_at, one.id))


def _after(current: list[Deployment], deployment: Deployment) -> list[Deployment]:
    """Return what occupies the target once this deployment has happened, the newest first."""
    same = [other for other in current if other.release_id == deployment.release_id]
    if deployment.status is Status.REMOVED:
        return [] if deployment.release_id is None else [other for other in current if other not in same]
    if deployment.origin is Origin.CLAIMED and any(other.origin is Origin.OBSERVED for other in same):
        return current
    return _fill([deployment, *(other for other in current if other not in same)])


def _fill(newest_first: list[Deployment]) -> list[Deployment]:
    kept: list[Deployment] = []
    held = 0.0
    for deployment in newest_first:
        if held >= _FULL:
            break
        kept.append(deployment)
        held += deployment.share
    return kept
