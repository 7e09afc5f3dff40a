"""Policies, waivers and builds."""

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import func, or_, select, update

from holdfast.edges.stores.schema_gate import BUILD, POLICY, WAIVER
from holdfast.edges.stores.session import Session, chunks
from holdfast.edges.stores.values import from_body, to_body
from holdfast.errors import ConflictError, NotFoundError
from holdfast.model.build import Answer, Build, BuildFilter, BuildPoint, Level, PolicyText
from holdfast.model.waiver import KeptWaiver


class SqlPolicies:
    """Every version of every level's policy."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def save(self, policy: PolicyText) -> None:
        """Keep a version. Raises: ConflictError: that version is there with another text."""
        known = {one.version: one for one in self.history(policy.level, policy.subject)}
        if policy.version in known:
            if known[policy.version].digest != policy.digest:
                raise ConflictError(f"version {policy.version} of the policy has another text", hint="read it again")
            return
        row = {name: getattr(policy, name) for name in POLICY.c.keys()}  # noqa: SIM118
        row |= {"org": self._session.own(policy.org), "level": policy.level.value}
        self._session.upsert(POLICY, [row])

    def current(self) -> Sequence[PolicyText]:
        """Return the newest version of every level and subject that has one, an emptied one left out."""
        place = (POLICY.c.level, POLICY.c.subject)
        newest = (
            select(*place, func.max(POLICY.c.version).label("version"))
            .where(POLICY.c.org == self._session.org)
            .group_by(*place)
            .subquery()
        )
        same = (POLICY.c.level == newest.c.level) & (POLICY.c.subject == newest.c.subject)
        query = select(POLICY).join(newest, same & (POLICY.c.version == newest.c.version))
        rows = self._session.rows(query.where(POLICY.c.org == self._session.org, POLICY.c.document != ""))
        return sorted((_policy(row) for row in rows), key=lambda one: (one.level, one.subject))

    def history(self, level: Level, subject: str) -> Sequence[PolicyText]:
        """Return all versions, oldest first."""
        where = (POLICY.c.org == self._session.org, POLICY.c.level == level.value, POLICY.c.subject == subject)
        return [_policy(row) for row in self._session.rows(select(POLICY).where(*where).order_by(POLICY.c.version))]


def _policy(row: Any) -> PolicyText:
    return PolicyText(
        row.org, Level(row.level), row.subject, row.version, row.document, row.digest, row.at, row.by
    )  # fmt: skip


class SqlWaivers:
    """Waivers of services."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def save(self, waiver: KeptWaiver) -> None:
        """Create or change."""
        row = {
            "org": self._session.own(waiver.org),
            "id": waiver.waiver.id,
            "service_id": waiver.service_id,
            "expires_at": waiver.waiver.expires_at,
            "ended_at": waiver.ended_at,
            "body": to_body(waiver),
        }
        self._session.upsert(WAIVER, [row])

    def get(self, waiver_id: str) -> KeptWaiver:
        """Return by id. Raises: NotFoundError."""
        found = self._list(select(WAIVER.c.body).where(WAIVER.c.id == waiver_id))
        if not found:
            raise NotFoundError(f"there is no waiver `{waiver_id[:80]}`")
        return found[0]

    def of_service(self, service_id: str) -> Sequence[KeptWaiver]:
        """Return a service's that nobody withdrew, by id; expired ones too."""
        where = (WAIVER.c.service_id == service_id, WAIVER.c.ended_at.is_(None))
        return self._list(select(WAIVER.c.body).where(*where).order_by(WAIVER.c.id))

    def of_services(self, service_ids: Collection[str]) -> Sequence[KeptWaiver]:
        """Return those of several services that nobody withdrew, by id; expired ones too."""
        found: dict[str, KeptWaiver] = {}
        for some in chunks(sorted(service_ids)):
            where = (WAIVER.c.service_id.in_(some), WAIVER.c.ended_at.is_(None))
            found |= {one.waiver.id: one for one in self._list(select(WAIVER.c.body).where(*where))}
        return [found[name] for name in sorted(found)]

    def ending(self, after: datetime | None, until: datetime | None) -> Sequence[KeptWaiver]:
        """Return those that nobody withdrew and that end later than `after`, and not later than `until`, by id."""
        where: list[Any] = [WAIVER.c.ended_at.is_(None)]
        where += [WAIVER.c.expires_at > after] if after is not None else []
        where += [WAIVER.c.expires_at <= until] if until is not None else []
        return self._list(select(WAIVER.c.body).where(*where).order_by(WAIVER.c.id))

    def list(self, after: str | None = None, limit: int = 100) -> Sequence[KeptWaiver]:
        """Return those with an id below `after`, newest first."""
        query = select(WAIVER.c.body)
        if after is not None:
            query = query.where(WAIVER.c.id < after)
        return self._list(query.order_by(WAIVER.c.id.desc()).limit(limit))

    def _list(self, query: Any) -> Sequence[KeptWaiver]:
        rows = self._session.rows(query.where(WAIVER.c.org == self._session.org))
        return [from_body(row.body, KeptWaiver) for row in rows]


class SqlBuilds:
    """Decisions of gates; ids sort by when they were made."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def save(self, build: Build, evidence: bytes | None = None, document: bytes | None = None) -> None:
        """Create or change; `evidence` is what it was decided on, `document` what was answered; `None` leaves it."""
        row = {name: getattr(build, name) for name in _PLAIN}
        row |= {
            "org": self._session.own(build.org),
            "answer": build.answer.value,
            "overridden": build.override is not None,
            "body": to_body(build),
        }
        given = {"evidence": evidence, "document": document}
        self._session.upsert(BUILD, [row | {name: value for name, value in given.items() if value is not None}])

    def get(self, build_id: str) -> Build:
        """Return by id. Raises: NotFoundError."""
        found = self._list(select(BUILD.c.body).where(BUILD.c.id == build_id))
        if not found:
            raise NotFoundError(f"there is no build `{build_id[:80]}`")
        return found[0]

    def evidence(self, build_id: str) -> bytes | None:
        """Return what a build was decided on; `None` once it was dropped."""
        where = (BUILD.c.org == self._session.org, BUILD.c.id == build_id)
        row = self._session.row(select(BUILD.c.evidence).where(*where))
        return None if row is None or row.evidence is None else bytes(row.evidence)

    def document(self, build_id: str) -> bytes | None:
        """Return what was answered of a build; `None` where nothing was kept."""
        where = (BUILD.c.org == self._session.org, BUILD.c.id == build_id)
        row = self._session.row(select(BUILD.c.document).where(*where))
        return None if row is None or row.document is None else bytes(row.document)

    def list(self, where: BuildFilter, after: str | None = None, limit: int = 100) -> Sequence[Build]:
        """Return the builds with an id below `after`, newest first."""
        query = select(BUILD.c.body).where(*_of(where))
        if after is not None:
            query = query.where(BUILD.c.id < after)
        return self._list(query.order_by(BUILD.c.id.desc()).limit(limit))

    def points(self, at: datetime, where: BuildFilter, limit: int) -> Sequence[BuildPoint]:
        """Return what figures need of the builds made at `at` or later, newest first."""
        query = select(*_POINT).where(BUILD.c.org == self._session.org, BUILD.c.at >= at, *_of(where))
        rows = self._session.rows(query.order_by(BUILD.c.at.desc(), BUILD.c.id.desc()).limit(limit))
        return [BuildPoint(row[0], row[1], row[2], Answer(row[3]), bool(row[4]), row[5], row[6]) for row in rows]

    def since(self, at: datetime, limit: int) -> Sequence[Build]:
        """Return builds made at `at` or later, newest first."""
        query = select(BUILD.c.body).where(BUILD.c.at >= at)
        return self._list(query.order_by(BUILD.c.at.desc(), BUILD.c.id.desc()).limit(limit))

    def first_at(self, service_id: str) -> datetime | None:
        """Return when a service's first build was decided; `None` without any."""
        where = (BUILD.c.org == self._session.org, BUILD.c.service_id == service_id)
        row = self._session.row(select(BUILD.c.at).where(*where).order_by(BUILD.c.id).limit(1))
        return None if row is None else row.at

    def services(self) -> Sequence[str]:
        """Return the ids of all services that have a build."""
        query = select(BUILD.c.service_id).where(BUILD.c.org == self._session.org).distinct()
        return sorted(row.service_id for row in self._session.rows(query))

    def of_release(
        self, service_id: str, commit: str | None, sbom: str | None, artifacts: Sequence[str]
    ) -> Sequence[Build]:
        """Return a service's builds of this commit, of this composition, or of one of these artifacts, oldest first."""
        same = [BUILD.c.commit == commit] if commit else []
        same += [BUILD.c.sbom == sbom] if sbom else []
        same += [BUILD.c.artifact.in_(list(artifacts))] if artifacts else []
        if not same:
            return []
        return self._list(select(BUILD.c.body).where(BUILD.c.service_id == service_id, or_(*same)).order_by(BUILD.c.id))

    def forget_evidence(self, before: datetime, limit: int) -> int:
        """Drop the evidence of at most `limit` builds made before; returns of how many."""
        mine = (BUILD.c.org == self._session.org, BUILD.c.at < before, BUILD.c.evidence.is_not(None))
        oldest = select(BUILD.c.id).where(*mine).order_by(BUILD.c.at).limit(limit)
        change = update(BUILD).where(BUILD.c.org == self._session.org, BUILD.c.id.in_(oldest))
        return int(self._session.change(change.values(evidence=None)).rowcount)

    def _list(self, query: Any) -> Sequence[Build]:
        rows = self._session.rows(query.where(BUILD.c.org == self._session.org))
        return [from_body(row.body, Build) for row in rows]


_PLAIN = ("id", "service_id", "service", "team", "commit", "sbom", "artifact", "release_id", "at", "score", "took_s")
_POINT = (
    BUILD.c.service,
    BUILD.c.team,
    BUILD.c.at,
    BUILD.c.answer,
    BUILD.c.overridden,
    BUILD.c.score,
    BUILD.c.took_s,
)


def _of(where: BuildFilter) -> list[Any]:
    """Return the conditions of a filter."""
    out: list[Any] = []
    if where.service_id is not None:
        out.append(BUILD.c.service_id == where.service_id)
    if where.team is not None:
        out.append(BUILD.c.team == where.team)
    if where.answer is not None:
        out.append(BUILD.c.answer == where.answer.value)
    if where.held:
        out += [BUILD.c.answer != Answer.PASS.value, BUILD.c.overridden.is_(False)]
    if where.overridden:
        out.append(BUILD.c.overridden.is_(True))
    return out
