"""Backstage's `catalog-info.yaml`: components, their owners, and the groups those are in.

Rules:
1. A component is a service. It lies where its file lies, or where `backstage.io/source-location: dir:…` says.
2. The owner of a component is its own, else its system's. A team's group is the parent of its `Group`.
3. A `Location` leads to other files of the same tree only; addresses are named, and not fetched.

Source: Backstage Docs, "Descriptor Format of Catalog Entities".
"""

import posixpath
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from itertools import islice

from holdfast.errors import FactError
from holdfast.facts.estate._globs import MOST_PARTS, matches_parts
from holdfast.facts.estate._spec import MAX_ESTATE_BYTES, MAX_MEMBERS, Estate, EstateSpec, Member, clean_name
from holdfast.facts.manifest_yaml import Tree as Node
from holdfast.facts.manifest_yaml import find, items_of, parse_yaml, text_of
from holdfast.ports.tree import Tree

MOST_FILES, MOST_TARGETS, MOST_DOCUMENTS = 1000, 1000, 10_000
MOST_BYTES = 8 << 20
"""How much is read of all files of one catalog."""
MOST_PATTERNS, MOST_PATHS = 20, 20_000
"""How many targets may be patterns, and how many paths one is held against."""
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
    targets: list[tuple[str, str]] = field(default_factory=list)
    """(file, what its location names)."""
    documents: int = 0


def read_backstage(name: str, data: bytes, tree: Tree) -> Estate:
    """Return the components of a catalog, and of the files of the same tree that it names."""
    found = _Found()
    _take(name, data, found)
    if found.targets:
        _follow(name, len(data), tree, found)
    members = tuple(_members(found))[:MAX_MEMBERS]
    groups = dict.fromkeys(parent for parent in found.parents.values() if parent)
    return Estate(members, tuple((one, found.parents.get(one, "")) for one in groups), tuple(found.problems))


def _follow(name: str, size: int, tree: Tree, found: _Found) -> None:
    """Read what locations name, and what those name, until there is too much of it."""
    paths = dict.fromkeys(tree.walk())
    seen, patterns, at = {name}, 0, 0
    while at < len(found.targets):
        file, target = found.targets[at]
        at += 1
        patterns += "*" in target or "?" in target
        if at > MOST_TARGETS or patterns > MOST_PATTERNS:
            found.problems.append(f"{file}: over {MOST_TARGETS} locations, or {MOST_PATTERNS} patterns in them")
            return
        for path in _targets(file, target, paths, found.problems):
            if path in seen:
                continue
            content = _read(tree, path, found.problems)
            size += len(content)
            if len(seen) >= MOST_FILES or size > MOST_BYTES:
                because = (
                    f"over {MOST_FILES} files or {MOST_BYTES >> 20} MiB; `{path}` is not read, nor what comes after"
                )
                found.problems.append(f"{file}: {because}")
                return
            seen.add(path)
            _take(path, content, found)


def _read(tree: Tree, path: str, problems: list[str]) -> bytes:
    try:
        return tree.read(path, MAX_ESTATE_BYTES)
    except FactError as error:
        problems.append(f"{path}: {error.message}")
        return b""


def _take(file: str, data: bytes, found: _Found) -> None:
    """Take the entities of a file, and the targets of its locations."""
    line = 0
    for text in _DOCUMENTS.split(data.decode("utf-8-sig", "replace"), MOST_DOCUMENTS):
        before, line = line, line + text.count("\n")
        found.documents += 1
        if found.documents > MOST_DOCUMENTS:
            found.problems.append(f"{file}:{before + 1}: over {MOST_DOCUMENTS} entities; the rest is not read")
            return
        root, wrong = parse_yaml(text.encode(), file=file)
        found.problems += [f"{_moved(one.where, before)}: {one.message}" for one in wrong]
        if root is not None:
            _take_entity(file, root, before, found)


def _take_entity(file: str, root: Node, before: int, found: _Found) -> None:
    """Take one entity; `before` are the lines of its file before its document."""
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
            named = [text_of(find(spec, "target")), *(text_of(item) for item in items_of(find(spec, "targets")))]
            found.targets += [(file, one) for one in named if one]


def _moved(place: str, lines: int) -> str:
    """Return a place in one document, `file:line:column`, as that in its file."""
    file, line, column = place.rsplit(":", 2)
    return f"{file}:{int(line) + lines}:{column}"


def _targets(file: str, target: str, paths: Mapping[str, None], problems: list[str]) -> Iterator[str]:
    if "://" in target:
        problems.append(f"{file}: a location that is not fetched: `{target[:200]}`")
        return
    place = posixpath.normpath(posixpath.join(posixpath.dirname(file), target))
    if target.startswith("/") or place == ".." or place.startswith("../"):
        problems.append(f"{file}: a location outside of the folder: `{target[:200]}`")
        return
    if "*" in place or "?" in place:
        if len(paths) > MOST_PATHS:
            problems.append(f"{file}: only the first {MOST_PATHS} paths are held against `{target[:200]}`")
        parts = place.split("/")
        known = [path for path in islice(paths, MOST_PATHS) if matches_parts(parts[:MOST_PARTS], path.split("/"))]
    else:
        known = [place] if place in paths else []
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
