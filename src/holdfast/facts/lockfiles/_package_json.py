"""What the `package.json` beside a lock file asks for, and which of its workspaces' do."""

import json
import posixpath
import re
from typing import Any

from holdfast.errors import FactError
from holdfast.facts.lockfiles._json import texts_of
from holdfast.facts.lockfiles._spec import MAX_FILE_BYTES
from holdfast.model.component import Scope
from holdfast.ports.tree import Tree

Asked = tuple[str, str, Scope]
"""(name, written range, scope) of one dependency."""

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
    patterns = [_compiled(posixpath.normpath(posixpath.join(folder, glob))) for glob in globs if glob[:1] != "!"]
    found = (posixpath.dirname(path) for path in tree.walk() if path.endswith("/package.json"))
    return sorted(member for member in found if any(pattern.fullmatch(member) for pattern in patterns))


def _compiled(glob: str) -> re.Pattern[str]:
    """A `*` stays within a folder, `**` does not; runs of them count once."""
    parts = ("[^/]*" if part == "*" else ".*" if part.startswith("**") else re.escape(part) for part in _parts(glob))
    return re.compile("".join(parts))


def _parts(glob: str) -> list[str]:
    return [part for part in re.split(r"(\*+)", glob[:500]) if part]
