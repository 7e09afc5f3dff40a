"""Are we rehearsed? What the drills of each plan say now, in each environment.

Rules:
1. Evidence counts for the environment it was made in. What `L2` shows in a test environment counts beside an `L1` of
   the environment that is asked about, and only where the same release runs as was rehearsed.
2. A drill is held against the plan, the release, the flags, the drivers and the targets as they are now.
3. Everything is read once per transaction: a thousand exposures of one advisory cost a thousand look-ups in memory.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

import msgspec

from holdfast.facts.manifest import manifest_from_json
from holdfast.loop.drills_inputs import Seen, inputs_of, load_seen
from holdfast.mitigations.drill import (
    DEFAULT_AGE_S,
    RELEASE,
    Need,
    Prediction,
    Standing,
    judge,
    need_of,
    predict,
    reaches,
    worst,
)
from holdfast.model.drill import DrillEvidence, DrillLevel, Readiness
from holdfast.model.guard import Guards
from holdfast.model.inventory import Release
from holdfast.model.plan import Plan, ServiceManifest
from holdfast.model.run import Run
from holdfast.ports.store import Transaction

MANY = 100
"""From so many questions on, everything is read at once; fewer cost less one by one, however large the org."""
LOOK_BACK = 40
GUARDS = "mitigations.guards"
"""The setting that holds the org's limits."""


@dataclass(slots=True)
class DrillReader:
    """Answers what drills say, for many plans in one transaction. `max_age_s` is for plans that declare no drill."""

    tx: Transaction
    now: datetime
    max_age_s: float = DEFAULT_AGE_S
    _manifests: dict[str, ServiceManifest | None] = field(default_factory=dict)
    _drills: dict[tuple[str, str], Sequence[DrillEvidence]] = field(default_factory=dict)
    _newest: dict[tuple[str, str], list[DrillEvidence]] | None = None
    _releases: dict[tuple[str, str], Sequence[Release]] = field(default_factory=dict)
    _latest: dict[str, Sequence[Release]] = field(default_factory=dict)
    _running: dict[tuple[str, str], list[Release]] | None = None
    _standings: dict[tuple[str, Plan, str], Standing] = field(default_factory=dict)
    _seen: Seen | None = None
    _definitions: dict[str, dict[str, str]] = field(default_factory=dict)
    _all_flags: set[str] = field(default_factory=set)
    _documents: Mapping[str, Mapping[str, Any]] | None = None

    def find_unproven(self, plan: Plan, service_id: str, environment: str) -> str | None:
        """Return why a plan has not earned `auto` there, in a sentence; `None` when it is proven and fresh."""
        standing = self.standing(plan, service_id, environment)
        return None if standing.is_proven else f"plan `{plan.id}` in `{environment}`: {standing.because}"

    def standing(self, plan: Plan, service_id: str, environment: str) -> Standing:
        """Return what a plan's drills say of it in an environment."""
        key = (service_id, plan, environment)  # two releases may declare different plans of one name
        if key not in self._standings:
            self._standings[key] = self._judge(plan, service_id, environment)
        return self._standings[key]

    def need(self, plan: Plan, service_id: str) -> Need:
        """Return what the service's declaration asks of the plan's drills."""
        manifest = self.manifest(service_id)
        return need_of(plan, manifest.drills if manifest else (), self.max_age_s)

    def _judge(self, plan: Plan, service_id: str, environment: str) -> Standing:
        need = self.need(plan, service_id)
        drills = self.drills(service_id, plan.id)
        here = [one for one in drills if one.environment == environment]
        inputs = self.inputs(plan, service_id, environment)
        if need.level is not DrillLevel.L2 or any(reaches(one.level, DrillLevel.L2) for one in here):
            return judge(here, need, inputs, self.now)
        near = judge(here, replace(need, level=DrillLevel.L1), inputs, self.now)
        return worst((self._elsewhere(plan, service_id, need, drills, inputs[RELEASE]), near))

    def _elsewhere(
        self, plan: Plan, service_id: str, need: Need, drills: Sequence[DrillEvidence], release: str
    ) -> Standing:
        """What `L2` drills of other environments say of a plan where this release runs."""
        whole = [one for one in drills if one.level is DrillLevel.L2]
        places = dict.fromkeys(one.environment for one in whole)
        found = []
        for place in places:
            inputs = {**self.inputs(plan, service_id, place), RELEASE: release}
            found.append(judge([one for one in whole if one.environment == place], need, inputs, self.now))
        if found:
            return max(found, key=lambda one: one.drill or "")
        return Standing(Readiness.NEVER, f"it was never rehearsed at {need.level} in a test environment")

    def predict(self, plan: Plan, service_id: str, environment: str) -> Prediction | None:
        """Return how long the plan will take there, by its last drills in that environment, else anywhere."""
        drills = self.tx.drills.of_plan(service_id, plan.id, limit=LOOK_BACK)
        return predict([one for one in drills if one.environment == environment]) or predict(drills)

    def drills(self, service_id: str, plan: str) -> Sequence[DrillEvidence]:
        """Return a plan's drills, newest first; of many plans the newest ended one of each environment and level."""
        key = (service_id, plan)
        if self._newest is None and key not in self._drills:
            if len(self._drills) < MANY:
                return self._drills.setdefault(key, self.tx.drills.of_plan(service_id, plan, limit=LOOK_BACK))
            self._newest = {}
            for one in self.tx.drills.newest():
                self._newest.setdefault((one.service_id, one.plan), []).append(one)
        if key in self._drills:
            return self._drills[key]
        return (self._newest or {}).get(key, ())

    def manifest(self, service_id: str) -> ServiceManifest | None:
        """Return a service's declaration."""
        if service_id not in self._manifests:
            if len(self._manifests) >= MANY and self._documents is None:
                self._documents = self.tx.services.manifests()
            known = self._documents
            document = self.tx.services.manifest(service_id) if known is None else known.get(service_id)
            self._manifests[service_id] = manifest_from_json(document) if document else None
        return self._manifests[service_id]

    def _definition(self, environment: str, key: str) -> str:
        """Return a flag's definition, empty where it is not defined."""
        known = self._definitions.setdefault(environment, {})
        if key not in known and environment not in self._all_flags:
            if len(known) >= MANY:
                known |= {flag.key: flag.definition for flag in self.tx.flags.list(environment)}
                self._all_flags.add(environment)
            else:
                found = self.tx.flags.find(environment, key)
                known[key] = found.definition if found else ""
        return known.get(key, "")

    def releases(self, service_id: str, environment: str) -> Sequence[Release]:
        """Return what of a service runs there; where nothing does, its newest release alone."""
        key = (service_id, environment)
        if key not in self._releases:
            if len(self._releases) >= MANY and self._running is None:
                self._running = {}
                for one in self.tx.queries.running()[0]:
                    place = (one.service.id, one.deployment.environment)
                    self._running.setdefault(place, []).append(one.release)
            self._releases[key] = self._running_there(service_id, environment) or self._newest_release(service_id)
        return self._releases[key]

    def _running_there(self, service_id: str, environment: str) -> Sequence[Release]:
        if self._running is not None:
            known = {release.id: release for release in self._running.get((service_id, environment), ())}
            return tuple(known.values())
        runs = self.tx.deployments.runs(service_id, environment, self.now)
        ids = dict.fromkeys(one.release_id for one in runs if one.release_id)
        return tuple(self.tx.releases.get(release_id) for release_id in ids)

    def _newest_release(self, service_id: str) -> Sequence[Release]:
        if service_id not in self._latest:
            self._latest[service_id] = tuple(self.tx.releases.find(service=service_id, limit=1))
        return self._latest[service_id]

    def assume(self, service_id: str, environment: str, release: Release) -> None:
        """Answer as if a release ran there, with what it declares."""
        self._releases[service_id, environment] = (release,)
        document = self.tx.releases.manifest(release.id)
        if document:
            self._manifests[service_id] = manifest_from_json(document)

    def inputs(self, plan: Plan, service_id: str, environment: str) -> Mapping[str, str]:
        """Return what a rehearsal of the plan there depends on now."""
        if self._seen is None:
            self._seen = load_seen(self.tx)
        manifest = self.manifest(service_id)
        return inputs_of(
            plan,
            manifest.features if manifest else (),
            manifest.name if manifest else "",
            environment,
            definition_of=lambda key: self._definition(environment, key),
            releases=self.releases(service_id, environment),
            seen=self._seen,
        )


def open_reader(tx: Transaction, now: datetime) -> DrillReader:
    """Return a reader that takes the org's limit for how old evidence may be."""
    text = tx.settings.get(GUARDS)
    return DrillReader(tx, now, msgspec.json.decode(text, type=Guards).max_drill_age_s if text else DEFAULT_AGE_S)


def find_unproven(tx: Transaction, subject: Plan | Run, service_id: str, environment: str, now: datetime) -> str | None:
    """Return why a plan has not earned `auto` there; `None` when it is proven and fresh. For one question alone."""
    plan = subject.plan if isinstance(subject, Run) else subject
    return open_reader(tx, now).find_unproven(plan, service_id, environment)
