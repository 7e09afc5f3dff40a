"""Records are kept and their alias clusters brought up to date, in one transaction.

A cluster's id is opaque and made of its founder, so that the founder can be known again when the cluster falls apart;
an id that was given before is never given again.
"""

import hashlib
from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from functools import partial

from holdfast.controls.aliases import Cluster, ClusterEvent, Clusters, Merged, Split
from holdfast.model.advisory import Compiled
from holdfast.model.frozen import frozen
from holdfast.model.instant import to_microseconds
from holdfast.ports.store import Transaction


@frozen
class Kept:
    """What keeping records did: ids that are new or changed, clusters touched before or after, and how they moved."""

    changed: frozenset[str]
    clusters: frozenset[str]
    events: tuple[ClusterEvent, ...]


def keep_records(tx: Transaction, records: Sequence[Compiled], now: datetime, *, ecosystem: str | None = None) -> Kept:
    """Save records in this transaction's layer, bring their clusters up to date, and journal merges and splits.

    `ecosystem` is the feed that they came with, if any.
    """
    named = sorted({name for record in records for name in (record.advisory.id, *record.advisory.aliases)})
    before = _load(tx, named)  # before saving, because the aliases that a record had count
    had = {member: one.id for one in before.clusters for member in one.members}
    changed = frozenset(tx.advisories.save(records, now, ecosystem))
    if not changed:
        return Kept(changed, frozenset(), ())
    events: list[ClusterEvent] = []
    at = to_microseconds(now)
    give = _id_giver(tx, [*named, *had], at)
    for record in records:
        if record.advisory.id in changed:
            new_id = partial(give, record.advisory.id)
            events += before.apply(record.advisory.id, record.advisory.aliases, created=at, new_id=new_id)
    _assign(tx, had, before, give, now)
    touched = {had[name] for name in had if name in changed} | _homes(before, changed)
    for event in events:
        touched |= _journal(tx, event)
    return Kept(changed, frozenset(touched), tuple(events))


def _homes(clusters: Clusters, names: Iterable[str]) -> set[str]:
    return {one.id for name in names if (one := clusters.find_cluster(name)) is not None}


def _id_of(founder: str, salt: str = "") -> str:
    return "clu_" + hashlib.sha256(f"{founder}\n{salt}".encode("utf-8", "surrogatepass")).hexdigest()[:24]


def _id_giver(tx: Transaction, founders: Sequence[str], at: int) -> Callable[[str], str]:
    """Return a maker of cluster ids that were never given before; `founders` are those it may be asked for."""
    given = set(tx.clusters.created([_id_of(founder) for founder in founders]))

    def give(founder: str) -> str:
        identifier, attempt = _id_of(founder), 0
        while identifier in given:
            attempt += 1
            identifier = _id_of(founder, f"{at}.{attempt}")
        given.add(identifier)
        return identifier

    return give


def _load(tx: Transaction, names: Sequence[str]) -> Clusters:
    """Return the clusters of some ids, whole."""
    ids = sorted(set(tx.clusters.of(names).values()))
    if not ids:
        return Clusters()
    members, created = tx.clusters.members(ids), tx.clusters.created(ids)
    clusters = [
        Cluster(one, to_microseconds(created[one]), _founder(one, members[one]), frozenset(members[one]))
        for one in ids
        if members.get(one)
    ]
    return Clusters(clusters, dict(tx.clusters.edges(ids)))


def _founder(cluster: str, members: Sequence[str]) -> str:
    return next((member for member in members if _id_of(member) == cluster), min(members))


def _assign(tx: Transaction, had: dict[str, str], after: Clusters, give: Callable[[str], str], now: datetime) -> None:
    """Write what moved; an id that no record names any more goes to a cluster of its own."""
    moved: dict[str, list[str]] = {}
    homes = {member: one.id for one in after.clusters for member in one.members}
    for member, home in homes.items():
        if had.get(member) != home:
            moved.setdefault(home, []).append(member)
    for member in sorted(had.keys() - homes.keys()):
        moved[give(member)] = [member]
    tx.clusters.assign_many({cluster: sorted(members) for cluster, members in moved.items()}, now)


def _journal(tx: Transaction, event: ClusterEvent) -> set[str]:
    """Journal a merge or a split; return the clusters it touched."""
    match event:
        case Merged(survivor, absorbed):
            tx.journal.append("cluster.merged", {"id": survivor, "absorbed": list(absorbed)})
            return {survivor, *absorbed}
        case Split(origin, into):
            tx.journal.append("cluster.split", {"id": origin, "into": list(into)})
            return {origin, *into}
        case _:
            return set()
