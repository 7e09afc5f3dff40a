"""Read models: what runs, exposures by rank, coverage, counts."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from sqlalchemy import Select, and_, func, or_, select

from holdfast.edges.stores.cursors import from_cursor, to_cursor
from holdfast.edges.stores.deployments import to_deployment
from holdfast.edges.stores.exposures import to_exposure
from holdfast.edges.stores.hosts import SqlHosts
from holdfast.edges.stores.impact import find_impact
from holdfast.edges.stores.releases import artifacts_of, to_release
from holdfast.edges.stores.sboms import from_detail
from holdfast.edges.stores.schema_facts import DEPLOYMENT, RELEASE, SBOM, SERVICE
from holdfast.edges.stores.schema_findings import EXPOSURE
from holdfast.edges.stores.services import to_service
from holdfast.edges.stores.session import Session, chunks
from holdfast.edges.stores.undecided import find_undecided
from holdfast.findings.as_of import exposure_at
from holdfast.model.advisory import Interval, Pairwise
from holdfast.model.component import Unparsed
from holdfast.model.inventory import Status
from holdfast.ports.queries import (
    Counts,
    Coverage,
    ExposureFilter,
    ExposurePage,
    ImpactPage,
    Running,
    RunningHost,
    Undecided,
)

_COVERAGE = """
SELECT c.ecosystem, c.source, count(*) AS components FROM component c WHERE c.id IN (
    SELECT o.component FROM occurrence o WHERE o.sbom IN (
        SELECT s.sbom FROM stay s WHERE s.org = :org AND s.ended_at IS NULL {scope}
    )
) GROUP BY c.ecosystem, c.source ORDER BY c.ecosystem, c.source
"""
_COUNTS = """
SELECT (SELECT count(*) FROM service WHERE org = :org) AS services,
       (SELECT count(*) FROM service WHERE org = :org AND NOT claimed) AS unclaimed,
       (SELECT count(*) FROM release WHERE org = :org) AS releases,
       (SELECT count(*) FROM environment WHERE org = :org) AS environments,
       (SELECT count(*) FROM deployment WHERE org = :org AND status = 'succeeded' AND ended_at IS NULL) AS deployments,
       (SELECT count(*) FROM host_state WHERE org = :org AND ended_at IS NULL) AS hosts,
       (SELECT coalesce(sum(b.components), 0) FROM stay s JOIN sbom b ON b.id = s.sbom
         WHERE s.org = :org AND s.ended_at IS NULL) AS components
"""


class SqlQueries:
    """Answers of one question each."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def impact(
        self,
        intervals: Sequence[tuple[str | None, Interval]],
        pairwise: Sequence[tuple[str | None, Pairwise]],
        *,
        as_of: datetime | None,
        after: str | None,
        limit: int,
        packages: Sequence[tuple[str, str, str]] = (),
    ) -> ImpactPage:
        """Return what runs (at `as_of`, else now) inside any of the intervals, one row a component and target."""
        return find_impact(self._session, intervals, pairwise, as_of=as_of, after=after, limit=limit, packages=packages)

    def running(
        self, as_of: datetime | None = None, service: str | None = None
    ) -> tuple[Sequence[Running], Sequence[RunningHost]]:
        """Return what occupies every target at an instant, and the hosts then.

        `service` is a name or an id; with it there are no hosts in the answer.
        """
        running = self._running(as_of, service)
        if service is not None:
            return running, ()
        hosts = SqlHosts(self._session).list(as_of)
        sizes = self._sizes([host.sbom for host in hosts])
        empty: tuple[int, tuple[Unparsed, ...]] = (0, ())
        return running, [RunningHost(host, *sizes.get(host.sbom, empty)) for host in hosts]

    def _running(self, as_of: datetime | None, service: str | None) -> Sequence[Running]:
        session, d = self._session, DEPLOYMENT.c
        when = (
            [d.ended_at.is_(None)]
            if as_of is None
            else [d.started_at <= as_of, or_(d.ended_at.is_(None), d.ended_at > as_of)]
        )
        joined = DEPLOYMENT.join(SERVICE, and_(SERVICE.c.org == d.org, SERVICE.c.id == d.service_id))
        query = (
            select(DEPLOYMENT)
            .select_from(joined)
            .where(d.org == session.org, d.status == Status.SUCCEEDED.value, *when)
        )
        if service is not None:
            query = query.where(or_(SERVICE.c.name == service, SERVICE.c.id == service))
        rows = session.rows(query.order_by(SERVICE.c.name, d.environment, d.target, d.started_at, d.id))
        services = {
            row.id: to_service(row) for row in session.rows(select(SERVICE).where(SERVICE.c.org == session.org))
        }
        kept = {row.release_id for row in rows}
        artifacts = artifacts_of(session, sorted(kept))
        releases = {
            row.id: to_release(row, artifacts.get(row.id, ()))
            for ids in chunks(sorted(kept))
            for row in session.rows(select(RELEASE).where(RELEASE.c.org == session.org, RELEASE.c.id.in_(ids)))
        }
        sizes = self._sizes([release.sbom for release in releases.values() if release.sbom])
        found = []
        for row in rows:
            release = releases.get(row.release_id)
            if release is not None:
                components, unparsed = sizes.get(release.sbom or "", (None, ()))
                found.append(Running(to_deployment(row), services[row.service_id], release, components, unparsed))
        return found

    def _sizes(self, digests: Sequence[str]) -> Mapping[str, tuple[int, tuple[Unparsed, ...]]]:
        found: dict[str, tuple[int, tuple[Unparsed, ...]]] = {}
        for some in chunks(dict.fromkeys(digests)):
            where = (SBOM.c.org == self._session.org, SBOM.c.digest.in_(some))
            for row in self._session.rows(select(SBOM).where(*where)):
                found[row.digest] = (row.components, from_detail(row.detail)[1])
        return found

    def exposures(
        self, where: ExposureFilter, *, as_of: datetime | None, after: str | None, limit: int
    ) -> ExposurePage:
        """Return current episodes by rank; with `as_of`, those that were live then in valid and record time.

        As of then their state is the one of then too, in the answer and to the filter.
        """
        if as_of is not None and where.states:
            return self._exposures_then(where, as_of, after, limit)
        e = EXPOSURE.c
        conditions = [e.org == self._session.org, *_conditions(where), *_live_at(as_of)]
        total = self._session.row(select(func.count()).select_from(EXPOSURE).where(*conditions))
        query: Select[Any] = select(e.rank, e.id, e.body).where(*conditions)
        if after:
            rank, last_id = from_cursor(after, (int, str))
            query = query.where(or_(e.rank < rank, and_(e.rank == rank, e.id > last_id)))
        rows = self._session.rows(query.order_by(e.rank.desc(), e.id).limit(limit + 1))
        last = rows[limit - 1] if len(rows) > limit else None
        cursor = to_cursor((last.rank, last.id)) if last else None
        found = tuple(map(to_exposure, rows[:limit]))
        if as_of is not None:
            found = tuple(exposure_at(one, as_of) for one in found)
        return ExposurePage(found, total[0] if total else 0, cursor)

    def _exposures_then(self, where: ExposureFilter, as_of: datetime, after: str | None, limit: int) -> ExposurePage:
        """The same by the states of then, which no column holds: everything that was live is read."""
        e = EXPOSURE.c
        conditions = [e.org == self._session.org, *_conditions(replace(where, states=())), *_live_at(as_of)]
        rows = self._session.rows(select(e.rank, e.id, e.body).where(*conditions).order_by(e.rank.desc(), e.id))
        found = [(-row.rank, row.id, exposure_at(to_exposure(row), as_of)) for row in rows]
        found = [one for one in found if one[2].state.value in where.states]
        total = len(found)
        if after:
            rank, last_id = from_cursor(after, (int, str))
            found = [one for one in found if one[:2] > (-rank, last_id)]
        cursor = to_cursor((-found[limit - 1][0], found[limit - 1][1])) if len(found) > limit else None
        return ExposurePage(tuple(one[2] for one in found[:limit]), total, cursor)

    def coverage(self, service_id: str | None = None) -> Sequence[Coverage]:
        """Return distinct components that run now by ecosystem and source, all or one service's or host's."""
        named = {"org": self._session.org} | ({"subject": service_id} if service_id is not None else {})
        query = _COVERAGE.format(scope="AND s.subject = :subject" if service_id is not None else "")
        return [Coverage(row.ecosystem, row.source, row.components) for row in self._session.rows(query, named)]

    def undecided(self, *, running: bool) -> Mapping[str, Sequence[Undecided]]:
        """Return digest → what of a composition records name without versions; `running` leaves out what is not now."""
        return find_undecided(self._session, running=running)

    def counts(self) -> Counts:
        """Return sizes; `components` counts running instances, `hosts` those under a lease."""
        row = self._session.row(_COUNTS, {"org": self._session.org})
        where = (EXPOSURE.c.org == self._session.org, EXPOSURE.c.current, EXPOSURE.c.drill.is_(None))
        states = self._session.rows(select(EXPOSURE.c.state, func.count()).where(*where).group_by(EXPOSURE.c.state))
        sizes = {name: int(value) for name, value in row._mapping.items()} if row else {}
        return Counts(**sizes, by_state={row[0]: row[1] for row in states})


def _live_at(as_of: datetime | None) -> list[Any]:
    e = EXPOSURE.c
    if as_of is None:
        return [e.current]
    return [
        e.detected_at <= as_of,
        or_(e.introduced_at.is_(None), e.introduced_at <= as_of),
        or_(e.resolved_at.is_(None), e.resolved_at > as_of),
    ]


def _conditions(where: ExposureFilter) -> list[Any]:
    e = EXPOSURE.c
    out: list[Any] = [] if where.drills else [e.drill.is_(None)]
    out += [
        column.in_(values)
        for column, values in (
            (e.state, where.states),
            (e.environment, where.environments),
            (e.team, where.teams),
            (e.package_state, where.package_states),
        )
        if values
    ]
    if where.services:
        out.append(or_(e.subject_name.in_(where.services), e.subject.in_(where.services)))
    if where.text:
        out.append(e.search.contains(where.text.lower(), autoescape=True))
    if where.min_severity is not None:
        out.append(e.severity >= where.min_severity)
    if where.kind is not None:
        out.append(e.subject_kind == where.kind)
    for column, flag in (
        (e.known_exploited, where.known_exploited),
        (e.fix_available, where.fix_available),
        (e.backlog, where.backlog),
    ):
        if flag is not None:
            out.append(column.is_(flag))
    return out
