"""Alias clusters kept up to date while records change, in the layer of the transaction.

Load before the records are saved (their former aliases are read from the store), apply for what changed, save.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime

from holdfast.controls.aliases import Cluster, ClusterEvent, Clusters
from holdfast.model.instant import from_microseconds, to_microseconds
from holdfast.ports.store import Transaction


class AliasKeeper:
    """The clusters that a batch of records touches, whole."""

    def __init__(self, tx: Transaction, records: Iterable[tuple[str, Sequence[str]]]) -> None:
        """Read the clusters of all these records and of all their aliases, former ones included."""
        self._tx = tx
        names = sorted({name for record, aliases in records for name in (record, *aliases)})
        touched = sorted(set(tx.clusters.of(names).values()))
        members = tx.clusters.members(touched)
        created = tx.clusters.created(touched)
        self._before = {
            cluster: Cluster(cluster, _order(created, cluster), min(members[cluster]), frozenset(members[cluster]))
            for cluster in touched
            if members.get(cluster)
        }
        self._clusters = Clusters(self._before.values(), dict(tx.clusters.edges(touched)))

    def apply(
        self, record: str, aliases: Sequence[str] | None, now: datetime, new_id: Callable[[], str]
    ) -> tuple[ClusterEvent, ...]:
        """Set a record's aliases; `None` takes it out."""
        return self._clusters.apply(record, aliases, created=to_microseconds(now), new_id=new_id)

    def save(self) -> tuple[str, ...]:
        """Store what changed; returns every cluster that was touched, those that ended included."""
        after = {cluster.id: cluster for cluster in self._clusters.clusters}
        for cluster in after.values():
            known = self._before.get(cluster.id)
            if known is None or known.members != cluster.members:
                self._tx.clusters.assign(cluster.id, sorted(cluster.members), from_microseconds(cluster.created))
        return tuple(sorted({*self._before, *after}))


def _order(created: Mapping[str, datetime], cluster: str) -> int:
    return to_microseconds(created[cluster]) if cluster in created else 0
