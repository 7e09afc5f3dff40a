"""Findings of a scan, from which records affect which packages.

Rules:

1. One finding per component and alias cluster; what a distribution built from one source is one finding, that names all
   packages which have it.
2. Of a distribution's package, a finding has the state that its distribution gives it, and a fix only where the state
   says so: the version mends what can be mended, whatever else of the package stays open. A language package has a fix
   where a version is safe from everything that is known.
3. What has no fix in a release that gets no updates any more will get none: it is at its end of life.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from functools import lru_cache

from holdfast.loop.scan_match import states_of, without_records
from holdfast.model.advisory import PackageState, Severity
from holdfast.model.component import Component, Location, Occurrence, Sbom
from holdfast.model.fix import Fix
from holdfast.model.frozen import frozen
from holdfast.model.purl import find_distribution
from holdfast.ports.advisories import PackageRules
from holdfast.ports.lookup import AdvisoryLookup, RecordFacts
from holdfast.remediations.locate import locate
from holdfast.remediations.suggest import HEAD_LINES, suggest_fix, with_packages

ReadLine = Callable[[Location], str | None]
"""Gives the text of a place's line; `None` where it can't."""
STATE_ORDER = (PackageState.FIXED, PackageState.END_OF_LIFE, PackageState.WILL_NOT_FIX, PackageState.AFFECTED)
"""Of several records of one vulnerability, a fix counts first, then what a distribution says, then silence."""


MALICIOUS = "MAL-"
"""How the ids of records begin that are of malicious packages."""


@frozen
class ScanFinding:
    """A component that records of one alias cluster affect; `members` are all ids of the cluster, sorted.

    `packages` are all that were built from the source of `occurrence` and have it too, that one first; empty where it
    is alone. `others` are their purls, but for the first. `whole` are the names of all of it, where the cluster has
    several CVEs; `mends` the CVEs of a distribution's notice.
    """

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
    state: PackageState = PackageState.AFFECTED
    packages: tuple[Occurrence, ...] = ()
    others: tuple[str, ...] = ()
    whole: tuple[str, ...] = ()
    mends: tuple[str, ...] = ()

    @property
    def purls(self) -> tuple[str, ...]:
        """The packages that have it, by purl; the one that stands for them first."""
        return (self.purl, *self.others)

    @property
    def malicious(self) -> str | None:
        """The record that says that the package was made to harm; `None` where none does."""
        for name in self.members:
            if name.startswith(MALICIOUS):
                return name
        return None


@frozen
class Hit:
    """A component with the records that affect it (record → confidence), and what is known of its package."""

    occurrence: Occurrence
    records: Mapping[str, str]
    rules: PackageRules


def make_findings(
    hits: Sequence[Hit], lookup: AdvisoryLookup, sbom: Sbom, read_line: ReadLine, ended: frozenset[str]
) -> tuple[ScanFinding, ...]:
    """Return the findings, by purl and record; `ended` are the releases that get no updates any more."""
    facts = lookup.facts([record for one in hits for record in one.records])
    others = {member for one in facts.values() for member in one.members} - facts.keys()
    every = {**lookup.facts(sorted(others)), **facts}
    formats = {file: format_id for file, format_id, _ in sbom.files}
    out: list[ScanFinding] = []
    lines = _Lines(read_line)
    for maker in sorted((_Maker(one, lookup, formats, lines, ended) for one in hits), key=lambda one: one.order):
        hit = maker.hit
        clusters: dict[str, list[str]] = {}
        for record in sorted(hit.records):
            clusters.setdefault(facts[record].cluster, []).append(record)
        for records in clusters.values():
            first = facts[records[0]]
            known = [every[name] for name in (*records, *first.members) if name in every]
            out.append(maker.make(records, first, known))
    return tuple(sorted(_united(out, facts, formats), key=lambda one: (one.purl, one.advisory)))


class _Maker:
    """Makes the findings of one component."""

    def __init__(
        self,
        hit: Hit,
        lookup: AdvisoryLookup,
        formats: Mapping[str, str],
        lines: "_Lines",
        ended: frozenset[str],
    ) -> None:
        component = hit.occurrence.component
        self.hit, self._has_ended = hit, component.ecosystem in ended
        self._purl = component.purl
        self.order = component.name != component.source_name, self._purl
        """That which has the name of its source comes first, and stands for what is built from it."""
        self._states = states_of(lookup, hit.rules, hit.records, component)
        self._is_built = is_built(component)
        rules = hit.rules
        if self._is_built:
            rules = without_records(rules, {one for one, state in self._states.items() if state is not STATE_ORDER[0]})
        place, _ = locate(hit.occurrence.locations, formats)
        line_text, head = (lines.read(place), lines.head(place.file)) if place else (None, ())
        fix = suggest_fix(hit.occurrence, rules, formats, line_text, head)
        self._fix = with_packages(fix, (hit.occurrence,), formats) if fix is not None and self._is_built else fix

    def make(self, records: Sequence[str], first: RecordFacts, known: Sequence[RecordFacts]) -> ScanFinding:
        """Return the finding of one cluster; `known` is of all records in it."""
        state = min((self._states[record] for record in records), key=STATE_ORDER.index)
        if state is PackageState.AFFECTED and self._has_ended:
            state = PackageState.END_OF_LIFE
        confidence = "high" if any(self.hit.records[record] == "high" for record in records) else "low"
        return ScanFinding(
            records[0],
            first.members,
            self._purl,
            self.hit.occurrence,
            _severity(known),
            first.known_exploited,
            self._fix if state is PackageState.FIXED or not self._is_built else None,
            confidence,
            first.epss,
            first.automatable,
            first.total_impact,
            min((one.published for one in known if one.published is not None), default=None),
            state,
            whole=first.whole,
            mends=first.mends,
        )


def is_built(component: Component) -> bool:
    """Whether a distribution built the package, and its advisories speak of it."""
    return _is_distribution(component.ecosystem)


@lru_cache(maxsize=256)
def _is_distribution(ecosystem: str) -> bool:
    return find_distribution(ecosystem.partition(":")[0]) is not None


def _united(
    findings: Iterable[ScanFinding], facts: Mapping[str, RecordFacts], formats: Mapping[str, str]
) -> list[ScanFinding]:
    """Make one finding of those that are of one source at one version, and of one cluster; the first stands for all."""
    groups: dict[tuple[str, ...], list[ScanFinding]] = {}
    for one in findings:
        component = one.occurrence.component
        key: tuple[str, ...] = (one.purl, one.advisory)
        if is_built(component):
            cluster = facts[one.advisory].cluster
            key = (component.ecosystem, component.source_name, component.shared_version, cluster)
        groups.setdefault(key, []).append(one)
    fixes: dict[tuple[str, ...], Fix] = {}
    return [group[0] if len(group) == 1 else _one_of(group, formats, fixes) for group in groups.values()]


def _one_of(group: Sequence[ScanFinding], formats: Mapping[str, str], fixes: dict[tuple[str, ...], Fix]) -> ScanFinding:
    """Return one finding that names all packages; `fixes` are those that are known, by version and packages."""
    lead, purls = group[0], [one.purl for one in group]
    packages = tuple(one.occurrence for one in group)
    fix = next((one.fix for one in group if one.fix is not None), None)
    if fix is not None:
        place = (fix.version, *purls)
        if place not in fixes:
            fixes[place] = with_packages(fix, packages, formats)
        fix = fixes[place]
    return replace(
        lead,
        state=min((one.state for one in group), key=STATE_ORDER.index),
        fix=fix,
        confidence="high" if any(one.confidence == "high" for one in group) else "low",
        packages=packages,
        others=tuple(purls[1:]),
    )


class _Lines:
    """Lines of the files that fixes are made in."""

    def __init__(self, read: ReadLine) -> None:
        self.read = read
        self._heads: dict[str, tuple[str, ...]] = {}

    def head(self, file: str) -> tuple[str, ...]:
        """Return the first lines of a file, where a tool says that it wrote it."""
        if file not in self._heads:
            lines = (self.read(Location(file, number)) for number in range(1, HEAD_LINES + 1))
            self._heads[file] = tuple(line for line in lines if line is not None)
        return self._heads[file]


def _severity(known: Sequence[RecordFacts]) -> Severity | None:
    """The highest score that any record of the cluster has; a vector without score when there is no more."""
    scored = [one.severity for one in known if one.severity is not None]
    return max(scored, key=lambda one: (one.score is not None, one.score or 0.0), default=None)
