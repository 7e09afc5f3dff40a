"""What Git's index knows of a folder that is checked out, beyond what lies there to be seen.

1. A file that is tracked in a folder that is otherwise left out (`node_modules`, a virtual environment) ships with the
   repository, so it is read. Without Git nobody could tell it from a cache.
2. A submodule that is not checked out holds what nobody read: a gap, that tells its commit.
"""

import posixpath
from collections.abc import Iterator
from pathlib import Path

from holdfast.edges.providers.git_process import run_git
from holdfast.edges.providers.git_tree import SUBMODULE, is_checked_out, unread_submodule
from holdfast.edges.providers.local_tree import LEFT_OUT, VIRTUAL_ENVIRONMENT_MARK, Tracked
from holdfast.errors import UsageError


def read_tracked(top: Path, prefix: str) -> Tracked:
    """Return what is tracked below `prefix` (`""` is the top); its paths are relative to it.

    Raises:
        UsageError: Git can't list its index.
    """
    files, gaps = [], {}
    for mode, digest, path in _staged(top, prefix):
        if mode == SUBMODULE:
            if not is_checked_out(top / prefix / path):
                gaps[f"{path}/"] = unread_submodule(digest)
        else:
            files.append(path)
    environments = {
        posixpath.dirname(path) for path in files if posixpath.basename(path) == VIRTUAL_ENVIRONMENT_MARK
    } - {""}
    return Tracked(tuple(path for path in files if _is_left_out(path, environments)), gaps)


def _is_left_out(path: str, environments: set[str]) -> bool:
    folders = path.split("/")[:-1]
    if not LEFT_OUT.isdisjoint(folders):
        return True
    return bool(environments) and any("/".join(folders[: depth + 1]) in environments for depth in range(len(folders)))


def _staged(top: Path, prefix: str) -> Iterator[tuple[str, str, str]]:
    """Yield mode, digest and path (relative to `prefix`) of what the index holds, also of submodules."""
    folder = top / prefix
    try:
        listed = run_git(folder, "ls-files", "-z", "--stage", "--recurse-submodules")
    except UsageError:  # Git before 2.36, or a submodule that is broken: then each is one entry
        listed = run_git(folder, "ls-files", "-z", "--stage")
    for entry in listed.split(b"\0"):
        head, tab, name = entry.partition(b"\t")
        if tab:
            mode, digest, _stage = head.decode().split()
            yield mode, digest, name.decode("utf-8", "surrogateescape")
