"""Which release a deployment names; a name that fits no release, or several services, is refused and never guessed."""

from holdfast.errors import NotFoundError, UsageError
from holdfast.loop.requests import DeploymentRequest
from holdfast.loop.turn import Turn
from holdfast.model.inventory import Release


def find_release(turn: Turn, request: DeploymentRequest) -> Release:
    """Return the one release that the request names; the newest recorded where a digest or version has several.

    Raises:
        NotFoundError: there is none.
        UsageError: nothing names a release, what names it disagrees, or a digest belongs to several services.
    """
    if request.release:
        return _agreeing(turn.tx.releases.get(request.release), request)
    if not (request.digest or (request.service and request.version)):
        raise UsageError("nothing names a release", hint="give `release`, `digest`, or `service` with `version`")
    found = turn.tx.releases.find(
        digest=request.digest, service=request.service, version=request.version, commit=request.commit
    )
    if not found:
        named = request.digest or f"{request.service} {request.version}"
        raise NotFoundError(f"there is no release `{named}`", hint="register it first: `holdfast release`")
    services = sorted({f"`{release.service}`" for release in found})
    if len(services) > 1:
        raise UsageError(f"`{request.digest}` belongs to {' and '.join(services)}", hint="give `service` as well")
    return found[0]


def _agreeing(release: Release, request: DeploymentRequest) -> Release:
    said: list[tuple[str, str | None, set[str | None]]] = [
        ("service", request.service, {release.service, release.service_id}),
        ("version", request.version, {release.version}),
        ("commit", request.commit, {release.commit}),
        ("digest", request.digest, {artifact.digest for artifact in release.artifacts}),
    ]
    for name, value, known in said:
        if value is not None and value not in known:
            raise UsageError(f"release `{release.id}` is not of {name} `{value}`", hint="give `release` alone")
    return release
