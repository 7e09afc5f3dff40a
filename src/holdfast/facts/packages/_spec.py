"""What a module of this room declares."""

from collections.abc import Callable, Iterable, Mapping

from holdfast.model.component import ParsedFile
from holdfast.model.frozen import frozen
from holdfast.ports.tree import Tree

MAX_DATABASE_BYTES = 256 << 20

FindOwners = Callable[[Tree, str, Iterable[str], frozenset[str]], Mapping[str, str]]
"""`(tree, root, files, wanted)` → the package that owns each of the `wanted` paths that has one.

`root` is where the file system begins, empty or with `/` at its end; `files` are all paths of the tree. Wanted paths
and those in the answer are relative to `root`. A list that can't be read owns nothing.
"""


@frozen
class PackageDatabaseSpec:
    """One kind of installed-package database.

    `paths` are where it lies below the root of a machine; one that ends in `/*` is every file in that folder but for
    those that end in one of `left_out`. `parse(file, data, os)` answers or raises `FactError`; `os` is OSV's ecosystem
    with release (`Debian:12`), or another text of which nothing is known. `pending` is the ending of a file beside it
    with changes that are not in the database itself yet: a machine that was caught in the middle.
    """

    id: str
    paths: tuple[str, ...]
    parse: Callable[[str, bytes, str], ParsedFile]
    find_owners: FindOwners | None = None
    left_out: tuple[str, ...] = ()
    pending: str = ""

    def find_root(self, path: str) -> str | None:
        """Return the folder that a file system begins in, with `/` at its end; `None` when it is no such database."""
        for known in sorted(self.paths, key=len, reverse=True):  # `lib/apk` is the end of `usr/lib/apk` too
            folder, slash, name = path.rpartition("/")
            if not known.endswith("/*"):
                root = root_of(path, known)
            elif slash and name and not name.endswith(self.left_out or ("/",)):
                root = root_of(folder, known.removesuffix("/*"))
            else:
                root = None
            if root is not None:
                return root
        return None


def root_of(path: str, known: str) -> str | None:
    """Return what is before a known path, with `/` at its end; `None` when the path is another one."""
    return path.removesuffix(known) if f"/{path}".endswith(f"/{known}") else None
