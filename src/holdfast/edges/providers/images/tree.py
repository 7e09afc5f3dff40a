"""An image as a tree: its layers merged, its files read where they lie.

Rules:

1. A layer is gone through once, header by header; its small files that readers ask for, and both ends of programs,
   stay in memory up to a limit; the rest is unpacked again when it is asked for.
2. Links are followed within the image and never out of it. What is not a regular file is not read.
3. What asks for dependencies without fixing them (a `package.json` or `setup.py` of its own) is not listed: what an
   image has installed is told by what is installed. Lock files are.
"""

from collections.abc import Callable, Iterable, Iterator

from holdfast.edges.providers.images.file_system import FileSystem, Placed, StoredFile, Unreadable
from holdfast.edges.providers.images.inflated import Budget, Inflated, open_content
from holdfast.edges.providers.images.sources import Source
from holdfast.edges.providers.images.tar import Kind, read_entries
from holdfast.errors import FactError

MAX_LAYERS = 500
_HEAD_BYTES = 64
_PROGRAM = b"\x7fELF"
_PROGRAM_HEAD_BYTES, _PROGRAM_TAIL_BYTES = 1024, 4096
"""Where a program lists its parts: enough to tell that there is nothing in it to read."""
_KEPT_FILE_BYTES = 1 << 20
_KEPT_BYTES = 64 << 20

Judge = Callable[[str], bool]
"""Tells something of a path."""


class ImageTree:
    """Reads an image. `layers` are (name, packed bytes), the lowest first.

    `is_wanted` tells which files readers will ask for, `is_listed` which are listed at all.

    Raises:
        FactError: a layer is broken, or over a limit; names it.
    """

    is_whole_system = True

    def __init__(
        self, layers: Iterable[tuple[str, Source]], is_wanted: Judge, is_listed: Judge, budget: Budget | None = None
    ) -> None:
        self._files = FileSystem()
        self._is_wanted, self._is_listed = is_wanted, is_listed
        self._kept_bytes = 0
        spent = budget or Budget()
        for number, (name, source) in enumerate(layers):
            if number >= MAX_LAYERS:
                raise FactError(f"an image of over {MAX_LAYERS} layers", where=name, hint="squash it")
            content = open_content(source, name, spent)
            self._files.apply(self._placed(content, name), name)

    def _placed(self, content: Source, name: str) -> Iterator[Placed]:
        is_packed = isinstance(content, Inflated)
        for entry in read_entries(content, name):
            if entry.kind is not Kind.FILE:
                yield entry, None
                continue
            head = content.read(entry.offset, min(entry.size, _HEAD_BYTES))
            kept, tail = None, b""
            if is_packed and head.startswith(_PROGRAM):
                head = self._keep(content, entry.offset, min(entry.size, _PROGRAM_HEAD_BYTES)) or head
                size = min(entry.size, _PROGRAM_TAIL_BYTES)
                tail = self._keep(content, entry.offset + entry.size - size, size) or b""
            elif is_packed and entry.size <= _KEPT_FILE_BYTES and self._is_wanted(entry.path):
                kept = self._keep(content, entry.offset, entry.size)
            yield entry, StoredFile(content, entry.offset, entry.size, head, tail, kept)

    def _keep(self, content: Source, offset: int, size: int) -> bytes | None:
        if self._kept_bytes + size > _KEPT_BYTES:
            return None
        self._kept_bytes += size
        return content.read(offset, size)

    def walk(self) -> Iterator[str]:
        """Yield the paths of files and of links to files, sorted."""
        return (path for path in self._files.walk() if self._is_listed(path))

    def read(self, path: str, limit_bytes: int) -> bytes:
        """Return a file's content.

        Raises:
            FactError: it is not there, is no regular file, or is over `limit_bytes`; its layer is broken.
        """
        file = self._get(path)
        if file.size > limit_bytes:
            raise FactError(f"expected at most {limit_bytes} bytes, got {file.size}", where=path)
        return self._bytes(file, path, 0, file.size)

    def read_part(self, path: str, start: int, count: int) -> bytes:
        """Return at most `count` bytes of a file from the offset `start`.

        Raises:
            FactError: it is not there, is no regular file, or its layer is broken.
        """
        file = self._get(path)
        return self._bytes(file, path, start, max(0, min(count, file.size - start)))

    def _bytes(self, file: StoredFile, path: str, start: int, count: int) -> bytes:
        if start + count <= len(file.head):
            return file.head[start : start + count]
        if start >= file.size - len(file.tail):
            begin = start - file.size + len(file.tail)
            return file.tail[begin : begin + count]
        if file.kept is not None:
            return file.kept[start : start + count]
        data = file.content.read(file.offset + start, count)
        if len(data) < count:
            raise FactError("the image's layer ends within this file", where=path)
        return data

    def _get(self, path: str) -> StoredFile:
        found = self._files.find(path)
        if isinstance(found, Unreadable):
            raise FactError(found.because, where=path)
        if found is None:
            raise FactError("no such file", where=path)
        if not isinstance(found, StoredFile):
            raise FactError("not a regular file", where=path)
        return found
