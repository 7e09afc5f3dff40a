"""`pnpm-lock.yaml`, of lock file versions 5 to 9.

Rules:

1. Every entry of `packages` (and of `snapshots`) is a component; variants by peers or patches are one component.
2. What an importer asks for is direct. A `link:` is named with source `path`. Catalogs and overrides name no package.
3. Scope is what the lock says (`dev`, `optional`); where it says nothing, as from version 9 on, it follows from the
   importers.
4. Of several documents, as newer versions write them for the configuration's own dependencies, all are read; what the
   configuration asks for is development.
5. Something asked for that is not in the file is told: pnpm would not install from such a file either.

Source: pnpm/spec, `lockfile`.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from holdfast.facts.gather import Gathering
from holdfast.facts.lockfiles._graph import reached_scopes, shortest_paths
from holdfast.facts.lockfiles._json import JsonObject, objects_of, texts_of
from holdfast.facts.lockfiles._pnpm_keys import PnpmPackage, read_key
from holdfast.facts.lockfiles._spec import LockfileSpec
from holdfast.facts.lockfiles._yaml import YamlObject, load_yaml, object_of
from holdfast.model.component import ParsedFile, Scope, Source
from holdfast.ports.tree import Tree

_KNOWN_VERSIONS = re.compile(r"[5-9](?:\.\d{1,2})?\Z")
_IMPORTED = (
    ("dependencies", Scope.RUNTIME),
    ("optionalDependencies", Scope.OPTIONAL),
    ("devDependencies", Scope.DEVELOPMENT),
    ("configDependencies", Scope.DEVELOPMENT),
    ("packageManagerDependencies", Scope.DEVELOPMENT),
)
_LINKS = ("link:", "workspace:", "portal:")


@dataclass(slots=True)
class _Node:
    """One entry of `packages`; `asks` are its (name, reference) pairs, those of its snapshots too."""

    key: str
    entry: JsonObject
    package: PnpmPackage
    asks: list[tuple[str, str]] = field(default_factory=list)
    alias: str = ""
    optional: bool = False


class _Lock:
    """The packages as a graph."""

    def __init__(self, root: JsonObject, gathering: Gathering) -> None:
        self.gathering = gathering
        self.nodes: list[_Node] = []
        self.index: dict[str, int] = {}
        self._missing: set[tuple[str, str]] = set()
        packages, snapshots = root.get("packages"), root.get("snapshots")
        for key, entry in self._entries(packages, "packages"):
            self._add(key, entry)
        for key, entry in self._entries(snapshots, "snapshots"):
            number = self.index.get(key, self.index.get(key.partition("(")[0]))
            number = self._add(key, entry) if number is None else number
            if number is not None:
                self.index[key] = number
                self._ask(self.nodes[number], entry)

    def _entries(self, table: object, what: str) -> Iterator[tuple[str, JsonObject]]:
        if table is not None and not isinstance(table, YamlObject):
            self.gathering.skip(None, f"expected `{what}` to be a mapping")
        elif table is not None:
            yield from objects_of(table).items()
            for key in table.keys() - objects_of(table).keys():
                self.gathering.skip(table.lines[key], f"expected a mapping for `{key}`, got {table[key]!r}")

    def _add(self, key: str, entry: JsonObject) -> int | None:
        package = read_key(key, entry)
        if package is None:
            self.gathering.skip(entry.line, f"`{key}` has no version")
            return None
        number = self.index[key] = len(self.nodes)
        self.nodes.append(_Node(key, entry, package))
        self._ask(self.nodes[number], entry)
        return number

    @staticmethod
    def _ask(node: _Node, entry: JsonObject) -> None:
        for key in ("dependencies", "optionalDependencies"):
            node.asks.extend(texts_of(entry.get(key)).items())
        node.optional = node.optional or entry.get("optional") == "true"

    def find(self, name: str, reference: str, line: int) -> int | None:
        """Return the number of what is asked for; `None` for a link, and for what is missing, which is told."""
        if reference.startswith(_LINKS):
            return None
        for key in (f"{name}@{reference}", f"/{name}@{reference}", f"/{name}/{reference}", reference, f"/{reference}"):
            number = self.index.get(key)
            if number is not None:
                if self.nodes[number].package.name != name:
                    self.nodes[number].alias = name
                return number
        if (name, reference) not in self._missing:
            self._missing.add((name, reference))
            self.gathering.skip(line, f"`{name}` {reference} is asked for and not in the file")
        return None


def _importers(root: YamlObject) -> list[JsonObject]:
    """Return the projects; without a workspace, older files have the only one's entries at the top."""
    importers = root.get("importers")
    return [*objects_of(importers).values(), root] if importers is not None else [root]


def _imported(importer: JsonObject, gathering: Gathering) -> Iterator[tuple[Scope, str, str, int]]:
    """Yield (scope, name, reference, line) of everything a project asks for."""
    for key, scope in _IMPORTED:
        table: Any = importer.get(key)
        if not isinstance(table, YamlObject):
            if table is not None:
                gathering.skip(importer.line, f"expected `{key}` to be a mapping, got {table!r}")
            continue
        for name, asked in table.items():
            reference = asked.get("version") if isinstance(asked, JsonObject) else asked
            if isinstance(reference, str):
                yield scope, name, reference, table.lines[name]
            else:
                gathering.skip(table.lines[name], f"`{name}` has no version")


def _roots(root: YamlObject, lock: _Lock) -> dict[Scope, list[int]]:
    """Return the numbers of direct dependencies by scope; links are added as they are met."""
    roots: dict[Scope, list[int]] = {scope: [] for _, scope in _IMPORTED}
    for importer in _importers(root):
        for scope, name, reference, line in _imported(importer, lock.gathering):
            number = lock.find(name, reference, line)
            if number is not None:
                roots[scope].append(number)
            elif reference.startswith(_LINKS):
                lock.gathering.add(name, "", line, source=Source.PATH, direct=True, scope=scope)
    return roots


def _scope(node: _Node, reached: Scope | None) -> Scope:
    if node.entry.get("dev") == "true":
        return Scope.DEVELOPMENT
    if node.optional:
        return Scope.DEVELOPMENT if reached is Scope.DEVELOPMENT else Scope.OPTIONAL
    return Scope.RUNTIME if "dev" in node.entry or reached is None else reached


def parse(file: str, data: bytes, _tree: Tree) -> ParsedFile:
    """Return the packages of a pnpm lock file.

    Raises:
        FactError: not YAML, or not a mapping.
    """
    document = load_yaml(file, data, several=True)
    gathering = Gathering(file, SPEC.id, "npm")
    gathering.skip_all(document.unparsed)
    for root in (document.root, *document.others):
        _read(object_of(file, root), gathering)
    return gathering.parsed()


def _read(root: YamlObject, gathering: Gathering) -> None:
    version = root.get("lockfileVersion")
    if not isinstance(version, str) or not _KNOWN_VERSIONS.match(version):
        gathering.skip(root.lines.get("lockfileVersion", 1), f"expected `lockfileVersion` 5 to 9, got {version!r}")
    lock = _Lock(root, gathering)
    roots = _roots(root, lock)
    found = [[(lock.find(*ask, node.entry.line)) for ask in node.asks] for node in lock.nodes]
    edges = [[number for number in each if number is not None] for each in found]
    direct = {number for numbers in roots.values() for number in numbers}
    paths = shortest_paths(direct, edges, [node.package.name for node in lock.nodes])
    scopes = reached_scopes(list(roots.items()), edges)
    for number, node in enumerate(lock.nodes):
        gathering.add(
            node.package.name,
            node.package.version,
            node.entry.line,
            source=node.package.source,
            direct=(number in direct) if number in paths else None,
            path=paths.get(number, ()),
            scope=_scope(node, scopes.get(number)),
            alias=node.alias,
        )


SPEC = LockfileSpec(id="pnpm_lock_yaml", patterns=("pnpm-lock.yaml",), parse=parse)
