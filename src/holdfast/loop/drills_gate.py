"""The rule "no release without a rehearsed way back", asked of the store."""

from datetime import datetime

from holdfast.errors import NotFoundError
from holdfast.gate.rehearsed import PlanStanding, WayBack, judge_way_back
from holdfast.loop.drills import open_reader
from holdfast.loop.drills_begin import find_service
from holdfast.ports.store import Transaction


def find_way_back(tx: Transaction, service: str, environment: str, now: datetime) -> WayBack:
    """Say whether a service (by name or id) has a rehearsed way back in an environment.

    Raises:
        NotFoundError: no such service or environment.
    """
    found = find_service(tx, service)
    if tx.environments.find(environment) is None:
        known = ", ".join(f"`{one.name}`" for one in tx.environments.list())
        raise NotFoundError(f"there is no environment `{environment[:80]}`", hint=f"one of {known}" if known else None)
    reader = open_reader(tx, now)
    manifest = reader.manifest(found.id)
    standings = []
    for plan in manifest.plans if manifest else ():
        standing = reader.standing(plan, found.id, environment)
        standings.append(PlanStanding(plan.id, standing.readiness, standing.because))
    return judge_way_back(found.name, environment, standings)
