"""Why another tool's report on the same input differs from ours, finding by finding.

Rules:

1. Two findings are the same when they are about the same package at the same version, and share any id that the
   report, an alias cluster of ours or the name of a distribution's record (`DEBIAN-CVE-…`) gives them.
2. Every other finding of either side stands with one reason out of `Reason`. A report says what it found, and not what
   it looked at, nor how old its advisories are: no reason claims more.
3. What we could not judge is unknown, never a disagreement.
4. Rows are sorted and each stands once: the same inputs give the same rows.
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from holdfast.controls.match import covered
from holdfast.controls.versions import compare_versions
from holdfast.loop.compare_words import REPORTS, CompareRow, Reason, Standing, range_words
from holdfast.loop.scan import ScanFinding, ScanReport
from holdfast.loop.scan_match import find_undecided
from holdfast.model.advisory import Pairwise
from holdfast.model.component import Component, Occurrence, Source
from holdfast.model.finding import Kind
from holdfast.model.instant import format_instant
from holdfast.model.naming import compared_name
from holdfast.model.reported import Report, ReportedFinding
from holdfast.ports.lookup import AdvisoryLookup, newest_of

__all__ = ["REPORTS", "CompareRow", "Reason", "Standing", "compare"]

_OF_DISTRIBUTION = re.compile(r"[A-Z]+-(CVE-\d{4}-\d+)")
_SHOWN = 3
_ORDER = list(Standing)

Place = tuple[str, str]
"""(ecosystem without release, name as it is compared)."""


@dataclass(slots=True)
class _Known:
    """What our records have on one component's package: by any id of theirs, by record, and what is undecided."""

    by_id: dict[str, list[str]]
    published: dict[str, list[Pairwise]]
    undecided: frozenset[str]


@dataclass(slots=True)
class _Comparison:
    """Both sides by package, while they are compared. `used` are our findings that theirs speak of, by position."""

    scanned: ScanReport
    lookup: AdvisoryLookup
    ours: dict[Place, list[Occurrence]] = field(default_factory=dict)
    theirs: dict[Place, dict[Component, None]] = field(default_factory=dict)
    """The components that the report lists."""
    nowhere: set[str] = field(default_factory=set)
    """The ids that the report lists on packages that could not be read."""
    found: dict[tuple[str, str], list[int]] = field(default_factory=dict)
    """Positions of our findings, by purl and any of their ids."""
    left: frozenset[str] = frozenset()
    """What is left to the distribution, by purl."""
    unjudged: dict[str, str] = field(default_factory=dict)
    """Why a component could not be judged at all, by purl."""
    members: dict[str, tuple[str, ...]] = field(default_factory=dict)
    """Every id of the cluster of a record of ours that the report names, by record."""
    known: dict[Component, _Known] = field(default_factory=dict)
    used: set[int] = field(default_factory=set)

    def ids_of(self, ids: Iterable[str]) -> frozenset[str]:
        """Return every id that what goes by these goes by."""
        every = {name for one in ids if one for name in (one, *self.members.get(one, ()))}
        of_distribution = (_OF_DISTRIBUTION.fullmatch(name) for name in every)
        return frozenset(every | {found[1] for found in of_distribution if found})

    def known_of(self, component: Component) -> _Known:
        """Return what our records have on a component's package."""
        if component not in self.known:
            self.known[component] = self._look_up(component)
        return self.known[component]

    def _look_up(self, component: Component) -> _Known:
        place = component.ecosystem, component.match_name
        rules = self.lookup.rules(*place)
        records = sorted({*(record for record, _ in (*rules.intervals, *rules.pairwise)), *rules.vague})
        facts = self.lookup.facts(records)
        known = _Known({}, {}, frozenset(find_undecided(rules, component)))
        for record in records:
            for name in self.ids_of((record, *(facts[record].members if record in facts else ()))):
                known.by_id.setdefault(name, []).append(record)
        for record, entry in self.lookup.published(*place):
            known.published.setdefault(record, []).append(entry)
        return known


def compare(report: Report, scanned: ScanReport, lookup: AdvisoryLookup) -> tuple[CompareRow, ...]:
    """Return a row for every finding of a report and for every one of ours that it does not speak of."""
    run = _Comparison(scanned, lookup)
    _index(run, report)
    rows = [_row_of_theirs(run, one) for one in report.findings]
    rows += [_row_of_ours(run, number) for number in range(len(scanned.findings)) if number not in run.used]
    return tuple(sorted(set(rows), key=_order))


def _order(row: CompareRow) -> tuple[object, ...]:
    place = row.ecosystem, row.package, row.version, row.theirs, row.ours
    return _ORDER.index(row.standing), *place, row.reason, row.detail, row.fixed_in


def _index(run: _Comparison, report: Report) -> None:
    scanned = run.scanned
    facts = run.lookup.facts(sorted({name for one in report.findings for name in (one.id, *one.aliases)}))
    run.members = {record: one.members for record, one in facts.items()}
    for occurrence in sorted(scanned.sbom.occurrences, key=lambda one: one.component.purl):
        for place in _places(occurrence.component):
            run.ours.setdefault(place, []).append(occurrence)
    for finding in report.findings:
        component = finding.component
        if component is None:
            run.nowhere |= run.ids_of((finding.id, *finding.aliases))
            continue
        for place in _places(component):
            run.theirs.setdefault(place, {})[component] = None
    for number, one in enumerate(scanned.findings):
        for name in run.ids_of((one.advisory, *one.members)):
            run.found.setdefault((one.purl, name), []).append(number)
    run.left = frozenset(one.component.purl for one in scanned.left)
    run.unjudged = {one.occurrence.component.purl: one.because for one in scanned.unjudged if not one.record}


def _places(component: Component) -> tuple[Place, ...]:
    """A package's names: its own, and that of its source package."""
    ecosystem = component.ecosystem
    base = ecosystem if ecosystem.startswith("purl:") else ecosystem.partition(":")[0]
    names = (compared_name(ecosystem, component.name), component.match_name)
    return tuple((base, name) for name in dict.fromkeys(names))


def _is_same_version(ours: Component, theirs: Component) -> bool:
    return any(
        mine == other or compare_versions(ours.ecosystem, mine, other) == 0
        for mine in _versions(ours)
        for other in _versions(theirs)
    )


def _versions(component: Component) -> tuple[str, ...]:
    """The version as it is written, as it is compared, and with the epoch that some tools write beside it."""
    epoch = dict(component.qualifiers).get("epoch", "")
    beside = (f"{epoch}:{component.version}",) if epoch else ()
    return tuple(dict.fromkeys((component.version, component.match_version, *beside)))


def _row(
    said: ReportedFinding, standing: Standing, reason: Reason, detail: str = "", ours: Sequence[str] = ()
) -> CompareRow:
    component = said.component
    place = (component.ecosystem, component.name, component.version) if component else ("", "", "")
    return CompareRow(standing, reason, *place, tuple(ours), said.id, detail, said.fixed_in)


def _row_of_theirs(run: _Comparison, said: ReportedFinding) -> CompareRow:
    if said.kind not in {Kind.VULNERABILITY, Kind.MALICIOUS}:
        return _row(said, Standing.ONLY_THEIRS, Reason.OTHER_KIND, str(said.kind))
    component = said.component
    if component is None:
        return _row(said, Standing.UNKNOWN, Reason.NO_PACKAGE)
    named = list(dict.fromkeys(one for place in _places(component) for one in run.ours.get(place, ())))
    same = [one for one in named if _is_same_version(one.component, component)]
    names = run.ids_of((said.id, *said.aliases))
    hits = _hits(run, (one.component.purl for one in same), names)
    run.used.update(hits)
    ids = [run.scanned.findings[number].advisory for number in hits]
    if said.suppressed:
        return _row(said, Standing.ONLY_OURS if ids else Standing.ONLY_THEIRS, Reason.SUPPRESSED, "", ids)
    if ids:
        return _row(said, Standing.SAME, Reason.ID if said.id in ids else Reason.ALIAS, "", ids)
    if same:
        return _missed(run, said, same[0], names)
    if named:
        return _row(said, Standing.ONLY_THEIRS, Reason.OTHER_VERSION, _versions_of(one.component for one in named))
    reason = Reason.NOT_COMPOSED if covered(component.ecosystem) else Reason.ECOSYSTEM
    return _row(said, Standing.ONLY_THEIRS, reason)


def _hits(run: _Comparison, purls: Iterable[str], names: frozenset[str]) -> list[int]:
    """Positions of our findings on these components that go by any of the names, in order."""
    return sorted({number for purl in purls for name in names for number in run.found.get((purl, name), ())})


def _versions_of(components: Iterable[Component]) -> str:
    versions = sorted({one.version or "none" for one in components})
    return ", ".join(versions[:_SHOWN]) + (", …" if len(versions) > _SHOWN else "")


def _missed(run: _Comparison, said: ReportedFinding, occurrence: Occurrence, names: frozenset[str]) -> CompareRow:
    """Say why we did not find on a component of ours what they found on it."""
    component = occurrence.component
    if component.source is not Source.REGISTRY:
        return _row(said, Standing.ONLY_THEIRS, Reason.NAMED_ONLY, str(component.source))
    if component.purl in run.left:
        hits = _hits(run, occurrence.owners, names)
        run.used.update(hits)
        ids = [run.scanned.findings[number].advisory for number in hits]
        return _row(said, Standing.ONLY_THEIRS, Reason.OWNED, ", ".join(occurrence.owners), ids)
    if not covered(component.ecosystem):
        return _row(said, Standing.ONLY_THEIRS, Reason.ECOSYSTEM)
    if (because := run.unjudged.get(component.purl)) is not None:
        return _row(said, Standing.UNKNOWN, Reason.UNJUDGED, because)
    return _held_against(run, said, component, names)


def _held_against(run: _Comparison, said: ReportedFinding, component: Component, names: frozenset[str]) -> CompareRow:
    """Say what our records of a package have on what they found."""
    known = run.known_of(component)
    records = sorted({record for name in names for record in known.by_id.get(name, ())})
    if doubtful := [record for record in records if record in known.undecided]:
        return _row(said, Standing.UNKNOWN, Reason.UNDECIDED, "", doubtful)
    if records:
        return _row(said, Standing.ONLY_THEIRS, Reason.RANGE, _ranges(known, records), records)
    if elsewhere := sorted(run.lookup.facts(sorted(names))):
        return _row(said, Standing.ONLY_THEIRS, Reason.ELSEWHERE, "", elsewhere)
    newest = newest_of(run.scanned.snapshots)
    return _row(said, Standing.ONLY_THEIRS, Reason.NO_RECORD, format_instant(newest) if newest else "without date")


def _ranges(known: _Known, records: Iterable[str]) -> str:
    return range_words([entry for record in records for entry in known.published.get(record, ())])


def _row_of_ours(run: _Comparison, number: int) -> CompareRow:
    """Say why they did not find what we found."""
    one = run.scanned.findings[number]
    component = one.occurrence.component
    listed = [theirs for place in _places(component) for theirs in run.theirs.get(place, ())]
    if any(_is_same_version(component, theirs) for theirs in listed):
        return _ours(one, Reason.NOT_LISTED, _ranges(run.known_of(component), [one.advisory]))
    if listed:
        return _ours(one, Reason.THEIR_VERSION, _versions_of(listed))
    if not run.nowhere.isdisjoint(run.ids_of((one.advisory, *one.members))):
        return _ours(one, Reason.UNNAMED)
    return _ours(one, Reason.UNLISTED)


def _ours(one: ScanFinding, reason: Reason, detail: str = "") -> CompareRow:
    component = one.occurrence.component
    place = component.ecosystem, component.name, component.version
    standing = Standing.UNKNOWN if reason is Reason.UNNAMED else Standing.ONLY_OURS
    return CompareRow(standing, reason, *place, (one.advisory,), "", detail)
