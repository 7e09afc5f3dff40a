"""VEX documents."""

from collections.abc import Collection, Sequence

from sqlalchemy import delete, select

from holdfast.edges.stores.schema_vex import VEX_ABOUT, VEX_DOCUMENT, VEX_DUE, VEX_STATEMENT
from holdfast.edges.stores.session import Session, chunks
from holdfast.edges.stores.values import from_body, to_body
from holdfast.model.vex import KeptVex, Statement

_LONGEST = 256
"""Nothing that is looked for has a longer name, and no index takes any."""


class SqlVexDocuments:
    """What an org's people let others say of vulnerabilities."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def save(self, kept: KeptVex, statements: Sequence[Statement]) -> None:
        """Create or change, by name; what it said before is gone."""
        session, org = self._session, self._session.own(kept.org)
        self.remove(kept.name)
        session.upsert(VEX_DOCUMENT, [{"org": org, "name": kept.name, "body": to_body(kept)}])
        bodies = ((org, kept.name, number, to_body(one)) for number, one in enumerate(statements))
        session.add(VEX_STATEMENT, ("org", "name", "number", "body"), bodies)
        about = (
            (org, vulnerability, kept.name, number)
            for number, one in enumerate(statements)
            for vulnerability in dict.fromkeys(one.ids)
            if len(vulnerability) <= _LONGEST
        )
        session.add(VEX_ABOUT, ("org", "vulnerability", "name", "number"), about)

    def find(self, name: str) -> KeptVex | None:
        """Return by name."""
        own = VEX_DOCUMENT.c.org == self._session.org
        row = self._session.row(select(VEX_DOCUMENT.c.body).where(own, VEX_DOCUMENT.c.name == name))
        return from_body(row.body, KeptVex) if row else None

    def remove(self, name: str) -> None:
        """Remove by name; what is not there is no fault."""
        for table in (VEX_ABOUT, VEX_STATEMENT, VEX_DOCUMENT):
            self._session.change(delete(table).where(table.c.org == self._session.org, table.c.name == name))

    def list(self) -> Sequence[KeptVex]:
        """Return all by name."""
        own = VEX_DOCUMENT.c.org == self._session.org
        rows = self._session.rows(select(VEX_DOCUMENT.c.body).where(own).order_by(VEX_DOCUMENT.c.name))
        return [from_body(row.body, KeptVex) for row in rows]

    def about(self, vulnerabilities: Collection[str]) -> Sequence[Statement]:
        """Return every statement that names one of them, once, by document and in its order."""
        found: dict[tuple[str, int], Statement] = {}
        told, said = VEX_ABOUT.c, VEX_STATEMENT.c
        join = VEX_ABOUT.join(
            VEX_STATEMENT, (told.org == said.org) & (told.name == said.name) & (told.number == said.number)
        )
        for some in chunks(sorted(vulnerabilities)):
            query = select(said.name, said.number, said.body).select_from(join)
            for row in self._session.rows(query.where(told.org == self._session.org, told.vulnerability.in_(some))):
                if (row.name, row.number) not in found:
                    found[row.name, row.number] = from_body(row.body, Statement)
        return [found[place] for place in sorted(found)]

    def named(self, name: str | None = None) -> Collection[str]:
        """Return the vulnerabilities that a document names, or all documents."""
        query = select(VEX_ABOUT.c.vulnerability).distinct().where(VEX_ABOUT.c.org == self._session.org)
        rows = self._session.rows(query if name is None else query.where(VEX_ABOUT.c.name == name))
        return {row.vulnerability for row in rows}

    def mark(self, clusters: Collection[str]) -> None:
        """Let the exposures of clusters be judged anew, soon; what waits already is no fault."""
        self._session.upsert(VEX_DUE, [{"org": self._session.org, "cluster": one} for one in sorted(set(clusters))])

    def due(self, limit: int) -> Sequence[str]:
        """Return the first clusters that wait for it, sorted."""
        query = select(VEX_DUE.c.cluster).where(VEX_DUE.c.org == self._session.org)
        return [row.cluster for row in self._session.rows(query.order_by(VEX_DUE.c.cluster).limit(limit))]

    def done(self, clusters: Collection[str]) -> None:
        """Let clusters wait no more."""
        for some in chunks(sorted(set(clusters))):
            where = (VEX_DUE.c.org == self._session.org, VEX_DUE.c.cluster.in_(some))
            self._session.change(delete(VEX_DUE).where(*where))
