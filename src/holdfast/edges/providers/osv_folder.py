"""A folder as a feed: OSV's bucket layout, loose records, or a single zip.

Rules:

1. `<ecosystem>/all.zip` is the bucket's layout; `modified_id.csv` beside it tells what changed, without it the zip's
   size and time do.
2. Loose `*.json` files, at any depth, and a single zip are records of any ecosystem: all are read, the caller picks.
3. A file's validator is its size and time, so that nothing new costs no reading.
"""

import hashlib
from collections.abc import Generator, Mapping
from datetime import datetime
from pathlib import Path

from holdfast.edges.providers.osv_index import MAX_INDEX_BYTES, Validators, compare_index, parse_index
from holdfast.errors import FeedError
from holdfast.model.advisory import Snapshot
from holdfast.ports.feed import FeedChanges, RawRecord


def nothing() -> Generator[RawRecord, None, None]:
    """Yield no record."""
    yield from ()


def file_validator(path: Path) -> str | None:
    """Return a text that changes when the file does; `None` where there is none."""
    try:
        state = path.stat()
    except OSError:
        return None
    return f"{state.st_size}-{state.st_mtime_ns}"


def validators_of(snapshot: Snapshot | None, source: str) -> Validators:
    """Return the last validators, none when the last sync failed or read another source."""
    if snapshot is None or snapshot.source != source or snapshot.error is not None:
        return Validators()
    return Validators.unpack(snapshot.validator)


class FolderFeed:
    """A folder in the layout of OSV's bucket, or one of loose records."""

    def __init__(self, root: Path) -> None:
        self._root = root.resolve()

    def describe(self) -> str:
        """Return the folder's path."""
        return str(self._root)

    def ecosystems(self) -> tuple[str, ...] | None:
        """Return the folders that hold an archive; `None` for loose records.

        Raises:
            FeedError: no such folder, or nothing of a feed in it.
        """
        if not self._root.is_dir():
            raise FeedError("no such folder", where=str(self._root), hint="name a folder, a zip or an address as feed")
        found = sorted(path.parent.name for path in self._root.glob("*/all.zip"))
        if found:
            return tuple(found)
        if next(self._root.rglob("*.json"), None) is None:
            raise FeedError("expected `<ecosystem>/all.zip` or `*.json` records, found neither", where=str(self._root))
        return None

    def changes(self, ecosystem: str, known: Mapping[str, datetime | None], snapshot: Snapshot | None) -> FeedChanges:
        """Return what differs from `known`.

        Raises:
            FeedError: the ecosystem is not there, or could not be read.
        """
        folder = self._root / ecosystem
        if "/" in ecosystem or ecosystem in {"", ".", ".."}:
            raise FeedError(f"not a name of an ecosystem: `{ecosystem[:80]}`", where=str(self._root))
        archive = folder / "all.zip"
        if not archive.is_file():
            return self._loose(ecosystem, known, snapshot)
        last = validators_of(snapshot, self.describe())
        now = self._validators(ecosystem)
        if now == last and known:
            return FeedChanges(nothing(), frozenset(known), now.pack(), 0)
        if now.index is None:
            return archive_changes(archive, known, same=now.archive == last.archive, validators=now)
        return self._indexed(folder, known, last, now)

    def is_same(self, ecosystem: str, snapshot: Snapshot | None) -> bool:
        """Tell whether the files are as they were when the snapshot was taken."""
        last = validators_of(snapshot, self.describe())
        return last.archive is not None and self._validators(ecosystem) == last

    def _validators(self, ecosystem: str) -> Validators:
        folder = self._root / ecosystem
        if (folder / "all.zip").is_file():
            return Validators(file_validator(folder / "all.zip"), file_validator(folder / "modified_id.csv"))
        states = "\n".join(f"{path} {file_validator(path)}" for path in self._records())
        return Validators(hashlib.sha256(states.encode("utf-8", "surrogatepass")).hexdigest())

    def _records(self) -> list[Path]:
        return [path for path in sorted(self._root.rglob("*.json")) if path.is_file() and not path.is_symlink()]

    def _indexed(
        self, folder: Path, known: Mapping[str, datetime | None], last: Validators, now: Validators
    ) -> FeedChanges:
        file = folder / "modified_id.csv"
        try:
            if file.stat().st_size > MAX_INDEX_BYTES:
                raise FeedError(f"an index of over {MAX_INDEX_BYTES} bytes", where=str(file))
            index = parse_index(file.read_bytes(), where=str(file))
        except OSError as error:
            raise FeedError(f"the index could not be read: {error.strerror}", where=str(file)) from None
        difference = compare_index(index, known)
        wanted = difference.changed
        if difference.undated and now.archive != last.archive:
            wanted = wanted | {key for key, modified in index.items() if modified is None}
        archive = folder / "all.zip"
        from holdfast.edges.providers.osv_archive import read_archive

        records = read_archive(archive, where=str(archive), only=wanted) if wanted else nothing()
        return FeedChanges(records, frozenset(index), now.pack(), len(wanted))

    def _loose(self, ecosystem: str, known: Mapping[str, datetime | None], snapshot: Snapshot | None) -> FeedChanges:
        files = self._records()
        if not files:
            raise FeedError(f"the feed has no `{ecosystem}`", where=str(self._root))
        from holdfast.edges.providers.osv_archive import MAX_RECORDS

        if len(files) > MAX_RECORDS:
            raise FeedError(f"expected at most {MAX_RECORDS} records, got {len(files)}", where=str(self._root))
        now = self._validators(ecosystem)
        if known and now == validators_of(snapshot, self.describe()):
            return FeedChanges(nothing(), frozenset(known), now.pack(), 0)
        return FeedChanges(_read_files(files), None, now.pack(), len(files))


def _read_files(files: list[Path]) -> Generator[RawRecord, None, None]:
    from holdfast.edges.providers.osv_archive import MAX_RECORD_BYTES

    for path in files:
        try:
            body = path.read_bytes() if path.stat().st_size <= MAX_RECORD_BYTES else b""
        except OSError as error:
            raise FeedError(f"a record could not be read: {error.strerror}", where=str(path)) from None
        yield RawRecord(path.stem, body)


def archive_changes(
    archive: Path, known: Mapping[str, datetime | None], *, same: bool, validators: Validators
) -> FeedChanges:
    """Return all records of an archive, or none when it is the `same` as last time."""
    if same and validators.archive is not None:
        return FeedChanges(nothing(), frozenset(known), validators.pack(), 0)
    from holdfast.edges.providers.osv_archive import archive_names, read_archive

    names = archive_names(archive, where=str(archive))
    return FeedChanges(read_archive(archive, where=str(archive)), None, validators.pack(), len(names))
