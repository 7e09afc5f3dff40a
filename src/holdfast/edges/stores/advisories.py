"""Advisories by revision: the current one with its intervals, all of them with their text.

A withdrawn record keeps its row and its revisions, and has no intervals: it matches nothing.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Row, Select, and_, delete, select

from holdfast.controls.vague import vague_packages
from holdfast.edges.stores.applicable import Piece, carry_over
from holdfast.edges.stores.layers import homes_of, layers_of, members_of, names_of, visible_numbers
from holdfast.edges.stores.schema_advisories import (
    ADVISORY,
    ADVISORY_FEED,
    ADVISORY_REVISION,
    AFFECTED_INTERVAL,
    AFFECTED_PAIRWISE,
    AFFECTED_VAGUE,
    FIX_VERSION,
)
from holdfast.edges.stores.session import Session, chunks
from holdfast.edges.stores.types import to_stored
from holdfast.edges.stores.values import from_body, to_body, to_texts
from holdfast.errors import NotFoundError
from holdfast.model.advisory import Compiled, Interval, Pairwise
from holdfast.ports.advisories import AdvisoryRow, PackageRules

_BATCH = 500
_DERIVED = (AFFECTED_INTERVAL, AFFECTED_PAIRWISE, AFFECTED_VAGUE, FIX_VERSION)
_INTERVAL = ("advisory", "position", "org", "ecosystem", "name", "lo", "hi", "applicable_at")
_PAIRWISE = ("advisory", "position", "org", "ecosystem", "name", "rule", "applicable_at")
_VAGUE = ("advisory", "position", "org", "ecosystem", "name")
_FIX = ("advisory", "position", "org", "ecosystem", "name", "version")


class SqlAdvisories:
    """Records by revision."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def save(self, records: Iterable[Compiled], now: datetime, ecosystem: str | None = None) -> Sequence[str]:
        """Keep revisions in this layer; returns the ids that are new or changed (by digest).

        `ecosystem` is the feed that they came with; without it, the base ecosystems that they speak of.
        """
        changed: list[str] = []
        for batch in chunks(records, _BATCH):
            changed += self._save_batch({one.advisory.id: one for one in batch}, now, ecosystem)
        return changed

    def _save_batch(self, records: Mapping[str, Compiled], now: datetime, ecosystem: str | None) -> list[str]:
        session = self._session
        where = (ADVISORY.c.org == session.org, ADVISORY.c.id.in_(list(records)))
        known = {row.id: row for row in session.rows(select(ADVISORY).where(*where))}
        changed = {key: one for key, one in records.items() if _is_news(known.get(key), one)}
        if changed:
            numbers = self._write_current(changed, known, now)
            pieces = self._carry(changed, known, numbers, now)
            self._drop_derived([known[key].number for key in changed if key in known])
            self._write_derived(changed, numbers, pieces, now)
        feeds = [
            {"org": session.org, "ecosystem": base, "id": key}
            for key, one in records.items()
            for base in (
                {ecosystem} if ecosystem else {item.ecosystem.partition(":")[0] for item in one.advisory.affected}
            )
        ]
        if feeds:
            session.change(session.insert(ADVISORY_FEED).on_conflict_do_nothing(), feeds)
        return list(changed)

    def _write_current(
        self, changed: Mapping[str, Compiled], known: Mapping[str, Row[Any]], now: datetime
    ) -> Mapping[str, int]:
        session = self._session
        rows = [_current(session.org, one, known.get(key), now) for key, one in changed.items()]
        statement = session.insert(ADVISORY)
        kept = ("org", "id")
        updated = {name: statement.excluded[name] for name in rows[0] if name not in kept}
        session.change(statement.on_conflict_do_update(index_elements=kept, set_=updated), rows)
        session.change(
            session.insert(ADVISORY_REVISION),
            [
                {
                    name: row[name]
                    for name in ("org", "id", "revision", "digest", "modified", "withdrawn", "recorded_at")
                }
                | {"body": changed[row["id"]].advisory.body}
                for row in rows
            ],
        )
        where = (ADVISORY.c.org == session.org, ADVISORY.c.id.in_(list(changed)))
        return {row.id: row.number for row in session.rows(select(ADVISORY.c.id, ADVISORY.c.number).where(*where))}

    def _carry(
        self, changed: Mapping[str, Compiled], known: Mapping[str, Row[Any]], numbers: Mapping[str, int], now: datetime
    ) -> Mapping[str, list[Piece]]:
        """Return the intervals of each record with the instant from which they applied."""
        before: dict[int, list[Piece]] = {}
        for some in chunks([numbers[key] for key in changed if key in known]):
            query = select(AFFECTED_INTERVAL).where(AFFECTED_INTERVAL.c.advisory.in_(some))
            for row in self._session.rows(query):
                hi = None if row.hi is None else bytes(row.hi)
                interval = Interval(row.ecosystem, row.name, bytes(row.lo), hi)
                before.setdefault(row.advisory, []).append(Piece(interval, row.applicable_at))
        return {
            key: carry_over(one.intervals, before.get(numbers[key], []), _fresh_at(one, key in known, now))
            for key, one in changed.items()
        }

    def _drop_derived(self, numbers: Sequence[int]) -> None:
        for some in chunks(numbers):
            for table in _DERIVED:
                self._session.change(delete(table).where(table.c.advisory.in_(some)))

    def _write_derived(
        self,
        changed: Mapping[str, Compiled],
        numbers: Mapping[str, int],
        pieces: Mapping[str, list[Piece]],
        now: datetime,
    ) -> None:
        session, org = self._session, self._session.org
        live = {key: one for key, one in changed.items() if one.advisory.withdrawn is None}
        session.add(
            AFFECTED_INTERVAL,
            _INTERVAL,
            (
                (numbers[key], number, org, at.ecosystem, at.name, at.lo, at.hi, to_stored(piece.applicable_at))
                for key in live
                for number, piece in enumerate(pieces[key])
                for at in (piece.interval,)
            ),
        )
        session.add(
            AFFECTED_PAIRWISE,
            _PAIRWISE,
            (
                (
                    numbers[key],
                    number,
                    org,
                    rule.ecosystem,
                    rule.name,
                    to_body(rule),
                    to_stored(_fresh_at(one, False, now)),
                )
                for key, one in live.items()
                for number, rule in enumerate(one.pairwise)
            ),
        )
        session.add(
            AFFECTED_VAGUE,
            _VAGUE,
            (
                (numbers[key], number, org, *package)
                for key, one in live.items()
                for number, package in enumerate(vague_packages(one))
            ),
        )
        session.add(
            FIX_VERSION,
            _FIX,
            (
                (numbers[key], number, org, *fix)
                for key, one in live.items()
                for number, fix in enumerate(dict.fromkeys(one.fixes))
            ),
        )

    def forget(self, ecosystem: str, advisory_ids: Sequence[str], now: datetime) -> None:
        """Take records out of matching, as withdrawn at `now`; revisions are kept."""
        session = self._session
        for ids in chunks(advisory_ids):
            named = {"org": session.org, "ids": ids, "at": to_stored(now), "ecosystem": ecosystem}
            where = "org = :org AND id IN :ids AND withdrawn IS NULL"
            gone = [row.number for row in session.rows(f"SELECT number FROM advisory WHERE {where}", named)]  # noqa: S608
            session.change(f"UPDATE advisory SET withdrawn = :at, forgotten_at = :at WHERE {where}", named)  # noqa: S608
            session.change(
                "DELETE FROM advisory_feed WHERE org = :org AND ecosystem = :ecosystem AND id IN :ids", named
            )
            self._drop_derived(gone)

    def get(self, advisory_id: str) -> AdvisoryRow:
        """Return the current revision. Raises: NotFoundError."""
        numbers = visible_numbers(self._session, [advisory_id])
        if not numbers:
            raise NotFoundError(f"there is no advisory `{advisory_id}`")
        return self._rows(list(numbers.values()))[0]

    def of_clusters(self, clusters: Sequence[str]) -> Mapping[str, Sequence[AdvisoryRow]]:
        """Return the current records of each cluster, by id."""
        members = members_of(self._session, clusters)
        numbers = visible_numbers(self._session, (member for ids in members.values() for member in ids))
        found: dict[str, list[AdvisoryRow]] = {cluster: [] for cluster in clusters}
        for row in self._rows(list(numbers.values())):
            found[row.cluster].append(row)
        return found

    def _rows(self, numbers: Sequence[int]) -> list[AdvisoryRow]:
        found = [
            row
            for some in chunks(numbers)
            for row in self._session.rows(_with_body().where(ADVISORY.c.number.in_(some)))
        ]
        homes = homes_of(self._session, (row.id for row in found))
        return [_row(row, homes.get(row.id, row.id)) for row in sorted(found, key=lambda row: str(row.id))]

    def rules(self, ecosystem: str, name: str) -> PackageRules:
        """Return what is known of a package, withdrawn records left out."""
        named = {"ecosystem": ecosystem, "name": name, "layers": layers_of(self._session)}
        tables = ("affected_interval", "affected_pairwise", "fix_version", "affected_vague")
        where = "WHERE ecosystem = :ecosystem AND name = :name AND org IN :layers ORDER BY advisory, position"
        found = [self._session.rows(f"SELECT * FROM {table} {where}", named) for table in tables]  # noqa: S608
        ids = names_of(self._session, [row.advisory for rows in found for row in rows])
        intervals, pairwise, fixes, vague = ([row for row in rows if row.advisory in ids] for rows in found)
        return PackageRules(
            tuple((ids[row.advisory], bytes(row.lo), _bytes(row.hi)) for row in intervals),
            tuple((ids[row.advisory], from_body(row.rule, Pairwise)) for row in pairwise),
            tuple(dict.fromkeys(row.version for row in fixes)),
            tuple(sorted(ids[row.advisory] for row in vague)),
        )

    def known(self, ecosystem: str) -> Mapping[str, datetime | None]:
        """Return id → modified of this layer's records that came with the ecosystem's feed."""
        joined = ADVISORY.join(
            ADVISORY_FEED, and_(ADVISORY_FEED.c.org == ADVISORY.c.org, ADVISORY_FEED.c.id == ADVISORY.c.id)
        )
        where = (ADVISORY_FEED.c.org == self._session.org, ADVISORY_FEED.c.ecosystem == ecosystem)
        query = select(ADVISORY.c.id, ADVISORY.c.modified).select_from(joined).where(*where)
        return {row.id: row.modified for row in self._session.rows(query)}


def _bytes(value: Any) -> bytes | None:
    return None if value is None else bytes(value)


def _is_news(known: Row[Any] | None, one: Compiled) -> bool:
    return known is None or known.digest != one.advisory.digest or known.forgotten_at is not None


def _fresh_at(one: Compiled, is_known: bool, now: datetime) -> datetime:
    """Return when what this revision newly covers began to be affected."""
    advisory = one.advisory
    earliest = advisory.modified if is_known else advisory.published or advisory.modified
    return min(earliest or now, now)


def _current(org: str, one: Compiled, known: Row[Any] | None, now: datetime) -> dict[str, Any]:
    advisory = one.advisory
    return {
        "org": org,
        "id": advisory.id,
        "revision": known.revision + 1 if known else 1,
        "digest": advisory.digest,
        "modified": advisory.modified,
        "published": advisory.published,
        "withdrawn": advisory.withdrawn,
        "forgotten_at": None,
        "recorded_at": now,
        "summary": advisory.summary,
        "score": advisory.severity.score if advisory.severity else None,
        "vector": advisory.severity.vector if advisory.severity else None,
        "aliases": to_texts(advisory.aliases),
    }


def _with_body() -> Select[Any]:
    joined = ADVISORY.join(
        ADVISORY_REVISION,
        and_(
            ADVISORY_REVISION.c.org == ADVISORY.c.org,
            ADVISORY_REVISION.c.id == ADVISORY.c.id,
            ADVISORY_REVISION.c.revision == ADVISORY.c.revision,
        ),
    )
    return select(ADVISORY, ADVISORY_REVISION.c.body).select_from(joined)


def _row(row: Row[Any], cluster: str) -> AdvisoryRow:
    return AdvisoryRow(
        row.id,
        row.org,
        cluster,
        row.modified,
        row.published,
        row.withdrawn,
        row.recorded_at,
        row.summary,
        row.score,
        row.vector,
        row.revision,
        row.body,
    )
