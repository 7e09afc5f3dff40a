"""A release as a folder, and whether it is whole.

A folder is sealed when everything is in it: the seal, a file of its own, names each file with its digest and is written
last. A folder without a seal, or of which a file is missing or other than sealed, is not there for any deployer. What a
process adds beside the sealed files (compiled modules, logs) does not count.
"""

import hashlib
import json
import os
import re
import stat
from collections.abc import Iterator
from pathlib import Path

from holdfast.errors import ActionError

SEAL = ".holdfast-release.json"
SCHEMA = "holdfast.release_folder/1"
_VERSION = re.compile(r"[0-9A-Za-z][0-9A-Za-z._+~-]{0,199}", re.ASCII)
_LIMIT_BYTES = 64 << 20


def is_folder_name(version: str) -> bool:
    """Whether a version can be a folder's name and a program's argument: no separators, no leading dash or dot."""
    return _VERSION.fullmatch(version) is not None


def seal_release(folder: Path, version: str) -> int:
    """Seal a folder as a release; returns how many files it has.

    Raises:
        ActionError: the version is no name of a folder, or something in it can't be read.
    """
    if not is_folder_name(version):
        raise ActionError(f"`{version[:80]}` is no name for a release's folder", hint="letters, digits, `.`, `_`, `-`")
    try:
        entries = {str(path.relative_to(folder)): _digest(path) for path in _files(folder)}
        document = {"schema": SCHEMA, "version": version, "files": entries}
        write_whole(folder / SEAL, json.dumps(document, indent=1, ensure_ascii=False, sort_keys=True) + "\n")
    except OSError as error:
        raise ActionError(f"`{folder}` can't be sealed: {error}") from None
    return len(entries)


def find_flaw(folder: Path, version: str) -> str | None:
    """Say why a folder is not the whole release of that version; `None` when it is."""
    if not is_folder_name(version):
        return f"`{version[:80]}` is no name of a release's folder"
    try:
        files = _read_seal(folder, version)
        return files if isinstance(files, str) else _find_other(folder, files)
    except FileNotFoundError:
        return f"`{folder.name}` has no seal `{SEAL}`"
    except (OSError, ValueError, RecursionError) as error:
        return f"the seal of `{folder.name}` can't be read: {error}"


def _read_seal(folder: Path, version: str) -> dict[str, str] | str:
    if not stat.S_ISREG((folder / SEAL).stat().st_mode):  # a pipe would hold up whoever looks for a way back
        return f"the seal of `{folder.name}` is no plain file"
    with (folder / SEAL).open("rb") as file:
        document = json.loads(file.read(_LIMIT_BYTES))
    if not isinstance(document, dict) or document.get("schema") != SCHEMA:
        return f"the seal of `{folder.name}` is of another kind"
    if document.get("version") != version:
        return f"`{folder.name}` is sealed as `{document.get('version')}`"
    files = document.get("files")
    if not isinstance(files, dict) or not all(isinstance(one, str) for one in files.values()):
        return f"the seal of `{folder.name}` names no files"
    return files


def _find_other(folder: Path, files: dict[str, str]) -> str | None:
    for name, digest in files.items():
        parts = Path(name).parts
        if Path(name).is_absolute() or ".." in parts:
            return f"the seal of `{folder.name}` names `{name}`, which is not in it"
        path = folder / name
        if not path.is_symlink() and not path.is_file():
            return f"`{folder.name}/{name}` is missing"
        if _digest(path) != digest:
            return f"`{folder.name}/{name}` is not what was sealed"
    return None


def _files(folder: Path) -> Iterator[Path]:
    for path in sorted(folder.rglob("*")):
        left_out = path.name == SEAL or "__pycache__" in path.relative_to(folder).parts
        if not left_out and (path.is_symlink() or path.is_file()):
            yield path


def _digest(path: Path) -> str:
    """`sha256:…` of a file, or `link:…` with where a symbolic link leads."""
    if path.is_symlink():
        return f"link:{path.readlink()}"
    with path.open("rb") as file:
        return f"sha256:{hashlib.file_digest(file, 'sha256').hexdigest()}"


def write_whole(path: Path, text: str) -> None:
    """Write a file so that it is there as a whole or as it was, after a power cut too. Raises: OSError."""
    beside = path.with_name(f".{path.name}.{os.getpid()}")
    with beside.open("w", encoding="utf-8") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    beside.replace(path)
    sync_folder(path.parent)


def sync_folder(folder: Path) -> None:
    """Let what was renamed in a folder survive a power cut. Raises: OSError."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
