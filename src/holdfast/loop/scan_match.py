"""Which records affect one component, by what is known of its package. The same rules as `controls.match`."""

from collections.abc import Sequence

from holdfast.controls.advisory_ranges import is_in_range
from holdfast.controls.versions import compare_versions, is_comparable, version_key
from holdfast.model.advisory import Pairwise, Snapshot
from holdfast.model.component import Component
from holdfast.ports.advisories import PackageRules
from holdfast.ports.lookup import AdvisoryLookup, RecordFacts

NO_RULES = PackageRules((), (), ())


def find_hits(lookup: AdvisoryLookup, rules: PackageRules, component: Component) -> dict[str, str]:
    """Return record id → confidence (`high` by keys, `low` by comparing pairwise) of what affects a component."""
    version = component.match_version
    key = version_key(component.ecosystem, version)
    if key is None:
        published = lookup.published(component.ecosystem, component.match_name)
        return {record: "low" for record, entry in published if _holds(entry, version)}
    hits = {record: "low" for record, entry in rules.pairwise if _holds(entry, version)}
    for record, interval in rules.intervals:
        if interval.lo <= key and (interval.hi is None or key < interval.hi):
            hits[record] = "high"
    return hits


def find_undecided(rules: PackageRules, component: Component) -> list[str]:
    """Return the records of a package that can't be held against a version: no bounds, or one without a place."""
    known = {record for record, _ in rules.intervals}
    unsure = {record for record, entry in rules.pairwise if not _has_places(component.ecosystem, entry)}
    return sorted({*rules.vague, *(unsure - known)})


def _has_places(ecosystem: str, entry: Pairwise) -> bool:
    events = entry.range.events if entry.range is not None else ()
    return all(event.version in {"0", "*"} or is_comparable(ecosystem, event.version) for event in events)


def _holds(entry: Pairwise, version: str) -> bool:
    if entry.range is not None and is_in_range(entry.ecosystem, version, entry.range):
        return True
    return any(version == one or compare_versions(entry.ecosystem, version, one) == 0 for one in entry.versions)


class NothingKnown:
    """Stands where there are no advisories at all: everything is unknown then."""

    def rules(self, _ecosystem: str, _name: str) -> PackageRules:
        """Return none."""
        return NO_RULES

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
