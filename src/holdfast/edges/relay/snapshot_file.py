"""The last snapshot on disk: what a relay serves when it starts while the server is down.

Rules:
1. A snapshot is written whole or not at all, readable by its owner alone; the one before it is kept beside it.
2. It is a line of JSON that says what follows, with its length and sha256, and then the flags' document. What does not
   match is refused, named, and put aside; the older one is taken.
3. A file that others may write is refused: whoever writes it turns flags on.
"""

import hashlib
import os
import stat
from datetime import UTC, datetime
from pathlib import Path

import msgspec

from holdfast.errors import FactError
from holdfast.model.frozen import frozen

FORMAT = "holdfast.flags/1"
MAX_BYTES = 512 << 20


@frozen
class Saved:
    """A document of flags as a server gave it. `seen_at` is when it was last known to be the newest."""

    environment: str
    edition: str
    revision: int
    text: str
    seen_at: datetime


class _Header(msgspec.Struct):
    format: str
    environment: str
    edition: str
    revision: int
    bytes: int
    sha256: str


def previous_of(path: Path) -> Path:
    """Return where the snapshot before this one is."""
    return path.with_name(path.name + ".previous")


def save_snapshot(path: Path, saved: Saved) -> None:
    """Write a snapshot; the one that was there becomes the previous one.

    Raises:
        OSError: it can't be written; what was there is there still.
    """
    body = saved.text.encode()
    digest = hashlib.sha256(body).hexdigest()
    header = _Header(FORMAT, saved.environment, saved.edition, saved.revision, len(body), digest)
    part = path.with_name(f".{path.name}.{os.getpid()}.part")
    descriptor = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    try:
        with os.fdopen(descriptor, "wb") as file:
            os.fchmod(file.fileno(), 0o600)
            file.write(msgspec.json.encode(header) + b"\n" + body)
            file.flush()
            os.fsync(file.fileno())
        if path.exists():
            previous_of(path).unlink(missing_ok=True)
            os.link(path, previous_of(path))  # a crash here leaves both
        part.replace(path)
        _sync_folder(path.parent)
    finally:
        part.unlink(missing_ok=True)


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def touch_snapshot(path: Path, at: datetime) -> None:
    """Note that it was still the newest at that instant. Raises: OSError."""
    os.utime(path, (at.timestamp(), at.timestamp()))


def load_snapshot(path: Path) -> Saved:
    """Return what a snapshot holds.

    Raises:
        FileNotFoundError: there is none.
        FactError: torn, changed, of another format, or others may write it.
        OSError: it can't be read.
    """
    with path.open("rb") as file:
        status = os.fstat(file.fileno())
        if status.st_mode & (stat.S_IWGRP | stat.S_IWOTH):
            raise FactError("others may write this snapshot", where=str(path), hint=f"chmod 600 {path}")
        data = file.read(MAX_BYTES + 1)
    if len(data) > MAX_BYTES:
        raise FactError(f"more than {MAX_BYTES >> 20} MiB", where=str(path))
    line, _, body = data.partition(b"\n")
    try:
        header = msgspec.json.decode(line, type=_Header)
    except (msgspec.DecodeError, UnicodeDecodeError):
        raise FactError("its first line is not that of a snapshot", where=str(path)) from None
    if header.format != FORMAT:
        raise FactError(f"expected `{FORMAT}`, got `{header.format[:80]}`", where=str(path))
    if len(body) != header.bytes:
        raise FactError(f"torn: expected {header.bytes} bytes, got {len(body)}", where=str(path))
    if hashlib.sha256(body).hexdigest() != header.sha256:
        raise FactError("changed: its sha256 does not match", where=str(path))
    try:
        text = body.decode()
    except UnicodeDecodeError:
        raise FactError("its document is not UTF-8", where=str(path)) from None
    seen_at = datetime.fromtimestamp(status.st_mtime, UTC)
    return Saved(header.environment, header.edition, header.revision, text, seen_at)


def load_newest(path: Path) -> tuple[Saved | None, list[str]]:
    """Return the newest snapshot that can be used, and what was refused on the way to it.

    A refused one is put aside with the ending `.refused`, so that it can be looked at and is not taken for good later.
    """
    refused: list[str] = []
    for one in (path, previous_of(path)):
        try:
            return load_snapshot(one), refused
        except FileNotFoundError:
            continue
        except (FactError, OSError) as error:
            refused.append(str(error))
            _put_aside(one, refused)
    return None, refused


def _put_aside(path: Path, refused: list[str]) -> None:
    try:
        path.replace(path.with_name(path.name + ".refused"))
    except OSError as error:
        refused.append(f"{path}: it can't be put aside: {error.strerror}")
