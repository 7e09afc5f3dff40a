"""The entries of a tar archive, by offset: ustar, GNU and pax.

Rules:

1. Only headers are read. Names and sizes come from them, and are checked: a name that leads out of the archive is an
   error, a cut archive too.
2. A header that extends another (a long name, pax) is at most 1 MiB; an archive has at most two million entries.

Source: POSIX.1-2017, pax; GNU tar manual, "Basic Tar Format".
"""

from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum

from holdfast.edges.providers.images.inflated import is_tar_head
from holdfast.edges.providers.images.sources import Source
from holdfast.errors import FactError
from holdfast.model.frozen import frozen

MAX_ENTRIES = 2_000_000
MAX_PATH_BYTES = 4096
_MAX_EXTENSION_BYTES = 1 << 20
_BLOCK = 512


class Kind(Enum):
    """What an entry is. `OTHER` is a device, a pipe, a sparse file: nothing to read."""

    FILE = "file"
    FOLDER = "folder"
    LINK = "link"
    HARD = "hard link"
    OTHER = "other"


_KINDS = {b"0": Kind.FILE, b"\0": Kind.FILE, b"7": Kind.FILE, b"5": Kind.FOLDER, b"2": Kind.LINK, b"1": Kind.HARD}


@frozen
class Entry:
    """One entry: `path` is relative without `./`, empty for the top; `target` is a link's, as it is written."""

    path: str
    kind: Kind
    offset: int
    size: int
    target: str = ""


@dataclass(slots=True)
class _Extension:
    """What extending headers say of the next entry; `None` where they say nothing."""

    path: str | None = None
    target: str | None = None
    size: int | None = None
    is_sparse: bool = False


def read_entries(content: Source, what: str) -> Iterator[Entry]:
    """Yield the entries in their order; `what` names the archive in errors.

    Raises:
        FactError: broken, cut, over a limit, or an entry leads out of it.
    """
    at, extension = 0, _Extension()
    for _ in range(MAX_ENTRIES):
        block = content.read(at, _BLOCK)
        if not block.strip(b"\0"):
            if len(block) not in {0, _BLOCK} or (not block and (not at or not content.read(at - 1, 1))):
                raise FactError("the tar archive is cut", where=what, hint="download or save it again")
            return  # an end that is not marked is one where the last file is whole with its padding
        if not is_tar_head(block):
            raise FactError(f"the tar archive is broken at byte {at}", where=what, hint="download or save it again")
        kind, size = block[156:157], _number(block[124:136], what)
        begin = at + _BLOCK
        if kind in b"xgLK":
            if size > _MAX_EXTENSION_BYTES:
                raise FactError(f"a tar header of {size} bytes at byte {at}", where=what)
            _extend(extension, kind, content.read(begin, size), what)
        else:
            entry = _entry(block, extension, begin, size, what)
            size = 0 if kind in b"123456" else entry.size  # links, devices, folders and pipes have no data
            yield entry
            extension = _Extension()
        at = begin + -(-size // _BLOCK) * _BLOCK
    raise FactError(f"the tar archive has over {MAX_ENTRIES} entries", where=what)


def _entry(block: bytes, extension: _Extension, begin: int, size: int, what: str) -> Entry:
    kind = Kind.OTHER if extension.is_sparse else _KINDS.get(block[156:157], Kind.OTHER)
    name = extension.path if extension.path is not None else _name(block)
    target = extension.target if extension.target is not None else _text(block[157:257])
    if kind is Kind.FILE and name.endswith("/"):  # archives from before there were types
        kind = Kind.FOLDER
    real = extension.size if extension.size is not None else size
    return Entry(clean_path(name, what), kind, begin, real, target if kind in {Kind.LINK, Kind.HARD} else "")


def _name(block: bytes) -> str:
    name = _text(block[:100])
    prefix = _text(block[345:500]) if block[257:263] == b"ustar\0" else ""
    return f"{prefix}/{name}" if prefix else name


def clean_path(name: str, what: str) -> str:
    """Return a path within the archive, without `./` and without `/` at either end.

    Raises:
        FactError: it leads out of the archive, is too long or holds a NUL.
    """
    if "//" not in name and "./" not in name and name[:1] not in {"/", "."} and len(name) < 1000:
        path = name.rstrip("/")
    else:
        path = "/".join(part for part in name.split("/") if part not in {"", "."})
    if len(path.encode("utf-8", "surrogateescape")) > MAX_PATH_BYTES if len(path) > 1000 else False:
        raise FactError(f"a path of over {MAX_PATH_BYTES} bytes: {path[:80]!r}…", where=what)
    if ".." in path and ".." in path.split("/"):
        raise FactError(f"an entry that leads out of the image: {path[:200]!r}", where=what, hint="rebuild the image")
    if "\0" in path:
        raise FactError(f"an entry with a NUL in its name: {path[:200]!r}", where=what)
    return path


def _text(field: bytes) -> str:
    return field.partition(b"\0")[0].decode("utf-8", "surrogateescape")


def _number(field: bytes, what: str) -> int:
    """Return a number in octal, or in base 256 where the first bit says so. Raises: FactError."""
    if field[0] & 0x80:
        number = int.from_bytes(bytes([field[0] & 0x7F]) + field[1:], "big")
    else:
        try:
            number = int(field.strip(b" \0") or b"0", 8)
        except ValueError:
            number = -1
    if not 0 <= number < 1 << 62:
        raise FactError("an entry whose size is no number", where=what)
    return number


def _extend(extension: _Extension, kind: bytes, data: bytes, what: str) -> None:
    if kind == b"L":
        extension.path = _text(data)
    elif kind == b"K":
        extension.target = _text(data)
    elif kind == b"x":
        for key, value in _records(data, what):
            if key == "path":
                extension.path = value
            elif key == "linkpath":
                extension.target = value
            elif key == "size":
                extension.size = _number(value.encode(errors="replace"), what) if not value.isdecimal() else int(value)
            elif key.startswith("GNU.sparse."):
                extension.is_sparse = True


def _records(data: bytes, what: str) -> Iterator[tuple[str, str]]:
    """Yield (key, value) of pax records, `length key=value` each. Raises: FactError."""
    at = 0
    while at < len(data) and data[at : at + 1] != b"\0":
        space = data.find(b" ", at, at + 20)
        if space < 0 or not data[at:space].isdigit():
            raise FactError("a pax header that is broken", where=what)
        end = at + int(data[at:space])
        if not space < end <= len(data):
            raise FactError("a pax header that is broken", where=what)
        key, _, value = data[space + 1 : end - 1].decode("utf-8", "surrogateescape").partition("=")
        yield key, value
        at = end
