"""Writing changed files: all of them or none.

Rules:

1. A file lies inside of the folder and is reached through no link; it is a regular file.
2. It still holds what was read, or nothing is written.
3. Every new content is written beside its file first, with the file's mode, and then put in its place.
4. Where one can't be put in its place, those that were are put back, and that is told.
"""

import os
import stat
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path, PurePosixPath

from holdfast.errors import ConflictError, FactError
from holdfast.loop.fix_edits import Change


def rewrite(folder: Path, changes: Sequence[Change], replace: Callable[[str, Path], object] = os.replace) -> None:
    """Write all changes below a folder; `replace` puts one file in the place of another.

    Raises:
        ConflictError: a file is not what was read.
        FactError: one lies outside, is reached through a link, or can't be written. Nothing is changed then.
    """
    root = folder.resolve()
    files = [_inside(root, change.file) for change in changes]
    staged: list[str] = []
    try:
        for file, change in zip(files, changes, strict=True):
            staged.append(_stage(file, change.after))
        for file, change in zip(files, changes, strict=True):
            _check_unchanged(file, change)
        _put(files, changes, staged, replace)
    finally:
        for part in staged:
            Path(part).unlink(missing_ok=True)


def _inside(root: Path, name: str) -> Path:
    parts = PurePosixPath(name).parts
    if not parts or name.startswith("/") or ".." in parts:
        raise FactError("it lies outside of the folder, so it is not edited", where=name)
    file = root
    for part in parts:
        file = file / part
        try:
            mode = file.lstat().st_mode
        except OSError as error:
            raise FactError(f"could not be read: {error.strerror}", where=str(file)) from None
        if stat.S_ISLNK(mode):
            raise FactError("a link leads there, so it is not edited", where=str(file))
    if not stat.S_ISREG(mode):
        raise FactError("expected a regular file", where=str(file))
    return file


def _stage(file: Path, data: bytes) -> str:
    part = ""
    try:
        descriptor, part = tempfile.mkstemp(prefix=f".{file.name[:80]}.", dir=file.parent)
        with open(descriptor, "wb") as out:
            out.write(data)
            os.fchmod(out.fileno(), stat.S_IMODE(file.stat().st_mode))
            out.flush()
            os.fsync(out.fileno())
    except OSError as error:
        if part:
            Path(part).unlink(missing_ok=True)
        raise FactError(f"could not be written: {error.strerror}", where=str(file)) from None
    return part


def _check_unchanged(file: Path, change: Change) -> None:
    try:
        descriptor = os.open(file, os.O_RDONLY | os.O_NOFOLLOW)
        with open(descriptor, "rb") as held:
            same = held.read(len(change.before) + 1) == change.before
    except OSError as error:
        raise FactError(f"could not be read: {error.strerror}", where=str(file)) from None
    if not same:
        raise ConflictError("it changed since it was read", where=str(file), hint="run it again")


def _put(
    files: Sequence[Path], changes: Sequence[Change], staged: Sequence[str], replace: Callable[[str, Path], object]
) -> None:
    done = 0
    try:
        for file, part in zip(files, staged, strict=True):
            replace(part, file)
            done += 1
    except OSError as error:
        for file, change in zip(files[:done], changes, strict=False):
            replace(_stage(file, change.before), file)
        told = f"; {done} others were put back as they were" if done else ""
        raise FactError(f"could not be written: {error.strerror}{told}", where=str(files[done])) from None
