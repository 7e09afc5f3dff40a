"""Replacing one line of a file, and nothing else.

Rules:

1. The file lies inside of the folder that was named; a link that leads out is refused.
2. The line is exactly the one that was scanned, at its number. A file that changed since is refused.
3. Every other byte stays, line endings included, and the file is replaced whole.
4. A line that goes on (`\\`, hashes of the old version) is not edited: a compiler of that file has to.
"""

import os
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from holdfast.errors import ConflictError, FactError, UsageError

_MAX_BYTES = 16 << 20


def apply_edit(
    folder: Path, location: Mapping[str, Any] | None, edit: Mapping[str, str] | None, command: str | None
) -> None:
    """Replace the line of an edit in the checkout at `folder`.

    Raises:
        UsageError: there is no edit to make; the hint is the command that does it.
        ConflictError: the file is not what was scanned.
        FactError: the file can't be read.
    """
    if location is None or edit is None or location["line"] is None:
        raise UsageError("no line to edit", where=location["file"] if location else None, hint=command)
    number = int(location["line"])
    where = f"{location['file']}:{number}"
    if "--hash" in edit["before"] or edit["before"].rstrip().endswith("\\"):
        raise UsageError("the line holds hashes of the old version", where=where, hint=command)
    file = _inside(folder, location["file"])
    try:
        data = file.read_bytes() if file.stat().st_size <= _MAX_BYTES else b""
    except OSError as error:
        raise FactError(f"could not be read: {error.strerror}", where=str(file)) from None
    lines = data.split(b"\n")
    before, after = edit["before"].encode(), edit["after"].encode()
    held = lines[number - 1] if number <= len(lines) else b""
    if held.removesuffix(b"\r") != before:
        found = held.decode("utf-8", "replace").rstrip("\r")[:120]
        raise ConflictError(f"expected `{edit['before']}`, got `{found}`", where=where, hint="scan it again")
    lines[number - 1] = after + held[len(before) :]
    _replace(file, b"\n".join(lines))


def _inside(folder: Path, name: str) -> Path:
    file = folder / name
    if not file.is_file():
        raise FactError("there is no such file here", where=str(file), hint="name the folder that was scanned")
    if not file.resolve().is_relative_to(folder.resolve()):
        raise FactError("it leads out of the folder, so it is not edited", where=str(file))
    return file.resolve()


def _replace(file: Path, data: bytes) -> None:
    """Write a file of the same mode beside it, and put it in its place."""
    try:
        descriptor, part = tempfile.mkstemp(prefix=f".{file.name}.", dir=file.parent)
        with open(descriptor, "wb") as out:
            out.write(data)
            os.fchmod(out.fileno(), file.stat().st_mode & 0o777)
        Path(part).replace(file)
    except OSError as error:
        raise FactError(f"could not be written: {error.strerror}", where=str(file)) from None
