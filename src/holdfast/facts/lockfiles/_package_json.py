"""What the `package.json` beside a lock file asks for, and which of its workspaces' do."""

import json
import posixpath
from fnmatch import fnmatchcase
from typing import Any

from holdfast.errors import FactError
from holdfast.facts.lockfiles._json import texts_of
from holdfast.facts.lockfiles._spec import MAX_FILE_BYTES
from holdfast.model.component import Scope
from holdfast.ports.tree import Tree

Asked = tuple[str, str, Scope]
"""(name, written range, scope) of one dependency."""

_MAX_GLOBS = 200
_TABLES = (
    ("devDependencies", Scope.DEVELOPMENT),
    ("peerDependencies", Scope.RUNTIME),
    ("optionalDependencies", Scope.OPTIONAL),
    ("dependencies", Scope.RUNTIME),
)


def read_manifest(tree: Tree, folder: str) -> dict[str, Any] | None:
    """Return the `package.json` of a folder (empty for the top); `None` when there is none that can be read."""
    path = posixpath.normpath(posixpath.join(folder, "package.json"))
    try:
        document = json.loads(tree.read(path, MAX_FILE_BYTES))
    except (FactError, ValueError, RecursionError):
        return None  # the file itself is reported by the composition; here it only means "not known"
    return document if isinstance(document, dict) else None


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
