"""Rehearsed plans, for tests of what only a rehearsed plan may do."""

from datetime import datetime

from holdfast.loop.drills import DrillReader
from holdfast.mitigations.plan import plan_digest
from holdfast.model.drill import DrillEvidence, DrillLevel, DrillOutcome
from holdfast.model.plan import Plan
from holdfast.ports.store import Transaction


def rehearse(
    tx: Transaction,
    plan: Plan,
    service_id: str,
    environment: str,
    now: datetime,
    *,
    level: DrillLevel = DrillLevel.L1,
    because: str | None = None,
    number: int = 1,
) -> DrillEvidence:
    """Keep the evidence of a drill that just ended there, with the inputs as they are; `because` lets it have failed.

    Of two that ended in the same instant, the one with the higher `number` is newer.
    """
    evidence = DrillEvidence(
        org=tx.org,
        id=f"drl_{now.timestamp():018.6f}_{number:06}_{service_id}_{plan.id}_{environment}",
        service_id=service_id,
        service=service_id,
        environment=environment,
        plan=plan.id,
        plan_digest=plan_digest(plan),
        level=level,
        outcome=DrillOutcome.FAILED if because else DrillOutcome.PASSED,
        started_at=now,
        ended_at=now,
        requested_by="holdfast",
        inputs=tuple(sorted(DrillReader(tx, now).inputs(plan, service_id, environment).items())),
        because=because,
    )
    tx.drills.save(evidence)
    return evidence
