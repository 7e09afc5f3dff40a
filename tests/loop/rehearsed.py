"""Evidence of a drill that passed, as a real one leaves it: what tests of automatic runs begin with."""

from datetime import datetime

from holdfast.loop.drills import DrillReader
from holdfast.mitigations.plan import plan_digest
from holdfast.model.drill import DrillEvidence, DrillLevel, DrillOutcome
from holdfast.model.plan import Plan
from holdfast.ports.store import Transaction


def prove(
    tx: Transaction,
    service_id: str,
    environment: str,
    now: datetime,
    *plans: Plan,
    level: str = "L1",
    passed: bool = True,
) -> None:
    """Save a drill of each plan that passed, or failed, with the inputs as they are now."""
    reader = DrillReader(tx, now)
    for plan in plans:
        inputs = tuple(sorted(reader.inputs(plan, service_id, environment).items()))
        name = f"drl_{service_id}_{plan.id}_{environment}_{now.timestamp():.6f}"
        ended = DrillOutcome.PASSED if passed else DrillOutcome.FAILED
        outcome = (DrillLevel(level), ended, now, now, "per_tester", inputs)
        tx.drills.save(
            DrillEvidence(tx.org, name, service_id, service_id, environment, plan.id, plan_digest(plan), *outcome)
        )
