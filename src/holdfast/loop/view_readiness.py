"""Are we ready? Which services could be held fast tonight, by which plan, at which rung.

Rehearsals are not kept yet, so that no plan is shown as proven: each says `never rehearsed`.
"""

from dataclasses import dataclass

from holdfast.facts.manifest import manifest_from_json
from holdfast.loop.view_action import NEVER_REHEARSED
from holdfast.loop.view_map import MapView, Row
from holdfast.model.plan import Plan
from holdfast.ports.store import Transaction

NO_PLAN = "no plan"


@dataclass(frozen=True, slots=True)
class ReadinessRow:
    """One plan of a service, or a service without any. `state` is `no plan` or `never rehearsed`."""

    service: str
    tier: int | None
    plan: str | None
    state: str
    words: str


def readiness(tx: Transaction, matrix: MapView, most: int = 8) -> tuple[ReadinessRow, ...]:
    """Return a row a plan of every service on the map; those without a plan first, then by tier."""
    out: list[ReadinessRow] = []
    for row in matrix.rows:
        if row.kind == "service":
            used = {cell.environment for cell in row.cells if cell is not None}
            out += _of_service(tx, row, sorted(used))
    return tuple(sorted(out, key=lambda one: (one.plan is not None, one.tier or 99, one.service))[:most])


def _of_service(tx: Transaction, row: Row, environments: list[str]) -> list[ReadinessRow]:
    document = tx.services.manifest(row.id)
    plans = manifest_from_json(dict(document)).plans if document else ()
    if not plans:
        words = "declares none" if row.claimed else "unclaimed"
        return [ReadinessRow(row.name, row.tier, None, NO_PLAN, words)]
    return [ReadinessRow(row.name, row.tier, plan.id, NEVER_REHEARSED, _rungs(plan, environments)) for plan in plans]


def _rungs(plan: Plan, environments: list[str]) -> str:
    rungs = {plan.level(name).value for name in environments}
    if len(rungs) == 1:
        return rungs.pop()
    return ", ".join(f"{plan.level(name).value} in {name}" for name in environments[:2])
