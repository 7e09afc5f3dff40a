"""Policies, waivers and builds."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import func, select, update

from holdfast.edges.stores.schema_gate import BUILD, POLICY, WAIVER
from holdfast.edges.stores.session import Session, chunks
from holdfast.edges.stores.values import from_body, to_body
from holdfast.errors import ConflictError, NotFoundError
from holdfast.model.build import Build, Level, PolicyText
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

    def save(self, build: Build, evidence: bytes | None = None) -> None:
        """Create or change; `evidence` is what it was decided on, kept as given where it is `None`."""
        row = {
            "org": self._session.own(build.org),
            "id": build.id,
            "service_id": build.service_id,
            "commit": build.commit,
            "release_id": build.release_id,
            "at": build.at,
            "answer": build.answer.value,
            "body": to_body(build),
        }
        self._session.upsert(BUILD, [row | ({} if evidence is None else {"evidence": evidence})])

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

    def list(self, service_id: str | None = None, after: str | None = None, limit: int = 100) -> Sequence[Build]:
        """Return builds with an id below `after`, newest first."""
        query = select(BUILD.c.body)
        if service_id is not None:
            query = query.where(BUILD.c.service_id == service_id)
        if after is not None:
            query = query.where(BUILD.c.id < after)
        return self._list(query.order_by(BUILD.c.id.desc()).limit(limit))

    def since(self, at: datetime, limit: int) -> Sequence[Build]:
        """Return builds made at `at` or later, newest first."""
        query = select(BUILD.c.body).where(BUILD.c.at >= at)
        return self._list(query.order_by(BUILD.c.at.desc(), BUILD.c.id.desc()).limit(limit))

    def of_releases(self, release_ids: Sequence[str]) -> Sequence[Build]:
        """Return the builds that became these releases, oldest first."""
        found: list[Build] = []
        for ids in chunks(dict.fromkeys(release_ids)):
            found += self._list(select(BUILD.c.body).where(BUILD.c.release_id.in_(ids)))
        return sorted(found, key=lambda one: one.id)

    def of_commit(self, service_id: str, commit: str) -> Sequence[Build]:
        """Return a commit's builds of a service, oldest first."""
        where = (BUILD.c.service_id == service_id, BUILD.c.commit == commit)
        return self._list(select(BUILD.c.body).where(*where).order_by(BUILD.c.id))

    def forget_evidence(self, before: datetime, limit: int) -> int:
        """Drop the evidence of at most `limit` builds made before; returns of how many."""
        mine = (BUILD.c.org == self._session.org, BUILD.c.at < before, BUILD.c.evidence.is_not(None))
        oldest = select(BUILD.c.id).where(*mine).order_by(BUILD.c.at).limit(limit)
        change = update(BUILD).where(BUILD.c.org == self._session.org, BUILD.c.id.in_(oldest))
        return int(self._session.change(change.values(evidence=None)).rowcount)

    def _list(self, query: Any) -> Sequence[Build]:
        rows = self._session.rows(query.where(BUILD.c.org == self._session.org))
        return [from_body(row.body, Build) for row in rows]
