"""Which files in a `node_modules` count: what is installed there, and only where no lock file stands for it.

Rules:

1. In `node_modules`, the `package.json` of an installed package counts and nothing else: the other files are others'
   code, with manifests and lock files of their own that nothing here is installed by.
2. A lock file of npm, Yarn, pnpm, Bun or Deno beside the outermost `node_modules` or above it wins: then nothing in
   there counts, unless that very place was asked for.
"""

import posixpath
import re
from collections.abc import Sequence
from collections.abc import Set as AbstractSet

from holdfast.facts.recognized import MANIFESTS

_LOCKS = MANIFESTS["package.json"].locks
_MODULES = re.compile(r"(?:\A|/)node_modules/")
_INSTALLED = re.compile(r"(?:\A|.*/)node_modules/(?:@[^/.][^/]*/)?[^/.@][^/]*/package\.json", re.DOTALL)


def is_installed_module(path: str) -> bool:
    """Whether a path is that of the `package.json` of a package installed in a `node_modules`."""
    return "node_modules/" in path and _INSTALLED.fullmatch(path) is not None


def project_of(path: str) -> str | None:
    """Return the folder of the outermost `node_modules` that a path is in, `""` for the top; `None` outside of one."""
    found = _MODULES.search(path)
    return path[: found.start()] if found else None


def counts(path: str, files: AbstractSet[str], roots: Sequence[str]) -> bool:
    """Whether a file counts, among `files` of a tree of which `roots` were asked for; a folder (`…/`) always does."""
    if "node_modules/" not in path or path.endswith("/") or (project := project_of(path)) is None:
        return True
    if any(project_of(f"{root}/") is not None for root in roots if path == root or path.startswith(f"{root}/")):
        return is_installed_module(path) or path in roots
    return is_installed_module(path) and not _is_locked(project, files)


def _is_locked(folder: str, files: AbstractSet[str]) -> bool:
    while True:
        if any(posixpath.join(folder, lock) in files for lock in _LOCKS):
            return True
        if not folder:
            return False
        folder = posixpath.dirname(folder)
