"""Evidence of rehearsals."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import func, select

from holdfast.edges.stores.schema_mitigations import DRILL
from holdfast.edges.stores.session import Session
from holdfast.edges.stores.values import from_body, to_body
from holdfast.errors import NotFoundError
from holdfast.model.drill import DrillEvidence, DrillOutcome


class SqlDrills:
    """Evidence of rehearsals; identifiers sort by creation."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def save(self, evidence: DrillEvidence) -> None:
        """Create, or change while it runs."""
        row = {
            "org": self._session.own(evidence.org),
            "id": evidence.id,
            "service_id": evidence.service_id,
            "environment": evidence.environment,
            "plan": evidence.plan,
            "level": evidence.level.value,
            "outcome": evidence.outcome.value,
            "started_at": evidence.started_at,
            "body": to_body(evidence),
        }
        self._session.upsert(DRILL, [row])

    def get(self, drill_id: str) -> DrillEvidence:
        """Return by id. Raises: NotFoundError."""
        found = self._list(select(DRILL.c.body).where(DRILL.c.id == drill_id))
        if not found:
            raise NotFoundError(f"there is no drill `{drill_id[:80]}`")
        return found[0]

    def of_plan(
        self, service_id: str, plan: str, environment: str | None = None, limit: int = 50
    ) -> Sequence[DrillEvidence]:
        """Return a plan's drills, newest first."""
        query = select(DRILL.c.body).where(DRILL.c.service_id == service_id, DRILL.c.plan == plan)
        if environment is not None:
            query = query.where(DRILL.c.environment == environment)
        return self._list(query.order_by(DRILL.c.id.desc()).limit(limit))

    def newest(self) -> Sequence[DrillEvidence]:
        """Return the newest ended drill of every (service, plan, environment, level)."""
        places = (DRILL.c.service_id, DRILL.c.plan, DRILL.c.environment, DRILL.c.level)
        ended = (DRILL.c.org == self._session.org, DRILL.c.outcome != DrillOutcome.RUNNING.value)
        ids = select(func.max(DRILL.c.id)).where(*ended).group_by(*places)
        return self._list(select(DRILL.c.body).where(DRILL.c.id.in_(ids)).order_by(DRILL.c.id.desc()))

    def list(self, after: str | None = None, limit: int = 100) -> Sequence[DrillEvidence]:
        """Return drills with an id below `after`, newest first."""
        query = select(DRILL.c.body)
        if after is not None:
            query = query.where(DRILL.c.id < after)
        return self._list(query.order_by(DRILL.c.id.desc()).limit(limit))

    def _list(self, query: Any) -> Sequence[DrillEvidence]:
        rows = self._session.rows(query.where(DRILL.c.org == self._session.org))
        return [from_body(row.body, DrillEvidence) for row in rows]
