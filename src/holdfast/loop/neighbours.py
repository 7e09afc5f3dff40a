"""Whose fix moves when another record changes.

The smallest safe version of a package rests on every record that speaks of it. A record that touches nothing that runs
can still take the fix of another one away, or name a smaller one.
"""

from collections.abc import Collection, Iterator, Sequence

from holdfast.controls.versions import version_key
from holdfast.model.advisory import Compiled
from holdfast.model.component import Component
from holdfast.model.exposure import Exposure
from holdfast.ports.store import Transaction

Package = tuple[str, str]
"""(ecosystem, name as advisories have it)."""


def find_neighbours(tx: Transaction, records: Sequence[Compiled], revised: Collection[str]) -> set[str]:
    """Return the clusters with a live exposure whose smallest safe version these records, kept already, may move.

    `revised` names those of the records that were known before: what they no longer say may matter as well.
    """
    out: set[str] = set()
    for package in sorted({(one.ecosystem, one.name) for record in records for one in record.advisory.affected}):
        speaking = [record for record in records if _speaks_of(record, package)]
        for exposure in tx.exposures.of_clusters(sorted(_clusters_of(tx, package))):
            if exposure.is_live and exposure.cluster not in out and _may_move(exposure, package, speaking, revised):
                out.add(exposure.cluster)
    return out


def find_all_neighbours(tx: Transaction, changed: Collection[str]) -> Iterator[str]:
    """Yield the clusters with a live exposure of a package that a changed cluster speaks of as well."""
    exposed: dict[Package, set[str]] = {}
    for exposure in tx.exposures.all():
        if exposure.is_live:
            exposed.setdefault((exposure.ecosystem, _match_name(exposure)), set()).add(exposure.cluster)
    for package, clusters in sorted(exposed.items()):
        if not _clusters_of(tx, package).isdisjoint(changed):
            yield from sorted(clusters)


def _match_name(exposure: Exposure) -> str:
    """Return the name that advisories have: of a distribution's package perhaps that of its source."""
    return Component(exposure.ecosystem, exposure.name, "0", source_package=exposure.source_package).match_name


def _clusters_of(tx: Transaction, package: Package) -> set[str]:
    return set(tx.clusters.of(sorted(tx.advisories.rules(*package).records)).values())


def _speaks_of(record: Compiled, package: Package) -> bool:
    return any((one.ecosystem, one.name) == package for one in record.advisory.affected)


def _may_move(exposure: Exposure, package: Package, records: Sequence[Compiled], revised: Collection[str]) -> bool:
    if exposure.ecosystem != package[0]:
        return False
    fix = exposure.risk.fix_version
    key = version_key(package[0], fix) if fix is not None else None
    return any(record.advisory.id in revised or _moves(key, package, record) for record in records)


def _moves(fix: bytes | None, package: Package, record: Compiled) -> bool:
    """Whether a new record touches the fix, or names a version below it; without keys it may always."""
    if fix is None or any((one.ecosystem, one.name) == package for one in record.pairwise):
        return True
    here = [one for one in record.intervals if (one.ecosystem, one.name) == package]
    if any(one.lo <= fix and (one.hi is None or fix < one.hi) for one in here):
        return True
    keys = [version_key(package[0], version) for *place, version in record.fixes if tuple(place) == package]
    return any(key is None or key < fix for key in keys)
