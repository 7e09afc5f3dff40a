"""Reads a snapshot with records, as a feed that is read once, from its beginning to its end.

Rules:

1. Nothing of it is given before all of it was verified: the signature, the digest of the whole, then every row, its
   place, and the digest of each ecosystem's and each list's rows.
2. What was verified is what is given: it is kept in a file without a name, which nobody else can change.
3. A record is held alone; of the lists one at a time.
"""

import tempfile
from collections.abc import Generator, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Annotated, BinaryIO, cast

import msgspec

from holdfast.controls.advisories import MAX_RECORD_BYTES
from holdfast.edges.providers.compiled_digest import FRAME_BYTES
from holdfast.edges.providers.records_file import (
    FIELDS,
    LIST,
    MAGIC,
    RECORD,
    SECTION,
    ListState,
    PartDigest,
    RecordsContents,
    parse_records_contents,
)
from holdfast.edges.providers.signed_rows import (
    Unseal,
    broken,
    open_plain_file,
    read_rows,
    read_statement,
    verify_payload,
)
from holdfast.errors import FeedError
from holdfast.model.advisory import Snapshot
from holdfast.ports.feed import EnrichmentRows, FeedChanges, RawRecord

MOST_LIST_ROWS = 2_000_000
EPSS_FIELDS = ("epss", "score", "probability")
_Name = Annotated[str, msgspec.Meta(min_length=1, max_length=4096)]
_BEGINS = msgspec.msgpack.Decoder(tuple[int, _Name])
_HOLDS = msgspec.msgpack.Decoder(tuple[int, _Name, str])
_OBJECT = msgspec.json.Decoder(dict[str, str | int | float | bool | None])
_Row = tuple[int, str, str]
"""(kind, name, what it holds: empty for one that begins a part)."""


def is_records_file(path: Path) -> bool:
    """Tell whether a file says that it is a snapshot with records. Raises: FeedError for what is no plain file."""
    try:
        with open_plain_file(path) as file:
            return file.read(len(MAGIC)) == MAGIC
    except OSError as error:
        raise FeedError(f"the snapshot could not be read: {error.strerror}", where=str(path)) from None


@contextmanager
def open_records_file(path: Path, unseal: Unseal, folder: Path) -> Iterator["RecordsFeed"]:
    """Give a snapshot, verified as a whole; `folder` is where there is room for a copy of it.

    Raises:
        FeedError: it is not there, is no snapshot, is cut or changed, or was not signed by the key.
    """
    where = str(path)
    with ExitStack() as stack:
        try:
            file = stack.enter_context(open_plain_file(path))
            contents = parse_records_contents(read_statement(file, MAGIC, unseal, where), where)
            for one in (folder.parent, folder):  # nothing is made for what nobody signed
                one.mkdir(mode=0o700, parents=True, exist_ok=True)
            kept = cast(BinaryIO, stack.enter_context(tempfile.TemporaryFile(dir=folder)))
            verify_payload(file, contents, where, into=kept)
            _Verifier(contents, where).read(_rows(kept, contents, where))
        except OSError as error:
            raise FeedError(f"the snapshot could not be read: {error.strerror}", where=where) from None
        yield RecordsFeed(contents, _rows(kept, contents, where))


def _rows(file: BinaryIO, contents: RecordsContents, where: str) -> Iterator[tuple[_Row, bytes]]:
    """Yield (row, its bytes) of all rows."""
    for data in read_rows(file, 0, contents.plain_bytes, where):
        try:
            kind = data[1] if len(data) > 1 else None
            if kind in {SECTION, LIST}:
                row: _Row = (*_BEGINS.decode(data), "")
            elif kind in {RECORD, FIELDS}:
                row = _HOLDS.decode(data)
            else:
                raise msgspec.DecodeError(f"a row of kind {kind}")
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            raise FeedError(f"the snapshot has a row that can't be read: {error}", where=where) from None
        yield row, data


@dataclass(slots=True)
class _Verifier:
    """Goes through all rows once: parts as the statement says them, and nothing beside them."""

    contents: RecordsContents
    where: str
    done: int = 0
    count: int = 0
    last: str = ""
    digest: PartDigest | None = None

    def read(self, rows: Iterator[tuple[_Row, bytes]]) -> None:
        """Read them to the end. Raises: FeedError."""
        for (kind, name, held), data in rows:
            if kind in {SECTION, LIST}:
                self._end()
                self._begin(kind, name)
            else:
                self._take(kind, name, held, data)
        self._end()
        if self.done != len(self._parts()):
            raise broken("fewer parts than its statement says", self.where)

    def _parts(self) -> Sequence[Snapshot | ListState]:
        return (*self.contents.snapshots, *self.contents.lists)

    def _begin(self, kind: int, name: str) -> None:
        part = self._parts()[self.done] if self.done < len(self._parts()) else None
        expected = None if part is None else _begins(part)
        if expected != (kind, name):
            raise broken(f"a part that its statement does not say here: `{name[:80]}`", self.where)
        self.digest, self.count, self.last = PartDigest(name), 0, ""

    def _take(self, kind: int, name: str, held: str, data: bytes) -> None:
        part = self._parts()[self.done] if self.digest is not None else None
        if part is None or self.digest is None or (kind == RECORD) is not isinstance(part, Snapshot):
            raise broken("rows of no part", self.where)
        if name <= self.last:
            raise broken(f"`{name[:80]}` out of order, or twice", self.where)
        if kind == RECORD and len(held) > MAX_RECORD_BYTES:
            raise broken(f"a record of {len(held)} characters: `{name[:80]}`", self.where)
        if kind == FIELDS:
            self._check_fields(name, held)
        self.digest.add(len(data).to_bytes(FRAME_BYTES, "big") + data)
        self.count, self.last = self.count + 1, name

    def _check_fields(self, name: str, held: str) -> None:
        try:
            fields = _OBJECT.decode(held)
        except msgspec.DecodeError as error:
            raise FeedError(f"the snapshot has fields that can't be read: {error}", where=self.where) from None
        for one in EPSS_FIELDS:  # whoever judges reads a number there
            score = fields.get(one, 0)
            if score is not None and (isinstance(score, str) or not 0 <= score <= 1):
                raise broken(f"a score that is none, from 0 to 1: `{name[:80]}`", self.where)
        if not name.startswith("CVE-") or self.count >= MOST_LIST_ROWS:
            raise broken(f"a list with `{name[:80]}`, or with over {MOST_LIST_ROWS} rows", self.where)

    def _end(self) -> None:
        if self.digest is None:
            return
        part = self._parts()[self.done]
        expected = part.records if isinstance(part, Snapshot) else part.rows
        if str(self.digest) != part.digest or self.count != expected:
            raise broken(f"other rows of {_begins(part)[1]} than its statement says", self.where)
        self.digest, self.done = None, self.done + 1


def _begins(part: Snapshot | ListState) -> tuple[int, str]:
    return (SECTION, part.ecosystem) if isinstance(part, Snapshot) else (LIST, part.kind)


class RecordsFeed:
    """A verified snapshot as a feed: its ecosystems are asked for in order, then its lists."""

    def __init__(self, contents: RecordsContents, rows: Iterator[tuple[_Row, bytes]]) -> None:
        self.contents = contents
        self._rows = rows
        self._ahead: _Row | None = None

    def describe(self) -> str:
        """Return what names the snapshot: its digest."""
        return f"sha256:{self.contents.digest}"

    def ecosystems(self) -> tuple[str, ...]:
        """Return what is in it."""
        return tuple(one.ecosystem for one in self.contents.snapshots)

    def changes(self, ecosystem: str, _known: Mapping[str, datetime | None], _held: Snapshot | None) -> FeedChanges:
        """Return every record of an ecosystem, with what the site that it came from knew of its feed."""
        (origin,) = (one for one in self.contents.snapshots if one.ecosystem == ecosystem)
        return FeedChanges(self._records(ecosystem), None, self.describe(), origin.records, origin)

    def _records(self, ecosystem: str) -> Generator[RawRecord, None, None]:
        for name, body in self._part(SECTION, ecosystem):
            yield RawRecord(name, body.encode())

    def _part(self, kind: int, name: str) -> Iterator[tuple[str, str]]:
        while (row := self._next()) is not None:
            if row == (kind, name, ""):
                break
        while (row := self._next()) is not None:
            if row[0] in {SECTION, LIST}:
                self._ahead = row
                return
            yield row[1], row[2]

    def _next(self) -> _Row | None:
        if self._ahead is not None:
            row, self._ahead = self._ahead, None
            return row
        found = next(self._rows, None)
        return None if found is None else found[0]

    def lists(self) -> list["CarriedList"]:
        """Return the lists, to be read in this order after the records."""
        return [CarriedList(self, one) for one in self.contents.lists]

    def rows_of(self, kind: str) -> dict[str, Mapping[str, object]]:
        """Return the rows of a list."""
        return {cve: _OBJECT.decode(held) for cve, held in self._part(LIST, kind)}


class CarriedList:
    """KEV, EPSS or SSVC as a snapshot has it."""

    def __init__(self, feed: RecordsFeed, state: ListState) -> None:
        self._feed, self._state = feed, state
        self.kind = state.kind

    def describe(self) -> str:
        """Return where the list was read by who exported it."""
        return self._state.source

    def fetch(self, _now: datetime) -> EnrichmentRows:
        """Return the list, of the date that it had."""
        return EnrichmentRows(self.kind, self._feed.rows_of(self.kind), self._state.as_of, self._state.source)
