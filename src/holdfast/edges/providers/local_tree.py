"""A folder, or one file, on this machine as a tree.

Rules:

1. Nothing outside of the folder is read: a link that leads out is listed, and reading it is an error, not a silence.
2. Folders that hold copies of others' code or caches are left out (`node_modules`, `.git`, virtual environments, …),
   and linked folders are not followed. A `node_modules` that is asked for itself is listed, with those inside of it.
   What a repository tracks in them is no cache, and is listed too, by whoever knows it (`Tracked`).
3. Only regular files are read, and never more than asked for.
"""

import os
import stat
from collections.abc import Iterator, Mapping
from dataclasses import field
from pathlib import Path
from typing import BinaryIO

from holdfast.errors import FactError, UsageError
from holdfast.model.frozen import frozen

LEFT_OUT = {
    *(
        ".git",
        ".hg",
        ".svn",
        ".jj",
        "node_modules",
        "bower_components",
        ".venv",
        "venv",
        "__pycache__",
        "__pypackages__",
    ),
    *(".tox", ".nox", ".eggs", ".mypy_cache", ".ruff_cache", ".pytest_cache", ".hypothesis", ".gradle", ".terraform"),
}
VIRTUAL_ENVIRONMENT_MARK = "pyvenv.cfg"


@frozen
class Tracked:
    """What a repository knows of a folder of its own, in paths below it.

    `files` are tracked in folders that are left out; `gaps` are submodules that are not there, with a `/` at the end,
    and why.
    """

    files: tuple[str, ...] = ()
    gaps: Mapping[str, str] = field(default_factory=dict)


class LocalTree:
    """Reads a folder; or one file, whose neighbours may be read but are not listed.

    Raises:
        UsageError: there is nothing at `path`, or it is neither file nor folder.
    """

    def __init__(self, path: Path, tracked: Tracked | None = None) -> None:
        if not path.exists():
            raise UsageError("there is no such file or folder", where=str(path))
        if not path.is_dir() and not path.is_file():
            raise UsageError("expected a file or a folder", where=str(path))
        self._only = None if path.is_dir() else path.name
        folder = (path if path.is_dir() else path.parent).resolve()
        self._start = "node_modules/" if folder.name == "node_modules" and self._only is None else ""
        self._root = folder.parent if self._start else folder
        known = tracked or Tracked()
        self._tracked = tuple(self._start + one for one in known.files)
        self._gaps = {self._start + one: because for one, because in known.gaps.items()}

    @property
    def gaps(self) -> Mapping[str, str]:
        """Submodules that are not there, each with a `/` at the end, and why."""
        return self._gaps

    @property
    def paths(self) -> tuple[str, ...]:
        """What to read of it: everything, or the one file. For `facts.composition.read_composition`."""
        return (".",) if self._only is None else (self._only,)

    def walk(self) -> Iterator[str]:
        """Yield the paths of regular files and of links to files, sorted; a folder that can't be listed ends in `/`."""
        if self._only is not None:
            yield self._only
            return
        if not (self._tracked or self._gaps):
            yield from self._walk()
            return
        there = (one for one in self._tracked if os.path.lexists(self._root / one))
        yield from sorted({*self._walk(), *there, *self._gaps})

    def _walk(self) -> Iterator[str]:
        pending = [self._start]
        while pending:
            path = pending.pop()
            if not path.endswith("/") and path:
                yield path
                continue
            try:
                entries = _listed(self._root / path, is_root=path == self._start, asked=self._start)
            except OSError:
                yield path or "./"
                continue
            pending.extend(f"{path}{name}" for name in reversed(entries))

    def read(self, path: str, limit_bytes: int) -> bytes:
        """Return a file's content.

        Raises:
            FactError: it is not there, is not a regular file inside the tree, or is over `limit_bytes`.
        """
        with _open_regular(self._target(path), path) as file:
            data = _read_from(file, path, limit_bytes + 1)
            size = os.fstat(file.fileno()).st_size
        if len(data) > limit_bytes:
            raise FactError(f"expected at most {limit_bytes} bytes, got {max(len(data), size)}", where=path)
        return data

    def read_part(self, path: str, start: int, count: int) -> bytes:
        """Return at most `count` bytes of a file from the offset `start`.

        Raises:
            FactError: it is not there, or is not a regular file inside the tree.
        """
        with _open_regular(self._target(path), path) as file:
            file.seek(start)
            return _read_from(file, path, count)

    def _target(self, path: str) -> Path:
        try:
            target = (self._root / path).resolve(strict=True)
        except (OSError, RuntimeError, ValueError):  # a loop of links, a NUL in the path
            raise FactError("no such file", where=path) from None
        if not target.is_relative_to(self._root):
            raise FactError("it leads out of the tree, so it is not read", where=path)
        return target


def _open_regular(target: Path, path: str) -> BinaryIO:
    try:
        descriptor = os.open(target, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC | os.O_NOFOLLOW)
    except OSError as error:
        raise FactError(f"could not be read: {error.strerror}", where=path) from None
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        raise FactError("not a regular file", where=path)
    return open(descriptor, "rb")


def _read_from(file: BinaryIO, path: str, count: int) -> bytes:
    try:
        return file.read(count)
    except OSError as error:
        raise FactError(f"could not be read: {error.strerror}", where=path) from None


def _listed(folder: Path, *, is_root: bool, asked: str = "") -> list[str]:
    """Return the names to visit, folders with a `/` at the end, in the order of whole paths.

    `asked` is a name, with its `/`, that is visited although such folders are left out.
    """
    with os.scandir(folder) as entries:
        every = list(entries)
    if not is_root and any(entry.name == VIRTUAL_ENVIRONMENT_MARK for entry in every):  # asked for, it is read
        return []
    names: list[str] = []
    for entry in every:
        if entry.is_dir(follow_symlinks=False):
            if entry.name not in LEFT_OUT or f"{entry.name}/" == asked:
                names.append(f"{entry.name}/")
        elif entry.is_file(follow_symlinks=False) or (entry.is_symlink() and not _is_folder(entry)):
            names.append(entry.name)
    return sorted(names)


def _is_folder(link: "os.DirEntry[str]") -> bool:
    try:
        return link.is_dir()
    except OSError:  # a loop of links: listed as a file, so that reading it says so
        return False
