"""How exposed a release is by the advisories of this instant, whether it runs anywhere or not.

Rules: every component from a registry is held against the current records; what can't be compared is a doubt that is
named with its version, so that the same doubt in two releases is the same. Nothing is written.
"""

from collections.abc import Sequence

from holdfast.controls.match import contains, matches_pairwise
from holdfast.controls.versions import version_key
from holdfast.errors import NotFoundError
from holdfast.loop.scan_match import find_undecided
from holdfast.mitigations.release_judgement import Danger, Exposed, Hole
from holdfast.model.component import Component, Sbom, Source
from holdfast.model.exposure import Exposure
from holdfast.model.inventory import Release
from holdfast.ports.advisories import NO_RULES, AdvisoryRow, PackageRules
from holdfast.ports.store import Transaction


class ExposureReader:
    """Reads how exposed releases are, in one transaction; each package is looked up once."""

    def __init__(self, tx: Transaction) -> None:
        self._tx = tx
        self._rules: dict[tuple[str, str], PackageRules] = {}
        self._found: dict[Component, tuple[frozenset[str], tuple[str, ...]]] = {}
        self._ecosystems: set[str] = set()

    @property
    def ecosystems(self) -> Sequence[str]:
        """The ecosystems of everything that was read, sorted."""
        return sorted(self._ecosystems)

    def of(self, release: Release) -> Exposed:
        """Return how exposed a release is."""
        sbom = self._load(release)
        if isinstance(sbom, str):
            return Exposed(unknown=sbom)
        affected: dict[str, set[Component]] = {}
        doubts: set[str] = set()
        for component in {one.component for one in sbom.occurrences if one.component.source is Source.REGISTRY}:
            records, unsure = self._judge(component)
            doubts.update(unsure)
            for record in records:
                affected.setdefault(record, set()).add(component)
        unread = sorted({gap.file for gap in sbom.unparsed})
        unknown = f"parts of its composition were not read: {', '.join(unread[:3])}" if unread else None
        return Exposed(self._holes(affected), frozenset(doubts), unknown)

    def _load(self, release: Release) -> Sbom | str:
        if release.sbom is None:
            return "it came without an SBOM"
        try:
            sbom = self._tx.sboms.load(release.sbom)
        except NotFoundError:
            return "its SBOM is not kept any more"
        return sbom if sbom.occurrences or sbom.unparsed else "its SBOM names nothing"

    def _judge(self, component: Component) -> tuple[frozenset[str], tuple[str, ...]]:
        """Return the records that affect a component, and what can't be told of it."""
        if component not in self._found:
            self._found[component] = self._match(component)
        return self._found[component]

    def _match(self, component: Component) -> tuple[frozenset[str], tuple[str, ...]]:
        package = (component.ecosystem, component.match_name)
        self._ecosystems.add(component.ecosystem)
        if package not in self._rules:
            self._rules[package] = self._tx.advisories.rules(*package)
        rules = self._rules[package]
        if rules == NO_RULES:
            return frozenset(), ()
        named = f"`{component.name}` {component.version}"
        hits = {record for record, entry in rules.pairwise if matches_pairwise(entry, component.match_version)}
        key = version_key(component.ecosystem, component.match_version)
        doubts = [] if key is not None else [f"{named} has no place in the order of its versions"]
        if key is not None:
            hits |= {record for record, lo, hi in rules.intervals if contains(lo, hi, key)}
        vague = [record for record in find_undecided(rules, component) if record not in hits]
        doubts += [f"{record} does not say whether it affects {named}" for record in vague]
        return frozenset(hits), tuple(doubts)

    def _holes(self, affected: dict[str, set[Component]]) -> dict[Hole, Danger]:
        homes = self._tx.clusters.of(sorted(affected))
        clusters = {record: homes.get(record, record) for record in affected}
        dangers = self._dangers(sorted(set(clusters.values())))
        return {
            Hole(component.ecosystem, component.name, clusters[record]): dangers.get(clusters[record], Danger())
            for record, components in affected.items()
            for component in components
        }

    def _dangers(self, clusters: Sequence[str]) -> dict[str, Danger]:
        if not clusters:
            return {}
        rows = self._tx.advisories.of_clusters(clusters)
        members = self._tx.clusters.members(clusters)
        return {cluster: self._danger(rows.get(cluster, ()), members.get(cluster, ())) for cluster in clusters}

    def _danger(self, rows: Sequence[AdvisoryRow], members: Sequence[str]) -> Danger:
        valid = [row for row in rows if row.withdrawn is None]
        cves = sorted({name for name in (*members, *(row.id for row in rows)) if name.startswith("CVE-")})
        known = list(self._tx.enrichments.of(cves).values()) if cves else []
        exploited = [one.known_exploited for one in known if one.known_exploited is not None]
        return Danger(
            severity=max((row.score for row in valid if row.score is not None), default=None),
            known_exploited=any(exploited) if exploited else None,
            epss=max((one.epss for one in known if one.epss is not None), default=None),
            known_as=min((row.id for row in valid), default=""),
        )


def hole_of(exposure: Exposure) -> Hole:
    """Return the hole that an exposure is about."""
    return Hole(exposure.ecosystem, exposure.name, exposure.cluster)


def with_exposures(exposed: Exposed, exposures: Sequence[Exposure]) -> Exposed:
    """Add live exposures to what a running release is known to have: those of a drill stand in no feed."""
    added = {
        hole_of(one): Danger(
            one.risk.severity, one.risk.known_exploited, one.risk.epss, min(one.advisories, default="")
        )
        for one in exposures
        if one.is_live
    }
    return Exposed({**added, **exposed.holes}, exposed.doubts, exposed.unknown)
