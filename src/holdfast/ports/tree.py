"""A tree of files to read facts from: a folder, an image layer, a revision."""

from collections.abc import Iterator, Mapping
from typing import Protocol, runtime_checkable


class Tree(Protocol):
    """Reads files by relative path with `/`."""

    def walk(self) -> Iterator[str]:
        """Yield the paths of all regular files, sorted; folders that never hold a project's own facts are left out.

        A folder that can't be listed is yielded itself, with a `/` at the end.
        """
        ...

    def read(self, path: str, limit_bytes: int) -> bytes:
        """Return a file's content.

        Raises:
            FactError: it is not there, is not a regular file inside the tree, or is over `limit_bytes`.
        """
        ...

    def read_part(self, path: str, start: int, count: int) -> bytes:
        """Return at most `count` bytes of a file from the offset `start`; fewer, or none, at its end.

        Whatever the size of the file: for looking at how files begin, and into big ones.

        Raises:
            FactError: it is not there, or is not a regular file inside the tree.
        """
        ...


@runtime_checkable
class WholeSystem(Protocol):
    """A tree that is the whole file system of a machine: an image.

    There its package database is the system's own word on whose a file is. In a repository it is a file like any other,
    which whoever sends a change may have written.
    """

    is_whole_system: bool


@runtime_checkable
class HasGaps(Protocol):
    """A tree that knows why some of its folders can't be listed."""

    @property
    def gaps(self) -> Mapping[str, str]:
        """Folders as `walk` yields them, with a `/` at the end, each with the reason."""
        ...
