"""The nested `dependencies` of npm lock files of version 1."""

import json
from collections.abc import Iterator

from holdfast.errors import FactError
from holdfast.facts.gather import Gathering
from holdfast.facts.lockfiles._graph import shortest_paths
from holdfast.facts.lockfiles._json import JsonObject, objects_of, texts_of
from holdfast.facts.lockfiles._npm_source import source_of, split_alias
from holdfast.facts.lockfiles._spec import MAX_FILE_BYTES
from holdfast.model.component import Scope, Source
from holdfast.model.frozen import frozen
from holdfast.ports.tree import Tree

_ASKED = ("dependencies", "devDependencies", "optionalDependencies", "peerDependencies")


@frozen
class _Entry:
    """One installed package; `above` is the number of the entry it is nested in, -1 at the top."""

    name: str
    table: JsonObject
    above: int


def _walk(top: JsonObject) -> Iterator[_Entry]:
    """Yield all entries, an outer one before those in it; without recursion, for nesting has no limit of its own."""
    levels = [(top, -1)]
    number = 0
    while levels:
        table, above = levels.pop()
        for name, entry in objects_of(table).items():
            yield _Entry(name.rpartition("node_modules/")[2], entry, above)
            inner = entry.get("dependencies")
            if isinstance(inner, JsonObject):
                levels.append((inner, number))
            number += 1


def _asked_by_project(gathering: Gathering, tree: Tree) -> set[str] | None:
    """Return the names in the `package.json` beside the lock; `None` when there is none that can be read."""
    folder = gathering.file.rpartition("/")[0]
    try:
        document = json.loads(tree.read(f"{folder}/package.json".lstrip("/"), MAX_FILE_BYTES))
    except (FactError, ValueError, RecursionError):
        return None
    if not isinstance(document, dict):
        return None
    return {name for key in _ASKED for name in texts_of(document.get(key))}


def _edges(entries: list[_Entry]) -> list[list[int]]:
    inside: dict[tuple[int, str], int] = {(entry.above, entry.name): i for i, entry in enumerate(entries)}
    edges: list[list[int]] = []
    for number, entry in enumerate(entries):
        children: list[int] = []
        for name in texts_of(entry.table.get("requires")):
            place = number
            while (place, name) not in inside and place != -1:
                place = entries[place].above
            if (place, name) in inside:
                children.append(inside[place, name])
        edges.append(children)
    return edges


def _scope(table: JsonObject) -> Scope:
    if table.get("dev") is True:
        return Scope.DEVELOPMENT
    return Scope.OPTIONAL if table.get("optional") is True else Scope.RUNTIME


def read_nested(top: JsonObject, gathering: Gathering, tree: Tree) -> None:
    """Add every entry of a version 1 lock file."""
    entries = list(_walk(top))
    asked = _asked_by_project(gathering, tree)
    direct = {i for i, entry in enumerate(entries) if entry.above == -1 and asked is not None and entry.name in asked}
    paths = shortest_paths(direct, _edges(entries), [entry.name for entry in entries])
    for number, entry in enumerate(entries):
        known = (number in direct) if number in paths else None
        _add(entry, gathering, known, paths.get(number, ()))
    for name in top.keys() - objects_of(top).keys():
        gathering.skip(top.line, f"expected an object for `{name}`, got {top[name]!r}")


def _add(entry: _Entry, gathering: Gathering, direct: bool | None, path: tuple[str, ...]) -> None:
    written, resolved = entry.table.get("version"), str(entry.table.get("resolved", ""))
    if not isinstance(written, str):
        gathering.skip(entry.table.line, f"`{entry.name}` has no version")
        return
    real, version = split_alias(written)
    source = source_of(resolved, version)
    if source is not Source.REGISTRY and source_of("", version) is not Source.REGISTRY:
        version = version.rpartition("#")[2] if "#" in version else ""  # the address is no version, its commit is
    scope = _scope(entry.table)
    name, alias = (real, entry.name) if real and real != entry.name else (entry.name, "")
    line = entry.table.line
    gathering.add(name, version, line, source=source, direct=direct, path=path, scope=scope, alias=alias)
