"""Why another tool's report on the same input differs from ours, finding by finding.

Rules:

1. Two findings are the same when they are about the same package at the same version, and share any id that the
   report, an alias cluster of ours or the name of a distribution's record (`DEBIAN-CVE-…`) gives them; or ours is a
   notice that mends what they found, which makes no two CVEs the same. Where ours is several CVEs in one record, the
   row names those that theirs is not.
2. Every other finding of either side stands with one reason out of `Reason`. A report says what it found, and not what
   it looked at, nor how old its advisories are: no reason claims more.
3. What we could not judge is unknown, never a disagreement.
4. Rows are sorted and each stands once: the same inputs give the same rows.
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from holdfast.controls.match import covered
from holdfast.controls.versions import version_key
from holdfast.loop.compare_absent import (
    find_reason_of_record,
    find_reason_of_use,
    has_several_spellings,
    is_of_program,
)
from holdfast.loop.compare_words import REPORTS, CompareRow, Reason, Standing, range_words
from holdfast.loop.scan import ScanReport
from holdfast.loop.scan_findings import ScanFinding
from holdfast.loop.scan_match import find_undecided
from holdfast.model.advisory import Pairwise
from holdfast.model.component import Component, Occurrence, Source
from holdfast.model.finding import Kind, list_cves
from holdfast.model.instant import format_instant
from holdfast.model.naming import compared_name, cves_of
from holdfast.model.reported import Report, ReportedFinding
from holdfast.ports.lookup import AdvisoryLookup, newest_of

__all__ = ["REPORTS", "CompareRow", "Reason", "Standing", "compare"]

_OF_DISTRIBUTION = re.compile(r"[A-Z]+-(CVE-\d{4}-\d+)")
_SHOWN = 3
_ORDER = list(Standing)

Place = tuple[str, str]
"""(ecosystem without release, name as it is compared)."""
Version = str | bytes
"""A version's key; as it is written, where it has none."""


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
    tool: str
    """The report's format."""
    ours: dict[Place, set[str]] = field(default_factory=dict)
    """The versions that we composed."""
    ours_at: dict[tuple[Place, Version], dict[Occurrence, None]] = field(default_factory=dict)
    theirs: dict[Place, set[str]] = field(default_factory=dict)
    """The versions that the report lists."""
    theirs_at: set[tuple[Place, Version]] = field(default_factory=set)
    shown: dict[tuple[bool, tuple[Place, ...]], str] = field(default_factory=dict)
    """Versions in words, by side (`True` is ours) and package."""
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
    formats: dict[str, str] = field(default_factory=dict)
    """What each file is of, by path."""
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
        records = sorted(rules.records)
        facts = self.lookup.facts(records)
        known = _Known({}, {}, frozenset(find_undecided(rules, component)))
        for record in records:
            known_as = (*facts[record].members, *facts[record].mends) if record in facts else ()
            for name in self.ids_of((record, *known_as)):
                known.by_id.setdefault(name, []).append(record)
        for record, entry in self.lookup.published(*place):
            known.published.setdefault(record, []).append(entry)
        return known


def compare(report: Report, scanned: ScanReport, lookup: AdvisoryLookup) -> tuple[CompareRow, ...]:
    """Return a row for every finding of a report and for every one of ours that it does not speak of."""
    run = _Comparison(scanned, lookup, report.format)
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
            run.ours.setdefault(place, set()).add(occurrence.component.version)
            for version in _versions(occurrence.component):
                run.ours_at.setdefault((place, version), {})[occurrence] = None
    for finding in report.findings:
        component = finding.component
        if component is None:
            run.nowhere |= run.ids_of((finding.id, *finding.aliases))
            continue
        for place in _places(component):
            run.theirs.setdefault(place, set()).add(component.version)
            run.theirs_at.update((place, version) for version in _versions(component))
    mine = run.lookup.facts(sorted({one.advisory for one in scanned.findings}))
    for number, one in enumerate(scanned.findings):
        mends = mine[one.advisory].mends if one.advisory in mine else ()
        for name in run.ids_of((one.advisory, *one.members, *mends)):
            for purl in one.purls:
                run.found.setdefault((purl, name), []).append(number)
    run.formats = {file: name for file, name, _ in scanned.sbom.files}
    run.left = frozenset(one.component.purl for one in scanned.left)
    run.unjudged = {one.occurrence.component.purl: one.because for one in scanned.unjudged if not one.record}


def _places(component: Component) -> tuple[Place, ...]:
    """A package's names: its own, and that of its source package."""
    ecosystem = component.ecosystem
    base = ecosystem if ecosystem.startswith("purl:") else ecosystem.partition(":")[0]
    names = (compared_name(ecosystem, component.name), component.match_name)
    return tuple((base, name) for name in dict.fromkeys(names))


def _versions(component: Component) -> set[Version]:
    """The version as it is written, as it is compared, and with the epoch that some tools write beside it."""
    epoch = dict(component.qualifiers).get("epoch", "")
    beside = (f"{epoch}:{component.version}",) if epoch else ()
    written = (component.version, component.match_version, *beside)
    return {version_key(component.ecosystem, one) or one for one in written}


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
    places = _places(component)
    at = ((place, version) for place in places for version in _versions(component))
    same = sorted({one for key in at for one in run.ours_at.get(key, ())}, key=lambda one: one.component.purl)
    names = run.ids_of((said.id, *said.aliases))
    hits = _hits(run, (one.component.purl for one in same), names)
    run.used.update(hits)
    ids = [run.scanned.findings[number].advisory for number in hits]
    if said.suppressed:
        return _row(said, Standing.ONLY_OURS if ids else Standing.ONLY_THEIRS, Reason.SUPPRESSED, "", ids)
    if ids:
        return _row(said, Standing.SAME, _same_by(run, said, hits, names), _beside(run, said, hits), ids)
    if same:
        return _missed(run, said, same[0], names)
    if versions := _shown(run, places, is_ours=True):
        return _row(said, Standing.ONLY_THEIRS, Reason.OTHER_VERSION, versions)
    reason = Reason.NOT_COMPOSED if covered(component.ecosystem) else Reason.ECOSYSTEM
    return _row(said, Standing.ONLY_THEIRS, reason)


def _beside(run: _Comparison, said: ReportedFinding, hits: Sequence[int]) -> str:
    """Say which CVEs findings of ours are as well, where a record names several; empty where theirs is all of them."""
    named = {said.id, *said.aliases}
    several = [one for number in hits if len(cves_of((one := run.scanned.findings[number]).members)) > 1]
    left = {cve for one in several if named.isdisjoint(one.whole) for cve in cves_of(one.members) - named}
    return f"ours is {list_cves(left)} as well" if left else ""


def _same_by(run: _Comparison, said: ReportedFinding, hits: Sequence[int], names: frozenset[str]) -> Reason:
    """Say what makes findings of ours the same as theirs, the closest first."""
    ours = [run.scanned.findings[number] for number in hits]
    if any(said.id == one.advisory for one in ours):
        return Reason.ID
    shares = any(not names.isdisjoint(run.ids_of((one.advisory, *one.members))) for one in ours)
    return Reason.ALIAS if shares else Reason.NOTICE


def _hits(run: _Comparison, purls: Iterable[str], names: frozenset[str]) -> list[int]:
    """Positions of our findings on these components that go by any of the names, in order."""
    return sorted({number for purl in purls for name in names for number in run.found.get((purl, name), ())})


def _shown(run: _Comparison, places: tuple[Place, ...], *, is_ours: bool) -> str:
    """The first versions that a side has of a package; empty when it has none."""
    if (is_ours, places) not in run.shown:
        side = run.ours if is_ours else run.theirs
        versions = sorted({version or "none" for place in places for version in side.get(place, ())})
        run.shown[is_ours, places] = ", ".join(versions[:_SHOWN]) + (", …" if len(versions) > _SHOWN else "")
    return run.shown[is_ours, places]


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
    if spelt := _spelt_otherwise(run, component, names):
        return _row(said, Standing.ONLY_THEIRS, Reason.SPELLING, component.match_name.lower(), spelt)
    if elsewhere := sorted(run.lookup.facts(sorted(names))):
        return _row(said, Standing.ONLY_THEIRS, Reason.ELSEWHERE, "", elsewhere)
    newest = newest_of(run.scanned.snapshots)
    return _row(said, Standing.ONLY_THEIRS, Reason.NO_RECORD, format_instant(newest) if newest else "without date")


def _spelt_otherwise(run: _Comparison, component: Component, names: frozenset[str]) -> list[str]:
    """The records with any of these ids on the package of this name in small letters."""
    spelt = component.match_name.lower()
    if spelt == component.match_name:
        return []
    facts = run.lookup.facts(sorted(run.lookup.rules(component.ecosystem, spelt).records))
    return sorted(one for one in facts if not names.isdisjoint(run.ids_of((one, *facts[one].members))))


def _is_by_range_alone(run: _Comparison, one: ScanFinding) -> bool:
    """Whether our records have a range on the version, and none of their lists names it.

    Where no record lists versions at all, that says something of a tool that reads the records that we read.
    """
    component = one.occurrence.component
    entries = _entries(run, one)
    listed = {version for entry in entries for version in entry.versions}
    same = {version_key(component.ecosystem, version) or version for version in listed}
    ranged = any(entry.range is not None for entry in entries)
    return ranged and bool(listed or run.tool == "osv_scanner") and same.isdisjoint(_versions(component))


def _entries(run: _Comparison, one: ScanFinding) -> list[Pairwise]:
    """What our records of a finding have on its package."""
    published = run.known_of(one.occurrence.component).published
    return [entry for record in one.members for entry in published.get(record, ())]


def _ranges(known: _Known, records: Iterable[str]) -> str:
    return range_words([entry for record in records for entry in known.published.get(record, ())])


def _row_of_ours(run: _Comparison, number: int) -> CompareRow:
    """Say why they did not find what we found."""
    one = run.scanned.findings[number]
    component = one.occurrence.component
    places = _places(component)
    if any((place, version) in run.theirs_at for place in places for version in _versions(component)):
        return _beside_theirs(run, one)
    if reason := find_reason_of_use(run.tool, one.occurrence, run.formats):
        return _ours(one, reason)
    if versions := _shown(run, places, is_ours=False):
        return _ours(one, Reason.THEIR_VERSION, versions)
    if not run.nowhere.isdisjoint(run.ids_of((one.advisory, *one.members))):
        return _ours(one, Reason.UNNAMED)
    if owners := one.occurrence.owners:
        return _ours(one, Reason.LEFT, ", ".join(owners))
    if found := find_reason_of_record(run.tool, component, _entries(run, one)):
        return _ours(one, *found)
    return _ours(one, Reason.SPELLINGS if has_several_spellings(component) else Reason.UNLISTED)


def _beside_theirs(run: _Comparison, one: ScanFinding) -> CompareRow:
    """Say why they did not find what we found on a package of which they found something else."""
    ranges = _ranges(run.known_of(one.occurrence.component), [one.advisory])
    if _is_by_range_alone(run, one):
        return _ours(one, Reason.BY_RANGE, ranges)
    if run.tool == "grype" and is_of_program(one.occurrence, run.formats):
        return _ours(one, Reason.NOT_HELD)
    found = find_reason_of_record(run.tool, one.occurrence.component, _entries(run, one))
    return _ours(one, *(found or (Reason.NOT_LISTED, ranges)))


def _ours(one: ScanFinding, reason: Reason, detail: str = "") -> CompareRow:
    component = one.occurrence.component
    place = component.ecosystem, component.name, component.version
    standing = Standing.UNKNOWN if reason is Reason.UNNAMED else Standing.ONLY_OURS
    return CompareRow(standing, reason, *place, (one.advisory,), "", detail)
