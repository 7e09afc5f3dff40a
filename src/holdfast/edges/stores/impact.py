"""Impact: what runs inside version intervals, page by page, with an exact count.

The intervals find distinct components by index ranges; the components find what runs. The page's order is (service,
environment, target, purl), ties by id.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Row

from holdfast.edges.stores.cursors import from_cursor, to_cursor
from holdfast.edges.stores.matching import HIGH, LOW, match_unkeyed, matches_rule
from holdfast.edges.stores.session import Session, chunks
from holdfast.edges.stores.types import to_stored
from holdfast.edges.stores.values import from_places, from_texts
from holdfast.model.advisory import Interval, Pairwise
from holdfast.model.instant import from_microseconds
from holdfast.ports.queries import ImpactPage, ImpactRow

Labelled = dict[int, tuple[str | None, str]]
"""component id → (label of the interval that holds it, confidence)."""

_NOW = "s.ended_at IS NULL"
_THEN = "s.started_at <= :at AND (s.ended_at IS NULL OR s.ended_at > :at)"
_FROM = "FROM occurrence o CROSS JOIN stay s WHERE o.component IN :components AND s.sbom = o.sbom AND s.org = :org AND "
_ORDER = "s.name, s.environment, s.target, c.purl, s.id, c.id"
_PAGE = """
WITH {hits} page AS (
    SELECT s.id AS stay, s.sbom, c.id AS component
    FROM {tables} CROSS JOIN component c
    WHERE {held} {after}
    ORDER BY {order} LIMIT :limit
)
SELECT s.*, o.component, o.direct, o.path, o.scope, o.locations,
       c.name AS package, c.version AS package_version, c.purl, r.version, v.team, v.tier
FROM page
JOIN stay s ON s.org = :org AND s.id = page.stay
JOIN occurrence o ON o.sbom = page.sbom AND o.component = page.component
JOIN component c ON c.id = page.component
LEFT JOIN release r ON r.org = s.org AND r.id = s.release
LEFT JOIN service v ON v.org = s.org AND v.id = s.subject
ORDER BY {order}
"""
_HELD = "o.component IN :components AND s.sbom = o.sbom AND s.org = :org AND {when}"
_HITS = """hit AS MATERIALIZED (
    SELECT s.id, s.sbom, s.name, s.environment, s.target, o.component
    FROM occurrence o CROSS JOIN stay s WHERE {held}
),"""
"""All rows first, then their order: a planner that guesses would rather walk everything in the page's order."""
_MANY = 1000
"""With fewer rows than this they are sorted, whatever else would be quicker."""
_AFTER = "AND s.name >= :a0 AND (s.name, s.environment, s.target, c.purl, s.id, c.id) > (:a0, :a1, :a2, :a3, :a4, :a5)"
_UNKNOWN = """
SELECT (SELECT count(*) FROM deployment s WHERE s.org = :org AND s.status = 'succeeded' AND {when})
     - (SELECT count(*) FROM stay s WHERE s.org = :org AND s.kind = 'service' AND s.gaps = 0 AND {when})
     + (SELECT count(*) FROM stay s WHERE s.org = :org AND s.kind = 'host' AND s.gaps = 1 AND {when})
"""
"""Deployments whose composition is not known whole: one without a composition has no stay. Hosts always have one."""
_KINDS = (str, str, str, str, str, int)


def find_impact(
    session: Session,
    intervals: Sequence[tuple[str | None, Interval]],
    pairwise: Sequence[tuple[str | None, Pairwise]],
    *,
    as_of: datetime | None,
    after: str | None,
    limit: int,
    packages: Sequence[tuple[str, str, str]] = (),
) -> ImpactPage:
    """Return a page of what runs inside any of the intervals, or is one of the packages by its own name."""
    start = from_cursor(after, _KINDS) if after else None
    labels = _components(session, intervals, pairwise)
    for component in _by_own_name(session, packages):
        _label(labels, component, None, HIGH)
    named = {"org": session.org, "components": list(labels), "at": to_stored(as_of), "limit": limit + 1}
    when = _NOW if as_of is None else _THEN
    unknown = int(_ask(session, _UNKNOWN.format(when=when), named)[0][0])
    if not labels:
        return ImpactPage((), 0, None, unknown)
    total = _ask(session, f"SELECT count(*) {_FROM} {when}", named)[0][0]
    named |= {f"a{number}": value for number, value in enumerate(start or ())}
    is_wide = as_of is None and total >= _MANY and _walks_less(session, total, len(labels), limit)
    query = _page(when, wide=is_wide, going_on=start is not None)
    rows = _ask(session, query, named)
    last = rows[limit - 1] if len(rows) > limit else None
    cursor = to_cursor((last.name, last.environment, last.target, last.purl, last.id, last.component)) if last else None
    return ImpactPage(tuple(_row(row, labels) for row in rows[:limit]), total, cursor, unknown)


def _page(when: str, *, wide: bool, going_on: bool) -> str:
    held = _HELD.format(when=when)
    parts = {"hits": "", "tables": "stay s CROSS JOIN occurrence o", "held": f"{held} AND c.id = o.component"}
    if not wide:
        parts = {
            "hits": _HITS.format(held=held),
            "tables": "hit s",
            "held": "c.id = s.component AND c.id IN :components",
        }
    return _PAGE.format(**parts, after=_AFTER if going_on else "", order=_ORDER)


def _walks_less(session: Session, total: int, components: int, limit: int) -> bool:
    """Whether it is quicker to walk what runs in the page's order until the page is full than to sort all rows.

    The walk looks every component up in each stay on its way (PostgreSQL filters the composition instead, which costs
    about four look-ups); sorting reads every row and its stay.
    """
    looks = min(components, 4) if session.engine == "postgresql" else components
    query = f"SELECT count(*) FROM stay s WHERE s.org = :org AND {_NOW}"  # noqa: S608 - a constant
    stays = int(session.rows(query, {"org": session.org})[0][0])
    return stays * limit / total * looks < 2 * total


def _ask(session: Session, query: str, named: Mapping[str, Any]) -> Sequence[Any]:
    return session.rows(query, {name: value for name, value in named.items() if f":{name}" in query})


def _components(
    session: Session,
    intervals: Sequence[tuple[str | None, Interval]],
    pairwise: Sequence[tuple[str | None, Pairwise]],
) -> Labelled:
    """Return the distinct components inside the intervals; of several labels the smallest."""
    found: Labelled = {}
    for some in chunks(dict.fromkeys(intervals), 100):
        parts, named = zip(*(_range(number, interval) for number, (_, interval) in enumerate(some)), strict=True)
        merged: dict[str, Any] = {}
        for one in named:
            merged.update(one)
        for row in session.rows(" UNION ALL ".join(parts), merged):
            _label(found, row.id, some[row.n][0], HIGH)
    for label, rule in pairwise:
        for component in _by_rule(session, rule):
            _label(found, component, label, LOW)
    packages = {(label, interval.ecosystem, interval.name) for label, interval in intervals if label is not None}
    for component, label in match_unkeyed(session, packages):
        _label(found, component, label, LOW)
    return found


def _range(number: int, interval: Interval) -> tuple[str, Mapping[str, Any]]:
    query = (
        f"SELECT c.id, {number} AS n FROM component c WHERE c.source = 'registry' AND c.ecosystem = :e{number}"  # noqa: S608
        f" AND c.match_name = :m{number} AND c.key >= :lo{number}"
    )
    named: dict[str, Any] = {f"e{number}": interval.ecosystem, f"m{number}": interval.name, f"lo{number}": interval.lo}
    if interval.hi is not None:
        query += f" AND c.key < :hi{number}"
        named[f"hi{number}"] = interval.hi
    return query, named


def _by_rule(session: Session, rule: Pairwise) -> Iterable[int]:
    query = (
        "SELECT id, version, source_version FROM component"
        " WHERE source = 'registry' AND ecosystem = :ecosystem AND match_name = :name"
    )
    for row in session.rows(query, {"ecosystem": rule.ecosystem, "name": rule.name}):
        if matches_rule(rule, row.source_version or row.version):
            yield row.id


def _by_own_name(session: Session, packages: Sequence[tuple[str, str, str]]) -> Iterable[int]:
    query = (
        "SELECT id, version FROM component"
        " WHERE source_package <> '' AND ecosystem = :ecosystem AND name = :name AND source = 'registry'"
    )
    for ecosystem, name, version in packages:
        same = Pairwise(ecosystem, name, None, (version,))
        for row in session.rows(query, {"ecosystem": ecosystem, "name": name}):
            if matches_rule(same, row.version):
                yield row.id


def _label(found: Labelled, component: int, label: str | None, confidence: str) -> None:
    known = found.get(component)
    if known is None or (known[1], known[0] or "") > (confidence, label or ""):  # `high` sorts before `low`
        found[component] = (label, confidence)


def _row(row: Row[Any], labels: Labelled) -> ImpactRow:
    label, confidence = labels[row.component]
    return ImpactRow(
        subject_kind=row.kind,
        subject_id=row.subject,
        subject=row.name,
        environment=row.environment,
        target=row.target,
        deployment=row.id,
        release=row.release,
        version=row.version or "",
        purl=row.purl,
        component=row.package,
        component_version=row.package_version,
        advisory=label,
        since=from_microseconds(row.started_at),
        direct=None if row.direct is None else bool(row.direct),
        path=from_texts(row.path),
        scope=row.scope,
        locations=from_places(row.locations),
        team=row.team,
        tier=row.tier,
        confidence=confidence,
    )
