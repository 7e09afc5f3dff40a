"""What commands read: files that a person names, `-` for standard input."""

import sys
from pathlib import Path
from typing import Any

import msgspec

from holdfast.errors import FactError, UsageError

MAX_BYTES = 64 << 20


def read_input(path: Path, limit_bytes: int = MAX_BYTES) -> bytes:
    """Return a file's content, or that of standard input for `-`.

    Raises:
        UsageError: there is no such file, or it can't be read.
        FactError: it holds more than `limit_bytes`.
    """
    try:
        if str(path) == "-":
            data = sys.stdin.buffer.read(limit_bytes + 1)
        else:
            with path.open("rb") as file:
                data = file.read(limit_bytes + 1)
    except (OSError, ValueError) as error:
        because = error.strerror if isinstance(error, OSError) else str(error)
        raise UsageError(f"could not be read: {because}", where=str(path)) from None
    if len(data) > limit_bytes:
        most = f"{limit_bytes >> 20} MiB" if limit_bytes >= 1 << 20 else f"{limit_bytes >> 10} KiB"
        raise FactError(f"expected at most {most}", where=str(path))
    return data


def read_text(path: Path, limit_bytes: int = MAX_BYTES) -> str:
    """Return a file's text.

    Raises:
        FactError: not UTF-8; names the byte.
        UsageError: it can't be read.
    """
    try:
        return read_input(path, limit_bytes).decode("utf-8")
    except UnicodeDecodeError as error:
        raise FactError(f"not UTF-8 at byte {error.start}", where=str(path)) from None


def read_json(path: Path, limit_bytes: int = MAX_BYTES) -> Any:
    """Return a file's JSON; strict, so that what is sent on is what was read.

    Raises:
        FactError: not one JSON document, or nested too deeply.
        UsageError: it can't be read.
    """
    data = read_input(path, limit_bytes)
    try:
        return msgspec.json.decode(data)
    except RecursionError:
        raise FactError("nested too deeply", where=str(path)) from None
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise FactError(f"not JSON: {error}", where=str(path)) from None


def write_output(path: Path, text: str) -> None:
    """Write a file that a person named, whole or not at all.

    Raises:
        UsageError: it can't be written.
    """
    part = path.with_name(f".{path.name}.part")
    try:
        part.unlink(missing_ok=True)  # what lies there may be a link that leads elsewhere: it is never written through
        with part.open("x", encoding="utf-8", newline="") as file:
            file.write(text)
        part.replace(path)
    except OSError as error:
        part.unlink(missing_ok=True)
        raise UsageError(f"could not be written: {error.strerror}", where=str(path)) from None
