"""Which records affect one component, by what is known of its package. The same rules as `controls.match`."""

from collections.abc import Collection, Sequence
from dataclasses import replace

from holdfast.controls.match import contains, matches_pairwise
from holdfast.controls.vague import has_places
from holdfast.controls.versions import compare_versions, version_key
from holdfast.model.advisory import PackageState, Pairwise, Snapshot
from holdfast.model.component import Component
from holdfast.ports.advisories import NO_RULES, PackageRules
from holdfast.ports.lookup import AdvisoryLookup, RecordFacts


def find_hits(lookup: AdvisoryLookup, rules: PackageRules, component: Component) -> dict[str, str]:
    """Return record id → confidence (`high` by keys, `low` by comparing pairwise) of what affects a component."""
    version = component.match_version
    key = version_key(component.ecosystem, version)
    if key is None:
        published = lookup.published(component.ecosystem, component.match_name)
        return {record: "low" for record, entry in published if matches_pairwise(entry, version)}
    hits = {record: "low" for record, entry in rules.pairwise if matches_pairwise(entry, version)}
    for record, lo, hi in rules.intervals:
        if contains(lo, hi, key):
            hits[record] = "high"
    return hits


def find_undecided(rules: PackageRules, component: Component) -> list[str]:
    """Return the records of a package that can't be held against a version: no bounds, or one without a place."""
    known = {one[0] for one in rules.intervals}
    unsure = {record for record, entry in rules.pairwise if not has_places(entry)}
    return sorted({*rules.vague, *(unsure - known)})


def states_of(
    lookup: AdvisoryLookup, rules: PackageRules, records: Collection[str], component: Component
) -> dict[str, PackageState]:
    """Return how a component stands to each of the records that affect it.

    Where the affected versions end at a fix, there is one; else its distribution's word counts, where it says any. A
    version without a key is held against what was published, as where it was matched.
    """
    ecosystem, version = component.ecosystem, component.match_version
    key = version_key(ecosystem, version)
    said = dict(rules.said)
    fixed = _fixed_by_key(rules, ecosystem, key) if key is not None else set[str]()
    entries = lookup.published(ecosystem, component.match_name) if key is None else rules.pairwise
    for record, entry in entries:
        ends = [event.version for event in entry.range.events if event.kind == "fixed"] if entry.range else []
        if any(compare_versions(ecosystem, end, version) == 1 for end in ends) and matches_pairwise(entry, version):
            fixed.add(record)
    return {record: PackageState.FIXED if record in fixed else _unfixed(said.get(record)) for record in records}


def _unfixed(said: PackageState | None) -> PackageState:
    return PackageState.AFFECTED if said is None or said is PackageState.NOT_AFFECTED else said


def _fixed_by_key(rules: PackageRules, ecosystem: str, key: bytes) -> set[str]:
    ends = {version_key(ecosystem, fix) for fix in rules.fixes}
    return {record for record, lo, hi in rules.intervals if hi is not None and hi in ends and contains(lo, hi, key)}


def without_records(rules: PackageRules, records: Collection[str]) -> PackageRules:
    """Return what is known of a package without some of its records."""
    intervals = tuple(one for one in rules.intervals if one[0] not in records)
    return replace(rules, intervals=intervals, pairwise=tuple(one for one in rules.pairwise if one[0] not in records))


class NothingKnown:
    """Stands where there are no advisories at all: everything is unknown then."""

    def rules(self, _ecosystem: str, _name: str) -> PackageRules:
        """Return none."""
        return NO_RULES

    def rules_of(self, _packages: Collection[tuple[str, str]]) -> dict[tuple[str, str], PackageRules]:
        """Return none."""
        return {}

    def published(self, _ecosystem: str, _name: str) -> tuple[tuple[str, Pairwise], ...]:
        """Return none."""
        return ()

    def facts(self, _advisory_ids: Sequence[str]) -> dict[str, RecordFacts]:
        """Return none."""
        return {}

    def snapshots(self) -> dict[str, Snapshot]:
        """Return none."""
        return {}

    def releases(self) -> frozenset[str]:
        """Return none."""
        return frozenset()
