"""VEX documents."""

from collections.abc import Sequence

from sqlalchemy import delete, select

from holdfast.edges.stores.schema_vex import VEX_DOCUMENT
from holdfast.edges.stores.session import Session
from holdfast.edges.stores.values import from_body, to_body
from holdfast.model.vex import KeptVex


class SqlVexDocuments:
    """What an org's people let others say of vulnerabilities."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def save(self, kept: KeptVex) -> None:
        """Create or change, by name."""
        row = {"org": self._session.own(kept.org), "name": kept.name, "body": to_body(kept)}
        self._session.upsert(VEX_DOCUMENT, [row])

    def find(self, name: str) -> KeptVex | None:
        """Return by name."""
        own = VEX_DOCUMENT.c.org == self._session.org
        row = self._session.row(select(VEX_DOCUMENT.c.body).where(own, VEX_DOCUMENT.c.name == name))
        return from_body(row.body, KeptVex) if row else None

    def remove(self, name: str) -> None:
        """Remove by name; what is not there is no fault."""
        own = VEX_DOCUMENT.c.org == self._session.org
        self._session.change(delete(VEX_DOCUMENT).where(own, VEX_DOCUMENT.c.name == name))

    def list(self) -> Sequence[KeptVex]:
        """Return all by name."""
        own = VEX_DOCUMENT.c.org == self._session.org
        rows = self._session.rows(select(VEX_DOCUMENT.c.body).where(own).order_by(VEX_DOCUMENT.c.name))
        return [from_body(row.body, KeptVex) for row in rows]
