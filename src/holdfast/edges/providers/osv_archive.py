"""Reads OSV records out of a zip, without trusting it.

Rules:

1. Nothing is ever extracted to a path, so a name can't lead anywhere; absolute names and `..` are left out as well.
2. Sizes are judged from the directory before anything is inflated, and a member is never read past its declared size.
3. A bomb refuses the whole archive; one record that is too large is left out and named by an empty body.
"""

import zipfile
import zlib
from collections.abc import Collection, Generator
from pathlib import Path, PurePosixPath

from holdfast.errors import FeedError
from holdfast.ports.feed import RawRecord

MAX_RECORD_BYTES = 16 << 20
MAX_RECORDS = 1_000_000
MAX_TOTAL_BYTES = 16 << 30
MAX_RATIO = 100
RATIO_FREE_BYTES = 64 << 20
"""Up to this inflated size any ratio is harmless."""


def _record_name(info: zipfile.ZipInfo) -> str | None:
    """The id a member's name promises; `None` for what is no record."""
    path = PurePosixPath(info.filename)
    if info.is_dir() or path.suffix != ".json" or path.is_absolute() or ".." in path.parts or "\\" in info.filename:
        return None
    return path.stem


def _check(infos: list[zipfile.ZipInfo], archive_bytes: int, where: str) -> None:
    if len(infos) > MAX_RECORDS:
        raise FeedError(f"expected at most {MAX_RECORDS} records in an archive, got {len(infos)}", where=where)
    total = sum(info.file_size for info in infos)
    if total > MAX_TOTAL_BYTES or (total > RATIO_FREE_BYTES and total > archive_bytes * MAX_RATIO):
        raise FeedError(
            f"an archive of {archive_bytes} bytes that says it inflates to {total}: it is a bomb",
            where=where,
            hint="check where the feed comes from",
        )


def _open(path: Path, where: str) -> zipfile.ZipFile:
    try:
        return zipfile.ZipFile(path)
    except (OSError, zipfile.BadZipFile, NotImplementedError, ValueError) as error:
        raise FeedError(f"expected a zip of OSV records: {error}", where=where, hint="sync it again") from None


def archive_names(path: Path, *, where: str) -> frozenset[str]:
    """Return the ids that the members' names promise.

    Raises:
        FeedError: no zip, or a bomb.
    """
    with _open(path, where) as archive:
        infos = archive.infolist()
        _check(infos, path.stat().st_size, where)
        return frozenset(name for info in infos if (name := _record_name(info)) is not None)


def read_archive(path: Path, *, where: str, only: Collection[str] | None = None) -> Generator[RawRecord, None, None]:
    """Yield the records of a zip, all or those whose names are in `only`, in the zip's order.

    Raises:
        FeedError: no zip, a bomb, cut or damaged; what was yielded before is whole.
    """
    with _open(path, where) as archive:
        infos = archive.infolist()
        _check(infos, path.stat().st_size, where)
        for info in infos:
            name = _record_name(info)
            if name is not None and (only is None or name in only):
                yield RawRecord(name, _member(archive, info, where))


def _member(archive: zipfile.ZipFile, info: zipfile.ZipInfo, where: str) -> bytes:
    if info.file_size > MAX_RECORD_BYTES:
        return b""
    try:
        return archive.read(info)
    except (OSError, EOFError, zipfile.BadZipFile, zlib.error, NotImplementedError, RuntimeError) as error:
        raise FeedError(
            f"a damaged record `{info.filename[:120]}`: {error}", where=where, hint="sync it again"
        ) from None
