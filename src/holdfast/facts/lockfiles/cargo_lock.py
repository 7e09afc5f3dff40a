"""`Cargo.lock`, of versions 1 to 4.

Rules:

1. A package without `source` lies in the workspace (or is a path dependency): it is named with source `path`. What
   such a package depends on is direct.
2. `registry+` and `sparse+` sources are registries, `git+` is VCS. Where several packages share a name, a dependency
   names version and, if needed, source.
3. The file does not say which dependencies are for development: every scope is runtime.

Source: the Cargo book, "Cargo.toml vs Cargo.lock"; rust-lang/cargo `core/resolver/encode.rs`.
"""

from typing import Any

from holdfast.facts.gather import Gathering
from holdfast.facts.lockfiles._graph import shortest_paths
from holdfast.facts.lockfiles._spec import LockfileSpec
from holdfast.facts.lockfiles._toml import load_toml
from holdfast.model.component import ParsedFile, Source
from holdfast.ports.tree import Tree


def _source(package: dict[str, Any]) -> Source | None:
    """Return where a package comes from; `None` for a source this reader does not know."""
    source = package.get("source")
    if source is None:
        return Source.PATH
    match str(source).partition("+")[0]:
        case "registry" | "sparse":
            return Source.REGISTRY
        case "git":
            return Source.VCS
        case "path" | "directory" | "local-registry":
            return Source.PATH
        case _:
            return None


class _Index:
    """Finds a package by the way a dependency names it: `name`, `name version`, `name version (source)`."""

    def __init__(self, packages: list[dict[str, Any]]) -> None:
        self._packages = packages
        self._by_name: dict[str, list[int]] = {}
        for index, package in enumerate(packages):
            self._by_name.setdefault(str(package.get("name")), []).append(index)

    def find(self, dependency: str) -> list[int]:
        name, _, rest = dependency.partition(" ")
        version, _, source = rest.partition(" ")
        indexes = self._by_name.get(name, [])
        if version:
            indexes = [index for index in indexes if self._packages[index].get("version") == version]
        if source and len(indexes) > 1:
            indexes = [index for index in indexes if self._packages[index].get("source") == source.strip("()")]
        return indexes


def _edges(rows: list[tuple[int | None, dict[str, Any]]], gathering: Gathering) -> list[list[int]]:
    index = _Index([package for _, package in rows])
    edges: list[list[int]] = []
    for line, package in rows:
        children: list[int] = []
        listed = package.get("dependencies", [])
        for dependency in listed if isinstance(listed, list) else []:
            found = index.find(str(dependency))
            if not found:
                gathering.skip(line, f"depends on `{dependency}`, which is not in the lock file")
            children += found
        edges.append(children)
    return edges


def parse(file: str, data: bytes, tree: Tree) -> ParsedFile:
    """Return the packages of a `Cargo.lock`; the tree is not needed.

    Raises:
        FactError: not TOML.
    """
    document = load_toml(file, data)
    gathering = Gathering(file, SPEC.id, "crates.io")
    rows = document.packages()
    root = document.root.get("root")
    if isinstance(root, dict):  # version 1 kept the root package in a table of its own
        rows = [*rows, (None, root)]
    if not rows:
        gathering.skip(None, "no `[[package]]` in it: not a whole lock file")
    edges = _edges(rows, gathering)
    sources = [_source(package) for _, package in rows]
    direct = {child for node, source in enumerate(sources) if source is Source.PATH for child in edges[node]}
    paths = shortest_paths(direct, edges, [str(package.get("name")) for _, package in rows])
    for node, (line, package) in enumerate(rows):
        source = sources[node]
        if source is None:
            gathering.skip(line, f"`{package.get('name')}` has a source that is not known: {package['source']!r}")
            continue
        known = (node in direct) if node in paths else None
        path = paths.get(node, ())
        gathering.add(package.get("name"), package.get("version"), line, source=source, direct=known, path=path)
    return gathering.parsed()


SPEC = LockfileSpec(id="cargo_lock", patterns=("Cargo.lock",), parse=parse)
