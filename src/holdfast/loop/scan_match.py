"""Which records affect one component, by what is known of its package. The same rules as `controls.match`."""

from collections.abc import Sequence

from holdfast.controls.match import contains, matches_pairwise
from holdfast.controls.vague import has_places
from holdfast.controls.versions import version_key
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
        return {record: "low" for record, entry in published if matches_pairwise(entry, version)}
    hits = {record: "low" for record, entry in rules.pairwise if matches_pairwise(entry, version)}
    for record, interval in rules.intervals:
        if contains(interval.lo, interval.hi, key):
            hits[record] = "high"
    return hits


def find_undecided(rules: PackageRules, component: Component) -> list[str]:
    """Return the records of a package that can't be held against a version: no bounds, or one without a place."""
    known = {record for record, _ in rules.intervals}
    unsure = {record for record, entry in rules.pairwise if not has_places(entry)}
    return sorted({*rules.vague, *(unsure - known)})


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
