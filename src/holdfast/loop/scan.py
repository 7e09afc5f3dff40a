"""A scan: what a tree is made of, against compiled advisories, without a store.

Rules:

1. Every registry component is either judged or counted in `unknown`, by ecosystem, with why: no feed, an old one, no
   version scheme, a release the feed does not speak of, a version without a place in its order, an advisory that does
   not tell which versions it affects.
2. Components from paths, VCS and URLs are named and not matched: they are not unknown.
3. One finding per source and alias cluster (`scan_findings`); everything is sorted, so the same input gives the same
   bytes.
4. A language package that came with the distribution's packages is judged by the distribution, where each of those can
   be judged and the release still gets updates; `comprehensive` judges it by itself as well.
"""

from collections.abc import Mapping, Sequence, Set
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta

from holdfast.controls.end_of_life import ended_at
from holdfast.controls.match import covered
from holdfast.controls.versions import is_comparable
from holdfast.loop.feed_state import feed_verdict
from holdfast.loop.scan_findings import Hit, ReadLine, ScanFinding, make_findings
from holdfast.loop.scan_match import find_hits, find_undecided
from holdfast.model.advisory import PackageState, Snapshot
from holdfast.model.component import Location, Occurrence, Sbom, Source
from holdfast.model.frozen import frozen
from holdfast.model.verdict import Unknown, Verdict
from holdfast.ports.advisories import NO_RULES, PackageRules
from holdfast.ports.lookup import AdvisoryLookup

DEFAULT_MAX_AGE = timedelta(hours=24)
"""The same as a server's, unless HOLDFAST_FEED_MAX_AGE says otherwise."""

_NO_PLACE = "a version without a place in its order"
_UNDECIDED = "an advisory that does not tell which versions it affects"
_SHOWN = 3
_AT_ONCE = 1_000
"""How many components are looked up together: what is known of their packages is in memory then."""


@frozen
class UnknownRow:
    """Components of an ecosystem that could not be judged."""

    ecosystem: str
    because: str
    components: int


@frozen
class Unjudged:
    """One component that could not be judged, with why; `record` is the advisory that could not be held against it."""

    occurrence: Occurrence
    because: str
    record: str = ""


@frozen
class Cleared:
    """A package that a record names to say that it is not affected."""

    record: str
    occurrence: Occurrence


@frozen
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
    cleared: tuple[Cleared, ...] = ()
    """What the distribution says is not affected, by purl and record: no finding, and no silence."""

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
    """One scan while it goes on."""

    lookup: AdvisoryLookup
    hits: list[Hit] = field(default_factory=list)
    cleared: list[Cleared] = field(default_factory=list)
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
    ended = tuple((name, at) for name in ecosystems if (at := ended_at(name, now)) is not None)
    speaking = {name for name, why in because.items() if why is None} - {name for name, _ in ended}
    answered = frozenset[str]() if comprehensive else _answered(registry, speaking)
    left: list[Occurrence] = []
    judged: list[Occurrence] = []
    for one in registry:
        (left if answered and one.owners and answered.issuperset(one.owners) else judged).append(one)
    for start in range(0, len(judged), _AT_ONCE):
        _judge(run, judged[start : start + _AT_ONCE], because)
    used = {name.partition(":")[0] for name in ecosystems}
    return ScanReport(
        sbom,
        make_findings(run.hits, lookup, sbom, read_line, frozenset(name for name, _ in ended)),
        _unknown_rows(run),
        tuple(snapshots[name] for name in sorted(used & snapshots.keys())),
        (*run.unknown, *run.no_place, *run.undecided),
        tuple(left),
        ended,
        tuple(sorted(run.cleared, key=lambda one: (one.occurrence.component.purl, one.record))),
    )


def _judge(run: _Scan, occurrences: Sequence[Occurrence], because: Mapping[str, str | None]) -> None:
    """Hold some components against what is known of their packages, which is asked for at once."""
    places = [(one.component.ecosystem, one.component.match_name) for one in occurrences]
    rules = run.lookup.rules_of(places)
    for occurrence, place in zip(occurrences, places, strict=True):
        if (reason := because[place[0]]) is not None:
            run.unknown.append(Unjudged(occurrence, reason))
        # what is known still counts where the feed is old, and where records were pushed and there is no feed at all
        if (known := rules.get(place)) is not None and known != NO_RULES:
            _match(run, known, occurrence, is_judged=reason is None)


def _answered(registry: Sequence[Occurrence], speaking: Set[str]) -> frozenset[str]:
    """Return the packages, by purl, for which their distribution's advisories speak; of an ended release, none do."""
    if not any(one.owners for one in registry):
        return frozenset()
    named = (one.component for one in registry if one.component.ecosystem in speaking)
    return frozenset(one.purl for one in named if is_comparable(one.ecosystem, one.match_version))


def _why_not(ecosystem: str, verdict: Verdict, problem: str | None) -> str | None:
    """Why an ecosystem's components can't be judged; `None` when they can."""
    if not covered(ecosystem):
        return "its versions can't be compared yet"
    if not isinstance(verdict, Unknown):
        return None
    return f"{verdict.because}: {problem}" if problem else verdict.because


def _match(run: _Scan, rules: PackageRules, occurrence: Occurrence, *, is_judged: bool) -> None:
    component = occurrence.component
    hits = find_hits(run.lookup, rules, component)
    named = (record for record, state in rules.said if state is PackageState.NOT_AFFECTED and record not in hits)
    run.cleared += [Cleared(record, occurrence) for record in named]
    if hits:
        run.hits.append(Hit(occurrence, hits, rules))
    elif is_judged and not is_comparable(component.ecosystem, component.match_version):
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
