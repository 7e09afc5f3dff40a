"""What the `package.json` beside a lock file asks for, and which of its workspaces' do."""

import json
import posixpath
from fnmatch import fnmatchcase
from functools import lru_cache
from typing import Any

from holdfast.errors import FactError
from holdfast.facts.lockfiles._json import texts_of
from holdfast.model.component import Scope
from holdfast.ports.tree import Tree

Asked = tuple[str, str, Scope]
"""(name, written range, scope) of one dependency."""

_MAX_GLOBS = 200
_MAX_MANIFEST_BYTES = 1 << 20
_TABLES = (
    ("devDependencies", Scope.DEVELOPMENT),
    ("peerDependencies", Scope.RUNTIME),
    ("optionalDependencies", Scope.OPTIONAL),
    ("dependencies", Scope.RUNTIME),
)


def read_manifest(tree: Tree, folder: str) -> dict[str, Any] | None:
    """Return the `package.json` of a folder (empty for the top); `None` when there is none that can be read."""
    data = _read(tree, folder)
    return None if data is None else _parsed(data)


def find_scopes(tree: Tree, folder: str) -> dict[str, Scope]:
    """Return name → scope of everything the `package.json` of a folder asks for; nothing where it can't be read.

    It is asked once for every installed package, so the answers of the last few manifests are kept.
    """
    data = _read(tree, folder)
    return {} if data is None else _scopes_in(data)


def _read(tree: Tree, folder: str) -> bytes | None:
    path = posixpath.normpath(posixpath.join(folder, "package.json"))
    try:
        return tree.read(path, _MAX_MANIFEST_BYTES)
    except FactError:
        return None  # the file itself is reported by the composition; here it only means "not known"


def _parsed(data: bytes) -> dict[str, Any] | None:
    try:
        document = json.loads(data)
    except (ValueError, RecursionError):
        return None
    return document if isinstance(document, dict) else None


@lru_cache(maxsize=8)
def _scopes_in(data: bytes) -> dict[str, Scope]:
    return {name: scope for name, _, scope in asked_by(_parsed(data) or {})}


def asked_by(manifest: dict[str, Any]) -> list[Asked]:
    """Return everything a project asks for; of a name in several tables, with the strongest scope's range."""
    found: dict[str, Asked] = {}
    for key, scope in _TABLES:
        found.update({name: (name, wanted, scope) for name, wanted in texts_of(manifest.get(key)).items()})
    return list(found.values())


def workspace_globs(manifest: dict[str, Any]) -> list[str]:
    """Return the globs of the members' folders as they are written; nothing when it is no workspace."""
    listed = manifest.get("workspaces")
    if isinstance(listed, dict):
        listed = listed.get("packages")
    return [glob for glob in listed if isinstance(glob, str)] if isinstance(listed, list) else []


def find_members(tree: Tree, folder: str, globs: list[str]) -> list[str]:
    """Return the folders of the members of a workspace, sorted; it looks through the whole tree."""
    if not globs:
        return []
    wanted = [
        posixpath.normpath(posixpath.join(folder, glob)).split("/") for glob in globs[:_MAX_GLOBS] if glob[:1] != "!"
    ]
    found = (posixpath.dirname(path) for path in tree.walk() if path.endswith("/package.json"))
    return sorted(member for member in found if any(_fits(member.split("/"), parts) for parts in wanted))


def _fits(folders: list[str], globs: list[str]) -> bool:
    """Whether folder by folder fits; `**` stands for any number of them. In time of the one's length by the other's."""
    at = _passed({0}, globs)
    for folder in folders:
        stay = {index for index in at if index < len(globs) and globs[index] == "**"}
        step = {index + 1 for index in at - stay if index < len(globs) and fnmatchcase(folder, globs[index])}
        at = _passed(stay | step, globs)
    return len(globs) in at


def _passed(at: set[int], globs: list[str]) -> set[int]:
    """Return the places in the globs, and those after each `**`, which may stand for nothing."""
    found = set(at)
    for index in sorted(at):
        after = index
        while after < len(globs) and globs[after] == "**":
            after += 1
            found.add(after)
    return found
