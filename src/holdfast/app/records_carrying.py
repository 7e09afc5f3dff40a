"""Carrying records from one server to another: exported into a signed file here, imported into the store there.

Rules:

1. Both happen on the machine and with the data folder of the server: what they carry is shared by all orgs, so no token
   of any org may do it. A server may be running on the folder.
2. A server's own records are exported, unless the command names a feed; what orgs pushed stays with them.
3. An import is verified as a whole before anything is written, then taken as `loop.feed_import` says.
"""

import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

from holdfast.app.feed_carrying import has_store, sealed_by, unsealed_by
from holdfast.app.house import House, open_house
from holdfast.app.settings import Settings, read_settings
from holdfast.app.syncing import COMPILED, SOURCES, judge_changed, live_clusters
from holdfast.edges.cli.feed_wishes import Carried, CarriedList, ExportWish, ImportWish
from holdfast.edges.providers.compiled_store import compile_store
from holdfast.edges.providers.osv_open import is_remote, open_feed
from holdfast.edges.providers.records_file import RecordsContents
from holdfast.edges.providers.records_read import RecordsFeed, open_records_file
from holdfast.edges.providers.records_write import (
    FeedReader,
    lists_of_store,
    parts_of_store,
    write_records_file,
)
from holdfast.edges.stores import open_store
from holdfast.errors import FeedError, UsageError
from holdfast.loop.carried import refuse_future, refuse_future_lists
from holdfast.loop.enrichments import MAX_WHOLE_ROWS, load_enrichments
from holdfast.loop.feed_import import Begun, Offer, begin_import, clusters_to_judge, finish_import
from holdfast.loop.feeds import SyncReport, sync
from holdfast.loop.unjudged import end_unjudged, find_unjudged
from holdfast.model.tenancy import PUBLIC
from holdfast.ports.feed import EnrichmentRows
from holdfast.ports.store import Store, Transaction

Progress = Callable[[str, int, int | None], None]
_SHOWN_PROBLEMS = 5


def export_records(data: Path, file: Path, wish: ExportWish, progress: Progress) -> Carried:
    """Write records into one file: those that the server of a data folder has, or those of the feed that is named.

    Raises:
        UsageError: the key can't be read, or neither a store nor a feed is there to export from.
        FeedError: an ecosystem or a list that was named is not to be had, or the file could not be written.
    """
    sealed = sealed_by(wish.key)  # first of all: nothing is fetched for a key that is none
    settings = read_settings(data, feed=wish.feed)
    notes: list[str] = []
    if _is_served(settings) and not wish.is_asked:
        with _store(settings) as store, store.read(PUBLIC) as tx:
            parts = parts_of_store(tx, wish.ecosystems, progress)
            contents = write_records_file(file, parts, lambda: lists_of_store(tx), sealed)
    else:
        reader = _reader(settings, wish, progress)
        lists = _named_lists(settings, wish.feed or "")
        parts = reader.parts(wish.ecosystems)
        contents = write_records_file(
            file, parts, lambda: [reader.named_rows(one, MAX_WHOLE_ROWS) for one in lists], sealed
        )
        notes = _told(reader.problems)
    return _carried(contents, str(wish.key) if wish.key else None, notes)


def _is_served(settings: Settings) -> bool:
    return has_store(settings.data) or "://" in settings.database


@contextmanager
def _store(settings: Settings) -> Iterator[Store]:
    store = open_store(settings.database)
    try:
        yield store
    finally:
        store.close()


def _reader(settings: Settings, wish: ExportWish, progress: Progress) -> FeedReader:
    if wish.feed is None:
        hint = "`--feed` names a feed, `--data` the folder of a server that has synced"
        raise UsageError("there are no records to export", where=str(settings.data), hint=hint)
    if wish.offline and is_remote(wish.feed):
        raise UsageError("records of an address can't be exported offline", where=wish.feed)
    feed = open_feed(wish.feed, settings.downloads)
    return FeedReader(feed, settings.downloads, datetime.now(UTC), progress)


def _named_lists(settings: Settings, feed: str) -> list[EnrichmentRows]:
    """Return the lists that were named, read now; those that are published as well where the feed is an address.

    Raises:
        FeedError: one can't be read: a snapshot without it would be silent about it.
    """
    named = {kind for kind in SOURCES if os.environ.get(f"HOLDFAST_{kind.upper()}")}
    wanted = settings.enrichments if is_remote(feed) else {kind: settings.enrichments.get(kind) for kind in named}
    now = datetime.now(UTC)
    return [SOURCES[kind](location).fetch(now) for kind, location in sorted(wanted.items()) if location]


def _told(problems: Sequence[str]) -> list[str]:
    more = len(problems) - _SHOWN_PROBLEMS
    return [*problems[:_SHOWN_PROBLEMS], *([f"… and {more} more records that could not be read"] if more > 0 else [])]


def import_records(data: Path, file: Path, wish: ImportWish, progress: Progress) -> Carried:
    """Take a snapshot's records into the store of a data folder (made when it is not there), and judge what changed.

    Raises:
        UsageError: the key that is to verify it is none.
        FeedError: the snapshot is refused, or an import was cut; the last good state stays in use.
    """
    name, unsealed = unsealed_by(wish.trust)
    settings = read_settings(data)
    with open_records_file(file, unsealed, settings.downloads) as opened:
        contents, now = opened.contents, datetime.now(UTC)
        lists = {one.kind: (one.source, one.as_of) for one in contents.lists}
        refuse_future(contents.snapshots, now, str(file))
        refuse_future_lists(lists, now, str(file))
        house = open_house(settings)
        try:
            offer = Offer(opened.describe(), contents.snapshots, lists)
            begun = begin_import(house.store, house.clock, offer, where=str(file), allow_older=wish.allow_older)
            problems = _take(house, opened, begun, progress)
        finally:
            house.close()
    notes = [*(f"put back: {one}" for one in begun.older), *_told(problems)]
    return _carried(contents, name, notes)


def _take(house: House, opened: RecordsFeed, begun: Begun, progress: Progress) -> Sequence[str]:
    """Take all of it, and return what could not be read, in words. Raises: FeedError, ConflictError."""
    store, clock = house.store, house.clock
    word = find_unjudged(store, clock, house.ids)

    def guard(tx: Transaction) -> None:
        begun.guard(tx)
        word.guard(tx)

    report = sync(store, opened, clock, ecosystems=opened.ecosystems(), progress=progress, guard=guard)
    _require_taken(report)
    lists = load_enrichments(store, opened.lists(), clock, again=True, guard=guard)
    clusters = {*report.clusters, *clusters_to_judge(store, begun)}
    if begun.is_resumed or any(one.changed for one in lists):
        clusters |= live_clusters(house)
    judge_changed(house, clusters, word)
    compile_store(store, house.settings.data / COMPILED, imported=begun.offer.digest)
    finish_import(store, clock, begun)
    end_unjudged(store, clock, word)
    return report.problems


def _require_taken(report: SyncReport) -> None:
    failed = [f"{one.ecosystem}: {one.error}" for one in report.snapshots if one.error]
    if failed:
        raise FeedError(
            f"the import was cut: {'; '.join(failed)}", hint="import it again: what was taken is not taken twice"
        )


def _carried(contents: RecordsContents, signed_by: str | None, notes: Sequence[str]) -> Carried:
    lists = tuple(CarriedList(one.kind, one.source, one.as_of, one.rows) for one in contents.lists)
    return Carried(contents.snapshots, contents.digest, contents.payload_bytes, signed_by, tuple(notes), lists)
