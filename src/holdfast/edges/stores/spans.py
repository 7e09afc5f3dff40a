"""Spans: matches of distinct components, expanded over what ran.

Matching comes first and sees each component once; then the hits are followed through `occurrence` to the stays. What is
not asked for is not read: by subject only its own compositions, by cluster only the packages that its records name.
"""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from functools import lru_cache
from typing import Any

from holdfast.edges.stores.layers import homes_of, members_of, visible_numbers
from holdfast.edges.stores.matching import Hits, match_advisories, match_all, match_components
from holdfast.edges.stores.places import find_places
from holdfast.edges.stores.session import Session, chunks
from holdfast.edges.stores.values import from_pairs, from_places, from_texts
from holdfast.model.exposure import Span, Subject
from holdfast.model.instant import from_microseconds
from holdfast.ports.findings import PlaceRow

_WHAT = (
    "SELECT o.component, o.direct, o.path, o.locations, s.kind, s.subject, s.name, s.environment, s.target,"
    " s.release, s.started_at, s.ended_at, s.recorded_at"
)
_EVERYWHERE = (
    _WHAT + " FROM occurrence o CROSS JOIN stay s WHERE o.component IN :components AND s.sbom = o.sbom AND s.org = :org"
)
_SUBJECT = "s.org = :org AND s.subject = :subject AND s.environment = :environment"
_OF_SUBJECT = (
    _WHAT
    + " FROM stay s CROSS JOIN occurrence o WHERE "
    + _SUBJECT
    + " AND o.sbom = s.sbom AND o.component IN :components"
)
_COMPONENTS = f"""
SELECT DISTINCT o.component FROM occurrence o WHERE o.sbom IN (SELECT s.sbom FROM stay s WHERE {_SUBJECT})
"""  # noqa: S608 - a constant


class SqlSpans:
    """Affected components that ran, past and present."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def of_subjects(self, subjects: Sequence[tuple[Subject, str]]) -> Sequence[Span]:
        """Return the spans of (subject, environment) pairs."""
        pairs = list(dict.fromkeys((subject.id, environment) for subject, environment in subjects))
        components: dict[int, None] = {}
        for subject, environment in pairs:
            named = {"org": self._session.org, "subject": subject, "environment": environment}
            components.update((row.component, None) for row in self._session.rows(_COMPONENTS, named))
        expansion = _Expansion(self._session, match_components(self._session, components))
        return [
            span
            for subject, environment in pairs
            for span in expansion.spans(_OF_SUBJECT, {"subject": subject, "environment": environment})
        ]

    def of_clusters(self, clusters: Sequence[str]) -> Sequence[Span]:
        """Return the spans of all records in these clusters."""
        members = members_of(self._session, clusters)
        # a record that was never put into a cluster is one of its own
        ids = {member for ids in members.values() for member in ids} | set(clusters) - set(members)
        numbers = visible_numbers(self._session, ids).values()
        return list(_Expansion(self._session, match_advisories(self._session, numbers)).spans(_EVERYWHERE, {}))

    def all(self) -> Iterator[Span]:
        """Yield every span: the full recompute."""
        return _Expansion(self._session, match_all(self._session)).spans(_EVERYWHERE, {})

    def places(
        self, pairs: Collection[tuple[Subject, str]], packages: Collection[tuple[str, str]], at: datetime
    ) -> Mapping[tuple[str, str], PlaceRow]:
        """Return (subject id, environment) → what is known of it; `packages` are (ecosystem, component name)."""
        return find_places(self._session, pairs, packages, at)


class _Expansion:
    """Follows hits to what ran."""

    def __init__(self, session: Session, hits: Hits) -> None:
        self._session = session
        homes = homes_of(session, hits.names.values())
        self._records = {number: (name, homes.get(name, name)) for number, name in hits.names.items()}
        self._hits = {
            component: [
                (*self._records[number], _instant(at), sure)
                for number, (at, sure) in found.items()
                if number in self._records
            ]
            for component, found in hits.pairs.items()
        }
        self._packages = _packages(session, self._hits)

    def spans(self, query: str, named: Mapping[str, Any]) -> Iterator[Span]:
        """Yield the spans of what the query finds running."""
        for components in chunks(component for component, hits in self._hits.items() if hits):
            rows = self._session.rows(query, {**named, "org": self._session.org, "components": components})
            for row in rows:
                yield from self._of_row(row)

    def _of_row(self, row: Any) -> list[Span]:
        component, direct, path, locations, kind, subject, name, environment, target, release, started, ended, told = (
            row
        )
        about, (ecosystem, called, version, package, package_version, qualifiers) = (
            _subject(kind, subject, name),
            self._packages[component],
        )
        started_at, ended_at, recorded_at = _cached_instant(started), _instant(ended), _cached_instant(told)
        names, places = from_texts(path), from_places(locations)
        flag = None if direct is None else bool(direct)
        return [
            Span(
                about,
                environment,
                target,
                release,
                ecosystem,
                called,
                version,
                cluster,
                advisory,
                started_at,
                ended_at,
                recorded_at,
                applicable_at,
                flag,
                names,
                places,
                confidence,
                package,
                package_version,
                qualifiers,
            )
            for advisory, cluster, applicable_at, confidence in self._hits[component]
        ]


_Package = tuple[str, str, str, str, str, tuple[tuple[str, str], ...]]


def _packages(session: Session, components: Iterable[int]) -> dict[int, _Package]:
    """Return component id → (ecosystem, name, version, source package, its version, qualifiers)."""
    query = (
        "SELECT id, ecosystem, name, version, source_package, source_version, qualifiers FROM component"
        " WHERE id IN :ids"
    )
    rows = (row for ids in chunks(components) for row in session.rows(query, {"ids": ids}))
    return {row[0]: (row[1], row[2], row[3], row[4], row[5], from_pairs(row[6])) for row in rows}


def _instant(value: int | None) -> datetime | None:
    return None if value is None else _cached_instant(value)


_cached_instant = lru_cache(maxsize=65536)(from_microseconds)


@lru_cache(maxsize=16384)
def _subject(kind: str, subject: str, name: str) -> Subject:
    return Subject(kind, subject, name)
