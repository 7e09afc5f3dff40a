"""What is known of alias clusters and of the packages that run: severity, exploitation, fixes, a distribution's word.

Rules:

1. A fix is the smallest version that no record of the package touches. Of a distribution's package it is one from what
   can be mended: a record that its distribution has no fix for takes no fix of another one away.
2. How a distribution says that its package stands is told for its own packages alone. Of several records of one
   vulnerability, a fix counts first, as in a scan; what has none in a release that has ended will get none.
3. A notice of several CVEs is exploited where one of them is.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from holdfast.controls.distributions import SPOKEN_OF, mended_cves
from holdfast.controls.end_of_life import ended_at
from holdfast.findings.context import AdvisoryFacts, ComponentKey
from holdfast.loop.scan_findings import STATE_ORDER, is_built
from holdfast.loop.scan_match import find_hits, states_of, without_records
from holdfast.loop.store_lookup import StoreLookup, parse_body, said_in
from holdfast.loop.turn import Turn
from holdfast.model.advisory import Enrichment, PackageState
from holdfast.model.component import Component, Source
from holdfast.model.exposure import Span
from holdfast.ports.advisories import AdvisoryRow, PackageRules
from holdfast.remediations.suggest import find_safe_version

_Rows = Mapping[str, Sequence[AdvisoryRow]]


@dataclass(slots=True)
class _Packages:
    """What was found of the packages that run: fixes by component, and states by cluster and component."""

    fixes: dict[ComponentKey, str]
    states: dict[str, dict[ComponentKey, PackageState]]


def component_of(span: Span) -> Component:
    """Return the component that ran."""
    return Component(
        span.ecosystem,
        span.name,
        span.version,
        Source.REGISTRY,
        span.qualifiers,
        span.package,
        span.package_version,
    )


def read_advisory_facts(turn: Turn, clusters: Sequence[str], spans: Sequence[Span]) -> dict[str, AdvisoryFacts]:
    """Return what is known of each cluster, with fix and state of each affected component in `spans` that runs now."""
    rows = turn.tx.advisories.of_clusters(clusters)
    members = turn.tx.clusters.members(clusters)
    notices = {span.cluster for span in spans if is_built(component_of(span))}
    cves = {one: _cves(members.get(one, ()), rows.get(one, ()) if one in notices else ()) for one in clusters}
    named = sorted({one for ids in cves.values() for one in ids})
    enrichments = turn.tx.enrichments.of(named) if named else {}
    packages = _read_packages(turn, spans, rows)
    out = {}
    for cluster in clusters:
        known = [enrichments[one] for one in cves[cluster] if one in enrichments]
        facts = _facts(cluster, rows.get(cluster, ()), members.get(cluster, ()), known)
        out[cluster] = replace(facts, fixes=packages.fixes, states=packages.states.get(cluster, {}))
    return out


def _cves(members: Sequence[str], rows: Sequence[AdvisoryRow]) -> Sequence[str]:
    """The CVEs that a cluster is; those that it mends where it is a distribution's notice of several."""
    named = [one for one in members if one.startswith("CVE-")]
    return named or sorted({one for row in rows for one in mended_cves(parse_body(row.body))})


def _facts(
    cluster: str, rows: Sequence[AdvisoryRow], members: Sequence[str], known: Sequence[Enrichment]
) -> AdvisoryFacts:
    valid = [row for row in rows if row.withdrawn is None] or list(rows)
    scored = max((row for row in valid if row.score is not None), key=lambda row: row.score or 0.0, default=None)
    exploited = [one.known_exploited for one in known if one.known_exploited is not None]
    epss = [one.epss for one in known if one.epss is not None]
    return AdvisoryFacts(
        cluster,
        tuple(sorted(set(members) | {row.id for row in rows})),
        disclosed_at=min((row.published for row in valid if row.published), default=None),
        summary=next((row.summary for row in valid if row.summary), ""),
        severity=scored.score if scored else None,
        vector=scored.vector if scored else next((row.vector for row in valid if row.vector), None),
        known_exploited=any(exploited) if exploited else None,
        epss=max(epss, default=None),
        withdrawn=bool(rows) and all(row.withdrawn is not None for row in rows),
    )


def _read_packages(turn: Turn, spans: Iterable[Span], rows: _Rows) -> _Packages:
    """Find the fix of every affected version that runs, and how a distribution says that it stands."""
    running = [span for span in spans if span.ended_at is None or span.ended_at > turn.now]
    components = {(span.ecosystem, span.name, span.version): component_of(span) for span in running}
    hits: dict[ComponentKey, dict[str, str]] = {}
    for span in running:
        hits.setdefault((span.ecosystem, span.name, span.version), {})[span.advisory] = span.cluster
    places = {(one.ecosystem, one.match_name) for one in components.values()}
    rules = {place: turn.tx.advisories.rules(*place) for place in places}
    bodies = {row.id: row.body for listed in rows.values() for row in listed}
    lookup = StoreLookup(turn.tx)
    out = _Packages({}, {})
    for key, component in components.items():
        known = rules[component.ecosystem, component.match_name]
        if is_built(component):
            states = _states(lookup, known, component)
            known = without_records(known, {one for one, state in states.items() if state is not PackageState.FIXED})
            for record, cluster in hits[key].items():
                state = _told(states.get(record, PackageState.AFFECTED), component, bodies.get(record), turn)
                told = out.states.setdefault(cluster, {})
                told[key] = min(state, told.get(key, state), key=STATE_ORDER.index)
        fix = find_safe_version(component.ecosystem, component.match_version, known)
        if fix is not None:
            out.fixes[key] = fix
    return out


def _states(lookup: StoreLookup, rules: PackageRules, component: Component) -> dict[str, PackageState]:
    """How a distribution's package stands to every record that affects it, as far as ranges tell."""
    return states_of(lookup, rules, find_hits(lookup, rules, component), component)


def _told(state: PackageState, component: Component, body: str | None, turn: Turn) -> PackageState:
    """What its distribution says of what has no fix: in the record, or by having ended."""
    if state is not PackageState.AFFECTED:
        return state
    if body is not None and component.ecosystem.partition(":")[0] in SPOKEN_OF:
        said = said_in(body, component.ecosystem, component.match_name)
        if said is not None and said is not PackageState.NOT_AFFECTED:
            return said
    return PackageState.END_OF_LIFE if ended_at(component.ecosystem, turn.now) is not None else state
