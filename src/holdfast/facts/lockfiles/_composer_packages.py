"""The packages of Composer's lock file and of its list of what is installed: the same entries in both.

Source: Composer's documentation and `composer-schema.json`; composer/composer, `Locker` and `FilesystemRepository`.
"""

import json
import posixpath
from collections.abc import Iterable
from typing import Any

from holdfast.errors import FactError
from holdfast.facts.gather import Gathering
from holdfast.facts.licenses import license_texts
from holdfast.facts.lockfiles._graph import shortest_paths
from holdfast.facts.lockfiles._json import JsonObject
from holdfast.facts.lockfiles._spec import MAX_FILE_BYTES
from holdfast.model.component import Scope, Source
from holdfast.ports.tree import Tree

Row = tuple[JsonObject, Scope]


def rows_of(listed: object, scope: Scope, where: str, gathering: Gathering) -> list[Row]:
    """Return the entries of a list with their scope; what is no list or no entry is told."""
    if not isinstance(listed, list):
        if listed is not None:
            gathering.skip(1, f"expected `{where}` to be a list")
        return []
    for entry in listed:
        if not isinstance(entry, JsonObject):
            gathering.skip(None, f"expected an object in `{where}`, got {entry!r}")
    return [(entry, scope) for entry in listed if isinstance(entry, JsonObject)]


def find_direct_names(tree: Tree, folder: str) -> set[str] | None:
    """Return the names in the `composer.json` of a folder; `None` when there is none that can be read."""
    try:
        document = json.loads(tree.read(posixpath.join(folder, "composer.json"), MAX_FILE_BYTES))
    except (FactError, ValueError, RecursionError):
        return None
    if not isinstance(document, dict):
        return None
    return {name.lower() for key in ("require", "require-dev") for name in _names(document.get(key))}


def _names(value: object) -> Iterable[str]:
    return value.keys() if isinstance(value, dict) else ()


def _source(entry: JsonObject, version: str) -> Source:
    kinds = {part.get("type") for part in (entry.get("source"), entry.get("dist")) if isinstance(part, dict)}
    if "path" in kinds:
        return Source.PATH
    return Source.VCS if version.startswith("dev-") or version.endswith("-dev") else Source.REGISTRY


def _edges(rows: list[Row]) -> list[list[int]]:
    """A package stands for those that it replaces or provides, too."""
    by_name: dict[str, list[int]] = {}
    for number, (entry, _) in enumerate(rows):
        own: list[Any] = [entry.get("name"), *_names(entry.get("replace")), *_names(entry.get("provide"))]
        for name in {name.lower() for name in own if isinstance(name, str)}:
            by_name.setdefault(name, []).append(number)
    return [
        [number for name in _names(entry.get("require")) for number in by_name.get(name.lower(), ())]
        for entry, _ in rows
    ]


def add_packages(rows: list[Row], wanted: set[str] | None, gathering: Gathering) -> None:
    """Add every entry; `wanted` are the names that the project asks for itself, `None` where that is not known."""
    names = [entry["name"].lower() if isinstance(entry.get("name"), str) else "" for entry, _ in rows]
    direct = {number for number, name in enumerate(names) if wanted is not None and name in wanted}
    paths = shortest_paths(direct, _edges(rows), names)
    for number, (entry, scope) in enumerate(rows):
        version = entry.get("version")
        gathering.add(
            names[number] or entry.get("name"),
            version,
            entry.line,
            source=_source(entry, version) if isinstance(version, str) else Source.REGISTRY,
            direct=(number in direct) if number in paths else None,
            path=paths.get(number, ()),
            scope=scope,
            licenses=_licenses(entry),
        )


def _licenses(entry: JsonObject) -> tuple[str, ...]:
    """Return the licence as one expression: of several that are listed, whoever uses it chooses."""
    listed = entry.get("license")
    texts = license_texts(listed if isinstance(listed, list) else [listed])
    return license_texts([" OR ".join(f"({one})" if len(texts) > 1 and " " in one else one for one in texts)])
