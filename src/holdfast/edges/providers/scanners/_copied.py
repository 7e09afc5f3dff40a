"""The copy of a tree that tools look at.

Rules:

1. Only what the tree reads as a regular file inside of itself is copied; no link, pipe or device reaches a tool.
2. What would steer a tool is left out, and told. A file over `MOST_BYTES`, or one that can't be read, is a gap. Whether
   a file is text is for the tools to say: one NUL makes nothing invisible. Only a big one that is binary is no gap.
3. `MOST_FILES` and `MOST_TOTAL_BYTES` bound the copy; what is beyond is a gap.
"""

import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from holdfast.errors import FactError
from holdfast.model.component import Unparsed
from holdfast.ports.tree import Tree

MOST_BYTES = 16 << 20
MOST_FILES = 200_000
MOST_TOTAL_BYTES = 2 << 30
_LOOK_BYTES = 8192


@dataclass(slots=True)
class Copied:
    """What became of a tree: the files that steer tools, and what could not be copied."""

    steering: list[str] = field(default_factory=list)
    gaps: list[Unparsed] = field(default_factory=list)


def copy_tree(tree: Tree, to: Path, wanted: Callable[[str], bool], steered_by: frozenset[str]) -> Copied:
    """Copy the files of a tree that are wanted. Raises: FactError: this machine's disk does not take them."""
    out, files, total = Copied(), 0, 0
    for path in tree.walk():
        name = path.rpartition("/")[2]
        if name in steered_by:
            out.steering.append(path)
        elif not name:
            out.gaps.append(Unparsed(path, None, "the folder can't be listed"))
        elif wanted(path):
            data = _content(tree, path, out)
            files, total = files + 1, total + len(data or b"")
            if files > MOST_FILES or total > MOST_TOTAL_BYTES:
                out.gaps.append(Unparsed("", None, f"the tree is too big: what comes after `{path}` was not looked at"))
                return out
            if data is not None:
                _write(to, path, data)
    return out


def _content(tree: Tree, path: str, out: Copied) -> bytes | None:
    """Return a file's content; `None` where it is not looked at."""
    try:
        return tree.read(path, MOST_BYTES)
    except FactError as error:
        # of a link to nowhere there is nothing to look at
        if error.message != "no such file" and not _is_binary(tree, path):
            out.gaps.append(Unparsed(path, None, error.message))
        return None


def _is_binary(tree: Tree, path: str) -> bool:
    try:
        return b"\x00" in tree.read_part(path, 0, _LOOK_BYTES)
    except FactError:  # what can't be read at all may be anything
        return False


def _write(to: Path, path: str, data: bytes) -> None:
    try:
        target = to / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(data)
    except (OSError, ValueError) as error:
        raise FactError(f"no copy of `{path}` can be made: {error}") from None


def relative_to(copy: Path, empty: Path) -> Callable[[str], str]:
    """Return what turns a path that a tool names, from the folder it ran in, into one of the tree."""

    def relative(path: str) -> str:
        whole = os.path.normpath(os.path.join(empty, path))
        return whole.removeprefix(f"{copy}/")

    return relative


def mentioned(text: str, copy: Path) -> Iterator[str]:
    """Yield the file of the tree that a text mentions by its place in the copy, if any."""
    _, found, rest = text.partition(f"{copy}/")
    if found:
        yield rest.partition(":")[0]
