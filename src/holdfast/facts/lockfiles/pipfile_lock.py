"""`Pipfile.lock`.

Rules:

1. `default` is runtime, `develop` development, any further category optional.
2. The lock does not name what is asked for directly: that is known only with a `Pipfile` beside it.
3. `git`, `path` and `file` entries are named with their source, and their version only where the file says it.

Source: the Pipenv documentation, "Pipfile & Pipfile.lock".
"""

import tomllib
from typing import Any

from holdfast.errors import FactError
from holdfast.facts.gather import Gathering
from holdfast.facts.lockfiles._json import JsonObject, load_json_object
from holdfast.facts.lockfiles._spec import MAX_FILE_BYTES, LockfileSpec
from holdfast.facts.lockfiles._toml import table_of
from holdfast.model.component import ParsedFile, Scope, Source
from holdfast.model.purl import normalize_pypi
from holdfast.ports.tree import Tree

_SCOPES = {"default": Scope.RUNTIME, "develop": Scope.DEVELOPMENT}
_IN_PIPFILE = {"packages": "default", "dev-packages": "develop"}
_NO_CATEGORIES = {"source", "requires", "scripts", "pipenv"}
_VCS = ("git", "hg", "svn", "bzr")


def _read_direct(file: str, tree: Tree) -> dict[str, set[str]] | None:
    """Return the names that a `Pipfile` beside it asks for, by category; `None` when there is none that can be read."""
    try:
        document = tomllib.loads(tree.read(f"{file[: -len('.lock')]}", MAX_FILE_BYTES).decode())
    except (FactError, ValueError, RecursionError):
        return None  # it is reported by the composition; here it only means "not known"
    return {
        _IN_PIPFILE.get(category, category): {normalize_pypi(name) for name in table_of(listed)}
        for category, listed in document.items()
        if category not in _NO_CATEGORIES
    }


def _source(entry: dict[str, Any]) -> Source:
    if any(key in entry for key in _VCS):
        return Source.VCS
    address = entry.get("file", entry.get("path"))
    if isinstance(address, str):
        return Source.URL if "://" in address and not address.startswith("file:") else Source.PATH
    return Source.REGISTRY


def _add(name: str, entry: JsonObject, gathering: Gathering, scope: Scope, direct: bool | None) -> None:
    source, stated = _source(entry), entry.get("version")
    if stated is None:
        reference = entry.get("ref", "")
        stated = reference if source is Source.VCS and isinstance(reference, str) else ""
        if source is Source.REGISTRY:
            gathering.skip(entry.line, f"`{name}` has no version")
            return
    elif not isinstance(stated, str) or (source is Source.REGISTRY and not stated.startswith("==")) or "*" in stated:
        gathering.skip(entry.line, f"`{name}` is not pinned to one version: {stated!r}")
        return
    version = stated.removeprefix("===").removeprefix("==").strip()
    gathering.add(normalize_pypi(name), version, entry.line, source=source, direct=direct, scope=scope)


def parse(file: str, data: bytes, tree: Tree) -> ParsedFile:
    """Return the packages of a `Pipfile.lock`; the tree gives the `Pipfile` beside it.

    Raises:
        FactError: not JSON, or not an object.
    """
    document = load_json_object(file, data)
    gathering = Gathering(file, SPEC.id, "PyPI")
    if not isinstance(document.get("default"), JsonObject) and not isinstance(document.get("develop"), JsonObject):
        gathering.skip(1, "neither `default` nor `develop` in it: not a whole lock file")
    wanted = _read_direct(file, tree)
    for category, entries in document.items():
        if category == "_meta":
            continue
        if not isinstance(entries, JsonObject):
            gathering.skip(document.line, f"expected an object for `{category}`, got {type(entries).__name__}")
            continue
        scope = _SCOPES.get(category, Scope.OPTIONAL)
        for name, entry in entries.items():
            if not isinstance(entry, JsonObject):
                gathering.skip(entries.line, f"expected an object for `{name}`, got {type(entry).__name__}")
                continue
            known = None if wanted is None else normalize_pypi(name) in wanted.get(category, ())
            _add(name, entry, gathering, scope, known)
    return gathering.parsed()


SPEC = LockfileSpec(id="pipfile_lock", patterns=("Pipfile.lock",), parse=parse)
