"""Exposures: whole values as JSON, with columns to find and order them by."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from sqlalchemy import Row, select

from holdfast.edges.stores.schema_findings import EXPOSURE, EXPOSURE_FINGERPRINT
from holdfast.edges.stores.session import Session, chunks
from holdfast.edges.stores.values import from_body, to_body
from holdfast.errors import NotFoundError
from holdfast.model.exposure import Exposure, Subject

_CURRENT = """
UPDATE exposure SET current = (episode = (
    SELECT max(other.episode) FROM exposure other WHERE other.org = :org AND other.fingerprint = exposure.fingerprint
))
WHERE org = :org AND fingerprint IN :fingerprints
"""
_BODY = "SELECT body FROM exposure WHERE org = :org AND id = :id"
_REAL = EXPOSURE.c.drill.is_(None)


class SqlExposures:
    """Episodes of exposures. What drills made is left out, but for `get` and `of_drill`."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._known: dict[str, Exposure] = {}
        """What this transaction read by id or saved."""

    def of_subjects(self, subjects: Sequence[tuple[Subject, str]]) -> Sequence[Exposure]:
        """Return the current episodes of (subject, environment) pairs, by id."""
        wanted = {(subject.id, environment) for subject, environment in subjects}
        found: list[Exposure] = []
        for ids in chunks(sorted({subject for subject, _ in wanted})):
            rows = self._rows(_REAL, EXPOSURE.c.current, EXPOSURE.c.subject.in_(ids))
            found += [to_exposure(row) for row in rows if (row.subject, row.environment) in wanted]
        return found

    def of_clusters(self, clusters: Sequence[str]) -> Sequence[Exposure]:
        """Return the current episodes of these clusters, by id."""
        found: list[Exposure] = []
        for some in chunks(dict.fromkeys(clusters)):
            found += map(to_exposure, self._rows(_REAL, EXPOSURE.c.current, EXPOSURE.c.cluster.in_(some)))
        return found

    def all(self, *, current: bool = True) -> Iterator[Exposure]:
        """Yield all episodes, or just the current ones, by id."""
        after = ""
        while True:
            where = (_REAL, EXPOSURE.c.id > after, *((EXPOSURE.c.current,) if current else ()))
            rows = self._rows(*where, limit=5000)
            yield from map(to_exposure, rows)
            if len(rows) < 5000:
                return
            after = rows[-1].id

    def get(self, exposure_id: str) -> Exposure:
        """Return by id. Raises: NotFoundError."""
        if exposure_id not in self._known:
            row = self._session.row(_BODY, {"org": self._session.org, "id": exposure_id})
            if row is None:
                raise NotFoundError(f"there is no exposure `{exposure_id}`")
            self._known[exposure_id] = to_exposure(row)
        return self._known[exposure_id]

    def of_drill(self, drill_id: str) -> Sequence[Exposure]:
        """Return what a drill made, by id."""
        return [to_exposure(row) for row in self._rows(EXPOSURE.c.drill == drill_id)]

    def save(self, exposures: Sequence[Exposure], aliases: Mapping[str, str] | None = None) -> None:
        """Create or change by id; `aliases` are further fingerprint → exposure id.

        Raises:
            ConflictError: another exposure has the fingerprint and the episode.
        """
        session = self._session
        known = [one for one in exposures if self._is_named(one)]
        new = [one for one in exposures if not self._is_named(one)]
        session.upsert(EXPOSURE, [_columns(one, session.own(one.org)) for one in known], keep=("current",))
        session.upsert(EXPOSURE, [_columns(one, session.own(one.org)) for one in new])
        for some in chunks(sorted({exposure.fingerprint for exposure in new})):
            session.change(_CURRENT, {"org": session.org, "fingerprints": some})
        names = {exposure.fingerprint: exposure.id for exposure in new} | dict(aliases or {})
        session.upsert(
            EXPOSURE_FINGERPRINT,
            [{"org": session.org, "fingerprint": name, "exposure": key} for name, key in sorted(names.items())],
        )
        self._known |= {one.id: one for one in exposures}

    def _is_named(self, exposure: Exposure) -> bool:
        """Whether its fingerprint and episode are stored already, and with them which one is current."""
        known = self._known.get(exposure.id)
        return known is not None and (known.fingerprint, known.episode) == (exposure.fingerprint, exposure.episode)

    def find(self, fingerprint: str) -> Exposure | None:
        """Return the exposure that a fingerprint, or an alias of one, names: the current episode."""
        table = EXPOSURE_FINGERPRINT
        where = (table.c.org == self._session.org, table.c.fingerprint == fingerprint)
        row = self._session.row(select(table.c.exposure).where(*where))
        return self.get(row.exposure) if row else None

    def _rows(self, *where: Any, limit: int | None = None) -> Sequence[Row[Any]]:
        columns = (EXPOSURE.c.id, EXPOSURE.c.subject, EXPOSURE.c.environment, EXPOSURE.c.body)
        query = select(*columns).where(EXPOSURE.c.org == self._session.org, *where).order_by(EXPOSURE.c.id)
        return self._session.rows(query if limit is None else query.limit(limit))


def to_exposure(row: Any) -> Exposure:
    """Return an exposure from a row with its body."""
    return from_body(row.body, Exposure)


def _columns(exposure: Exposure, org: str) -> dict[str, Any]:
    from holdfast.findings.rank import rank_score

    parts = (exposure.subject.name, exposure.name, *exposure.advisories, exposure.environment, exposure.summary)
    return {
        "org": org,
        "id": exposure.id,
        "fingerprint": exposure.fingerprint,
        "episode": exposure.episode,
        "current": True,
        "subject_kind": exposure.subject.kind,
        "subject": exposure.subject.id,
        "subject_name": exposure.subject.name,
        "environment": exposure.environment,
        "cluster": exposure.cluster,
        "state": exposure.state.value,
        "team": exposure.team,
        "severity": exposure.risk.severity,
        "known_exploited": exposure.risk.known_exploited,
        "fix_available": exposure.risk.fix_version is not None,
        "backlog": exposure.backlog,
        "introduced_at": exposure.clocks.introduced_at,
        "detected_at": exposure.clocks.detected_at,
        "resolved_at": exposure.clocks.resolved_at,
        "rank": rank_score(exposure),
        "search": "\n".join(parts).lower(),
        "drill": exposure.drill,
        "package_state": exposure.package_state.value if exposure.package_state else None,
        "body": to_body(exposure),
    }
