"""Are we ready? Which services could be held fast tonight, by which plan, at which rung.

A plan is as ready as it is in the worst of the environments where its service runs. One that needs what is down now is
not ready, however well it was rehearsed.
"""

from collections.abc import Sequence
from datetime import datetime

from holdfast.loop.drills import DrillReader, open_reader
from holdfast.loop.provider_health import ProviderHealth, find_outage, list_health
from holdfast.loop.view_action import NEVER_REHEARSED, REHEARSED
from holdfast.loop.view_map import MapView, Row
from holdfast.mitigations.drill import worst
from holdfast.model.frozen import frozen
from holdfast.model.plan import Plan
from holdfast.ports.store import Transaction

NO_PLAN = "no plan"
UNUSABLE = "can't be used now"


@frozen
class ReadinessRow:
    """One plan of a service, or a service without any.

    `state` is `no plan`, `can't be used now` with the reason as `words`, or what its drills say in words.
    """

    service: str
    tier: int | None
    plan: str | None
    state: str
    words: str


def readiness(tx: Transaction, matrix: MapView, now: datetime, most: int = 8) -> tuple[ReadinessRow, ...]:
    """Return a row a plan of every service on the map; those without a plan first, then by tier."""
    out: list[ReadinessRow] = []
    reader, known = open_reader(tx, now), list_health(tx)
    for row in matrix.rows:
        if row.kind == "service":
            used = {cell.environment for cell in row.cells if cell is not None}
            out += _of_service(reader, row, sorted(used), known)
    return tuple(sorted(out, key=lambda one: (one.plan is not None, one.tier or 99, one.service))[:most])


def _of_service(
    reader: DrillReader, row: Row, environments: list[str], known: Sequence[ProviderHealth]
) -> list[ReadinessRow]:
    manifest = reader.manifest(row.id)
    if manifest is None or not manifest.plans:
        words = "declares none" if row.claimed else "unclaimed"
        return [ReadinessRow(row.name, row.tier, None, NO_PLAN, words)]
    out = []
    for plan in manifest.plans:
        standings = [reader.standing(plan, row.id, name) for name in environments]
        state = REHEARSED[worst(standings).readiness] if standings else NEVER_REHEARSED
        outages = (find_outage(known, plan, name, row.name, reader.now) for name in environments)
        outage = next((one for one in outages if one is not None), None)
        state, words = (UNUSABLE, outage) if outage is not None else (state, _rungs(plan, environments))
        out.append(ReadinessRow(row.name, row.tier, plan.id, state, words))
    return out


def _rungs(plan: Plan, environments: list[str]) -> str:
    rungs = {plan.level(name).value for name in environments}
    if len(rungs) == 1:
        return rungs.pop()
    return ", ".join(f"{plan.level(name).value} in {name}" for name in environments[:2])
