"""Backstage's `catalog-info.yaml`: components, their owners, and the groups those are in.

Rules:
1. A component is a service. It lies where its file lies, or where `backstage.io/source-location: dir:…` says.
2. The owner of a component is its own, else its system's. A team's group is the parent of its `Group`.
3. A `Location` leads to other files of the same tree only; addresses are named, and not fetched.

Source: Backstage Docs, "Descriptor Format of Catalog Entities".
"""

import posixpath
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from holdfast.errors import FactError
from holdfast.facts.estate._globs import matches_parts
from holdfast.facts.estate._spec import MAX_ESTATE_BYTES, MAX_MEMBERS, Estate, EstateSpec, Member, clean_name
from holdfast.facts.manifest_yaml import Tree as Node
from holdfast.facts.manifest_yaml import find, items_of, parse_yaml, text_of
from holdfast.ports.tree import Tree

MOST_FILES = 1000
SOURCE_LOCATION = "backstage.io/source-location"
_DOCUMENTS = re.compile(r"^---(?:[ \t].*)?$", re.MULTILINE)
_BACKSTAGE = re.compile(rb"^apiVersion:[ \t]*[\"']?backstage\.io/", re.MULTILINE)


def _is_for(name: str, data: bytes) -> bool:
    return name.endswith((".yaml", ".yml")) and _BACKSTAGE.search(data) is not None


@dataclass(slots=True)
class _Found:
    """What was gathered so far."""

    components: list[tuple[str, Node, str]] = field(default_factory=list)
    """(file, entity, where it stands)."""
    systems: dict[str, str] = field(default_factory=dict)
    parents: dict[str, str] = field(default_factory=dict)
    problems: list[str] = field(default_factory=list)


def read_backstage(name: str, data: bytes, tree: Tree) -> Estate:
    """Return the components of a catalog, and of the files of the same tree that it names."""
    found, paths = _Found(), [name]
    waiting, seen = [(name, data)], {name}
    while waiting:
        file, content = waiting.pop(0)
        for target in _take(file, content, found):
            if len(paths) == 1:
                paths = list(tree.walk())
            for path in _targets(file, target, paths, found.problems):
                if path in seen:
                    continue
                if len(seen) >= MOST_FILES:
                    found.problems.append(f"{file}: over {MOST_FILES} files; `{path}` is not read")
                    break
                seen.add(path)
                waiting += _read(tree, path, found.problems)
    members = tuple(_members(found))[:MAX_MEMBERS]
    groups = dict.fromkeys(parent for parent in found.parents.values() if parent)
    return Estate(members, tuple((one, found.parents.get(one, "")) for one in groups), tuple(found.problems))


def _read(tree: Tree, path: str, problems: list[str]) -> list[tuple[str, bytes]]:
    try:
        return [(path, tree.read(path, MAX_ESTATE_BYTES))]
    except FactError as error:
        problems.append(f"{path}: {error.message}")
        return []


def _take(file: str, data: bytes, found: _Found) -> Iterator[str]:
    """Take the entities of a file; yields the targets of its locations."""
    line = 0
    for text in _DOCUMENTS.split(data.decode("utf-8-sig", "replace")):
        root, wrong = parse_yaml(text.encode(), file=file)
        before, line = line, line + text.count("\n")
        found.problems += [f"{_moved(one.where, before)}: {one.message}" for one in wrong]
        if root is None:
            continue
        kind, name = text_of(find(root, "kind")), _name_of(text_of(find(find(root, "metadata"), "name")))
        spec = find(root, "spec")
        match kind:
            case "Component":
                found.components.append((file, root, _moved(root.place, before)))
            case "System":
                found.systems[name] = _name_of(text_of(find(spec, "owner")))
            case "Group":
                found.parents[name] = _name_of(text_of(find(spec, "parent")))
            case "Location":
                one = text_of(find(spec, "target"))
                yield from [one] if one else []
                yield from (text for item in items_of(find(spec, "targets")) if (text := text_of(item)))


def _moved(place: str, lines: int) -> str:
    """Return a place in one document, `file:line:column`, as that in its file."""
    file, line, column = place.rsplit(":", 2)
    return f"{file}:{int(line) + lines}:{column}"


def _targets(file: str, target: str, paths: Iterable[str], problems: list[str]) -> Iterator[str]:
    if "://" in target:
        problems.append(f"{file}: a location that is not fetched: `{target[:200]}`")
        return
    place = posixpath.normpath(posixpath.join(posixpath.dirname(file), target))
    if target.startswith("/") or place == ".." or place.startswith("../"):
        problems.append(f"{file}: a location outside of the folder: `{target[:200]}`")
        return
    known = [path for path in paths if matches_parts(place.split("/"), path.split("/"))]
    if not known:
        problems.append(f"{file}: a location that is not there: `{target[:200]}`")
    yield from known


def _members(found: _Found) -> Iterator[Member]:
    for file, entity, place in found.components:
        metadata, spec = find(entity, "metadata"), find(entity, "spec")
        name = _name_of(text_of(find(metadata, "name")))
        if not name:
            found.problems.append(f"{place}: a component without a name")
            continue
        folder = _folder(file, text_of(find(find(metadata, "annotations"), SOURCE_LOCATION)))
        if folder is None:
            found.problems.append(f"{place}: `{name}` says that it lies outside of the folder")
            continue
        system = _name_of(text_of(find(spec, "system")))
        team = _name_of(text_of(find(spec, "owner"))) or found.systems.get(system, "")
        yield Member(folder, name, team, found.parents.get(team, ""), place=place)


def _folder(file: str, said: str | None) -> str | None:
    here = posixpath.dirname(file) or "."
    if said is None or not said.startswith("dir:"):
        return here
    place = posixpath.normpath(posixpath.join(here, said.removeprefix("dir:")))
    return None if place.startswith(("/", "../")) or place == ".." else place


def _name_of(reference: str | None) -> str:
    """Return the name in an entity reference, `[kind:][namespace/]name`."""
    return clean_name((reference or "").rpartition(":")[2].rpartition("/")[2])


SPEC = EstateSpec("backstage", "Backstage's catalog-info.yaml", _is_for, read_backstage)
