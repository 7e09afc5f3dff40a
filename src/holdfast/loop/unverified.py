"""Deployments of releases that no passing verdict of the gate allowed.

Rules:
1. A verdict is a release's when it judged its artifact, its composition, or its commit; not by commit where it names an
   artifact that the release does not have. What a run for a change asked, by who it is, is no release's, until a
   person lets it go: what it was told rests on what the change says of itself.
2. A verdict for no environment counts in all: what the environment would have excused, it did not. One for another
   environment counts where that has the same tier and exposure and no rule in force looks at environments.
3. The newest verdict when a deployment began decides. Once begun with one that lets it go, it stays allowed: what is
   learnt later of what runs is an exposure of its own.
4. Begun without, it is unverified, or blocked where the gate held it, until a verdict passes or somebody lets the build
   go; both instants are kept, that of the verdict and that of learning of it.
5. A verdict is needed since the policy's `since`; where the highest level says none, since the service's first build or
   the first policy that it is under, unless a lower level says earlier. What ran before is nobody's fault.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from holdfast.findings.context import AdvisoryFacts
from holdfast.gate.levels import Levels
from holdfast.gate.policy import Unverified
from holdfast.loop.policies import place_names, read_kept
from holdfast.model.build import Build, Level, PolicyText
from holdfast.model.exposure import DEPLOYMENT, Span, Subject
from holdfast.model.frozen import frozen
from holdfast.model.inventory import Deployment, Environment, Release, Service
from holdfast.ports.store import Transaction

NAME = "release"
"""The name of what such an exposure is about, where others have a package."""
UNKNOWN_TIER = 2


class Standing(StrEnum):
    """What the gate says of a deployment. `not-asked` needs no verdict."""

    PASSED = "passed"
    OVERRIDDEN = "overridden"
    BLOCKED = "blocked"
    UNVERIFIED = "unverified"
    NOT_ASKED = "not-asked"


_SEVERITIES = {
    Standing.BLOCKED: {1: 8.0, 2: 6.5, 0: 5.0},
    Standing.UNVERIFIED: {1: 5.0, 2: 4.0, 0: 2.0},
}
"""Severity on the scale of CVSS by tier; 0 is every tier below. A hole that is known comes before one that may be."""


@frozen
class Verdict:
    """What the gate says of a deployment. `allowed_at` is when it was let go, after it had begun; `build` what decides.

    `outcome` is what the policy makes of it, `needed_since` from when on a verdict is needed.
    """

    standing: Standing
    because: str
    build: Build | None = None
    allowed_at: datetime | None = None
    outcome: Unverified = Unverified.IGNORE
    needed_since: datetime | None = None

    @property
    def is_missing(self) -> bool:
        """Whether it began without a passing verdict and needed one."""
        return self.standing in {Standing.BLOCKED, Standing.UNVERIFIED}

    @property
    def is_told(self) -> bool:
        """Whether who deploys is told."""
        return self.is_missing and self.outcome is not Unverified.IGNORE


@frozen
class Found:
    """What is wrong with deployments: spans of running, and by cluster what they are about."""

    spans: tuple[Span, ...] = ()
    facts: Mapping[str, AdvisoryFacts] = field(default_factory=dict)


def cluster_of(service_id: str, environment: str) -> str:
    """Return what such exposures of a service in an environment are recognized by."""
    return f"{DEPLOYMENT}:{service_id}:{environment}"


@dataclass(slots=True)
class VerdictReader:
    """Says of deployments what the gate says; reads each thing once per transaction."""

    tx: Transaction
    _kept: Mapping[tuple[Level, str], PolicyText] | None = None
    _begun: dict[tuple[Level, str], datetime | None] = field(default_factory=dict)
    _levels: dict[str, tuple[Levels, datetime | None]] = field(default_factory=dict)
    _builds: dict[str, Sequence[Build]] = field(default_factory=dict)
    _environments: Mapping[str, Environment] | None = None

    def read(self, service: Service, deployment: Deployment, release: Release) -> Verdict:
        """Return what the gate says of a deployment of a release."""
        levels, needed_since = self._of_service(service)
        if needed_since is None or deployment.started_at < needed_since:
            return Verdict(Standing.NOT_ASKED, "it began before any verdict was needed", needed_since=needed_since)
        builds = [one for one in self.builds_of(release) if self._counts(one, deployment.environment, levels)]
        standing, because, build, allowed_at = judge(builds, deployment.started_at)
        return Verdict(standing, because, build, allowed_at, levels.unverified(deployment.started_at), needed_since)

    def builds_of(self, release: Release) -> Sequence[Build]:
        """Return the builds that judged a release, oldest first."""
        if release.id not in self._builds:
            digests = [one.digest for one in release.artifacts]
            found = self.tx.builds.of_release(release.service_id, release.commit, release.sbom, digests)
            self._builds[release.id] = [one for one in found if is_of(one, release)]
        return self._builds[release.id]

    def _of_service(self, service: Service) -> tuple[Levels, datetime | None]:
        if service.id not in self._levels:
            if self._kept is None:
                self._kept = {(one.level, one.subject): one for one in self.tx.policies.current()}
            places = place_names(self.tx, service)
            levels = Levels([read_kept(self._kept[place]) for place in places if place in self._kept])
            begun = [self._policy_at(place) for place in places if place in self._kept]
            known = [at for at in (self.tx.builds.first_at(service.id), *begun) if at is not None]
            self._levels[service.id] = levels, levels.unverified_since(min(known, default=None))
        return self._levels[service.id]

    def _policy_at(self, place: tuple[Level, str]) -> datetime | None:
        if place not in self._begun:
            history = self.tx.policies.history(*place)
            self._begun[place] = history[0].at if history else None
        return self._begun[place]

    def _counts(self, build: Build, environment: str, levels: Levels) -> bool:
        if build.environment in {"", environment}:
            return True
        if self._environments is None:
            self._environments = {one.name: one for one in self.tx.environments.list()}
        judged, here = self._environments.get(build.environment), self._environments.get(environment)
        if judged is None or here is None or levels.tells_environments_apart:
            return False
        return (judged.tier, judged.reach) == (here.tier, here.reach)


def is_of(build: Build, release: Release) -> bool:
    """Whether a build judged what became a release (rule 1)."""
    if build.for_change and build.override is None:
        return False
    digests = {one.digest for one in release.artifacts}
    if build.artifact and digests:
        return build.artifact in digests
    if build.sbom and build.sbom == release.sbom:
        return True
    return build.commit is not None and build.commit == release.commit


def judge(builds: Sequence[Build], started_at: datetime) -> tuple[Standing, str, Build | None, datetime | None]:
    """Return the standing of what began at an instant: with words, the build that decides, and when it was let go."""
    before = [one for one in builds if one.at <= started_at]
    newest = before[-1] if before else None
    if newest is not None and newest.passed_at is not None and newest.passed_at <= started_at:
        return (*_let_go(newest), newest, None)
    later = [one for one in builds if one.passed_at is not None and (newest is None or one.id >= newest.id)]
    found = min(later, key=lambda one: one.passed_at or one.at, default=None)
    if found is not None:
        standing = Standing.BLOCKED if newest is not None else Standing.UNVERIFIED
        return standing, f"it began before {found.id} {_let_go(found)[1]}", found, found.passed_at
    if not builds:
        return Standing.UNVERIFIED, "no build of it was judged", None, None
    held = builds[-1]
    return Standing.BLOCKED, f"the gate held {held.id}, and nobody let it go", held, None


def _let_go(build: Build) -> tuple[Standing, str]:
    return (Standing.OVERRIDDEN, "was let go") if build.override is not None else (Standing.PASSED, "passed")


def find_unverified(tx: Transaction, now: datetime, service_ids: Sequence[str], since: datetime) -> Found:
    """Return what runs, or ran after `since`, without the verdict that the policies want."""
    reader, spans = VerdictReader(tx), []
    told: dict[str, tuple[Service, list[tuple[Verdict, bool]]]] = {}
    services = _services(tx, service_ids)
    for deployment in tx.deployments.history(service_ids, since):
        service, release = services.get(deployment.service_id), tx.releases.get(deployment.release_id or "")
        if service is None:
            continue
        verdict = reader.read(service, deployment, release)
        if not verdict.is_missing or verdict.outcome is not Unverified.FINDING:
            continue
        span = _span(service, deployment, release, verdict)
        spans.append(span)
        runs = span.ended_at is None or span.ended_at > now
        told.setdefault(span.cluster, (service, []))[1].append((verdict, runs))
    facts = {cluster: _facts(cluster, service.tier, found) for cluster, (service, found) in told.items()}
    return Found(tuple(spans), facts)


def _services(tx: Transaction, service_ids: Sequence[str]) -> Mapping[str, Service]:
    if len(service_ids) < 50:
        return {one: tx.services.get(one) for one in service_ids}
    return {one.id: one for one in tx.services.list(limit=1_000_000)}


def _span(service: Service, deployment: Deployment, release: Release, verdict: Verdict) -> Span:
    ends = [at for at in (deployment.ended_at, verdict.allowed_at) if at is not None]
    return Span(
        Subject("service", service.id, service.name),
        deployment.environment,
        deployment.target,
        release.id,
        DEPLOYMENT,
        NAME,
        release.version,
        cluster_of(service.id, deployment.environment),
        f"{DEPLOYMENT}-{verdict.standing}",
        deployment.started_at,
        min(ends, default=None),
        deployment.recorded_at,
        verdict.needed_since,
    )


def _facts(cluster: str, tier: int | None, found: Sequence[tuple[Verdict, bool]]) -> AdvisoryFacts:
    """Return what the exposure is: blocked where any that runs is."""
    running = [verdict for verdict, runs in found if runs] or [verdict for verdict, _ in found]
    worst = next((one for one in running if one.standing is Standing.BLOCKED), running[0])
    by_tier = _SEVERITIES[worst.standing]
    severity = by_tier.get(UNKNOWN_TIER if tier is None else tier, by_tier[0])
    words = f"Deployed without a passing verdict: {worst.because}"
    return AdvisoryFacts(
        cluster, (f"{DEPLOYMENT}-{worst.standing}",), summary=words, severity=severity, withdrawn=True
    )  # `withdrawn`: where no running of it is left, it never was true
