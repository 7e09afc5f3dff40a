"""What is known of subjects in environments: since when they are watched, and what of some packages runs there."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from holdfast.edges.stores.session import Session, chunks
from holdfast.edges.stores.types import to_stored
from holdfast.model.exposure import Subject
from holdfast.model.instant import from_microseconds
from holdfast.ports.findings import PlaceRow

_FEW_PAIRS = 200
_THEN = "started_at <= :at AND (ended_at IS NULL OR ended_at > :at)"
_DEPLOYED = f"""
SELECT service_id AS subject, environment, min(recorded_at) AS since,
       max(CASE WHEN status = 'succeeded' AND {_THEN} THEN 1 ELSE 0 END) AS runs
FROM deployment WHERE org = :org AND service_id IN :subjects GROUP BY service_id, environment
"""  # noqa: S608 - constants all of them, here and below
_HOSTED = f"""
SELECT host AS subject, environment, min(recorded_at) AS since, max(CASE WHEN {_THEN} THEN 1 ELSE 0 END) AS runs
FROM host_state WHERE org = :org AND host IN :subjects GROUP BY host, environment
"""  # noqa: S608
_PACKAGES = """
SELECT id, ecosystem, name, version FROM component
WHERE source = 'registry' AND ecosystem = :ecosystem AND match_name IN :names AND source_package = ''
UNION ALL
SELECT id, ecosystem, name, version FROM component
WHERE source_package <> '' AND ecosystem = :ecosystem AND name IN :names
"""
_OF_PAIR = """
SELECT DISTINCT o.component FROM stay s CROSS JOIN occurrence o
WHERE s.org = :org AND s.subject = :subject AND s.environment = :environment AND s.started_at <= :at
  AND (s.ended_at IS NULL OR s.ended_at > :at) AND o.sbom = s.sbom AND o.component IN :components
"""
_EVERYWHERE = """
SELECT DISTINCT s.subject, s.environment, o.component FROM occurrence o CROSS JOIN stay s
WHERE o.component IN :components AND s.sbom = o.sbom AND s.org = :org AND s.started_at <= :at
  AND (s.ended_at IS NULL OR s.ended_at > :at)
"""
Pair = tuple[str, str]


def find_places(
    session: Session, pairs: Collection[tuple[Subject, str]], packages: Collection[tuple[str, str]], at: datetime
) -> Mapping[Pair, PlaceRow]:
    """Return (subject id, environment) → what is known of it; a pair in which nothing was ever told is left out."""
    wanted = {(subject.id, environment) for subject, environment in pairs}
    named = {"org": session.org, "at": to_stored(at)}
    found: dict[Pair, tuple[int, bool]] = {}
    for subjects in chunks(sorted({subject for subject, _ in wanted})):
        for query in (_DEPLOYED, _HOSTED):
            for row in session.rows(query, {**named, "subjects": subjects}):
                found[row.subject, row.environment] = (row.since, bool(row.runs))
    running = _running(session, wanted, _component_names(session, packages), named)
    return {
        pair: PlaceRow(from_microseconds(found[pair][0]), found[pair][1], frozenset(running.get(pair, ())))
        for pair in wanted
        if pair in found
    }


def _component_names(session: Session, packages: Collection[tuple[str, str]]) -> dict[int, tuple[str, str, str]]:
    by_ecosystem: dict[str, list[str]] = {}
    for ecosystem, name in sorted(packages):
        by_ecosystem.setdefault(ecosystem, []).append(name)
    return {
        row.id: (row.ecosystem, row.name, row.version)
        for ecosystem, names in by_ecosystem.items()
        for some in chunks(names)
        for row in session.rows(_PACKAGES, {"ecosystem": ecosystem, "names": some})
    }


def _running(
    session: Session, pairs: Collection[Pair], names: Mapping[int, tuple[str, str, str]], named: Mapping[str, Any]
) -> Mapping[Pair, set[tuple[str, str, str]]]:
    found: dict[Pair, set[tuple[str, str, str]]] = {}
    for subject, environment, component in _rows(session, pairs, list(names), named):
        if (subject, environment) in pairs:
            found.setdefault((subject, environment), set()).add(names[component])
    return found


def _rows(
    session: Session, pairs: Collection[Pair], components: Sequence[int], named: Mapping[str, Any]
) -> Iterable[tuple[str, str, int]]:
    """Yield (subject, environment, component): by pair when they are few, else by component."""
    for some in chunks(components):
        if len(pairs) > _FEW_PAIRS:
            yield from (tuple(row) for row in session.rows(_EVERYWHERE, {**named, "components": some}))
            continue
        for subject, environment in sorted(pairs):
            pair = {"subject": subject, "environment": environment, "components": some}
            yield from ((subject, environment, row.component) for row in session.rows(_OF_PAIR, {**named, **pair}))
