"""Trusts, and the identity tokens that were taken."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import delete, select

from holdfast.edges.stores.schema_trusts import TRUST, TRUST_USE
from holdfast.edges.stores.session import Session
from holdfast.edges.stores.values import from_body, to_body
from holdfast.model.trust import Trust


class SqlTrusts:
    """Whose identity tokens an org takes, and which of them were taken."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def save(self, trust: Trust) -> None:
        """Create or change, by name."""
        row = {"org": self._session.own(trust.org), "name": trust.name, "body": to_body(trust)}
        self._session.upsert(TRUST, [row])

    def find(self, name: str) -> Trust | None:
        """Return by name."""
        row = self._session.row(select(TRUST.c.body).where(TRUST.c.org == self._session.org, TRUST.c.name == name))
        return from_body(row.body, Trust) if row else None

    def remove(self, name: str) -> None:
        """Remove by name; what is not there is no fault."""
        self._session.change(delete(TRUST).where(TRUST.c.org == self._session.org, TRUST.c.name == name))

    def list(self) -> Sequence[Trust]:
        """Return all by name."""
        rows = self._session.rows(select(TRUST.c.body).where(TRUST.c.org == self._session.org).order_by(TRUST.c.name))
        return [from_body(row.body, Trust) for row in rows]

    def use(self, digest: str, until: datetime) -> bool:
        """Note that a token was taken, until it is worth nothing by itself; `False` when it was taken before."""
        row = {"org": self._session.org, "digest": digest, "until": until}
        note = self._session.insert(TRUST_USE).values(**row).on_conflict_do_nothing()
        return bool(self._session.change(note.returning(TRUST_USE.c.digest)).rows)

    def forget_used(self, before: datetime) -> int:
        """Drop the notes of tokens that were worth nothing before; returns how many."""
        gone = delete(TRUST_USE).where(TRUST_USE.c.org == self._session.org, TRUST_USE.c.until < before)
        return int(self._session.change(gone).rowcount)
