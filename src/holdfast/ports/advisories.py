"""Where advisories, their alias clusters, enrichments and feed snapshots are kept.

There are two layers: the public one (`PUBLIC`), written by feeds, and each org's own, written by pushes. An org sees
its own layer over the public one: for the same record id its own wins. A cluster that an org's own record joins
together is merged for that org alone.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Protocol

from holdfast.model.advisory import Compiled, Enrichment, PackageState, Pairwise, Snapshot
from holdfast.model.frozen import frozen


@frozen
class AdvisoryRow:
    """An advisory as stored, without its ranges; `recorded_at` is when this revision was learnt."""

    id: str
    org: str
    cluster: str
    modified: datetime | None
    published: datetime | None
    withdrawn: datetime | None
    recorded_at: datetime
    summary: str
    score: float | None
    vector: str | None
    revision: int
    body: str


@frozen
class PackageRules:
    """Everything known of one package: per record its intervals, what has no keys, and its `fixed` versions.

    An interval is (record, key it begins with, key it ends below): a scan makes thousands, so they are plain.
    `vague` are records that name the package and no versions that could be matched: nobody is proved safe from them.
    `said` is (record, state) where its distribution says more of the package than ranges do.
    """

    intervals: tuple[tuple[str, bytes, bytes | None], ...]
    pairwise: tuple[tuple[str, Pairwise], ...]
    fixes: tuple[str, ...]
    vague: tuple[str, ...] = ()
    said: tuple[tuple[str, PackageState], ...] = ()

    @property
    def records(self) -> frozenset[str]:
        """The records that may affect the package, by id."""
        return frozenset((*(one[0] for one in self.intervals), *(one for one, _ in self.pairwise), *self.vague))


NO_RULES = PackageRules((), (), ())
"""Nothing is known of the package."""


class Advisories(Protocol):
    """Records by revision."""

    def save(self, records: Iterable[Compiled], now: datetime, ecosystem: str | None = None) -> Sequence[str]:
        """Keep revisions in this transaction's layer; returns the ids that are new or changed (by digest).

        `ecosystem` is the feed that they came with; without it, the base ecosystems that they speak of.
        """
        ...

    def get(self, advisory_id: str) -> AdvisoryRow:
        """Return the current revision. Raises: NotFoundError."""
        ...

    def of_clusters(self, clusters: Sequence[str]) -> Mapping[str, Sequence[AdvisoryRow]]:
        """Return the current records of each cluster."""
        ...

    def rules(self, ecosystem: str, name: str) -> PackageRules:
        """Return what is known of a package, withdrawn records left out."""
        ...

    def known(self, ecosystem: str) -> Mapping[str, datetime | None]:
        """Return id → modified of this layer's records that came with the ecosystem's feed."""
        ...


class Clusters(Protocol):
    """Alias clusters as this transaction's org sees them."""

    def of(self, advisory_ids: Sequence[str]) -> Mapping[str, str]:
        """Return id → cluster for the ids (records or aliases) that are in one."""
        ...

    def members(self, clusters: Sequence[str]) -> Mapping[str, Sequence[str]]:
        """Return cluster → every id in it, records and aliases, sorted."""
        ...

    def edges(self, clusters: Sequence[str]) -> Sequence[tuple[str, Sequence[str]]]:
        """Return (record id, aliases) of the records in these clusters."""
        ...

    def assign(self, cluster: str, advisory_ids: Sequence[str], created_at: datetime) -> None:
        """Put ids into a cluster of this layer."""
        ...

    def assign_many(self, homes: Mapping[str, Sequence[str]], created_at: datetime) -> None:
        """Put ids into clusters of this layer: cluster → ids, each id in one of them."""
        ...

    def created(self, clusters: Sequence[str]) -> Mapping[str, datetime]:
        """Return when each cluster came to be."""
        ...


class Enrichments(Protocol):
    """KEV, EPSS and SSVC by CVE; the public layer."""

    def save(self, kind: str, rows: Mapping[str, Mapping[str, object]], as_of: datetime, source: str) -> None:
        """Replace all of one kind (`kev`, `epss`, `ssvc`): CVE → its fields."""
        ...

    def of(self, cves: Sequence[str]) -> Mapping[str, Enrichment]:
        """Return what is known per CVE; a kind never loaded stays `None`, one that was says False or a value."""
        ...

    def rows(self, kind: str) -> Mapping[str, Mapping[str, object]]:
        """Return all of one kind: CVE → its fields; empty when it was never loaded."""
        ...

    def state(self) -> Mapping[str, tuple[str, datetime]]:
        """Return kind → (source, as of) of what is loaded."""
        ...


class Feeds(Protocol):
    """The snapshot of each ecosystem's feed."""

    def save(self, snapshot: Snapshot) -> None:
        """Replace an ecosystem's snapshot."""
        ...

    def list(self) -> Sequence[Snapshot]:
        """Return all, by ecosystem."""
        ...

    def wanted(self) -> Sequence[str]:
        """Return the base ecosystems that any org's inventory has registry components of, or wished for, sorted."""
        ...

    def wish(self, ecosystems: Sequence[str], now: datetime) -> None:
        """Ask for the feeds of base ecosystems that no inventory speaks of; what nobody asks for is forgotten."""
        ...

    def releases(self) -> frozenset[str]:
        """Return the distribution releases, as `AlmaLinux:9`, that any record which this org sees speaks of."""
        ...

    def forget(self, ecosystem: str, advisory_ids: Sequence[str], now: datetime) -> None:
        """Take records that the feed no longer has out of matching, as withdrawn at `now`; revisions are kept."""
        ...
