"""Reads a snapshot file, and puts it in place of a compiled one.

Rules:

1. Nothing of the rows is read before the signature over the statement and the digest of what follows it were verified.
2. The database is built anew from rows, each checked; what the file is put together from never reaches a parser of
   databases, and it has no names of files.
3. Sizes are those that the statement says, within limits; what is longer or shorter is refused.
4. The file that is there is replaced whole at the very end. Whatever fails leaves it as it was.
"""

import hashlib
import sqlite3
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO

from holdfast.edges.providers.compiled import IMPORTED
from holdfast.edges.providers.compiled_digest import FRAME_BYTES, ContentDigest
from holdfast.edges.providers.compiled_snapshot import (
    HINT,
    MAGIC,
    MOST_ENVELOPE_BYTES,
    MOST_ROW_BYTES,
    Contents,
    parse_contents,
)
from holdfast.edges.providers.compiled_snapshot_rows import RowWriter
from holdfast.edges.providers.compiled_write import replacing, write_snapshot
from holdfast.errors import FeedError, JournalError

_CHUNK_BYTES = 1 << 20
Unseal = Callable[[str], bytes]
"""Envelope → statement. Raises: JournalError."""


@dataclass(frozen=True, slots=True)
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
    try:
        with path.open("rb") as file:
            contents, start = _verified(file, unseal, str(path))
            yield SnapshotFile(contents, file, start, str(path))
    except OSError as error:
        raise FeedError(f"the snapshot could not be read: {error.strerror}", where=str(path)) from None


def _verified(file: BinaryIO, unseal: Unseal, where: str) -> tuple[Contents, int]:
    if file.read(len(MAGIC)) != MAGIC:
        raise FeedError("no snapshot of advisories", where=where, hint=HINT)
    line = file.readline(MOST_ENVELOPE_BYTES)
    if not line.endswith(b"\n"):
        raise FeedError("a snapshot that is cut, or without a statement", where=where, hint=HINT)
    try:
        payload = unseal(line.decode("utf-8"))
    except UnicodeDecodeError:
        raise FeedError("a statement that is not UTF-8", where=where, hint=HINT) from None
    except JournalError as error:
        raise FeedError(f"the snapshot is not verified: {error.message}", where=where, hint=error.hint) from None
    contents, start = parse_contents(payload, where), file.tell()
    digest, size = hashlib.sha256(), 0
    while size <= contents.payload_bytes and (chunk := file.read(_CHUNK_BYTES)):
        digest.update(chunk)
        size += len(chunk)
    if size != contents.payload_bytes:
        word = "shorter" if size < contents.payload_bytes else "longer"
        raise FeedError(f"the snapshot is {word} than its statement says: it was cut or changed", where=where)
    if digest.hexdigest() != contents.digest:
        raise FeedError("what the snapshot holds is not what its statement says: it was changed", where=where)
    return contents, start


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
    _buffer: bytearray = field(default_factory=bytearray)

    def read(self) -> None:
        """Write all rows. Raises: FeedError."""
        for row in self._framed_rows():
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
        return FeedError(f"the snapshot has {what}", where=self.opened.where)

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

    def _framed_rows(self) -> Iterator[bytes]:
        for chunk in self._inflated():
            self._buffer += chunk
            start = 0
            while len(self._buffer) - start >= FRAME_BYTES:
                size = int.from_bytes(self._buffer[start : start + FRAME_BYTES], "big")
                if not 0 < size <= MOST_ROW_BYTES:
                    raise self._broken(f"a row of {size} bytes")
                end = start + FRAME_BYTES + size
                if end > len(self._buffer):
                    break
                yield bytes(self._buffer[start + FRAME_BYTES : end])
                start = end
            del self._buffer[:start]
        if self._buffer:
            raise self._broken("half a row at its end")

    def _inflated(self) -> Iterator[bytes]:
        """Yield what the rows inflate to, never more than the statement says."""
        contents, file = self.opened.contents, self.opened.file
        file.seek(self.opened.start)
        unpacker, left = zlib.decompressobj(), contents.plain_bytes
        try:
            while not unpacker.eof:
                data = unpacker.unconsumed_tail or file.read(_CHUNK_BYTES)
                if not data:
                    raise self._broken("rows that are cut")
                plain = unpacker.decompress(data, _CHUNK_BYTES)
                left -= len(plain)
                if left < 0:
                    raise self._broken("more in it than its statement says")
                yield plain
        except zlib.error as error:
            raise self._broken(f"rows that do not inflate: {error}") from None
        if left or unpacker.unused_data or file.read(1):
            raise self._broken("less in it than its statement says, or something behind its rows")
