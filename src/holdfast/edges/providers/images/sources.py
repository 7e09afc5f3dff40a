"""Bytes that can be read at any offset: a file, a part of one, a text in memory."""

import os
import weakref
from pathlib import Path
from typing import Protocol

from holdfast.errors import FactError

CHUNK_BYTES = 1 << 20


class Source(Protocol):
    """Bytes at offsets."""

    def read(self, start: int, count: int) -> bytes:
        """Return at most `count` bytes from the offset `start`; fewer only at the end. Raises: FactError."""
        ...


class FileSource:
    """An open file, closed when it is forgotten; `name` is what errors call it."""

    def __init__(self, descriptor: int, name: str) -> None:
        self._file, self._name = descriptor, name
        weakref.finalize(self, os.close, descriptor)

    def read(self, start: int, count: int) -> bytes:
        """Return at most `count` bytes from an offset. Raises: FactError."""
        parts, at = [], start
        try:
            while count > 0 and (part := os.pread(self._file, min(count, CHUNK_BYTES), at)):
                parts.append(part)
                at += len(part)
                count -= len(part)
        except OSError as error:
            raise FactError(f"could not be read: {error.strerror}", where=self._name) from None
        return b"".join(parts)


def open_file(path: Path) -> FileSource:
    """Return a file of this machine. Raises: FactError: it can't be read."""
    try:
        return FileSource(os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK), str(path))
    except OSError as error:
        raise FactError(f"could not be read: {error.strerror}", where=str(path)) from None


class Slice:
    """A part of a source."""

    def __init__(self, source: Source, start: int, size: int) -> None:
        self._source = source
        self._start = start
        self.size = size

    def read(self, start: int, count: int) -> bytes:
        """Return at most `count` bytes from an offset. Raises: FactError."""
        count = min(count, self.size - start)
        return self._source.read(self._start + start, count) if count > 0 else b""


class MemorySource:
    """Bytes in memory."""

    def __init__(self, data: bytes) -> None:
        self._data = data

    def read(self, start: int, count: int) -> bytes:
        """Return at most `count` bytes from an offset."""
        return self._data[start : start + count]
