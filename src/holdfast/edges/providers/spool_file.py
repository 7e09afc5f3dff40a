"""The spool of a data folder: what was forced while the store was away, a line each, kept on disk before it counts."""

import errno
import fcntl
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from holdfast.errors import HoldfastError

MOST_ALIKE = 10_000
FOLDER, NAME = "spool", "break-glass.jsonl"


class SpoolFile:
    """One file that several processes append to and read; every line is on disk before `append` returns."""

    def __init__(self, data: Path) -> None:
        self.path = data / FOLDER / NAME
        self._known: tuple[tuple[int, int, int], str] | None = None

    def read(self) -> str:
        """Return its text, empty without one; read anew only when the file changed.

        Raises:
            HoldfastError: it is there, and can't be read.
        """
        try:
            status = self.path.stat()
            mark = (status.st_ino, status.st_size, status.st_mtime_ns)
            if self._known is None or self._known[0] != mark:
                self._known = (mark, self.path.read_bytes().decode("utf-8", "replace"))
        except (FileNotFoundError, NotADirectoryError):
            return ""
        except OSError as error:
            raise HoldfastError(f"the spool can't be read: {error.strerror}", where=str(self.path)) from None
        return self._known[1]

    def append(self, write: Callable[[str], str]) -> None:
        """Append what `write` makes of the text so far; a torn last line is left as it is, on a line of its own.

        Raises:
            HoldfastError: it can't be written.
        """
        try:
            self.path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            with self._locked():
                text = self.read()
                line = ("\n" if text and not text.endswith("\n") else "") + write(text)
                handle = os.open(self.path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
                try:
                    _write_whole(handle, line.encode())
                    os.fsync(handle)
                finally:
                    os.close(handle)
                _sync_folder(self.path.parent)
        except OSError as error:
            raise HoldfastError(
                f"the spool can't be written: {error.strerror}", where=str(self.path), hint="free space, or name --data"
            ) from None

    def retire(self, text: str, name: str) -> Path | None:
        """Put the file aside as `break-glass.<name>.merged.jsonl`, if it still holds just that text; returns where.

        What was put aside earlier is never written over: a name that is taken gets a number. `None` when the file
        holds more by now.

        Raises:
            HoldfastError: it can't be moved.
        """
        try:
            with self._locked():
                if self.read() != text:
                    return None
                aside = self._free(name)
                self.path.rename(aside)
                _sync_folder(self.path.parent)
        except OSError as error:
            raise HoldfastError(f"the spool can't be moved: {error.strerror}", where=str(self.path)) from None
        return aside

    def _free(self, name: str) -> Path:
        """Return a name that no file has, under the lock. Raises: OSError: every one is taken."""
        for number in range(1, MOST_ALIKE):
            more = f".{number}" if number > 1 else ""
            found = self.path.with_name(f"break-glass.{name}{more}.merged.jsonl")
            if not found.exists() and not found.is_symlink():
                return found
        raise OSError(errno.EEXIST, "there are too many files of that name")

    @contextmanager
    def _locked(self) -> Iterator[None]:
        handle = os.open(self.path.parent / ".lock", os.O_RDWR | os.O_CREAT, 0o600)
        try:
            fcntl.flock(handle, fcntl.LOCK_EX)
            yield
        finally:
            os.close(handle)


def _write_whole(handle: int, data: bytes) -> None:
    while data:
        data = data[os.write(handle, data) :]


def _sync_folder(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
