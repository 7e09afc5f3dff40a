"""Databases of installed packages in a tree: the file system of a machine or an image, whole or in a folder.

The operating system that a database is of is told by the os-release file of the same file system.
"""

from functools import cache

from holdfast.errors import FactError
from holdfast.facts.gather import unparsed_of
from holdfast.facts.packages import MAX_DATABASE_BYTES, UNREAD_DATABASES, PackageDatabaseSpec
from holdfast.facts.packages._os_release import OS_RELEASE_PATHS, operating_system, parse_os_release
from holdfast.model.component import ParsedFile
from holdfast.ports.tree import Tree
from holdfast.registry import load_room

_MAX_OS_RELEASE_BYTES = 1 << 16


@cache
def _by_path() -> dict[str, PackageDatabaseSpec]:
    return {path: spec for spec in load_room("facts.packages") for path in spec.paths}


def _place(path: str, known: str) -> str | None:
    """Return the folder that a file system begins in, with `/` at its end; `None` when the path is another one."""
    return path.removesuffix(known) if f"/{path}".endswith(f"/{known}") else None


def find_unread_database(path: str) -> str | None:
    """Return what lies at a path that is known as a database's and not read yet, else `None`."""
    return next((label for known, label in UNREAD_DATABASES.items() if _place(path, known) is not None), None)


def read_database(tree: Tree, path: str) -> ParsedFile | None:
    """Return the packages of the database at `path`; `None` when there is none that can be read."""
    for known, spec in _by_path().items():
        root = _place(path, known)
        if root is None:
            continue
        try:
            return spec.parse(path, tree.read(path, MAX_DATABASE_BYTES), _system(tree, root))
        except FactError as error:
            return ParsedFile(path, spec.id, (), (unparsed_of(error, path),))
    return None


def _system(tree: Tree, root: str) -> str:
    for known in OS_RELEASE_PATHS:
        try:
            text = tree.read(root + known, _MAX_OS_RELEASE_BYTES).decode("utf-8", "replace")
        except FactError:  # the other place may have it; without any, the system is unknown and so is every verdict
            continue
        return operating_system(parse_os_release(text))
    return operating_system({})
