"""What a scan asks of advisories: read-only, by package."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Protocol

from holdfast.model.advisory import Pairwise, Severity, Snapshot
from holdfast.model.frozen import frozen
from holdfast.ports.advisories import PackageRules


@frozen
class RecordFacts:
    """What is known of one record: its alias cluster (opaque, and every id in it, sorted), severity, exploitation.

    `known_exploited` is `None` when no list of known exploited vulnerabilities was loaded; `epss` (0 to 1) and CISA's
    decisions are `None` where there is none. `published` is when the record first was. `mends` are the CVEs that a
    distribution's notice mends without being any of them. `whole` are, in a cluster of several CVEs, the records that
    name each of them (`controls.aliases.find_whole`).
    """

    id: str
    cluster: str
    members: tuple[str, ...]
    severity: Severity | None
    known_exploited: bool | None
    epss: float | None = None
    automatable: bool | None = None
    total_impact: bool | None = None
    published: datetime | None = None
    mends: tuple[str, ...] = ()
    whole: tuple[str, ...] = ()


class AdvisoryLookup(Protocol):
    """Answers by package and by record."""

    def rules(self, ecosystem: str, name: str) -> PackageRules:
        """Return what is known of a package, withdrawn records left out; empty when nothing is."""
        ...

    def rules_of(self, packages: Collection[tuple[str, str]]) -> Mapping[tuple[str, str], PackageRules]:
        """Return the rules of packages, by (ecosystem, name); those of which nothing is known may be left out."""
        ...

    def published(self, ecosystem: str, name: str) -> Sequence[tuple[str, Pairwise]]:
        """Return all ranges and versions of a package as published, by record: for a version that has no key."""
        ...

    def facts(self, advisory_ids: Sequence[str]) -> Mapping[str, RecordFacts]:
        """Return the facts of records by id."""
        ...

    def snapshots(self) -> Mapping[str, Snapshot]:
        """Return the snapshot by ecosystem (without release suffix) of what was synced."""
        ...

    def releases(self) -> frozenset[str]:
        """Return the ecosystems with release suffix (`AlmaLinux:9`) that any record speaks of."""
        ...


def newest_of(snapshots: Sequence[Snapshot]) -> datetime | None:
    """Return the date of the newest record of all snapshots."""
    return max((snapshot.newest for snapshot in snapshots if snapshot.newest is not None), default=None)
