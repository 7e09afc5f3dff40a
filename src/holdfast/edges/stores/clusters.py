"""Alias clusters in layers, enrichments, feed snapshots."""

import zlib
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

import msgspec
from sqlalchemy import delete, select

from holdfast.edges.stores.advisories import SqlAdvisories
from holdfast.edges.stores.layers import homes_of, layers_of, members_of, visible_numbers
from holdfast.edges.stores.schema_advisories import (
    ADVISORY,
    ALIAS_CLUSTER,
    CLUSTER,
    ENRICHMENT,
    ENRICHMENT_SOURCE,
    FEED,
    FEED_WISH,
)
from holdfast.edges.stores.session import Session, chunks
from holdfast.edges.stores.values import from_texts, to_body
from holdfast.model.advisory import Enrichment, Snapshot


class SqlClusters:
    """Alias clusters as this transaction's org sees them."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def of(self, advisory_ids: Sequence[str]) -> Mapping[str, str]:
        """Return id → cluster for the ids (records or aliases) that are in one."""
        return homes_of(self._session, advisory_ids)

    def members(self, clusters: Sequence[str]) -> Mapping[str, Sequence[str]]:
        """Return cluster → every id in it, records and aliases, sorted."""
        return members_of(self._session, clusters)

    def edges(self, clusters: Sequence[str]) -> Sequence[tuple[str, Sequence[str]]]:
        """Return (record id, aliases) of the records in these clusters, by id."""
        members = members_of(self._session, clusters)
        numbers = visible_numbers(self._session, (member for ids in members.values() for member in ids))
        found: list[tuple[str, Sequence[str]]] = []
        for some in chunks(numbers.values()):
            query = select(ADVISORY.c.id, ADVISORY.c.aliases).where(ADVISORY.c.number.in_(some))
            found += [(row.id, from_texts(row.aliases)) for row in self._session.rows(query)]
        return sorted(found)

    def assign(self, cluster: str, advisory_ids: Sequence[str], created_at: datetime) -> None:
        """Put ids into a cluster of this layer."""
        self.assign_many({cluster: advisory_ids}, created_at)

    def assign_many(self, members: Mapping[str, Sequence[str]], created_at: datetime) -> None:
        """Put ids into clusters of this layer: cluster → ids. One that is new was created at `created_at`."""
        session = self._session
        rows = [{"org": session.org, "id": cluster, "created_at": created_at} for cluster in members]
        if rows:
            session.change(session.insert(CLUSTER).on_conflict_do_nothing(), rows)
        homes = {one: cluster for cluster, ids in members.items() for one in ids}
        session.upsert(
            ALIAS_CLUSTER, [{"org": session.org, "member": one, "cluster": home} for one, home in sorted(homes.items())]
        )

    def created(self, clusters: Sequence[str]) -> Mapping[str, datetime]:
        """Return when each cluster came to be."""
        found: dict[str, datetime] = {}
        for some in chunks(clusters):
            query = select(CLUSTER).where(CLUSTER.c.org.in_(layers_of(self._session)), CLUSTER.c.id.in_(some))
            for row in self._session.rows(query):
                found[row.id] = min(row.created_at, found.get(row.id, row.created_at))
        return found


_BUCKETS = 1024
_EPSS = ("epss", "score", "probability")
_SSVC = {
    "exploitation": "ssvc_exploitation",
    "automatable": "ssvc_automatable",
    "technicalimpact": "ssvc_technical_impact",
}


class SqlEnrichments:
    """KEV, EPSS and SSVC by CVE; the public layer."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def save(self, kind: str, rows: Mapping[str, Mapping[str, object]], as_of: datetime, source: str) -> None:
        """Replace all of one kind (`kev`, `epss`, `ssvc`): CVE → its fields."""
        buckets: dict[int, dict[str, Mapping[str, object]]] = {}
        for cve, fields in rows.items():
            buckets.setdefault(_bucket(cve), {})[cve] = fields
        self._session.change(delete(ENRICHMENT).where(ENRICHMENT.c.kind == kind))
        bodies = ((kind, bucket, to_body(some)) for bucket, some in sorted(buckets.items()))
        self._session.add(ENRICHMENT, ("kind", "bucket", "body"), bodies)
        self._session.upsert(ENRICHMENT_SOURCE, [{"kind": kind, "source": source, "as_of": as_of}])

    def of(self, cves: Sequence[str]) -> Mapping[str, Enrichment]:
        """Return what is known per CVE; a kind that was never loaded stays `None`."""
        loaded = self.state()
        fields: dict[str, dict[str, Any]] = {
            cve: ({"known_exploited": False} if "kev" in loaded else {}) for cve in dict.fromkeys(cves)
        }
        wanted: dict[int, list[str]] = {}
        for cve in fields:
            wanted.setdefault(_bucket(cve), []).append(cve)
        for some in chunks(wanted):
            for row in self._session.rows(select(ENRICHMENT).where(ENRICHMENT.c.bucket.in_(some))):
                body = msgspec.json.decode(row.body)
                for cve in wanted[row.bucket]:
                    if cve in body:
                        fields[cve] |= _fields(row.kind, body[cve])
        return {cve: Enrichment(**known) for cve, known in fields.items()}

    def rows(self, kind: str) -> Mapping[str, Mapping[str, object]]:
        """Return all of one kind: CVE → its fields; empty when it was never loaded."""
        found: dict[str, Mapping[str, object]] = {}
        for row in self._session.rows(select(ENRICHMENT).where(ENRICHMENT.c.kind == kind)):
            found |= msgspec.json.decode(row.body)
        return found

    def state(self) -> Mapping[str, tuple[str, datetime]]:
        """Return kind → (source, as of) of what is loaded."""
        return {row.kind: (row.source, row.as_of) for row in self._session.rows(select(ENRICHMENT_SOURCE))}


def _bucket(cve: str) -> int:
    return zlib.crc32(cve.encode("utf-8", "replace")) % _BUCKETS


def _fields(kind: str, body: Mapping[str, Any]) -> dict[str, Any]:
    if kind == "kev":
        return {"known_exploited": True}
    if kind == "epss":
        value = next((body[name] for name in _EPSS if body.get(name) is not None), None)
        return {"epss": None if value is None else float(value)}
    words = {name.lower().replace(" ", "").replace("_", "").removeprefix("ssvc"): value for name, value in body.items()}
    return {field: words[name] for name, field in _SSVC.items() if isinstance(words.get(name), str)}


_WANTED = """
WITH RECURSIVE step(ecosystem) AS (
    SELECT min(ecosystem) FROM component WHERE source = 'registry'
    UNION ALL
    SELECT (SELECT min(ecosystem) FROM component WHERE source = 'registry' AND ecosystem > step.ecosystem)
    FROM step WHERE step.ecosystem IS NOT NULL
)
SELECT ecosystem FROM step WHERE ecosystem IS NOT NULL UNION SELECT ecosystem FROM feed_wish
"""
WISH_FRESH, WISH_KEPT = timedelta(days=1), timedelta(days=90)
# One step down the index for each ecosystem, then whether one of its rows is in these layers: never the whole table.
_RELEASES = """
WITH RECURSIVE step(ecosystem) AS (
    SELECT min(ecosystem) FROM {table}
    UNION ALL
    SELECT (SELECT min(ecosystem) FROM {table} WHERE ecosystem > step.ecosystem)
    FROM step WHERE step.ecosystem IS NOT NULL
)
SELECT step.ecosystem FROM step WHERE replace(step.ecosystem, ':', '') <> step.ecosystem AND (
    SELECT t.org FROM {table} t WHERE t.ecosystem = step.ecosystem AND t.org IN :layers
    ORDER BY t.ecosystem, t.name LIMIT 1
) IS NOT NULL
"""
_SPEAKING = ("affected_interval", "affected_pairwise", "affected_vague")


class SqlFeeds:
    """The snapshot of each ecosystem's feed."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def save(self, snapshot: Snapshot) -> None:
        """Replace an ecosystem's snapshot."""
        self._session.upsert(FEED, [{name: getattr(snapshot, name) for name in FEED.c.keys()}])  # noqa: SIM118

    def list(self) -> Sequence[Snapshot]:
        """Return all, by ecosystem."""
        rows = self._session.rows(select(FEED).order_by(FEED.c.ecosystem))
        return [Snapshot(**row._mapping) for row in rows]

    def wanted(self) -> Sequence[str]:
        """Return the base ecosystems that any org's inventory has registry components of, sorted."""
        return sorted({row.ecosystem.partition(":")[0] for row in self._session.rows(_WANTED)})

    def wish(self, ecosystems: Sequence[str], now: datetime) -> None:
        """Ask for the feeds of base ecosystems; one that was asked for within a day costs no write."""
        session, wish = self._session, FEED_WISH.c
        rows = session.rows(select(wish.ecosystem, wish.at).where(wish.org == session.org))
        fresh = {row.ecosystem for row in rows if now - row.at < WISH_FRESH}
        stale = [row.ecosystem for row in rows if now - row.at > WISH_KEPT]
        wanted = [name for name in ecosystems if name not in fresh]
        if wanted or stale:
            gone = [*wanted, *stale]
            session.change(delete(FEED_WISH).where(wish.org == session.org, wish.ecosystem.in_(gone)))
        for name in wanted:
            session.change(session.insert(FEED_WISH), [{"org": session.org, "ecosystem": name, "at": now}])

    def releases(self) -> frozenset[str]:
        """Return the distribution releases, as `AlmaLinux:9`, that any record which this org sees speaks of."""
        named = {"layers": layers_of(self._session)}
        return frozenset(
            row.ecosystem for table in _SPEAKING for row in self._session.rows(_RELEASES.format(table=table), named)
        )

    def forget(self, ecosystem: str, advisory_ids: Sequence[str], now: datetime) -> None:
        """Take records that the feed no longer has out of matching, as withdrawn at `now`; revisions are kept."""
        SqlAdvisories(self._session).forget(ecosystem, advisory_ids, now)
