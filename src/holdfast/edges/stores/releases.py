"""Releases with their artifacts."""

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import BindParameter, Row, Select, bindparam, or_, select, update

from holdfast.edges.stores.schema_facts import ARTIFACT, RELEASE
from holdfast.edges.stores.session import Session, chunks
from holdfast.edges.stores.stays import refresh_releases
from holdfast.edges.stores.values import from_json, to_json
from holdfast.errors import ConflictError, NotFoundError
from holdfast.model.inventory import Artifact, Release

# asked for every run that is judged: what is built anew each time costs more than its answer
_ORG: BindParameter[str] = bindparam("p_org")
_ID: BindParameter[str] = bindparam("p_id")
_GET = select(RELEASE).where(RELEASE.c.org == _ORG, RELEASE.c.id == _ID)
_ARTIFACTS = (
    select(ARTIFACT)
    .where(ARTIFACT.c.org == _ORG, ARTIFACT.c.release == _ID)
    .order_by(ARTIFACT.c.release, ARTIFACT.c.position, ARTIFACT.c.digest)
)


class SqlReleases:
    """Releases, found by identity, digest or version."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def save(self, release: Release, identity: str, manifest: Mapping[str, Any] | None) -> None:
        """Create; or add artifacts, a composition or a manifest to the release of that identity that had none.

        Raises:
            ConflictError: the release of that identity has another composition.
        """
        # an index that joins the platform it was known by has another identity and is the same release
        same = or_(RELEASE.c.identity == identity, RELEASE.c.id == release.id)
        known = self._session.row(select(RELEASE).where(RELEASE.c.org == self._session.own(release.org), same))
        release_id = release.id if known is None else known.id
        if known is None:
            self._create(release, identity, manifest)
        else:
            self._complete(known, release, manifest)
        first = self._session.row(
            select(ARTIFACT.c.position)
            .where(ARTIFACT.c.org == release.org, ARTIFACT.c.release == release_id)
            .order_by(ARTIFACT.c.position.desc())
        )
        start = first.position + 1 if first else 0
        rows = [
            {
                "org": release.org,
                "digest": artifact.digest,
                "release": release_id,
                "kind": artifact.kind,
                "platform": artifact.platform,
                "position": start + number,
            }
            for number, artifact in enumerate(release.artifacts)
        ]
        if rows:
            self._session.change(self._session.insert(ARTIFACT).on_conflict_do_nothing(), rows)

    def _create(self, release: Release, identity: str, manifest: Mapping[str, Any] | None) -> None:
        row = {
            "org": release.org,
            "id": release.id,
            "identity": identity,
            "service_id": release.service_id,
            "service": release.service,
            "version": release.version,
            "commit_id": release.commit,
            "built_at": release.built_at,
            "recorded_at": release.recorded_at,
            "sbom": release.sbom,
            "manifest": to_json(manifest),
            "min_compatible": release.min_compatible,
        }
        self._session.change(self._session.insert(RELEASE), [row])

    def _complete(self, known: Row[Any], release: Release, manifest: Mapping[str, Any] | None) -> None:
        if known.sbom and release.sbom and known.sbom != release.sbom:
            raise ConflictError(
                f"the release `{release.service}` {release.version} has another composition",
                hint="a release does not change; give it a new version or commit",
            )
        added: dict[str, Any] = {}
        if release.sbom and not known.sbom:
            added["sbom"] = release.sbom
        if manifest is not None and known.manifest is None:
            added["manifest"] = to_json(manifest)
        if release.built_at and known.built_at is None:
            added["built_at"] = release.built_at
        if release.commit and known.commit_id is None:
            added["commit_id"] = release.commit
        if release.min_compatible and known.min_compatible is None:
            added["min_compatible"] = release.min_compatible
        if added:
            where = (RELEASE.c.org == known.org, RELEASE.c.id == known.id)
            self._session.change(update(RELEASE).where(*where).values(added))
        if "sbom" in added:
            refresh_releases(self._session, [known.id])

    def get(self, release_id: str) -> Release:
        """Return by id. Raises: NotFoundError."""
        values = {"p_org": self._session.org, "p_id": release_id}
        row = self._session.row(_GET, values)
        if row is None:
            raise NotFoundError(f"there is no release `{release_id}`")
        held = self._session.rows(_ARTIFACTS, values)
        return to_release(row, tuple(Artifact(one.digest, one.kind, one.platform) for one in held))

    def find(
        self,
        *,
        identity: str | None = None,
        digest: str | None = None,
        service: str | None = None,
        version: str | None = None,
        commit: str | None = None,
        limit: int | None = None,
    ) -> Sequence[Release]:
        """Return the releases for which all that is given holds, newest recorded first; at most `limit`.

        `service` is a name or an id.
        """
        query = self._select()
        for column, value in (
            (RELEASE.c.identity, identity),
            (RELEASE.c.version, version),
            (RELEASE.c.commit_id, commit),
        ):
            if value is not None:
                query = query.where(column == value)
        if service is not None:
            query = query.where(or_(RELEASE.c.service == service, RELEASE.c.service_id == service))
        if digest is not None:
            holders = select(ARTIFACT.c.release).where(ARTIFACT.c.org == self._session.org, ARTIFACT.c.digest == digest)
            query = query.where(RELEASE.c.id.in_(holders))
        return self._fetch(query.order_by(RELEASE.c.recorded_at.desc(), RELEASE.c.id.desc()).limit(limit))

    def manifest(self, release_id: str) -> Mapping[str, Any] | None:
        """Return the declaration that came with the release."""
        where = (RELEASE.c.org == self._session.org, RELEASE.c.id == release_id)
        row = self._session.row(select(RELEASE.c.manifest).where(*where))
        return from_json(row.manifest) if row else None

    def list(self, service: str | None = None, after: str | None = None, limit: int = 100) -> Sequence[Release]:
        """Return releases with an id after `after`, by id; `service` is a name or an id."""
        query = self._select().where(RELEASE.c.id > (after or ""))
        if service is not None:
            query = query.where(or_(RELEASE.c.service == service, RELEASE.c.service_id == service))
        return self._fetch(query.order_by(RELEASE.c.id).limit(limit))

    def _select(self) -> Select[Any]:
        return select(RELEASE).where(RELEASE.c.org == self._session.org)

    def _fetch(self, query: Select[Any]) -> Sequence[Release]:
        rows = self._session.rows(query)
        artifacts = artifacts_of(self._session, [row.id for row in rows])
        return [to_release(row, artifacts.get(row.id, ())) for row in rows]


def artifacts_of(session: Session, release_ids: Sequence[str]) -> Mapping[str, tuple[Artifact, ...]]:
    """Return the artifacts of each release, in the order they were told."""
    found: dict[str, tuple[Artifact, ...]] = {}
    for ids in chunks(dict.fromkeys(release_ids)):
        query = select(ARTIFACT).where(ARTIFACT.c.org == session.org, ARTIFACT.c.release.in_(ids))
        for row in session.rows(query.order_by(ARTIFACT.c.release, ARTIFACT.c.position, ARTIFACT.c.digest)):
            found[row.release] = (*found.get(row.release, ()), Artifact(row.digest, row.kind, row.platform))
    return found


def to_release(row: Row[Any], artifacts: tuple[Artifact, ...]) -> Release:
    """Return a release from a row with its columns."""
    return Release(
        row.org,
        row.id,
        row.service_id,
        row.service,
        row.version,
        row.commit_id,
        row.built_at,
        row.recorded_at,
        row.sbom,
        artifacts,
        row.min_compatible,
    )
