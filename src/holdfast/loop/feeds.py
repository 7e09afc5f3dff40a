"""Feeds are synced: what changed in the world's advisories reaches the store, a small batch at a time.

Rules:

1. Only ecosystems that some inventory has components of are synced.
2. Writing goes in short transactions of the public layer, so that a kill in between waits for one batch at most.
3. A record that can't be read is named and skipped; its last good revision stays in use.
4. A feed that fails leaves the last good snapshot, with the error beside it. Whole records read before a cut are kept.
5. A record that the feed no longer has is taken out of matching; a feed that suddenly drops a large part of what it
   had is taken for cut, and nothing is dropped.
6. The caller judges: the clusters that changed are returned, exposures are not touched here.
"""

import hashlib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from itertools import islice

from holdfast.controls.advisories import compile_advisory, parse_osv
from holdfast.errors import ControlError, FeedError
from holdfast.loop.alias_clusters import keep_records
from holdfast.model.advisory import Compiled, Snapshot
from holdfast.model.frozen import frozen
from holdfast.model.instant import format_instant
from holdfast.model.tenancy import PUBLIC
from holdfast.ports.clock import Clock
from holdfast.ports.feed import Feed, FeedChanges, RawRecord, newest_of_dates
from holdfast.ports.store import Store, Transaction

BATCH_RECORDS = 200
MAX_LOSS_RATIO = 0.2
"""A feed of the same source that drops more than this part of its records at once is taken for cut."""
MIN_LOSS_RECORDS = 20
_SHOWN_PROBLEMS = 20

Progress = Callable[[str, int, int | None], None]
"""Told (ecosystem, records read, records expected or `None`)."""


@frozen
class SyncReport:
    """What a sync did: a snapshot per ecosystem, and what changed for the caller to judge."""

    snapshots: tuple[Snapshot, ...]
    changed: tuple[str, ...] = ()
    clusters: tuple[str, ...] = ()
    problems: tuple[str, ...] = ()


@dataclass(slots=True)
class _Sync:
    """One ecosystem's sync while it goes on. `modified` is what the store will know when it is through."""

    ecosystem: str
    source: str
    now: datetime
    before: Snapshot | None
    modified: dict[str, datetime | None]
    guard: Callable[[Transaction], None]
    seen: set[str] = field(default_factory=set)
    read: int = 0
    changed: dict[str, str] = field(default_factory=dict)
    gone: list[str] = field(default_factory=list)
    clusters: set[str] = field(default_factory=set)
    problems: list[str] = field(default_factory=list)
    published: datetime | None = None
    """The newest publication among undated records read: a record of the year 1 still has that."""


def _silent(_ecosystem: str, _read: int, _expected: int | None) -> None:
    """Tell nobody."""


Guard = Callable[[Transaction], None]
"""Asked first in each transaction that writes; what it raises ends the sync."""


def unguarded(_tx: Transaction) -> None:
    """Let everything be written."""


def sync(
    store: Store,
    feed: Feed,
    clock: Clock,
    *,
    ecosystems: Sequence[str] | None = None,
    progress: Progress = _silent,
    guard: Guard = unguarded,
) -> SyncReport:
    """Bring the store up to date with a feed; `ecosystems` narrows it, by default those that any inventory has.

    A failing ecosystem doesn't stop the others: its snapshot carries the error. What `guard` raises is raised, where it
    is no FeedError.
    """
    with store.read(PUBLIC) as tx:
        wanted = sorted(set(tx.feeds.wanted() if ecosystems is None else ecosystems))
        held = {snapshot.ecosystem: snapshot for snapshot in tx.feeds.list()}
    source = feed.describe()
    try:
        offered = feed.ecosystems() if wanted else ()
    except FeedError as error:
        now = clock.now()
        return SyncReport(tuple(_fail(store, now, _last(held, name, source), str(error), guard) for name in wanted))
    runs: list[_Sync] = []
    snapshots: list[Snapshot] = []
    for ecosystem in wanted:
        now = clock.now()
        if offered is not None and ecosystem not in offered:
            because = f"the feed has no `{ecosystem}`"
            snapshots.append(_fail(store, now, _last(held, ecosystem, source), because, guard))
            continue
        run = _begin(store, ecosystem, source, now, held.get(ecosystem), guard=guard)
        runs.append(run)
        snapshots.append(_sync_one(store, feed, run, progress))
    return SyncReport(
        tuple(snapshots),
        tuple(sorted(name for run in runs for name in (*run.changed, *run.gone))),
        tuple(sorted({cluster for run in runs for cluster in run.clusters})),
        tuple(problem for run in runs for problem in run.problems),
    )


def _begin(store: Store, ecosystem: str, source: str, now: datetime, before: Snapshot | None, *, guard: Guard) -> _Sync:
    with store.read(PUBLIC) as tx:
        return _Sync(ecosystem, source, now, before, dict(tx.advisories.known(ecosystem)), guard)


def _sync_one(store: Store, feed: Feed, run: _Sync, progress: Progress) -> Snapshot:
    known = dict(run.modified)
    try:
        changes = feed.changes(run.ecosystem, known, run.before)
        with changes.reading() as records:
            for batch in _batches(records):
                _take(store, run, batch)
                progress(run.ecosystem, run.read, changes.expected)
        _drop(store, run, _gone(run, known, changes))
        if not run.modified:
            raise FeedError(f"the feed has no record of `{run.ecosystem}`", where=run.source)
    except FeedError as error:
        last = run.before or Snapshot(run.ecosystem, run.source, None, None, 0)
        return _fail(store, run.now, last, str(error), run.guard)
    return _finish(store, run, changes)


def _batches(records: Iterable[RawRecord]) -> Iterator[list[RawRecord]]:
    iterator = iter(records)
    while batch := list(islice(iterator, BATCH_RECORDS)):
        yield batch


def _take(store: Store, run: _Sync, batch: Sequence[RawRecord]) -> None:
    """Parse a batch outside of any transaction, then keep it in a short one."""
    run.read += len(batch)
    compiled = [one for record in batch if (one := _compile(run, record)) is not None]
    if not compiled:
        return
    with store.write(PUBLIC, run.now) as tx:
        run.guard(tx)
        kept = keep_records(tx, compiled, run.now, ecosystem=run.ecosystem)
    run.clusters |= kept.clusters
    run.changed |= {one.advisory.id: one.advisory.digest for one in compiled if one.advisory.id in kept.changed}
    run.modified |= {record.advisory.id: record.advisory.modified for record in compiled}


def _compile(run: _Sync, record: RawRecord) -> Compiled | None:
    """Return the compiled record; `None` when it can't be read, or speaks of other ecosystems alone."""
    run.seen.add(record.name)
    try:
        advisory = parse_osv(record.body, where=record.name)
    except ControlError as error:
        run.problems.append(error.message if error.where is None else f"{error.where}: {error.message}")
        return None
    run.seen.add(advisory.id)
    if all(one.ecosystem.partition(":")[0] != run.ecosystem for one in advisory.affected):
        return None
    if advisory.modified is None:
        run.published = newest_of_dates((run.published, advisory.published))
    return compile_advisory(advisory)


def _gone(run: _Sync, known: Mapping[str, object], changes: FeedChanges) -> list[str]:
    present = run.seen if changes.present is None else changes.present | run.seen
    missing = sorted(known.keys() - present)
    same_source = run.before is not None and run.before.source == run.source and changes.origin is None
    if same_source and len(missing) > max(MIN_LOSS_RECORDS, MAX_LOSS_RATIO * len(known)):
        raise FeedError(
            f"the feed dropped {len(missing)} of {len(known)} records at once: taken for cut",
            where=f"{run.source} {run.ecosystem}",
            hint="check the feed; the last good snapshot stays in use",
        )
    return missing


def _drop(store: Store, run: _Sync, missing: Sequence[str]) -> None:
    for start in range(0, len(missing), BATCH_RECORDS):
        part = missing[start : start + BATCH_RECORDS]
        with store.write(PUBLIC, run.now) as tx:
            run.guard(tx)
            run.clusters |= set(tx.clusters.of(part).values())
            tx.feeds.forget(run.ecosystem, part, run.now)
        run.gone += part
        for name in part:
            del run.modified[name]


def _finish(store: Store, run: _Sync, changes: FeedChanges) -> Snapshot:
    snapshot = _snapshot(run, changes)
    with store.write(PUBLIC, run.now) as tx:
        run.guard(tx)
        tx.feeds.save(snapshot)
        if run.changed or run.gone or run.before is None or run.before.error is not None:
            tx.journal.append("feed.synced", _journal_body(run, snapshot))
    return snapshot


def _snapshot(run: _Sync, changes: FeedChanges) -> Snapshot:
    """Return what is known of the feed now; a copy's feed is the one that it was made of, and as old."""
    if changes.origin is not None:
        known = changes.origin
        return Snapshot(
            run.ecosystem, known.source, known.synced_at, known.newest, len(run.modified), changes.validator
        )
    before = run.before.newest if run.before is not None and run.before.source == run.source else None
    newest = newest_of_dates((*run.modified.values(), run.published, before))
    return Snapshot(run.ecosystem, run.source, run.now, newest, len(run.modified), changes.validator)


def _journal_body(run: _Sync, snapshot: Snapshot) -> dict[str, object]:
    lines = "".join(f"{name} {digest}\n" for name, digest in sorted(run.changed.items()))
    return {
        "id": run.ecosystem,
        "source": run.source,
        "records": snapshot.records,
        "newest": format_instant(snapshot.newest) if snapshot.newest else None,
        "changed": len(run.changed),
        "gone": run.gone[:BATCH_RECORDS],
        "digest": hashlib.sha256(lines.encode()).hexdigest(),
        "skipped": len(run.problems),
        "problems": [problem[:200] for problem in run.problems[:_SHOWN_PROBLEMS]],
    }


def _last(held: Mapping[str, Snapshot], ecosystem: str, source: str) -> Snapshot:
    return held.get(ecosystem) or Snapshot(ecosystem, source, None, None, 0)


def _fail(store: Store, now: datetime, last: Snapshot, because: str, guard: Guard) -> Snapshot:
    """Keep the last good snapshot with the error; one that failed the same way before is not written again."""
    snapshot = replace(last, error=because.partition("\n")[0])
    if snapshot != last:
        with store.write(PUBLIC, now) as tx:
            guard(tx)
            tx.feeds.save(snapshot)
            tx.journal.append("feed.failed", {"id": last.ecosystem, "source": last.source, "because": snapshot.error})
    return snapshot
