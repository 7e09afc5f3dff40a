"""flagd's file source: the JSON or YAML file that it watches.

The file is replaced as a whole, so that flagd reads the old one or the new one and nothing between. A folder that two
Holdfast workers of one machine write to is locked meanwhile.
"""

import contextlib
import fcntl
import os
import tempfile
from collections.abc import Iterator
from pathlib import Path

from holdfast.edges.providers.flag_providers._flagd import OFREP, Flagd, Loaded, open_ofrep
from holdfast.edges.providers.flag_providers._flagd_text import MAX_TEXT_BYTES, parse_flagd
from holdfast.edges.providers.target_spec import Option, TargetSpec, Tools, required_text
from holdfast.errors import ActionError
from holdfast.model.target import Target


class FileSource:
    """One file; a link is followed, and what it names is replaced."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def load(self) -> Loaded:
        """Read the file. Raises: ActionError."""
        text = self._read()
        return Loaded(parse_flagd(text, "json" if self._path.suffix == ".json" else "yaml"), text)

    def save(self, text: str, loaded: Loaded) -> bool:
        """Replace the file if it still says what was read. Raises: ActionError."""
        try:
            path = self._path.resolve(strict=True)
            with _locked(path.parent):
                if self._read() != loaded.version:
                    return False
                _replace(path, text.encode())
        except OSError as error:
            raise ActionError(f"flagd: {self._path} can't be written: {error.strerror}") from None
        return True

    def find_problem(self) -> str | None:
        """Say why the file could not be replaced."""
        folder = self._path.resolve().parent
        if not os.access(folder, os.W_OK | os.X_OK):
            return f"flagd: {folder} can't be written to, so that the file in it can't be replaced"
        return None

    def _read(self) -> str:
        try:
            if self._path.stat().st_size > MAX_TEXT_BYTES:
                raise ActionError(f"flagd: {self._path} is over {MAX_TEXT_BYTES >> 20} MiB")
            return self._path.read_bytes().decode()
        except UnicodeDecodeError:
            raise ActionError(f"flagd: {self._path} is not UTF-8") from None
        except OSError as error:
            raise ActionError(f"flagd: {self._path} can't be read: {error.strerror}") from None


@contextlib.contextmanager
def _locked(folder: Path) -> Iterator[None]:
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


def _replace(path: Path, data: bytes) -> None:
    """Put a file in another's place, with its owner and mode, on disk before it counts."""
    found = path.stat()
    descriptor, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(data)
            file.flush()
            os.fchmod(file.fileno(), found.st_mode & 0o7777)
            if (found.st_uid, found.st_gid) != (os.geteuid(), os.getegid()):
                os.fchown(file.fileno(), found.st_uid, found.st_gid)
            os.fsync(file.fileno())
        os.replace(name, path)
    finally:  # it is still there only if it did not take the other's place
        with contextlib.suppress(FileNotFoundError):
            os.unlink(name)
    folder = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


def _open(target: Target, tools: Tools) -> Flagd:
    return Flagd(target.name, FileSource(Path(required_text(target, "path"))), open_ofrep(target, tools))


SPEC = TargetSpec(
    id="flagd_file",
    section="flags",
    about="flagd with a file source that this server can write to.",
    options=(Option("path", True, False, "The file that flagd watches, JSON or YAML.", kind="path"), OFREP),
    open=_open,
)
