"""Facts come in: releases and hosts. Each is stored, journaled and judged in one transaction.

Rules:
1. A release is found again by its identity or any of its artifact digests; the same identity, or a digest in the same
   service, with another composition is refused, because one digest has one content.
2. Plans are checked when the release is registered: what would fail at three in the morning fails here.
3. What a fact changes is judged at once, for its service or host and its environment alone.
"""

from dataclasses import replace
from datetime import timedelta

from holdfast.errors import ConflictError, PlanError, UsageError
from holdfast.facts.inventory import release_identity
from holdfast.facts.manifest import manifest_from_json, manifest_to_json
from holdfast.facts.sbom import sbom_digest
from holdfast.loop.builds import link_builds
from holdfast.loop.declare import declare_service, ensure_environment, ensure_service
from holdfast.loop.drills_inputs import load_seen
from holdfast.loop.oidc_binding import require_bound
from holdfast.loop.reconcile import reconcile, review_deployments
from holdfast.loop.requests import CLOCK_SKEW, HostRequest, ReleaseOutcome, ReleaseRequest
from holdfast.loop.turn import Turn
from holdfast.mitigations.actions import action_names
from holdfast.mitigations.plan import check_plan
from holdfast.model.component import Sbom
from holdfast.model.exposure import Subject
from holdfast.model.instant import format_instant
from holdfast.model.inventory import Host, Release, Service
from holdfast.model.plan import ServiceManifest
from holdfast.model.target import Target
from holdfast.model.tenancy import Permission


def register_release(turn: Turn, request: ReleaseRequest) -> ReleaseOutcome:
    """Register a release, or find it again and add its artifacts.

    Raises:
        PlanError: a plan of its manifest cannot do what it promises; every problem is named.
        ConflictError: it is known with another composition.
        ForbiddenError: its manifest claims a name of another team.
    """
    turn.require(Permission.FACTS_WRITE, bound=True)
    if request.built_at and request.built_at > turn.now + CLOCK_SKEW:
        raise UsageError(
            f"a release built in the future: {format_instant(request.built_at)}", hint="check the clock of CI"
        )
    service = declare_service(turn, request.manifest) if request.manifest else ensure_service(turn, request.service)
    require_bound(turn, service)
    if request.manifest and request.manifest.name != request.service:
        raise UsageError(f"the manifest declares `{request.manifest.name}`, the release is of `{request.service}`")
    digest = _store_sbom(turn, request.sbom)
    known = _find_release(turn, service, request, digest)
    # a new release without a declaration takes over the service's, which nobody has checked
    warnings = _check_plans(turn, request.manifest or (_declared(turn, service) if known is None else None))
    release = _merged(known, request, digest) if known else _new_release(turn, service, request, digest)
    if release == known:
        return ReleaseOutcome(release, service, created=False, warnings=warnings)
    manifest = manifest_to_json(request.manifest) if request.manifest else turn.tx.services.manifest(service.id)
    turn.tx.releases.save(release, _identity(request), manifest)
    linked = link_builds(turn, release)
    turn.tx.journal.append("release.registered", _release_body(release, turn.actor))
    # it may run somewhere already, and only now is it known what; documents may speak of what was built besides
    if known is not None and (known.sbom, known.artifacts) != (release.sbom, release.artifacts):
        subject = Subject("service", service.id, service.name)
        reconcile(turn, subjects=[(subject, environment.name) for environment in turn.tx.environments.list()])
    elif known is not None and linked:
        review_deployments(turn, [service.id])
    return ReleaseOutcome(release, service, created=known is None, warnings=warnings)


def _declared(turn: Turn, service: Service) -> ServiceManifest | None:
    document = turn.tx.services.manifest(service.id)
    return manifest_from_json(dict(document)) if document else None


def _check_plans(turn: Turn, manifest: ServiceManifest | None) -> tuple[str, ...]:
    if manifest is None or not manifest.plans:
        return ()
    flags = {
        environment.name: {flag.key: flag for flag in turn.tx.flags.list(environment.name)}
        for environment in turn.tx.environments.list()
    }
    targets = [
        Target(one["section"] or "", one["name"] or "", "", one["environment"], one["service"], (), "")
        for one in load_seen(turn.tx).configured
    ]
    problems = check_plan(manifest, flags, action_names(), targets=targets)
    errors = [problem for problem in problems if problem.severity == "error"]
    if errors:
        lines = "; ".join(f"plan `{problem.plan}`: {problem.message}" for problem in errors)
        raise PlanError(lines, where=errors[0].where, hint=errors[0].hint)
    return tuple(f"plan `{problem.plan}`: {problem.message}" for problem in problems)


def _store_sbom(turn: Turn, sbom: Sbom | None) -> str | None:
    if sbom is None:
        return None
    digest = sbom_digest(sbom)
    turn.tx.sboms.save(digest, sbom)
    return digest


def _identity(request: ReleaseRequest) -> str:
    return release_identity(request.service, request.version, request.commit, request.artifacts)


def _find_release(turn: Turn, service: Service, request: ReleaseRequest, sbom: str | None) -> Release | None:
    found = turn.tx.releases.find(identity=_identity(request))
    if found:
        return found[0]
    holders = [
        release
        for artifact in request.artifacts
        for release in turn.tx.releases.find(digest=artifact.digest, service=service.id)
    ]
    for release in holders:
        _require_same_content(release, sbom)
    return next((release for release in holders if release.version == request.version), None)


def _require_same_content(known: Release, sbom: str | None) -> None:
    if sbom and known.sbom and sbom != known.sbom:
        raise ConflictError(
            f"release `{known.id}` of `{known.service}` is known with another composition",
            hint="one digest has one content: build a new version, or name the commit",
        )


def _merged(known: Release, request: ReleaseRequest, digest: str | None) -> Release:
    _require_same_content(known, digest)
    held = {artifact.digest for artifact in known.artifacts}
    added = tuple(artifact for artifact in request.artifacts if artifact.digest not in held)
    return replace(
        known,
        artifacts=known.artifacts + added,
        sbom=known.sbom or digest,
        built_at=known.built_at or request.built_at,
        commit=known.commit or request.commit,
        min_compatible=_merged_marker(known, request),
    )


def _merged_marker(known: Release, request: ReleaseRequest) -> str | None:
    """What a release does to its data is part of its content: it may be told later, and does not change."""
    if known.min_compatible and request.min_compatible and known.min_compatible != request.min_compatible:
        raise ConflictError(
            f"release `{known.id}` of `{known.service}` is known with `{known.min_compatible}` as the oldest version "
            f"that may follow it, not `{request.min_compatible}`",
            hint="a release does not change: give it a new version",
        )
    return known.min_compatible or request.min_compatible


def _new_release(turn: Turn, service: Service, request: ReleaseRequest, digest: str | None) -> Release:
    return Release(
        turn.tx.org,
        turn.ids.new("rel"),
        service.id,
        service.name,
        request.version,
        request.commit,
        request.built_at,
        turn.now,
        digest,
        request.artifacts,
        request.min_compatible,
    )


def _release_body(release: Release, actor: str) -> dict[str, object]:
    return {
        "id": release.id,
        "about": release.service_id,
        "service": release.service,
        "version": release.version,
        "commit": release.commit,
        "built_at": format_instant(release.built_at) if release.built_at else None,
        "sbom": release.sbom,
        "artifacts": [artifact.digest for artifact in release.artifacts],
        "min_compatible": release.min_compatible,
        "by": actor,
    }


def record_host(turn: Turn, request: HostRequest) -> Host:
    """Take a collector's report: renews the lease, keeps the package set once by digest, judges what changed."""
    turn.require(Permission.FACTS_WRITE)
    ensure_environment(turn, request.environment)
    digest = _store_sbom(turn, request.sbom) or ""
    known = turn.tx.hosts.find(request.facts.machine_id)
    if known is not None and turn.now < known.seen_at:  # a clock ran backwards: what was seen later is the newer sight
        return known
    host = Host(
        turn.tx.org,
        known.id if known else turn.ids.new("host"),
        request.facts.name,
        request.environment,
        request.facts.os,
        request.facts.kernel,
        request.facts.architecture,
        digest,
        known.first_seen_at if known else turn.now,
        turn.now,
        turn.now + timedelta(seconds=request.lease_s),
    )
    turn.tx.hosts.save(host, request.facts.machine_id)
    if known is None or known.lease_until <= turn.now or _says(known) != _says(host):
        body = {"id": host.id, "os": host.os, "kernel": host.kernel, "sbom": digest, "environment": host.environment}
        turn.tx.journal.append("host.seen", body | {"by": turn.actor})
        places = {host.environment, known.environment if known else host.environment}
        reconcile(turn, subjects=[(Subject("host", host.id, host.name), place) for place in sorted(places)])
    return host


def _says(host: Host) -> tuple[str, ...]:
    return host.sbom, host.kernel, host.os, host.environment


def expire_hosts(turn: Turn) -> list[Host]:
    """End the states of hosts whose lease is over, and judge what that ends."""
    gone = list(turn.tx.hosts.expire(turn.now))
    for host in gone:
        turn.tx.journal.append("host.expired", {"id": host.id})
    if gone:
        reconcile(turn, subjects=[(Subject("host", host.id, host.name), host.environment) for host in gone])
    return gone
