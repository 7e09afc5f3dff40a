"""A scan: what a tree is made of, against compiled advisories, without a store.

Rules:

1. Every registry component is either judged or counted in `unknown`, by ecosystem, with why: no feed, an old one, no
   version scheme, a release the feed does not speak of, a version without a place in its order, an advisory that does
   not tell which versions it affects.
2. Components from paths, VCS and URLs are named and not matched: they are not unknown.
3. One finding per component and alias cluster; everything is sorted, so the same input gives the same bytes.
4. A language package that came with the distribution's packages is judged by the distribution, where each of those can
   be judged; `comprehensive` judges it by itself as well.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta

from holdfast.controls.end_of_life import ended_at
from holdfast.controls.match import covered
from holdfast.controls.versions import is_comparable
from holdfast.loop.feed_state import feed_verdict
from holdfast.loop.scan_match import NO_RULES, find_hits, find_undecided
from holdfast.model.advisory import Severity, Snapshot
from holdfast.model.component import Component, Location, Occurrence, Sbom, Source
from holdfast.model.fix import Fix
from holdfast.model.verdict import Unknown, Verdict
from holdfast.ports.advisories import PackageRules
from holdfast.ports.lookup import AdvisoryLookup, RecordFacts
from holdfast.remediations.locate import locate
from holdfast.remediations.suggest import HEAD_LINES, suggest_fix

DEFAULT_MAX_AGE = timedelta(hours=24)
"""The same as a server's, unless HOLDFAST_FEED_MAX_AGE says otherwise."""

_NO_PLACE = "a version without a place in its order"
_UNDECIDED = "an advisory that does not tell which versions it affects"
_SHOWN = 3

ReadLine = Callable[[Location], str | None]
"""Gives the text of a place's line; `None` where it can't."""


@dataclass(frozen=True, slots=True)
class ScanFinding:
    """A component that records of one alias cluster affect; `members` are all ids of the cluster, sorted."""

    advisory: str
    members: tuple[str, ...]
    purl: str
    occurrence: Occurrence
    severity: Severity | None
    known_exploited: bool | None
    fix: Fix | None
    confidence: str
    epss: float | None = None
    automatable: bool | None = None
    total_impact: bool | None = None
    published: datetime | None = None


@dataclass(frozen=True, slots=True)
class UnknownRow:
    """Components of an ecosystem that could not be judged."""

    ecosystem: str
    because: str
    components: int


@dataclass(frozen=True, slots=True)
class Unjudged:
    """One component that could not be judged, with why; `record` is the advisory that could not be held against it."""

    occurrence: Occurrence
    because: str
    record: str = ""


@dataclass(frozen=True, slots=True)
class ScanReport:
    """What a scan found; `snapshots` are those that verdicts rest on. `unknown` sums up what `unjudged` lists."""

    sbom: Sbom
    findings: tuple[ScanFinding, ...]
    unknown: tuple[UnknownRow, ...]
    snapshots: tuple[Snapshot, ...]
    unjudged: tuple[Unjudged, ...] = ()
    left: tuple[Occurrence, ...] = ()
    """The language packages that the distribution answers for."""
    ended: tuple[tuple[str, date], ...] = ()
    """(distribution with release, when it got its last updates): nobody mends it any more."""

    @property
    def owned(self) -> int:
        """How many language packages the distribution answers for."""
        return len(self.left)

    @property
    def is_empty(self) -> bool:
        """Whether there was nothing to scan at all."""
        return not self.sbom.files and not self.sbom.unparsed


@dataclass(slots=True)
class _Scan:
    """One scan while it goes on. `hits` are (occurrence, record → confidence, the package's rules)."""

    lookup: AdvisoryLookup
    hits: list[tuple[Occurrence, Mapping[str, str], PackageRules]] = field(default_factory=list)
    unknown: list[Unjudged] = field(default_factory=list)
    """Components of an ecosystem that can't be judged at all."""
    no_place: list[Unjudged] = field(default_factory=list)
    """Components whose version has no place in its order."""
    undecided: list[Unjudged] = field(default_factory=list)
    """Components and the record of which nobody can tell whether it affects them."""


def wanted_ecosystems(sbom: Sbom) -> tuple[str, ...]:
    """Return the ecosystems (without release suffix) that a composition needs a feed of, sorted."""
    found = {one.component.ecosystem for one in sbom.occurrences if one.component.source is Source.REGISTRY}
    return tuple(sorted({name.partition(":")[0] for name in found if covered(name)}))


def _silent_line(_location: Location) -> str | None:
    """Give no line."""
    return None


def scan(
    sbom: Sbom,
    lookup: AdvisoryLookup,
    now: datetime,
    *,
    max_age: timedelta = DEFAULT_MAX_AGE,
    problems: Mapping[str, str] | None = None,
    checked: frozenset[str] = frozenset(),
    read_line: ReadLine = _silent_line,
    comprehensive: bool = False,
) -> ScanReport:
    """Judge a composition.

    `problems` are (ecosystem → why its feed could not be synced); `checked` ecosystems were just compared with their
    source, so their age does not count.
    """
    snapshots = lookup.snapshots()
    releases = lookup.releases()
    registry = [one for one in sbom.occurrences if one.component.source is Source.REGISTRY]
    ecosystems = sorted({one.component.ecosystem for one in registry})
    because = {}
    for name in ecosystems:
        base = name.partition(":")[0]
        age = timedelta.max if base in checked else max_age
        verdict = feed_verdict(name, snapshots, now, age, releases)
        because[name] = _why_not(name, verdict, (problems or {}).get(base))
    run = _Scan(lookup)
    answered = frozenset[str]() if comprehensive else _answered(registry, because)
    left = []
    for occurrence in registry:
        component = occurrence.component
        if answered and occurrence.owners and answered.issuperset(occurrence.owners):
            left.append(occurrence)
            continue
        if (reason := because[component.ecosystem]) is not None:
            run.unknown.append(Unjudged(occurrence, reason))
        # what is known still counts where the feed is old, and where records were pushed and there is no feed at all
        _match(run, component, occurrence, is_judged=reason is None)
    used = {name.partition(":")[0] for name in ecosystems}
    return ScanReport(
        sbom,
        _findings(run, sbom, read_line),
        _unknown_rows(run),
        tuple(snapshots[name] for name in sorted(used & snapshots.keys())),
        (*run.unknown, *run.no_place, *run.undecided),
        tuple(left),
        tuple((name, ended) for name in ecosystems if (ended := ended_at(name, now)) is not None),
    )


def _answered(registry: Sequence[Occurrence], because: Mapping[str, str | None]) -> frozenset[str]:
    """Return the packages, by purl, for which their distribution's advisories speak."""
    if not any(one.owners for one in registry):
        return frozenset()
    named = (one.component for one in registry if because[one.component.ecosystem] is None)
    return frozenset(one.purl for one in named if is_comparable(one.ecosystem, one.match_version))


def _why_not(ecosystem: str, verdict: Verdict, problem: str | None) -> str | None:
    """Why an ecosystem's components can't be judged; `None` when they can."""
    if not covered(ecosystem):
        return "its versions can't be compared yet"
    if not isinstance(verdict, Unknown):
        return None
    return f"{verdict.because}: {problem}" if problem else verdict.because


def _match(run: _Scan, component: Component, occurrence: Occurrence, *, is_judged: bool) -> None:
    ecosystem, version = component.ecosystem, component.match_version
    rules = run.lookup.rules(ecosystem, component.match_name)
    if rules != NO_RULES:
        hits = find_hits(run.lookup, rules, component)
        if hits:
            run.hits.append((occurrence, hits, rules))
        elif is_judged and not is_comparable(ecosystem, version):
            run.no_place.append(Unjudged(occurrence, _NO_PLACE))
            return
        undecided = [record for record in find_undecided(rules, component) if record not in hits]
        if is_judged and undecided:
            run.undecided.append(Unjudged(occurrence, _UNDECIDED, undecided[0]))


def _unknown_rows(run: _Scan) -> tuple[UnknownRow, ...]:
    counts: dict[tuple[str, str], int] = {}
    for one in run.unknown:
        place = one.occurrence.component.ecosystem, one.because
        counts[place] = counts.get(place, 0) + 1
    rows = [UnknownRow(name, because, count) for (name, because), count in counts.items()]
    rows += _doubtful(run.no_place)
    rows += _doubtful(run.undecided)
    return tuple(sorted(rows, key=lambda row: (row.ecosystem, row.because)))


def _doubtful(found: Sequence[Unjudged]) -> list[UnknownRow]:
    """One row per ecosystem that names the first few of what was found."""
    named: dict[str, list[str]] = {}
    for one in found:
        component = one.occurrence.component
        words = f"{component.name} {component.match_version}"
        named.setdefault(component.ecosystem, []).append(f"{one.record} on {words}" if one.record else words)
    rows = []
    for ecosystem, components in named.items():
        shown = ", ".join(f"`{one}`" for one in sorted(components)[:_SHOWN])
        more = ", …" if len(components) > _SHOWN else ""
        rows.append(UnknownRow(ecosystem, f"{found[0].because}: {shown}{more}", len(components)))
    return rows


def _findings(run: _Scan, sbom: Sbom, read_line: ReadLine) -> tuple[ScanFinding, ...]:
    """One finding per component and cluster, by purl and record."""
    facts = run.lookup.facts([record for _, hits, _ in run.hits for record in hits])
    others = [member for one in facts.values() for member in one.members]
    every = {**run.lookup.facts(others), **facts}
    formats = {file: format_id for file, format_id, _ in sbom.files}
    out = []
    for occurrence, hits, rules in run.hits:
        place, _ = locate(occurrence.locations, formats)
        line_text = read_line(place) if place else None
        fix = suggest_fix(occurrence, rules, formats, line_text, _head(place, read_line))
        purl = occurrence.component.purl
        clusters: dict[str, list[str]] = {}
        for record in sorted(hits):
            clusters.setdefault(facts[record].cluster, []).append(record)
        for records in clusters.values():
            first = facts[records[0]]
            known = [every[name] for name in (*records, *first.members) if name in every]
            confidence = "high" if any(hits[record] == "high" for record in records) else "low"
            out.append(
                ScanFinding(
                    records[0],
                    first.members,
                    purl,
                    occurrence,
                    _severity(known),
                    first.known_exploited,
                    fix,
                    confidence,
                    first.epss,
                    first.automatable,
                    first.total_impact,
                    min((one.published for one in known if one.published is not None), default=None),
                )
            )
    return tuple(sorted(out, key=lambda one: (one.purl, one.advisory)))


def _head(place: Location | None, read_line: ReadLine) -> tuple[str, ...]:
    """The first lines of a place's file, where a tool says that it wrote it."""
    if place is None:
        return ()
    lines = (read_line(Location(place.file, number)) for number in range(1, HEAD_LINES + 1))
    return tuple(line for line in lines if line is not None)


def _severity(known: Sequence[RecordFacts]) -> Severity | None:
    """The highest score that any record of the cluster has; a vector without score when there is no more."""
    scored = [one.severity for one in known if one.severity is not None]
    return max(scored, key=lambda one: (one.score is not None, one.score or 0.0), default=None)
