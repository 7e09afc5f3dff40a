"""A store's advisories, as a scan asks for them."""

from collections.abc import Collection, Mapping, Sequence, Set
from dataclasses import replace
from datetime import datetime
from functools import lru_cache

from holdfast.controls.advisories import parse_osv
from holdfast.controls.aliases import find_whole
from holdfast.controls.distributions import SPOKEN_OF, mended_cves
from holdfast.model.advisory import Advisory, Enrichment, PackageState, Pairwise, Severity, Snapshot
from holdfast.model.instant import to_microseconds
from holdfast.ports.advisories import AdvisoryRow, PackageRules
from holdfast.ports.lookup import RecordFacts
from holdfast.ports.store import Transaction


class StoreLookup:
    """Answers in one transaction, with the org's own layer over the public one."""

    def __init__(self, tx: Transaction) -> None:
        self._tx = tx
        self._has_kev = "kev" in tx.enrichments.state()

    def rules(self, ecosystem: str, name: str) -> PackageRules:
        """Return what is known of a package, withdrawn records left out."""
        rules = self._tx.advisories.rules(ecosystem, name)
        said = dict.fromkeys(_not_affected(rules), PackageState.NOT_AFFECTED)
        if ecosystem.partition(":")[0] in SPOKEN_OF:
            without_fix = {record for record, _, hi in rules.intervals if hi is None}
            asked = ((record, self._said(record, ecosystem, name)) for record in without_fix)
            said |= {record: state for record, state in asked if state is not None}
        return replace(rules, said=tuple(sorted(said.items()))) if said else rules

    def rules_of(self, packages: Collection[tuple[str, str]]) -> Mapping[tuple[str, str], PackageRules]:
        """Return the rules of packages, by (ecosystem, name)."""
        return {place: self.rules(*place) for place in dict.fromkeys(packages)}

    def _said(self, record: str, ecosystem: str, name: str) -> PackageState | None:
        """What a distribution says of a package in a record without a fix; its entries agree, or say nothing."""
        return said_in(self._tx.advisories.get(record).body, ecosystem, name)

    def published(self, ecosystem: str, name: str) -> Sequence[tuple[str, Pairwise]]:
        """Return all ranges and versions of a package as published, by record."""
        records = sorted(self.rules(ecosystem, name).records)
        return [(record, entry) for record in records for entry in self._entries(record, ecosystem, name)]

    def _entries(self, record: str, ecosystem: str, name: str) -> Sequence[Pairwise]:
        affected = parse_body(self._tx.advisories.get(record).body).affected
        mine = [one for one in affected if (one.ecosystem, one.name) == (ecosystem, name)]
        ranges = [Pairwise(ecosystem, name, part) for one in mine for part in one.ranges if part.type != "GIT"]
        return [*ranges, *(Pairwise(ecosystem, name, None, one.versions) for one in mine if one.versions)]

    def facts(self, advisory_ids: Sequence[str]) -> Mapping[str, RecordFacts]:
        """Return the facts of records by id."""
        wanted = sorted(set(advisory_ids))
        homes = self._tx.clusters.of(wanted)
        clusters = sorted(set(homes.values()))
        members, rows = self._tx.clusters.members(clusters), self._tx.advisories.of_clusters(clusters)
        named = {home: [one for one in ids if one.startswith("CVE-")] for home, ids in members.items()}
        mends = {}
        for home in (one for one, cves in named.items() if not cves):  # a notice, perhaps, of several CVEs
            cves_of = {one for row in rows.get(home, ()) for one in mended_cves(parse_body(row.body))}
            named[home] = mends[home] = sorted(cves_of)
        whole = self._whole(members, [home for home, ids in named.items() if len(ids) > 1 and home not in mends])
        cves = sorted({one for ids in named.values() for one in ids})
        known = self._tx.enrichments.of(cves) if cves else {}
        found: dict[str, RecordFacts] = {}
        for cluster in clusters:
            ids = tuple(members.get(cluster, ()))
            about = [known[one] for one in named.get(cluster, ()) if one in known]
            for row in rows.get(cluster, ()):
                one = self._facts(row, ids, about, tuple(mends.get(cluster, ())))
                found[row.id] = replace(one, whole=whole[cluster]) if cluster in whole else one
        return {name: found[name] for name in wanted if name in found}

    def _whole(self, members: Mapping[str, Sequence[str]], clusters: Sequence[str]) -> Mapping[str, tuple[str, ...]]:
        """Return, by cluster of several CVEs, the records that name each of them; few clusters are asked for."""
        if not clusters:
            return {}
        edges = dict(self._tx.clusters.edges(clusters))
        return {
            home: find_whole(ids, [(one, edges[one]) for one in ids if one in edges])
            for home in clusters
            if (ids := members[home])
        }

    def _facts(
        self, row: AdvisoryRow, ids: tuple[str, ...], about: Sequence[Enrichment], mends: tuple[str, ...]
    ) -> RecordFacts:
        return RecordFacts(
            row.id,
            row.cluster,
            ids,
            None if row.score is None and row.vector is None else Severity(row.score, row.vector),
            any(one.known_exploited for one in about) if self._has_kev else None,
            max((one.epss for one in about if one.epss is not None), default=None),
            _either([one.ssvc_automatable for one in about], "yes"),
            _either([one.ssvc_technical_impact for one in about], "total"),
            row.published,
            mends,
        )

    def snapshots(self) -> Mapping[str, Snapshot]:
        """Return the snapshot by ecosystem of what was synced."""
        return {one.ecosystem: one for one in self._tx.feeds.list()}

    def releases(self) -> frozenset[str]:
        """Return the ecosystems with release suffix that any record speaks of."""
        return self._tx.feeds.releases()


def _not_affected(rules: PackageRules) -> Set[str]:
    """Return the records that name a package to say that it is not affected: intervals without any version, alone."""
    some = {record for record, lo, hi in rules.intervals if lo != hi}
    return {record for record, _, _ in rules.intervals} - some - {record for record, _ in rules.pairwise}


@lru_cache(maxsize=256)
def parse_body(body: str) -> Advisory:
    """Return the record that is kept as this text."""
    return parse_osv(body.encode())


def said_in(body: str, ecosystem: str, name: str) -> PackageState | None:
    """Return what a distribution says of a package in a record that is kept as this text; `None` without a word.

    Its entries of the package agree, or say nothing.
    """
    states = {one.said for one in parse_body(body).affected if (one.ecosystem, one.name) == (ecosystem, name)}
    return next(iter(states)) if len(states) == 1 else None


def _either(words: Sequence[str | None], wanted: str) -> bool | None:
    """Whether any of the words is the wanted one; `None` without any word."""
    said = [word for word in words if word]
    return wanted in said if said else None


def synced_microseconds(snapshots: Sequence[Snapshot]) -> tuple[tuple[str, int], ...]:
    """Return (ecosystem, when its feed was synced) of snapshots, for the record."""
    return tuple((one.ecosystem, _microseconds(one.synced_at)) for one in snapshots)


def _microseconds(at: datetime | None) -> int:
    return 0 if at is None else to_microseconds(at)
