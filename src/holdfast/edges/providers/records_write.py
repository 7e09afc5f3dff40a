"""Writes a snapshot with records: from what a store has, or from a feed."""

import sqlite3
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import replace
from datetime import datetime
from pathlib import Path

import msgspec

from holdfast.controls.advisories import parse_osv
from holdfast.edges.providers.compiled_digest import framed
from holdfast.edges.providers.compiled_store import stored_records
from holdfast.edges.providers.records_file import (
    FIELDS,
    LIST,
    MAGIC,
    RECORD,
    SECTION,
    ListState,
    PartDigest,
    RecordsContents,
    records_to_statement,
)
from holdfast.edges.providers.signed_rows import Packed, Seal, write_signed_rows
from holdfast.errors import ControlError, FeedError
from holdfast.model.advisory import Advisory, Snapshot
from holdfast.model.frozen import frozen
from holdfast.ports.feed import EnrichmentRows, Feed, newest_of_dates
from holdfast.ports.store import Transaction

Progress = Callable[[str, int, int | None], None]
_EACH = 500


@frozen
class RecordsPart:
    """One ecosystem to write: (id, canonical JSON) by id; `snapshot` is asked for after all of them were read."""

    ecosystem: str
    records: Iterable[tuple[str, str]]
    snapshot: Callable[[int], Snapshot]


def write_records_file(
    path: Path, parts: Iterable[RecordsPart], lists: Callable[[], Sequence[EnrichmentRows]], seal: Seal
) -> RecordsContents:
    """Write a snapshot to `path`, whole or not at all; `lists` is asked for after all records were read.

    Raises:
        FeedError: what a part or a list raised, or the file could not be written.
    """
    written = _Written([], [])

    def contents(packed: Packed) -> RecordsContents:
        sizes = (packed.payload_bytes, packed.plain_bytes)
        return RecordsContents(packed.digest, *sizes, tuple(written.snapshots), tuple(written.lists))

    rows = _rows(parts, lists, written)
    return contents(write_signed_rows(path, MAGIC, rows, lambda packed: records_to_statement(contents(packed)), seal))


@frozen
class _Written:
    snapshots: list[Snapshot]
    lists: list[ListState]


def _rows(
    parts: Iterable[RecordsPart], lists: Callable[[], Sequence[EnrichmentRows]], written: _Written
) -> Iterator[bytes]:
    for part in parts:
        digest, count = PartDigest(part.ecosystem), 0
        yield framed((SECTION, part.ecosystem))
        for identifier, body in part.records:
            count += 1
            row = framed((RECORD, identifier, body))
            digest.add(row)
            yield row
        snapshot = part.snapshot(count)
        written.snapshots.append(
            replace(snapshot, records=count, digest=str(digest), validator=None, lists=None, error=None)
        )
    for one in sorted(lists(), key=lambda each: each.kind):
        digest = PartDigest(one.kind)
        yield framed((LIST, one.kind))
        for cve in sorted(one.rows):
            row = framed((FIELDS, cve, msgspec.json.encode(one.rows[cve], order="sorted").decode()))
            digest.add(row)
            yield row
        written.lists.append(ListState(one.kind, one.source, one.as_of, len(one.rows), str(digest)))


def parts_of_store(tx: Transaction, ecosystems: Sequence[str], progress: Progress) -> list[RecordsPart]:
    """Return what the public layer of a store has; no `ecosystems` are all that were synced.

    Raises:
        FeedError: one was never synced, or none at all.
    """
    synced = {one.ecosystem: one for one in tx.feeds.list() if one.synced_at is not None and one.records}
    missing = [name for name in ecosystems if name not in synced]
    if missing or not synced:
        raise FeedError(
            f"no advisories of {', '.join(missing) or 'any ecosystem'} were synced", hint="`holdfast feed status`"
        )
    return [_part_of_store(tx, synced[name], progress) for name in sorted(set(ecosystems or synced))]


def _part_of_store(tx: Transaction, snapshot: Snapshot, progress: Progress) -> RecordsPart:
    def records() -> Iterator[tuple[str, str]]:
        names = sorted(tx.advisories.known(snapshot.ecosystem))
        for number, row in enumerate(stored_records(tx, names), 1):
            yield row.id, row.body
            if number % _EACH == 0 or number == len(names):
                progress(snapshot.ecosystem, number, len(names))

    return RecordsPart(snapshot.ecosystem, records(), lambda _: snapshot)


def lists_of_store(tx: Transaction) -> list[EnrichmentRows]:
    """Return what a store has of KEV, EPSS and SSVC."""
    state = tx.enrichments.state()
    return [EnrichmentRows(kind, tx.enrichments.rows(kind), as_of, source) for kind, (source, as_of) in state.items()]


class FeedReader:
    """Reads whole ecosystems of a feed, ordered on disk, so that none has to fit into memory.

    `named` are the CVEs that records speak of, `problems` the records that could not be read, in words.
    """

    def __init__(self, feed: Feed, folder: Path, now: datetime, progress: Progress) -> None:
        self._feed, self._folder, self._now, self._progress = feed, folder, now, progress
        self.named: set[str] = set()
        self.problems: list[str] = []

    def parts(self, ecosystems: Sequence[str]) -> list[RecordsPart]:
        """Return the ecosystems' parts, each read when its records are; none named are all that the feed has.

        Raises:
            FeedError: the feed is not there, has not all of them, or can't say which it has.
        """
        offered = self._feed.ecosystems()
        names = sorted(set(ecosystems or offered or ()))
        if not names:
            raise FeedError("the feed does not say what it has", hint="name it with `--ecosystem`, repeatable")
        missing = [] if offered is None else [name for name in names if name not in offered]
        if missing:
            raise FeedError(f"the feed has no {', '.join(missing)}", where=self._feed.describe())
        return [self._part(name) for name in names]

    def _part(self, ecosystem: str) -> RecordsPart:
        dates: list[datetime | None] = [None]

        def snapshot(count: int) -> Snapshot:
            if not count:
                raise FeedError(f"the feed has no record of `{ecosystem}`", where=self._feed.describe())
            return Snapshot(ecosystem, self._feed.describe(), self._now, dates[0], count)

        return RecordsPart(ecosystem, self._sorted(ecosystem, dates), snapshot)

    def _sorted(self, ecosystem: str, dates: list[datetime | None]) -> Iterator[tuple[str, str]]:
        path = self._folder / f".records.{ecosystem.replace('/', '_')}.tmp"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.unlink(missing_ok=True)
        try:
            with closing(sqlite3.connect(path, isolation_level=None)) as connection:
                connection.execute("PRAGMA journal_mode = OFF")
                connection.execute("PRAGMA synchronous = OFF")
                connection.execute("CREATE TABLE record (id TEXT PRIMARY KEY, body TEXT) WITHOUT ROWID")
                connection.execute("BEGIN")
                for advisory in self._read(ecosystem):
                    dates[0] = newest_of_dates((dates[0], advisory.modified or advisory.published))
                    values = (advisory.id, advisory.body)
                    connection.execute("INSERT OR REPLACE INTO record VALUES (?, ?)", values)
                yield from connection.execute("SELECT id, body FROM record ORDER BY id")
        except sqlite3.Error as error:
            raise FeedError(f"the records could not be ordered: {error}", where=str(path)) from None
        finally:
            path.unlink(missing_ok=True)

    def _read(self, ecosystem: str) -> Iterator[Advisory]:
        changes = self._feed.changes(ecosystem, {}, None)
        with changes.reading() as records:
            for number, record in enumerate(records, 1):
                if number % _EACH == 0 or number == changes.expected:
                    self._progress(ecosystem, number, changes.expected)
                try:
                    advisory = parse_osv(record.body, where=record.name)
                except ControlError as error:
                    self.problems.append(f"{record.name}: {error.message}")
                    continue
                if any(one.ecosystem.partition(":")[0] == ecosystem for one in advisory.affected):
                    names = (advisory.id, *advisory.aliases, *advisory.related, *advisory.upstream)
                    self.named.update(name for name in names if name.startswith("CVE-"))
                    yield advisory

    def named_rows(self, rows: EnrichmentRows, most: int) -> EnrichmentRows:
        """Return a list; of one with more than `most` CVEs those that a record speaks of."""
        if len(rows.rows) <= most:
            return rows
        kept: Mapping[str, Mapping[str, object]] = {cve: row for cve, row in rows.rows.items() if cve in self.named}
        return replace(rows, rows=kept)
