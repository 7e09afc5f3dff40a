"""Databases of installed packages in a tree: the file system of a machine or an image, whole or in a folder.

The operating system that a database is of is told by the os-release file of the same file system. A place in a file
that a package of the distribution owns names that package: the distribution's own patches count there.
"""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from functools import cache

from holdfast.errors import FactError
from holdfast.facts.gather import unparsed_of
from holdfast.facts.packages import MAX_DATABASE_BYTES, UNREAD_DATABASES, PackageDatabaseSpec, root_of
from holdfast.facts.packages._os_release import OS_RELEASE_PATHS, operating_system, parse_os_release
from holdfast.model.component import ParsedFile, Unparsed
from holdfast.ports.tree import Tree, WholeSystem
from holdfast.registry import load_room

_MAX_OS_RELEASE_BYTES = 1 << 16
_MERGED = ("usr/lib", "usr/bin/", "usr/sbin/")


@cache
def _specs() -> tuple[PackageDatabaseSpec, ...]:
    return tuple(load_room("facts.packages"))


@cache
def _last_names() -> frozenset[str]:
    """What paths of databases end in: a file's name, or `folder/*`."""
    paths = [path for spec in _specs() for path in spec.paths]
    return frozenset("/".join(path.rsplit("/", 2)[1 if path.endswith("/*") else 2 :]) for path in paths)


def find_unread_database(path: str) -> str | None:
    """Return what lies at a path that is known as a database's and not read yet, else `None`."""
    return next((label for known, label in UNREAD_DATABASES.items() if root_of(path, known) is not None), None)


def find_database(path: str) -> tuple[PackageDatabaseSpec, str] | None:
    """Return what reads the database at a path, and the folder its file system begins in; `None` when it is none."""
    folder, _, name = path.rpartition("/")
    if name not in _last_names() and f"{folder.rpartition('/')[2]}/*" not in _last_names():
        return None  # nearly every file of a machine is none
    found = ((spec, spec.find_root(path)) for spec in _specs())
    return next(((spec, root) for spec, root in found if root is not None), None)


def read_database(tree: Tree, path: str) -> ParsedFile | None:
    """Return the packages of the database at `path`; `None` when there is none that can be read."""
    found = find_database(path)
    if found is None:
        return None
    spec, root = found
    try:
        parsed = spec.parse(path, tree.read(path, MAX_DATABASE_BYTES), _system(tree, root))
    except FactError as error:
        return ParsedFile(path, spec.id, (), (unparsed_of(error, path),))
    return add_pending(parsed, path + spec.pending) if _is_pending(tree, spec, path) else parsed


def _is_pending(tree: Tree, spec: PackageDatabaseSpec, path: str) -> bool:
    try:
        return bool(spec.pending and tree.read_part(path + spec.pending, 0, 1))
    except FactError:  # there is no such file, which is how it should be
        return False


def add_pending(parsed: ParsedFile, pending: str) -> ParsedFile:
    """Return what a database says, with the gap that changes beside it are."""
    gap = Unparsed(pending, None, "changes that are not in the package database yet: they are not read")
    return replace(parsed, unparsed=(*parsed.unparsed, gap))


def mark_owned(tree: Tree, parsed: Iterable[ParsedFile], files: Iterable[str]) -> list[ParsedFile]:
    """Return the same, where places and gaps in files that a distribution's package owns name that package's purl.

    `files` are all paths of the tree. A package owns what its distribution's database says, below the folder that the
    database's own file system begins in. Only in a `WholeSystem` does a database speak of anything but its packages.
    """
    every, paths = list(parsed), list(files)
    if not isinstance(tree, WholeSystem):
        return every
    languages = {one.file for one in every if find_database(one.file) is None}
    owners: dict[str, str] = {}
    for spec, root in _file_systems(every):
        wanted = _spellings(one.removeprefix(root) for one in languages if one.startswith(root))
        if spec.find_owners is None or not wanted:
            continue
        purls = _purls(every, spec.id, root)
        for path, package in spec.find_owners(tree, root, paths, frozenset(wanted)).items():
            if package in purls:
                owners[root + wanted[path]] = purls[package]
    return [_owned(one, owners) for one in every] if owners else every


def _file_systems(parsed: Iterable[ParsedFile]) -> list[tuple[PackageDatabaseSpec, str]]:
    found = {(at[0].id, at[1]): at for one in parsed if one.occurrences and (at := find_database(one.file))}
    return [found[key] for key in sorted(found)]


def _spellings(paths: Iterable[str]) -> dict[str, str]:
    """Return every way a database may write a path → the path: what lies in `usr/lib` is `lib` in older packages."""
    out: dict[str, str] = {}
    for path in paths:
        out[path] = path
        if path.startswith(_MERGED):
            out.setdefault(path.removeprefix("usr/"), path)
    return out


def _purls(parsed: Iterable[ParsedFile], format_id: str, root: str) -> dict[str, str]:
    """Return the name of each package of a file system → its purl, the first where there are several."""
    out: dict[str, str] = {}
    for one in parsed:
        if one.format == format_id and one.file.startswith(root):
            for occurrence in one.occurrences:
                out.setdefault(occurrence.component.name, occurrence.component.purl)
    return out


def _owned(parsed: ParsedFile, owners: Mapping[str, str]) -> ParsedFile:
    places = [place.file for one in parsed.occurrences for place in one.locations]
    if not any(_outer(file) in owners for file in (*places, *(gap.file for gap in parsed.unparsed))):
        return parsed
    gaps = tuple(replace(gap, owner=owners.get(_outer(gap.file), gap.owner)) for gap in parsed.unparsed)
    occurrences = tuple(
        replace(
            one,
            locations=tuple(
                replace(place, owner=owners.get(_outer(place.file), place.owner)) for place in one.locations
            ),
        )
        for one in parsed.occurrences
    )
    return replace(parsed, occurrences=occurrences, unparsed=gaps)


def _outer(place: str) -> str:
    """Return the file that a place is in: what lies in an archive is named behind `!/`."""
    return place.partition("!/")[0]


def _system(tree: Tree, root: str) -> str:
    for known in OS_RELEASE_PATHS:
        try:
            text = tree.read(root + known, _MAX_OS_RELEASE_BYTES).decode("utf-8", "replace")
        except FactError:  # the other place may have it; without any, the system is unknown and so is every verdict
            continue
        return operating_system(parse_os_release(text))
    return operating_system({})
