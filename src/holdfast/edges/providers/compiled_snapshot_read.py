"""Reads a snapshot file, and puts it in place of a compiled one.

Rules:

1. Nothing of the rows is read before the signature over the statement and the digest of what follows it were verified.
2. The database is built anew from rows, each checked; what the file is put together from never reaches a parser of
   databases, and it has no names of files.
3. Sizes are those that the statement says, within limits; what is longer or shorter is refused.
4. The file that is there is replaced whole at the very end. Whatever fails leaves it as it was.
"""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from holdfast.edges.providers.compiled import IMPORTED
from holdfast.edges.providers.compiled_digest import FRAME_BYTES, ContentDigest
from holdfast.edges.providers.compiled_snapshot import MAGIC, Contents, parse_contents
from holdfast.edges.providers.compiled_snapshot_rows import RowWriter
from holdfast.edges.providers.compiled_write import replacing, write_snapshot
from holdfast.edges.providers.signed_rows import (
    Unseal,
    broken,
    open_plain_file,
    read_rows,
    read_statement,
    verify_payload,
)
from holdfast.errors import FeedError
from holdfast.model.frozen import frozen


@frozen
class SnapshotFile:
    """A snapshot whose signature and digest hold; `file` stands where the rows begin at `start`."""

    contents: Contents
    file: BinaryIO
    start: int
    where: str


@contextmanager
def open_snapshot_file(path: Path, unseal: Unseal) -> Iterator[SnapshotFile]:
    """Give a snapshot, verified.

    Raises:
        FeedError: it is not there, is no snapshot, is cut or changed, or was not signed by the key.
    """
    where = str(path)
    try:
        with open_plain_file(path) as file:
            contents, start = parse_contents(read_statement(file, MAGIC, unseal, where), where), file.tell()
            verify_payload(file, contents, where)
            yield SnapshotFile(contents, file, start, where)
    except OSError as error:
        raise FeedError(f"the snapshot could not be read: {error.strerror}", where=where) from None


def put_in_place(opened: SnapshotFile, target: Path) -> None:
    """Make the compiled file at `target` of a snapshot.

    Raises:
        FeedError: the rows are none, or not those of the statement; or the file could not be written.
    """
    with replacing(target, anew=True) as connection:
        _Sections(opened, connection).read()
        for one in opened.contents.snapshots:
            write_snapshot(connection, one)
        connection.execute("INSERT INTO meta VALUES (?, ?)", (IMPORTED, f"sha256:{opened.contents.digest}"))


@dataclass(slots=True)
class _Sections:
    """The sections of a snapshot while they are read, one ecosystem after the other."""

    opened: SnapshotFile
    connection: sqlite3.Connection
    done: int = 0
    rows: RowWriter | None = None
    digest: ContentDigest | None = None

    def read(self) -> None:
        """Write all rows. Raises: FeedError."""
        opened = self.opened
        for row in read_rows(opened.file, opened.start, opened.contents.plain_bytes, opened.where):
            section = RowWriter.section_of(row, self.opened.where)
            if section is not None:
                self._end()
                self._begin(section)
            elif self.rows is None or self.digest is None:
                raise self._broken("rows of no ecosystem")
            else:
                self.digest.add(len(row).to_bytes(FRAME_BYTES, "big") + row)
                self.rows.write(row)
        self._end()
        if self.done != len(self.opened.contents.snapshots):
            raise self._broken("fewer ecosystems than its statement says")
        RowWriter.finish(self.connection, self.opened.where)

    def _broken(self, what: str) -> FeedError:
        return broken(what, self.opened.where)

    def _begin(self, ecosystem: str) -> None:
        snapshots = self.opened.contents.snapshots
        if self.done >= len(snapshots) or snapshots[self.done].ecosystem != ecosystem:
            raise self._broken(f"an ecosystem that its statement does not say here: `{ecosystem[:80]}`")
        self.rows = RowWriter(self.connection, ecosystem, self.opened.where)
        self.digest = ContentDigest(ecosystem)

    def _end(self) -> None:
        if self.rows is None:
            return
        self.rows.flush()
        snapshot = self.opened.contents.snapshots[self.done]
        if str(self.digest) != snapshot.digest or self.rows.records != snapshot.records:
            raise self._broken(f"other advisories of {snapshot.ecosystem} than its statement says")
        self.rows, self.done = None, self.done + 1
