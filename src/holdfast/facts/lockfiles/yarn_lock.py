"""`yarn.lock`, of Yarn 1 and of Yarn 2 and later.

Rules:

1. An alias counts under its real name. A patched package counts as the package it is a patch of.
2. What a member of the workspace asks for is direct. Yarn 1 does not say: the `package.json` beside it, and those of
   its workspaces, do. They give the scope too; without them everything counts as runtime.
3. The project itself is no component; other members of the workspace are named, with source `path`.
4. Something asked for of which the file has no version at all is told, unless it may be a member of a workspace.

Source: yarnpkg/yarn and yarnpkg/berry.
"""

import posixpath
import re
from collections.abc import Iterable
from urllib.parse import unquote

from holdfast.facts.gather import Gathering
from holdfast.facts.lockfiles._graph import reached_scopes, shortest_paths
from holdfast.facts.lockfiles._package_json import Asked, asked_by, find_members, read_manifest, workspace_globs
from holdfast.facts.lockfiles._spec import LockfileSpec
from holdfast.facts.lockfiles._text import decode, refuse_conflict
from holdfast.facts.lockfiles._yarn_berry import read_berry
from holdfast.facts.lockfiles._yarn_classic import read_classic
from holdfast.facts.lockfiles._yarn_entry import YarnEntry, split_pattern
from holdfast.model.component import ParsedFile, Scope
from holdfast.ports.tree import Tree

_BERRY = re.compile(r"^(?:__metadata|\"__metadata\"|'__metadata')[ \t]*:", re.MULTILINE)
_UNLOCKED = ("link:", "portal:", "workspace:", "file:", "./", "../")


class _Graph:
    """The entries by what was asked for. Where a resolution was forced, the only entry of that name is it."""

    def __init__(self, entries: list[YarnEntry], gathering: Gathering) -> None:
        self.entries = entries
        self._by_pattern: dict[str, int] = {}
        self._by_name: dict[str, list[int]] = {}
        for number, entry in enumerate(entries):
            for pattern in entry.patterns:
                first = entries[self._by_pattern.setdefault(pattern, number)]
                if (first.name, first.version) != (entry.name, entry.version):
                    gathering.skip(entry.line, f"`{pattern}` is there twice (first in line {first.line})")
            for name in {split_pattern(pattern)[0] for pattern in entry.patterns}:
                self._by_name.setdefault(name, []).append(number)

    def find(self, name: str, wanted: str) -> int | None:
        number = self._by_pattern.get(f"{name}@{wanted}", self._by_pattern.get(f"{name}@npm:{wanted}"))
        named = self._by_name.get(name, ())
        return named[0] if number is None and len(named) == 1 else number

    def knows(self, name: str) -> bool:
        return name in self._by_name

    def patched_from(self, number: int) -> int:
        """Return the entry that a patched one is made from; the same one for all others."""
        for pattern in self.entries[number].patterns:
            wanted = split_pattern(pattern)[1]
            if wanted.startswith("patch:"):
                found = self.find(*split_pattern(unquote(wanted[6:].partition("#")[0])))
                return number if found is None else found
        return number

    def edges(self) -> list[list[int]]:
        found = ([self.find(*ask) for ask in entry.asks] for entry in self.entries)
        return [[number for number in each if number is not None] for each in found]


def _tell_missing(graph: _Graph, gathering: Gathering) -> None:
    told: set[str] = set()
    for entry in graph.entries:
        for name, wanted in entry.asks:
            if not graph.knows(name) and name not in told and not wanted.startswith(_UNLOCKED):
                told.add(name)
                gathering.skip(entry.line, f"`{name}` {wanted} is asked for and not in the file")


def _asked(folder: str, tree: Tree, entries: list[YarnEntry]) -> tuple[list[Asked], bool]:
    """Return what manifests ask for, and whether members of a workspace may be missing in the lock."""
    members = [posixpath.join(folder, entry.workspace) for entry in entries if entry.workspace is not None]
    manifest = read_manifest(tree, folder)
    globs = workspace_globs(manifest) if manifest and not members else []
    folders = {posixpath.normpath(member) for member in members or (folder, *find_members(tree, folder, globs))}
    manifests = [read_manifest(tree, member) for member in sorted(folders)]
    return [one for found in manifests if found for one in asked_by(found)], bool(globs)


def _roots(asked: Iterable[Asked], graph: _Graph) -> dict[Scope, set[int]]:
    """Return the direct ones by scope; what only the lock itself says that a member asks for is runtime."""
    roots: dict[Scope, set[int]] = {scope: set() for scope in (Scope.RUNTIME, Scope.OPTIONAL, Scope.DEVELOPMENT)}
    for name, wanted, scope in asked:
        number = graph.find(name, wanted)
        if number is not None:
            roots[scope].add(number)
    known = set().union(*roots.values())
    for entry in graph.entries:
        if entry.workspace is not None:
            found = {graph.find(*ask) for ask in entry.asks} - known
            roots[Scope.RUNTIME].update(number for number in found if number is not None)
    return roots


def parse(file: str, data: bytes, tree: Tree) -> ParsedFile:
    """Return the packages of a `yarn.lock`; the tree gives the `package.json` beside it and those of its workspace.

    Raises:
        FactError: not text, merge-conflicted, or, of Yarn 2 and later, not YAML.
    """
    text = decode(file, data)
    refuse_conflict(file, text)
    gathering = Gathering(file, SPEC.id, "npm")
    entries = read_berry(data, gathering) if _BERRY.search(text) else read_classic(text, gathering)
    graph = _Graph(entries, gathering)
    asked, may_miss = _asked(posixpath.dirname(file), tree, entries)
    if not may_miss:
        _tell_missing(graph, gathering)
    roots = _roots(asked, graph)
    members = {number for number, entry in enumerate(entries) if entry.workspace is not None}
    edges = [[] if number in members else each for number, each in enumerate(graph.edges())]
    direct = set().union(*roots.values())
    paths = shortest_paths(direct, edges, [entry.name for entry in entries])
    scopes = reached_scopes(list(roots.items()), edges)
    for at, entry in enumerate(entries):
        if entry.workspace == ".":
            continue
        number = at if at in paths else graph.patched_from(at)
        gathering.add(
            entry.name,
            entry.version,
            entry.line,
            source=entry.source,
            direct=(number in direct) if number in paths else None,
            path=paths.get(number, ()),
            scope=scopes.get(number, Scope.RUNTIME),
            alias=entry.alias,
        )
    return gathering.parsed()


SPEC = LockfileSpec(id="yarn_lock", patterns=("yarn.lock",), parse=parse)
