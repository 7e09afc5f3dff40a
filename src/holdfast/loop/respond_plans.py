"""Plans meet exposures: which plan applies, what it would change, the run that it becomes. Nothing here is kept."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime

from holdfast.errors import NotFoundError, PlanError
from holdfast.facts.manifest import manifest_from_json
from holdfast.loop.world import SnapshotWorld, TxWorld
from holdfast.mitigations.action import Call, Change
from holdfast.mitigations.actions import get_action
from holdfast.mitigations.plan import concerns, matches_plan, plan_digest
from holdfast.model.advisory import Enrichment
from holdfast.model.exposure import Exposure
from holdfast.model.frozen import frozen
from holdfast.model.inventory import Environment, Reach, Service
from holdfast.model.plan import Autonomy, Feature, Plan, ServiceManifest
from holdfast.model.run import Run, RunState, RunStep, StepState
from holdfast.model.verdict import Fail, Pass, Verdict
from holdfast.ports.store import Transaction
from holdfast.ports.world import Targets, World


def make_call(run: Run, step: RunStep, now: datetime, world: World, fence: int = 0) -> Call:
    """Return the use of an action that a run's step is."""
    return Call(
        org=run.org,
        environment=run.environment,
        service_id=run.service_id,
        service=run.service,
        run=run.id,
        number=step.number,
        key=step.key,
        step=step.step,
        reason=f"run {run.id} of plan `{run.plan.id}`",
        at=now,
        world=world,
        before=step.before,
        intended_at=step.intended_at,
        fence=fence,
        expires_at=run.expires_at,
        requested_by=run.requested_by,
        exposure=run.exposure,
    )


def find_gap(plan: Plan, exposure: Exposure, features: Sequence[Feature]) -> Verdict:
    """Say whether what a plan does is for what the exposure is about."""
    return concerns(plan, exposure, features)


@frozen
class Simulation:
    """What a run would change, in order of its steps; `problem` says why it could not be told."""

    changes: tuple[Change, ...]
    problem: str | None = None


def simulate(run: Run, now: datetime, world: World) -> Simulation:
    """Plan the steps of a run whose effects lie in the store; writes nothing.

    What lies outside is looked at before the run begins, when no transaction is open.
    """
    changes: list[Change] = []
    for step in run.steps:
        try:
            spec, call = get_action(step.step.action), make_call(run, step, now, world)
            if spec.within(call):
                changes += spec.plan(call)
        except PlanError as error:
            return Simulation(tuple(changes), error.message)
    return Simulation(tuple(changes))


@dataclass(slots=True)
class PlanReader:
    """Reads what plans are judged by, each thing once per transaction; for many exposures, everything at once."""

    tx: Transaction
    many: bool = False
    targets: Targets | None = None
    _manifests: dict[str, ServiceManifest | None] = field(default_factory=dict)
    _services: dict[str, Service | None] = field(default_factory=dict)
    _environments: dict[str, Environment] = field(default_factory=dict)
    _worlds: dict[str, TxWorld] = field(default_factory=dict)

    def manifest(self, exposure: Exposure) -> ServiceManifest | None:
        """Return the declaration of the newest running release, else the service's current one."""
        release = max(exposure.releases, default="")  # identifiers sort by creation
        key = release or exposure.subject.id
        if key not in self._manifests:
            document = self.tx.releases.manifest(release) if release else None
            if document is None:
                document = self.tx.services.manifest(exposure.subject.id)
            self._manifests[key] = manifest_from_json(document) if document is not None else None
        return self._manifests[key]

    def service(self, service_id: str) -> Service | None:
        """Return the service, `None` when it is not there."""
        if self.many and not self._services:
            self._services = {service.id: service for service in self.tx.services.list(limit=1_000_000)}
        if service_id not in self._services:
            try:
                self._services[service_id] = self.tx.services.get(service_id)
            except NotFoundError:
                self._services[service_id] = None
        return self._services[service_id]

    def environment(self, name: str) -> Environment:
        """Return the environment; one that was never declared has unknown exposure."""
        if name not in self._environments:
            known = self.tx.environments.find(name)
            self._environments[name] = known or Environment(self.tx.org, "", name, None, Reach.UNKNOWN)
        return self._environments[name]

    def world(self, environment: str) -> TxWorld:
        """Return what steps in the environment may touch while they are planned."""
        if environment not in self._worlds:
            kind = SnapshotWorld if self.many else TxWorld
            self._worlds[environment] = kind(self.tx, environment, self.targets)
        return self._worlds[environment]

    def judge(self, exposure: Exposure, now: datetime) -> list[tuple[Plan, Verdict]]:
        """Return every plan of the exposure's service with whether it applies; none for hosts."""
        manifest = self.manifest(exposure) if exposure.subject.kind == "service" else None
        service = self.service(exposure.subject.id) if manifest else None
        if manifest is None or service is None:
            return []
        environment = self.environment(exposure.environment)
        out = []
        for plan in manifest.plans:
            gap = find_gap(plan, exposure, manifest.features)
            enrichment = self._enrichment(exposure) if "ssvc" in plan.when else None
            wanted = matches_plan(plan, exposure, service, environment, now=now, enrichment=enrichment)
            out.append((plan, gap if isinstance(gap, Fail) or isinstance(wanted, Pass) else wanted))
        return out

    def _enrichment(self, exposure: Exposure) -> Enrichment | None:
        """Return what is known of the exposure's CVEs, the most exploited one first."""
        known = self.tx.enrichments.of([name for name in exposure.advisories if name.startswith("CVE-")])
        order = {"active": 0, "poc": 1, "none": 2}
        return min(known.values(), key=lambda one: order.get(one.ssvc_exploitation or "", 3), default=None)

    def choose(self, exposure: Exposure, now: datetime) -> tuple[Plan, Verdict] | None:
        """Return the first plan that surely applies, else the first of which it could not be told."""
        judged = [(plan, verdict) for plan, verdict in self.judge(exposure, now) if not isinstance(verdict, Fail)]
        sure = [(plan, verdict) for plan, verdict in judged if isinstance(verdict, Pass)]
        return next(iter(sure or judged), None)

    def make_run(self, exposure: Exposure, plan: Plan, run_id: str, requested_by: str, now: datetime) -> Run:
        """Return a run of the plan with its arguments written out; its state is `observed` until somebody decides."""
        manifest = self.manifest(exposure)
        features = manifest.features if manifest else ()
        steps = tuple(
            RunStep(number, get_action(step.action).resolve(step, features), f"{run_id}/{number}", StepState.PENDING)
            for number, step in enumerate(plan.steps, 1)
        )
        return Run(
            org=self.tx.org,
            id=run_id,
            exposure=exposure.id,
            service_id=exposure.subject.id,
            service=exposure.subject.name,
            environment=exposure.environment,
            plan=plan,
            plan_digest=plan_digest(plan),
            state=RunState.OBSERVED,
            level=Autonomy.OBSERVE,
            steps=steps,
            created_at=now,
            requested_by=requested_by,
            updated_at=now,
        )


def journal_run(tx: Transaction, kind: str, run: Run, by: str, **facts: object) -> None:
    """Journal something about a run; its exposure and service are named, so that their histories show it."""
    body: dict[str, object] = {
        "id": run.id,
        "about": [run.exposure, run.service_id],
        "plan": run.plan.id,
        "plan_digest": run.plan_digest,
        "environment": run.environment,
        "state": run.state.value,
        "by": by,
    }
    tx.journal.append(kind, body | facts)


def changes_to_json(changes: Sequence[Change]) -> list[dict[str, str]]:
    """Return changes as the journal keeps them."""
    return [
        {"what": change.what, "before": change.before, "after": change.after, "note": change.note} for change in changes
    ]
