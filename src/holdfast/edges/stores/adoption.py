"""What services inherited when they came under the gate."""

from collections.abc import Sequence

from sqlalchemy import select

from holdfast.edges.stores.schema_adoption import INHERITED
from holdfast.edges.stores.session import Session
from holdfast.edges.stores.values import from_body, to_body
from holdfast.model.inherited import Inherited


class SqlInherited:
    """What each service's first accepted scan found."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def save(self, inherited: Inherited) -> None:
        """Create or replace."""
        row = {
            "org": self._session.own(inherited.org),
            "service_id": inherited.service_id,
            "sbom": inherited.sbom,
            "accepted_at": inherited.accepted_at,
            "body": to_body(inherited),
        }
        self._session.upsert(INHERITED, [row])

    def find(self, service_id: str) -> Inherited | None:
        """Return a service's; `None` where nothing was accepted."""
        where = (INHERITED.c.org == self._session.org, INHERITED.c.service_id == service_id)
        row = self._session.row(select(INHERITED.c.body).where(*where))
        return None if row is None else from_body(row.body, Inherited)

    def all(self) -> Sequence[Inherited]:
        """Return every service's, by the service's id."""
        query = select(INHERITED.c.body).where(INHERITED.c.org == self._session.org)
        return [from_body(row.body, Inherited) for row in self._session.rows(query.order_by(INHERITED.c.service_id))]
