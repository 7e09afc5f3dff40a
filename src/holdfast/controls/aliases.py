"""Alias clusters: advisories that speak of one vulnerability.

Rules:

* an edge is a record's `aliases` entry, whichever way it points; `related` and `upstream` are not edges, but for what
  `distributions.other_names` takes for one;
* ids that only stand as somebody's alias are members too: two records with one CVE are one cluster through it;
* a cluster has an opaque id, given by the caller, and a founder: the member it began with;
* when clusters meet, the one created first survives (ties by id); when one falls apart, the part with its founder keeps
  the id; a founder that is gone is succeeded by the least id left;
* what happened is told as events, so that it can be journaled and exposures can be moved.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace

from holdfast.model.frozen import frozen
from holdfast.model.naming import cves_of


@frozen
class Cluster:
    """A set of ids that name one vulnerability. `created` orders clusters by creation."""

    id: str
    created: int
    founder: str
    members: frozenset[str]


@frozen
class Created:
    """A cluster began with members that no cluster had."""

    cluster: str
    members: tuple[str, ...]


@frozen
class Joined:
    """Members that no cluster had came to one."""

    cluster: str
    members: tuple[str, ...]


@frozen
class Left:
    """Members went: no record names them any more."""

    cluster: str
    members: tuple[str, ...]


@frozen
class Merged:
    """`survivor` took in `absorbed`, whose ids end here."""

    survivor: str
    absorbed: tuple[str, ...]


@frozen
class Split:
    """Members of `origin` went to the clusters `into`; `origin`, or what it was merged into, keeps the others."""

    origin: str
    into: tuple[str, ...]


@frozen
class Vanished:
    """A cluster without members left."""

    cluster: str


ClusterEvent = Created | Joined | Left | Merged | Split | Vanished


def _components(nodes: Iterable[str], edges: Mapping[str, Sequence[str]]) -> list[frozenset[str]]:
    """Return the connected components, ordered by their least member."""
    parent = {node: node for node in nodes}

    def root(node: str) -> str:
        while parent[node] != node:
            parent[node] = parent[parent[node]]
            node = parent[node]
        return node

    for record, aliases in edges.items():
        for alias in aliases:
            one, two = sorted((root(record), root(alias)))
            parent[two] = one
    members: dict[str, set[str]] = {}
    for node in sorted(parent):
        members.setdefault(root(node), set()).add(node)
    return [frozenset(group) for group in members.values()]


def cluster(records: Iterable[tuple[str, Sequence[str]]]) -> dict[str, str]:
    """Return the representative (the least id) of the cluster of every id that occurs, as a record or as an alias."""
    edges: dict[str, list[str]] = {}
    for identifier, aliases in records:
        edges.setdefault(identifier, []).extend(aliases)
    nodes = set(edges).union(*edges.values())
    return {member: min(group) for group in _components(nodes, edges) for member in group}


def find_whole(members: Iterable[str], records: Iterable[tuple[str, Sequence[str]]]) -> tuple[str, ...]:
    """Return the records of a cluster of several CVEs that name each of them, sorted; none where there are fewer.

    Only such a name says all of it: another record of the cluster may be about one of the CVEs alone.
    """
    cves = cves_of(members)
    if len(cves) < 2:
        return ()
    return tuple(sorted({record for record, aliases in records if cves <= {record, *aliases}} - cves))


class Clusters:
    """The clusters at present, changed one record at a time.

    It may hold only the clusters that a change touches, as long as it holds them whole (`touched_by` names the ids
    whose clusters those are): the outcome is the same.
    """

    def __init__(self, clusters: Iterable[Cluster] = (), records: Mapping[str, Sequence[str]] | None = None) -> None:
        """Take up clusters as they were, with the aliases of each record in them."""
        self._clusters = {one.id: one for one in clusters}
        self._cluster_of = {member: one.id for one in self._clusters.values() for member in one.members}
        self._aliases = {record: tuple(aliases) for record, aliases in (records or {}).items()}

    @property
    def clusters(self) -> tuple[Cluster, ...]:
        """Every cluster, by id."""
        return tuple(self._clusters[identifier] for identifier in sorted(self._clusters))

    def find_cluster(self, member: str) -> Cluster | None:
        """Return the cluster of an id; `None` when nothing names it."""
        identifier = self._cluster_of.get(member)
        return None if identifier is None else self._clusters[identifier]

    def apply(
        self, record: str, aliases: Sequence[str] | None, *, created: int, new_id: Callable[[], str]
    ) -> tuple[ClusterEvent, ...]:
        """Set the aliases of a record (`None` removes the record) and return what that did.

        `created` is the place in time of clusters that begin now; `new_id` makes their ids.
        """
        if aliases is not None and self._aliases.get(record) == tuple(aliases):
            return ()
        touched = self._touched(touched_by(record, aliases))
        old_members = frozenset[str]().union(*(one.members for one in touched))
        if aliases is None:
            self._aliases.pop(record, None)
        else:
            self._aliases[record] = tuple(aliases)
        records = {name: self._aliases[name] for name in old_members | {record} if name in self._aliases}
        groups = _components(set(records).union(*records.values()), records)
        return self._settle(touched, groups, created, new_id)

    def _touched(self, members: Iterable[str]) -> list[Cluster]:
        found = {self._cluster_of[member] for member in members if member in self._cluster_of}
        return sorted((self._clusters[one] for one in found), key=lambda one: (one.created, one.id))

    def _settle(
        self, touched: list[Cluster], groups: list[frozenset[str]], created: int, new_id: Callable[[], str]
    ) -> tuple[ClusterEvent, ...]:
        """Give each group its cluster and tell how the touched clusters changed."""
        present = frozenset[str]().union(*groups)
        founders = {one.id: _founder_of(one, present) for one in touched}
        after: list[Cluster] = []
        for group in groups:
            heirs = [one for one in touched if founders[one.id] in group]  # the earliest first
            if heirs:
                after.append(replace(heirs[0], founder=str(founders[heirs[0].id]), members=group))
            else:
                after.append(Cluster(new_id(), created, min(group), group))
        for one in touched:
            del self._clusters[one.id]
            for member in one.members:
                del self._cluster_of[member]
        for one in after:
            self._clusters[one.id] = one
            self._cluster_of.update(dict.fromkeys(one.members, one.id))
        return _events(touched, after, founders)


def touched_by(record: str, aliases: Sequence[str] | None) -> frozenset[str]:
    """Return the ids whose clusters a change of a record touches; its former aliases are in its own cluster."""
    return frozenset((record, *(aliases or ())))


def _founder_of(one: Cluster, present: frozenset[str]) -> str | None:
    """Return the founder or its successor; `None` when no member is left."""
    return one.founder if one.founder in present else min(one.members & present, default=None)


def _events(
    before: list[Cluster], after: list[Cluster], founders: Mapping[str, str | None]
) -> tuple[ClusterEvent, ...]:
    """Tell how `after` came from `before`: what began and came, then merged, split, left and vanished."""
    had = frozenset[str]().union(*(one.members for one in before))
    kept = {one.id for one in after}
    home = {member: one.id for one in after for member in one.members}
    events: list[ClusterEvent] = []
    for one in after:
        came = tuple(sorted(one.members - had))
        if came == tuple(sorted(one.members)):
            events.append(Created(one.id, came))
        elif came:
            events.append(Joined(one.id, came))
    absorbed: dict[str, list[str]] = {}
    for one in before:
        founder = founders[one.id]
        if one.id not in kept and founder is not None:
            absorbed.setdefault(home[founder], []).append(one.id)
    events += [Merged(survivor, tuple(sorted(ended))) for survivor, ended in sorted(absorbed.items())]
    for one in before:
        founder = founders[one.id]
        if founder is None:
            events.append(Vanished(one.id))
            continue
        into = {home[member] for member in one.members if member in home} - {home[founder]}
        if into:
            events.append(Split(one.id, tuple(sorted(into))))
        left = tuple(sorted(one.members - home.keys()))
        if left:
            events.append(Left(home[founder], left))
    return tuple(events)
