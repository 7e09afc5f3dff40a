"""`uv.lock`.

Rules:

1. Roots are the packages whose source is `editable` or `virtual`, and the workspace's members. They are named with
   source `path`; what they depend on is direct.
2. Scope follows the edge from a root: `dependencies` runtime, `optional-dependencies` optional, `dev-dependencies`
   development. An extra of a package is followed only where a dependency asks for it.
3. A fork (two versions of one name) is told apart by the version and source that the dependency names.
4. Without a root (a script's lock has its requirements in `[manifest]`), direct is unknown.

Source: the uv documentation, "The uv lockfile".
"""

from collections.abc import Iterable
from typing import Any

from holdfast.facts.gather import Gathering
from holdfast.facts.lockfiles._graph import reached_scopes, shortest_paths
from holdfast.facts.lockfiles._spec import LockfileSpec
from holdfast.facts.lockfiles._toml import load_toml, table_of, tables_of
from holdfast.model.component import ParsedFile, Scope, Source
from holdfast.model.purl import normalize_pypi
from holdfast.ports.tree import Tree

_KNOWN_VERSION = 1
_SOURCES = {
    "registry": Source.REGISTRY,
    "git": Source.VCS,
    "url": Source.URL,
    "path": Source.PATH,
    "directory": Source.PATH,
    "editable": Source.PATH,
    "virtual": Source.PATH,
}


class _Lock:
    """The packages as a graph. Nodes are packages, and packages with one extra."""

    def __init__(self, packages: list[tuple[int | None, dict[str, Any]]]) -> None:
        self.packages = packages
        self.names = [_name(package) for _, package in packages]
        self.by_name: dict[str, list[int]] = {}
        for index, name in enumerate(self.names):
            self.by_name.setdefault(name, []).append(index)
        self.edges: list[list[int]] = [[] for _ in packages]
        self._extras: dict[tuple[int, str], int] = {}
        self.dangling: list[tuple[int | None, str]] = []

    def targets(self, dependencies: object, line: int | None) -> list[int]:
        """Return the nodes that a list of dependencies leads to."""
        found: list[int] = []
        for dependency in tables_of(dependencies):
            indexes = self._find(dependency)
            if not indexes:
                self.dangling.append((line, str(dependency.get("name"))))
            found += indexes
            extras = dependency.get("extra")
            for extra in extras if isinstance(extras, list) else []:
                found += [self._extra(index, str(extra)) for index in indexes]
        return found

    def _find(self, dependency: dict[str, Any]) -> list[int]:
        indexes = self.by_name.get(_name(dependency), [])
        for key in ("version", "source"):
            if key in dependency:
                indexes = [index for index in indexes if self.packages[index][1].get(key) == dependency[key]]
        return indexes

    def _extra(self, index: int, extra: str) -> int:
        node = self._extras.get((index, extra))
        if node is None:
            node = self._extras[index, extra] = len(self.edges)
            self.edges.append([])
            self.names.append(self.names[index])
            line, package = self.packages[index]
            self.edges[node] = self.targets(table_of(package.get("optional-dependencies")).get(extra), line)
        return node


def _name(table: dict[str, Any]) -> str:
    name = table.get("name")
    return normalize_pypi(name) if isinstance(name, str) else ""


def _source(package: dict[str, Any]) -> Source | None:
    """Return where a package comes from; `None` for a source this reader does not know."""
    table = package.get("source")
    if table is None:
        return Source.REGISTRY
    return next((_SOURCES[key] for key in table_of(table) if key in _SOURCES), None)


def _is_root(package: dict[str, Any], members: set[str]) -> bool:
    source = table_of(package.get("source"))
    return "editable" in source or "virtual" in source or _name(package) in members


def _starts(lock: _Lock, manifest: dict[str, Any]) -> dict[Scope, list[int]]:
    listed = manifest.get("members")
    members = {normalize_pypi(name) for name in listed if isinstance(name, str)} if isinstance(listed, list) else set()
    starts: dict[Scope, list[int]] = {Scope.RUNTIME: lock.targets(manifest.get("requirements"), None)}
    starts[Scope.OPTIONAL] = []
    starts[Scope.DEVELOPMENT] = _grouped(lock, manifest.get("dependency-groups"), None)
    for index, (line, package) in enumerate(lock.packages):
        lock.edges[index] = lock.targets(package.get("dependencies"), line)
        if _is_root(package, members):
            starts[Scope.RUNTIME] += lock.edges[index]
            starts[Scope.OPTIONAL] += _grouped(lock, package.get("optional-dependencies"), line)
            starts[Scope.DEVELOPMENT] += _grouped(lock, package.get("dev-dependencies"), line)
    return starts


def _grouped(lock: _Lock, groups: object, line: int | None) -> list[int]:
    return [node for listed in table_of(groups).values() for node in lock.targets(listed, line)]


def _direct(lock: _Lock, starts: Iterable[int]) -> set[int]:
    return {node for node in starts if node < len(lock.packages)}


def parse(file: str, data: bytes, tree: Tree) -> ParsedFile:
    """Return the packages of a `uv.lock`; the tree is not needed.

    Raises:
        FactError: not TOML.
    """
    document = load_toml(file, data)
    gathering = Gathering(file, SPEC.id, "PyPI")
    version = document.root.get("version")
    if version != _KNOWN_VERSION:
        gathering.skip(None, f"expected `version = 1`, got `{version}`: parts may be read wrongly")
    lock = _Lock(document.packages())
    if not lock.packages:
        gathering.skip(None, "no `[[package]]` in it: not a whole lock file")
    starts = _starts(lock, table_of(document.root.get("manifest")))
    every = [node for nodes in starts.values() for node in nodes]
    paths = shortest_paths(every, lock.edges, lock.names)
    scopes = reached_scopes(list(starts.items()), lock.edges)
    direct = _direct(lock, every)
    for index, (line, package) in enumerate(lock.packages):
        source = _source(package)
        if source is None:
            gathering.skip(line, f"`{lock.names[index]}` has a source that is not known: {package.get('source')!r}")
            continue
        gathering.add(
            lock.names[index],
            package.get("version", "" if source is not Source.REGISTRY else None),
            line,
            source=source,
            direct=(index in direct) if index in paths else None,
            path=paths.get(index, ()),
            scope=scopes.get(index, Scope.RUNTIME),
        )
    for line, name in lock.dangling:
        gathering.skip(line, f"depends on `{name}`, which is not in the lock file")
    return gathering.parsed()


SPEC = LockfileSpec(id="uv_lock", patterns=("uv.lock",), parse=parse)
