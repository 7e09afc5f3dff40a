"""Plans and their rehearsals: what would hold tonight, what is stale and why, when the next drill is due.

Rules:
1. Every service that runs is counted; one without a plan counts against the coverage.
2. A rung is shown as it would really apply: `auto` that no drill has earned is `approve-1`, with the reason.
"""

from collections import Counter
from collections.abc import Sequence
from datetime import datetime, timedelta

from holdfast.facts.manifest_durations import parse_duration_s
from holdfast.loop.drills import DrillReader
from holdfast.loop.view_action import label_of
from holdfast.mitigations.drill import Prediction
from holdfast.model.drill import DrillEvidence, DrillOutcome, Readiness
from holdfast.model.frozen import frozen
from holdfast.model.inventory import Service
from holdfast.model.plan import Autonomy, Drill, Plan, ServiceManifest
from holdfast.ports.store import Transaction

DAYS = 14
_TAGS = {
    Readiness.PROVEN: "fine",
    Readiness.STALE: "mitigated",
    Readiness.FAILED: "exposed",
    Readiness.NEVER: "exposed",
}


@frozen
class Standing:
    """A plan in one environment: what its drills say, its rung as declared and as it would apply now."""

    environment: str
    tag: str
    readiness: str
    because: str
    declared: str
    applies: str
    drill: str | None
    drilled_at: datetime | None
    until: datetime | None
    prediction: Prediction | None


@frozen
class PlanRow:
    """A plan of a service, with its standing wherever the service runs."""

    service: str
    tier: int | None
    team: str | None
    plan: str
    label: str
    coverage: str
    otherwise: str | None
    standings: tuple[Standing, ...]


@frozen
class DueRow:
    """A declared drill: when it was held last and when it is due next; `day` counts from today, `None` beyond view."""

    service: str
    plan: str
    level: str
    every: str
    last: DrillEvidence | None
    tag: str
    due_at: datetime
    day: int | None


@frozen
class PlansView:
    """All plans. `covered` of `services` that run have a plan that is proven wherever they run."""

    rows: tuple[PlanRow, ...]
    without: tuple[str, ...]
    counts: tuple[tuple[str, int], ...]
    services: int
    covered: int
    calendar: tuple[DueRow, ...]
    days: tuple[datetime, ...]
    recent: tuple[DrillEvidence, ...]


def plans_view(tx: Transaction, now: datetime) -> PlansView:
    """Return the plans of every service that runs."""
    reader = DrillReader(tx, now)
    running, _ = tx.queries.running()
    places: dict[str, set[str]] = {}
    services: dict[str, Service] = {}
    for one in running:
        places.setdefault(one.service.id, set()).add(one.deployment.environment)
        services[one.service.id] = one.service
    rows: list[PlanRow] = []
    due: list[DueRow] = []
    without, covered = [], 0
    for service in sorted(services.values(), key=lambda one: (one.tier or 99, one.name)):
        manifest = reader.manifest(service.id)
        if manifest is None or not manifest.plans:
            without.append(service.name)
            continue
        mine = [_plan_row(reader, service, plan, sorted(places[service.id])) for plan in manifest.plans]
        covered += _is_covered(mine)
        rows += mine
        due += _calendar(reader, service, manifest, now)
    counts = Counter(standing.readiness for row in rows for standing in row.standings)
    today = now.replace(hour=0, minute=0, second=0, microsecond=0)
    return PlansView(
        tuple(rows),
        tuple(without),
        tuple((one.value, counts.get(one.value, 0)) for one in Readiness),
        len(services),
        covered,
        tuple(sorted(due, key=lambda row: (row.due_at, row.service, row.plan))),
        tuple(today + timedelta(days=number) for number in range(DAYS)),
        tuple(tx.drills.list(limit=10)),
    )


def _is_covered(rows: Sequence[PlanRow]) -> bool:
    """Whether in every environment at least one of a service's plans is proven."""
    environments = {standing.environment for row in rows for standing in row.standings}
    proven = {one.environment for row in rows for one in row.standings if one.readiness == Readiness.PROVEN.value}
    return environments <= proven


def _plan_row(reader: DrillReader, service: Service, plan: Plan, environments: Sequence[str]) -> PlanRow:
    return PlanRow(
        service.name,
        service.tier,
        service.team,
        plan.id,
        label_of(plan.steps),
        plan.coverage.value if plan.coverage else "not said",
        plan.otherwise,
        tuple(_standing(reader, service, plan, environment) for environment in environments),
    )


def _standing(reader: DrillReader, service: Service, plan: Plan, environment: str) -> Standing:
    found = reader.standing(plan, service.id, environment)
    level = plan.level(environment)
    falls = level is Autonomy.AUTO and not found.is_proven
    drilled = next((one for one in reader.drills(service.id, plan.id) if one.id == found.drill), None)
    return Standing(
        environment,
        _TAGS[found.readiness],
        found.readiness.value,
        found.because,
        level.value,
        Autonomy.APPROVE_1.value if falls else level.value,
        found.drill,
        (drilled.ended_at or drilled.started_at) if drilled else None,
        found.until,
        reader.predict(plan, service.id, environment),
    )


def _calendar(reader: DrillReader, service: Service, manifest: ServiceManifest, now: datetime) -> list[DueRow]:
    return [_due_row(reader, service, drill, now) for drill in manifest.drills]


def _due_row(reader: DrillReader, service: Service, drill: Drill, now: datetime) -> DueRow:
    held = [one for one in reader.drills(service.id, drill.plan) if one.level.value == drill.level]
    last = next((one for one in held if one.outcome is not DrillOutcome.RUNNING), None)
    every_s = parse_duration_s(drill.every) or 0.0
    due_at = (last.ended_at or last.started_at) + timedelta(seconds=every_s) if last else now
    today = now.replace(hour=0, minute=0, second=0, microsecond=0)
    day = (max(due_at, now) - today).days
    tag = "waived" if last is None else "fine" if last.outcome is DrillOutcome.PASSED else "exposed"
    return DueRow(
        service.name,
        drill.plan,
        drill.level,
        drill.every,
        last,
        "exposed" if due_at <= now and last is not None else tag,
        due_at,
        day if day < DAYS else None,
    )
