"""Which distinct components which records affect: one range per package in the index, in either direction.

Rules: only components from registries; a key inside an interval has high confidence; what has no key, or a rule without
keys, is compared pairwise in Python with low confidence; a record of an org's own layer hides the public one of its id.
"""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from sqlalchemy import Row

from holdfast.edges.stores.layers import layers_of, names_of, visible_numbers
from holdfast.edges.stores.session import Session, chunks
from holdfast.edges.stores.values import from_body
from holdfast.model.advisory import Advisory, Compiled, Pairwise

HIGH, LOW = "high", "low"


@dataclass(slots=True)
class Hits:
    """component id → record number → (applicable_at in microseconds or `None`, confidence); and the records' names."""

    pairs: dict[int, dict[int, tuple[int | None, str]]]
    names: dict[int, str]


_PACKAGE = "c.source = 'registry' AND c.ecosystem = i.ecosystem AND c.match_name = i.name AND i.org IN :layers"
_VERSION = "CASE WHEN c.source_version = '' THEN c.version ELSE c.source_version END AS version"
_KEYED = f"""
SELECT c.id AS component, i.advisory, i.applicable_at FROM {{tables}}
WHERE {_PACKAGE} AND c.key >= i.lo AND (i.hi IS NULL OR c.key < i.hi) {{scope}}
"""  # noqa: S608 - constants all of them, here and below
_UNKEYED = f"""
SELECT c.id AS component, c.ecosystem, c.match_name, {_VERSION}, i.advisory, min(i.applicable_at) AS applicable_at
FROM {{tables}} WHERE {_PACKAGE} AND c.key IS NULL {{scope}}
GROUP BY c.id, c.ecosystem, c.match_name, c.version, c.source_version, i.advisory
"""  # noqa: S608
_RULES = f"""
SELECT c.id AS component, {_VERSION}, i.advisory, i.rule, i.applicable_at FROM {{tables}} WHERE {_PACKAGE} {{scope}}
"""  # noqa: S608
# SQLite keeps the order of a CROSS JOIN; PostgreSQL plans it by its statistics.
_FROM_RECORDS = "affected_interval i CROSS JOIN component c"
_FROM_COMPONENTS = "component c CROSS JOIN affected_interval i"


def match_all(session: Session) -> Hits:
    """Match every component with every record."""
    return _collect(session, [(_FROM_RECORDS, _FROM_COMPONENTS, "", {})])


def match_components(session: Session, component_ids: Iterable[int]) -> Hits:
    """Match these components with every record."""
    scopes = (
        (_FROM_COMPONENTS, _FROM_COMPONENTS, "AND c.id IN :components", {"components": ids})
        for ids in chunks(component_ids)
    )
    return _collect(session, scopes)


def match_advisories(session: Session, numbers: Iterable[int]) -> Hits:
    """Match these records with every component."""
    scopes = (
        (_FROM_RECORDS, _FROM_RECORDS, "AND i.advisory IN :advisories", {"advisories": some})
        for some in chunks(numbers)
    )
    return _collect(session, scopes)


def _collect(session: Session, scopes: Iterable[tuple[str, str, str, Mapping[str, Any]]]) -> Hits:
    pairs: dict[int, dict[int, tuple[int | None, str]]] = {}
    layers = {"layers": layers_of(session)}
    for keyed, unkeyed, scope, named in scopes:
        parameters = {**named, **layers}
        for component, advisory, applicable_at in session.rows(_KEYED.format(tables=keyed, scope=scope), parameters):
            _note(pairs, component, advisory, applicable_at, HIGH)
        rules = _RULES.format(tables=keyed.replace("affected_interval", "affected_pairwise"), scope=scope)
        for row in session.rows(rules, parameters):
            if matches_rule(from_body(row.rule, Pairwise), row.version):
                _note(pairs, row.component, row.advisory, row.applicable_at, LOW)
        unkeyed_rows = session.rows(_UNKEYED.format(tables=unkeyed, scope=scope), parameters)
        for row in _affected_without_key(session, unkeyed_rows):
            _note(pairs, row.component, row.advisory, row.applicable_at, LOW)
    return Hits(pairs, names_of(session, list({number for hits in pairs.values() for number in hits})))


def _note(
    pairs: dict[int, dict[int, tuple[int | None, str]]],
    component: int,
    advisory: int,
    applicable_at: int | None,
    confidence: str,
) -> None:
    hits = pairs.setdefault(component, {})
    known = hits.get(advisory)
    if known is None:
        hits[advisory] = (applicable_at, confidence)
        return
    instants = [at for at in (known[0], applicable_at) if at is not None]
    hits[advisory] = (min(instants, default=None), HIGH if HIGH in {known[1], confidence} else LOW)


def matches_rule(rule: Pairwise, version: str) -> bool:
    """Tell whether a version lies in a rule that has no keys."""
    from holdfast.controls.advisory_ranges import is_in_range
    from holdfast.controls.versions import compare_versions

    if rule.range is not None and is_in_range(rule.ecosystem, version, rule.range):
        return True
    return any(version == one or compare_versions(rule.ecosystem, version, one) == 0 for one in rule.versions)


def _affected_without_key(session: Session, rows: Sequence[Row[Any]]) -> Iterable[Row[Any]]:
    """Yield the (component, record) rows that a pairwise comparison with the record's text confirms."""
    from holdfast.controls.match import affects

    bodies = _bodies(session, [row.advisory for row in rows])
    for row in rows:
        compiled = Compiled(_parse(bodies[row.advisory]), (), (), ())
        if affects(compiled, row.ecosystem, row.match_name, row.version):
            yield row


_WITHOUT_KEY = f"""
SELECT c.id, c.match_name, {_VERSION} FROM component c
WHERE c.source = 'registry' AND c.key IS NULL AND c.ecosystem = :ecosystem AND c.match_name IN :names
"""  # noqa: S608


def match_unkeyed(session: Session, packages: Collection[tuple[str, str, str]]) -> Iterator[tuple[int, str]]:
    """Yield (component, record) for the components without a key of (record, ecosystem, name) that it affects.

    A record that is not stored affects none: its text is not here.
    """
    from holdfast.controls.match import affects

    records: dict[tuple[str, str], list[str]] = {}
    for record, ecosystem, name in sorted(packages):
        records.setdefault((ecosystem, name), []).append(record)
    for ecosystem in sorted({ecosystem for ecosystem, _ in records}):
        for names in chunks([name for base, name in records if base == ecosystem]):
            for row in session.rows(_WITHOUT_KEY, {"ecosystem": ecosystem, "names": names}):
                numbers = visible_numbers(session, records[ecosystem, row.match_name])
                bodies = _bodies(session, list(numbers.values()))
                for record, number in numbers.items():
                    compiled = Compiled(_parse(bodies[number]), (), (), ())
                    if affects(compiled, ecosystem, row.match_name, row.version):
                        yield row.id, record


def _bodies(session: Session, numbers: Sequence[int]) -> dict[int, str]:
    found: dict[int, str] = {}
    query = (
        "SELECT a.number, r.body FROM advisory a JOIN advisory_revision r"
        " ON r.org = a.org AND r.id = a.id AND r.revision = a.revision WHERE a.number IN :numbers"
    )
    for some in chunks(dict.fromkeys(numbers)):
        found.update((row.number, row.body) for row in session.rows(query, {"numbers": some}))
    return found


@lru_cache(maxsize=256)
def _parse(body: str) -> Advisory:
    from holdfast.controls.advisories import parse_osv

    return parse_osv(body.encode())
