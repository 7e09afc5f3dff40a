"""Drills begin, and end when whoever played them is gone.

Rules:
1. One drill of a service at a time. One that runs longer than `LIMIT` was left behind by a crash: it has failed, and
   what it laid is lifted.
2. `L2` acts, so it is refused where the internet can reach, or may: it is for test environments.
"""

from collections.abc import Sequence
from dataclasses import field, replace
from datetime import datetime, timedelta

from holdfast.errors import ConflictError, NotFoundError, UsageError
from holdfast.facts.manifest import manifest_from_json
from holdfast.loop.drills_log import journal_drill
from holdfast.loop.drills_stage import Piece, is_open_to_all, load_piece
from holdfast.mitigations.drill import duration_words
from holdfast.mitigations.drill_faults import check_faults
from holdfast.mitigations.plan import plan_digest
from holdfast.model.drill import DrillEvidence, DrillLevel, DrillOutcome
from holdfast.model.frozen import frozen
from holdfast.model.inventory import Environment, Service
from holdfast.model.plan import Drill, ServiceManifest
from holdfast.ports.ids import Ids
from holdfast.ports.store import Transaction

LIMIT = timedelta(minutes=10)
_LAST_TIER = 99


@frozen
class DrillAsk:
    """What is to be rehearsed. `service` is a name or an id; what is `None` is chosen: see `begin_drill`.

    `release` is one that does not run yet: an `L0` drill looks at its plans, as if it ran there already.
    """

    service: str
    plan: str | None = None
    environment: str | None = None
    level: DrillLevel | None = None
    faults: tuple[str, ...] = field(default=())
    release: str | None = None


def begin_drill(tx: Transaction, ask: DrillAsk, by: str, now: datetime, ids: Ids) -> tuple[DrillEvidence, Piece]:
    """Begin a drill; it is carried out by whoever asked.

    Without a plan it is the first declared drill's, else the only one; without a level the declared one, else `L1`.
    Without an environment `L0` and `L1` are held in the most critical one where the service runs, `L2` in the declared
    one, else the least critical one that is not open to the internet.

    Raises:
        NotFoundError: no such service, plan or environment, or none that fits.
        UsageError: `L2` where the internet can reach, or a fault that makes no sense at that level.
        ConflictError: a drill of the service is under way.
    """
    service = find_service(tx, ask.service)
    document = tx.services.manifest(service.id)
    if document is None:
        raise NotFoundError(f"`{service.name}` declares nothing", hint="declare plans in its holdfast.yaml")
    manifest = manifest_from_json(dict(document))
    plan = ask.plan or _default_plan(manifest)
    declared = next((drill for drill in manifest.drills if drill.plan == plan), None)
    level = ask.level or (DrillLevel(declared.level) if declared else DrillLevel.L1)
    environment = ask.environment or _default_environment(tx, service, level, declared)
    piece = load_piece(tx, service.id, plan, environment, now, ask.release)
    if level is DrillLevel.L2:
        _require_test_environment(piece.environment)
    check_faults(ask.faults, level)
    _require_quiet(tx, service, now)
    evidence = DrillEvidence(
        org=tx.org,
        id=ids.new("drl"),
        service_id=service.id,
        service=service.name,
        environment=environment,
        plan=plan,
        plan_digest=plan_digest(piece.plan),
        level=level,
        outcome=DrillOutcome.RUNNING,
        started_at=now,
        ended_at=None,
        requested_by=by,
        inputs=tuple(sorted(piece.inputs.items())),
        faults=ask.faults,
    )
    tx.drills.save(evidence)
    journal_drill(tx, "drill.begun", evidence, faults=list(ask.faults))
    return evidence, piece


def find_service(tx: Transaction, name: str) -> Service:
    """Return a service by name or id. Raises: NotFoundError."""
    found = tx.services.find(name)
    return found if found is not None else tx.services.get(name)


def _default_plan(manifest: ServiceManifest) -> str:
    if manifest.drills:
        return manifest.drills[0].plan
    if len(manifest.plans) == 1:
        return manifest.plans[0].id
    if not manifest.plans:
        raise NotFoundError(f"`{manifest.name}` has no plan", hint="declare one under `plans` in its holdfast.yaml")
    known = ", ".join(f"`{one.id}`" for one in manifest.plans)
    raise UsageError(f"`{manifest.name}` has several plans", hint=f"name one of {known}")


def _default_environment(tx: Transaction, service: Service, level: DrillLevel, declared: Drill | None) -> str:
    if level is DrillLevel.L2 and declared is not None and declared.environment:
        return declared.environment
    running, _ = tx.queries.running(service=service.id)
    places = {one.deployment.environment for one in running}
    known = [one for one in tx.environments.list() if one.name in places]
    if level is DrillLevel.L2:
        closed = [one for one in known if not is_open_to_all(one)]
        if not closed:
            hint = "declare one: `holdfast environment set NAME --exposure internal`, and deploy there"
            raise NotFoundError(f"`{service.name}` runs in no environment that is closed to the internet", hint=hint)
        return max(closed, key=lambda one: (one.tier or 0, one.name)).name
    if not known:
        raise NotFoundError(f"`{service.name}` runs nowhere that is known", hint="name one with `environment`")
    return min(known, key=lambda one: (one.tier or _LAST_TIER, one.name)).name


def _require_test_environment(environment: Environment) -> None:
    if is_open_to_all(environment):
        raise UsageError(
            f"an L2 drill acts, and `{environment.name}` is {environment.reach} for exposure",
            hint="hold it in a test environment whose exposure is `internal` or `development`",
        )


def _require_quiet(tx: Transaction, service: Service, now: datetime) -> None:
    for one in running_drills(tx):
        if one.service_id == service.id and now - one.started_at < LIMIT:
            raise ConflictError(f"drill {one.id} of `{service.name}` is under way", hint="wait for it to end")


def running_drills(tx: Transaction) -> Sequence[DrillEvidence]:
    """Return the drills that have not ended, the newest first."""
    return [one for one in tx.drills.list(limit=200) if one.outcome is DrillOutcome.RUNNING]


def left_behind(tx: Transaction, now: datetime) -> Sequence[DrillEvidence]:
    """Return the drills that whoever played them left behind."""
    return [one for one in running_drills(tx) if now - one.started_at >= LIMIT]


def as_left_behind(evidence: DrillEvidence) -> DrillEvidence:
    """Return the evidence with what befell it as its last step's reason."""
    return replace(
        evidence, because=f"whoever held it was gone; it had not ended after {duration_words(LIMIT.total_seconds())}"
    )
