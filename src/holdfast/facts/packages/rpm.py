"""`rpmdb.sqlite`: the packages of Fedora, Red Hat, SUSE and what descends from them.

Rules:

1. Every row of the table `Packages` is one header; one that can't be read is unparsed, the others count.
2. The version is `version-release`; an epoch stands beside it, and before it where versions are compared.
3. The name of the source RPM tells the source package and its version, which advisories of most distributions speak
   of; it has no epoch, so that of the package counts.
4. `gpg-pubkey` is a key that RPM keeps among the packages, and no package.
5. The database may come from anybody: it is opened in memory, its one table is read and nothing else, in a bounded
   number of steps. Changes in a write-ahead log beside it are not in it, which is a gap.

Source: RPM's sources, `lib/backend/sqlite.c`; sqlite.org, "Database File Format", 1.3.3.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from contextlib import closing, contextmanager
from typing import TYPE_CHECKING

from holdfast.errors import FactError
from holdfast.facts.gather import Gathering
from holdfast.facts.packages._rpm_header import Header, Tag
from holdfast.facts.packages._spec import MAX_DATABASE_BYTES, PackageDatabaseSpec
from holdfast.facts.packages._vendor import ecosystem_of
from holdfast.model.component import Component, Location, Occurrence, ParsedFile, names_binaries
from holdfast.ports.tree import Tree

if TYPE_CHECKING:
    import sqlite3

_PATHS = ("var/lib/rpm/rpmdb.sqlite", "usr/lib/sysimage/rpm/rpmdb.sqlite")
_SOURCE = re.compile(r"(.+)-([^-]+-[^-]+)\.(?:no)?src\.rpm\Z")
_MAGIC = b"SQLite format 3\0"
_STEPS_EACH, _MAX_LOOKS = 10_000, 1_000
"""How many steps of sqlite between two looks, and how many looks: the packages of a machine need one or two."""
_MAX_PACKAGES = 200_000


def parse(file: str, data: bytes, os: str) -> ParsedFile:
    """Return the installed packages of an RPM database; `os` is OSV's ecosystem with release (`AlmaLinux:9`).

    Raises:
        FactError: it is no sqlite database, holds no table of packages, or is broken.
    """
    gathering = Gathering(file, SPEC.id, "purl:rpm")
    for number, blob in _rows(file, data):
        try:
            header = Header(blob)
            if header.text(Tag.NAME) != "gpg-pubkey":
                gathering.add_occurrence(_occurrence(header, Location(file), os))
        except FactError as error:
            gathering.skip(None, f"package {number}: {error.message}")
    return gathering.parsed()


def _occurrence(header: Header, place: Location, os: str) -> Occurrence:
    ecosystem, distro = ecosystem_of(os, "rpm")
    name, number, release = (header.text(tag) for tag in (Tag.NAME, Tag.VERSION, Tag.RELEASE))
    if not number or not release:
        raise FactError(f"`{name[:80]}` without a version or release")
    version = f"{number}-{release}"
    epoch = next(iter(header.numbers(Tag.EPOCH)), 0)
    source = _SOURCE.match(header.text(Tag.SOURCERPM))
    compared = source[2] if source and not names_binaries(ecosystem) else version
    qualifiers = {
        "arch": header.text(Tag.ARCH),
        "distro": distro,
        "epoch": str(epoch) if epoch else "",
        "rpmmod": header.text(Tag.MODULARITYLABEL),
    }
    component = Component(
        ecosystem,
        name,
        version,
        qualifiers=tuple(sorted((key, value) for key, value in qualifiers.items() if value)),
        source_package=source[1] if source and source[1] != name else "",
        source_version=f"{epoch}:{compared}" if epoch else compared if compared != version else "",
    )
    license_ = header.text(Tag.LICENSE)
    return Occurrence(component, (place,), licenses=(license_,) if license_ else ())


def _rows(file: str, data: bytes) -> Iterator[tuple[int, bytes]]:
    """Yield (number, header) of every package.

    Raises:
        FactError: it can't be read as an RPM database.
    """
    import sqlite3

    if not data.startswith(_MAGIC) or len(data) < 512:
        raise FactError("no sqlite database", where=file)
    try:
        with _opened(data) as database:
            for number, (hnum, blob) in enumerate(database.execute("SELECT hnum, blob FROM Packages ORDER BY hnum")):
                if number >= _MAX_PACKAGES:
                    raise FactError(f"expected at most {_MAX_PACKAGES} packages", where=file)
                yield hnum if isinstance(hnum, int) else number, blob if isinstance(blob, bytes) else b""
    except (sqlite3.Error, UnicodeDecodeError, MemoryError, OverflowError) as error:
        raise FactError(f"the RPM database can't be read: {error}", where=file) from None


@contextmanager
def _opened(data: bytes) -> "Iterator[sqlite3.Connection]":
    """Open a database of which nothing is trusted: one table, read only, and not for ever.

    Raises:
        sqlite3.Error: it is broken, or has no table of packages.
    """
    import sqlite3

    looks = 0

    def look() -> bool:
        nonlocal looks
        looks += 1
        return looks > _MAX_LOOKS

    def allow(action: int, first: str | None, _second: str | None, _database: str | None, _trigger: str | None) -> int:
        is_read = action == sqlite3.SQLITE_SELECT or (
            action == sqlite3.SQLITE_READ and first in {"Packages", "sqlite_master"}
        )
        return sqlite3.SQLITE_OK if is_read else sqlite3.SQLITE_DENY

    with closing(sqlite3.connect(":memory:")) as database:
        # A database in memory knows no write-ahead log; 1 says the older journal.
        database.deserialize(data[:18] + b"\1\1" + data[20:])
        database.set_progress_handler(look, _STEPS_EACH)
        database.execute("PRAGMA trusted_schema = OFF")
        database.set_authorizer(allow)
        kind = database.execute("SELECT type FROM sqlite_master WHERE name = 'Packages'").fetchone()
        if kind != ("table",):
            raise sqlite3.DatabaseError("it has no table `Packages`")
        yield database


def find_owners(tree: Tree, root: str, files: Iterable[str], wanted: frozenset[str]) -> Mapping[str, str]:
    """Return the package that owns each wanted path, by the files that the headers list."""
    found: dict[str, str] = {}
    for known in sorted({f"{root}{path}" for path in _PATHS} & set(files)):
        try:
            for _, blob in _rows(known, tree.read(known, MAX_DATABASE_BYTES)):
                found.update(_owned(blob, wanted))
        except FactError:  # said where its packages are read
            continue
    return found


def _owned(blob: bytes, wanted: frozenset[str]) -> dict[str, str]:
    """Return the wanted paths among a package's files, each with its name."""
    try:
        header = Header(blob)
        name = header.text(Tag.NAME)
        bases, folders = header.texts(Tag.BASENAMES), header.texts(Tag.DIRNAMES)
        indexes = header.numbers(Tag.DIRINDEXES)
    except FactError:  # said where its package is read
        return {}
    paths = {(folders[index] + base)[1:] for base, index in zip(bases, indexes, strict=False) if index < len(folders)}
    return dict.fromkeys(paths & wanted, name)


SPEC = PackageDatabaseSpec(id="rpm", paths=_PATHS, parse=parse, find_owners=find_owners, pending="-wal")
