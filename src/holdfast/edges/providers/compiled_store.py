"""Writes the compiled advisory file from what a store has, so that a scan rests on what was synced.

Only what differs from the file is compiled again: an ecosystem with the same validators is carried over, of the others
the records whose date differs (and those of the year 1, which have none).
"""

from collections.abc import Generator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from pathlib import Path

from holdfast.controls.advisories import compile_advisory, parse_osv
from holdfast.controls.distributions import mended_cves
from holdfast.edges.providers.compiled import CompiledAdvisories, open_compiled
from holdfast.edges.providers.compiled_write import Part, compile_feed
from holdfast.errors import FeedError
from holdfast.model.advisory import Compiled, Enrichment, Snapshot
from holdfast.model.tenancy import PUBLIC
from holdfast.ports.advisories import AdvisoryRow
from holdfast.ports.feed import newest_of_dates
from holdfast.ports.store import Store, Transaction

_CHUNK = 500


def compile_store(store: Store, path: Path, imported: str | None = None) -> tuple[Snapshot, ...]:
    """Bring the file at `path` up to date with the public layer of a store; returns the snapshots in it.

    `imported` is the digest of the snapshot that the records came in, `None` where they were synced.

    Raises:
        FeedError: the file could not be written.
    """
    with store.read(PUBLIC) as tx:
        synced = [one for one in tx.feeds.list() if one.synced_at is not None and one.records]
        if not synced:
            return ()
        held = _open(path)
        try:
            parts = [_part(tx, snapshot, held) for snapshot in synced]
        finally:
            if held is not None:
                held.close()
        enrichments = _enrichments(tx, [one.ecosystem for one in synced])
        exploited = [cve for cve, known in enrichments.items() if known.known_exploited]
        compile_feed(path, parts, exploited if "kev" in tx.enrichments.state() else None, enrichments, imported)
    return tuple(synced)


def _open(path: Path) -> CompiledAdvisories | None:
    try:
        return open_compiled(path)
    except FeedError:  # not there, or no such file: it is made anew
        return None


def _part(tx: Transaction, snapshot: Snapshot, held: CompiledAdvisories | None) -> Part:
    ecosystem = snapshot.ecosystem
    before = None if held is None else held.snapshots().get(ecosystem)
    compiled: Mapping[str, datetime | None] = {}
    if held is not None and before is not None and before.source == snapshot.source:
        compiled = held.known(ecosystem)
    known = tx.advisories.known(ecosystem)
    same = before is not None and bool(compiled) and _is_same(before, snapshot) and compiled.keys() == known.keys()
    changed = [] if same else [name for name, at in known.items() if at is None or compiled.get(name) != at]
    gone = sorted(compiled.keys() - known.keys())

    def of_now(records: int, newest: datetime | None) -> Snapshot:
        return replace(snapshot, records=records, newest=newest_of_dates((newest, snapshot.newest)))

    return Part(ecosystem, _records(tx, changed), of_now, lambda: gone, whole=not compiled)


def _is_same(before: Snapshot, after: Snapshot) -> bool:
    return before.validator is not None and before.validator == after.validator and before.error == after.error


def _records(tx: Transaction, names: Sequence[str]) -> Generator[Compiled, None, None]:
    """Yield records compiled from their stored text, in bulk."""
    for row in stored_records(tx, names):
        yield compile_advisory(parse_osv(row.body.encode(), where=row.id))


def stored_records(tx: Transaction, names: Sequence[str]) -> Generator[AdvisoryRow, None, None]:
    """Yield the current revisions of records, in bulk; by id, where the names are."""
    for start in range(0, len(names), _CHUNK):
        part = set(names[start : start + _CHUNK])
        clusters = sorted(set(tx.clusters.of(sorted(part)).values()))
        found = (row for rows in tx.advisories.of_clusters(clusters).values() for row in rows)
        yield from sorted((row for row in found if row.id in part), key=lambda row: row.id)


def _enrichments(tx: Transaction, ecosystems: Sequence[str]) -> Mapping[str, Enrichment]:
    """What is known of the CVEs of these ecosystems' records."""
    out: dict[str, Enrichment] = {}
    if not tx.enrichments.state():
        return out
    names = sorted({name for ecosystem in ecosystems for name in tx.advisories.known(ecosystem)})
    for start in range(0, len(names), _CHUNK):
        clusters = sorted(set(tx.clusters.of(names[start : start + _CHUNK]).values()))
        members = tx.clusters.members(clusters)
        cves = {one for ids in members.values() for one in ids if one.startswith("CVE-")}
        notices = [home for home, ids in members.items() if not any(one.startswith("CVE-") for one in ids)]
        rows = tx.advisories.of_clusters(notices)
        cves.update(*(mended_cves(parse_osv(row.body.encode())) for home in notices for row in rows[home]))
        out |= tx.enrichments.of(sorted(cves))
    return out
