"""Collects what is true of this machine: operating system, kernel, installed packages.

Rules:

1. Nothing is run and nothing is changed: files are read, `uname` is asked.
2. The machine's id leaves it only as a hash, so that it can't be linked with other uses of it.
3. What is installed and can't be read yet is named, never left out.
"""

import hashlib
import os
from pathlib import Path

from holdfast.errors import FactError
from holdfast.facts.composition import compose
from holdfast.facts.databases import add_pending
from holdfast.facts.gather import readable, unparsed_of
from holdfast.facts.packages import MAX_DATABASE_BYTES, UNREAD_DATABASES, PackageDatabaseSpec
from holdfast.facts.packages._os_release import OS_RELEASE_PATHS, operating_system, parse_os_release
from holdfast.model.component import ParsedFile, Sbom, Unparsed
from holdfast.model.inventory import HostFacts
from holdfast.registry import load_room

_MAX_SMALL_BYTES = 1 << 16


def collect_host(root: Path = Path("/")) -> tuple[HostFacts, Sbom]:
    """Return the facts of the machine whose file system is at `root`, and what is installed there.

    Paths in the result are relative to `root`. A machine without an id is known by the hash of its name.
    """
    release = _os_release(root)
    machine = os.uname()
    name = machine.nodename if root == Path("/") else _small(root / "etc/hostname") or machine.nodename
    system = operating_system(release)
    identity = _small(root / "etc/machine-id") or _small(root / "var/lib/dbus/machine-id") or f"name:{name}"
    digest = hashlib.sha256(f"holdfast host {identity}".encode()).hexdigest()[:32]
    facts = HostFacts(readable(name), digest, system, machine.release, machine.machine)
    return facts, compose(_packages(root, system))


def _os_release(root: Path) -> dict[str, str]:
    return parse_os_release(next((text for path in OS_RELEASE_PATHS if (text := _small(root / path))), ""))


def _small(path: Path) -> str:
    """Return the text of a small file without white space around; empty when it can't be read."""
    try:
        with path.open("rb") as file:
            return file.read(_MAX_SMALL_BYTES).decode("utf-8", "replace").strip()
    except OSError:
        return ""


def _packages(root: Path, system: str) -> list[ParsedFile]:
    specs: tuple[PackageDatabaseSpec, ...] = load_room("facts.packages")
    found = [_read(spec, root, path, system) for spec in specs for path in _databases(spec, root)]
    for path, label in UNREAD_DATABASES.items():
        if (root / path).exists():
            gap = Unparsed(path, None, f"{label}: it is recognized but not read yet")
            found.append(ParsedFile(path, "unread", (), (gap,)))
    if not found:
        gap = Unparsed("/", None, f"no package database that is known, on `{system}`: what is installed is not known")
        found.append(ParsedFile("/", "unread", (), (gap,)))
    return found


def _databases(spec: PackageDatabaseSpec, root: Path) -> list[str]:
    """Return the paths of the databases of a kind that are there, each once: some are links to one another."""
    found: dict[Path, str] = {}
    for known in spec.paths:
        for path in sorted(root.glob(known)) if known.endswith("/*") else [root / known]:
            if path.exists() and not path.is_dir() and not path.name.endswith(spec.left_out or ("/",)):
                found.setdefault(path.resolve(), path.relative_to(root).as_posix())
    return list(found.values())


def _read(spec: PackageDatabaseSpec, root: Path, path: str, system: str) -> ParsedFile:
    try:
        with (root / path).open("rb") as file:
            data = file.read(MAX_DATABASE_BYTES + 1)
        if len(data) > MAX_DATABASE_BYTES:
            raise FactError(f"expected at most {MAX_DATABASE_BYTES} bytes", where=path)
        parsed = spec.parse(path, data, system)
        pending = root / f"{path}{spec.pending}"
        is_pending = bool(spec.pending) and pending.is_file() and pending.stat().st_size > 0
        return add_pending(parsed, path + spec.pending) if is_pending else parsed
    except OSError as error:
        return ParsedFile(path, spec.id, (), (Unparsed(path, None, f"could not be read: {error.strerror}"),))
    except FactError as error:
        return ParsedFile(path, spec.id, (), (unparsed_of(error, path),))
