"""`pdm.lock`, of lock versions 3 and 4.

Rules:

1. The lock does not name what is asked for directly: that is known only with a `pyproject.toml` beside it.
2. The group `default` is runtime. Of the others the lock does not say which are extras: what the `pyproject.toml` asks
   for decides, along the dependencies; without it `dev`, PDM's own name, is development, and any other optional.
3. A package stands there once more for each set of extras; it is one component.
4. `git`, `path` and `url` packages are named with their source.

Source: pdm-project/pdm, `pdm.project.lockfile`.
"""

from typing import Any

from holdfast.facts.gather import Gathering
from holdfast.facts.lockfiles._graph import reached_scopes, shortest_paths
from holdfast.facts.lockfiles._pyproject import read_direct_names, requirement_names
from holdfast.facts.lockfiles._spec import LockfileSpec
from holdfast.facts.lockfiles._toml import load_toml
from holdfast.model.component import ParsedFile, Scope, Source
from holdfast.model.purl import normalize_pypi
from holdfast.ports.tree import Tree

_VCS = ("git", "hg", "svn", "bzr")
_ORDER = (Scope.RUNTIME, Scope.OPTIONAL, Scope.DEVELOPMENT)


def _source(package: dict[str, Any]) -> Source:
    if any(key in package for key in _VCS):
        return Source.VCS
    if "path" in package:
        return Source.PATH
    return Source.URL if "url" in package else Source.REGISTRY


def _scope(package: dict[str, Any], reached: Scope | None) -> Scope:
    groups = package.get("groups")
    if not isinstance(groups, list) or not groups:
        return reached or Scope.RUNTIME
    if "default" in groups:
        return Scope.RUNTIME
    if reached in {Scope.OPTIONAL, Scope.DEVELOPMENT}:
        return reached
    return Scope.DEVELOPMENT if groups == ["dev"] else Scope.OPTIONAL


def _edges(names: list[str], packages: list[dict[str, Any]]) -> list[list[int]]:
    by_name: dict[str, list[int]] = {}
    for index, name in enumerate(names):
        by_name.setdefault(name, []).append(index)
    wanted = [requirement_names(package.get("dependencies")) for package in packages]
    return [
        [child for name in each for child in by_name.get(name, []) if names[child] != names[index]]
        for index, each in enumerate(wanted)
    ]


def parse(file: str, data: bytes, tree: Tree) -> ParsedFile:
    """Return the packages of a `pdm.lock`; the tree gives the `pyproject.toml` beside it.

    Raises:
        FactError: not TOML.
    """
    document = load_toml(file, data)
    rows = document.packages()
    gathering = Gathering(file, SPEC.id, "PyPI")
    if "metadata" not in document.root:
        gathering.skip(None, "no `[metadata]` table: not a whole lock file")
    packages = [package for _, package in rows]
    names = [normalize_pypi(str(package.get("name", ""))) for package in packages]
    wanted = read_direct_names(file[: file.rfind("/") + 1], tree)
    direct = {index: wanted[name] for index, name in enumerate(names) if name in wanted} if wanted else {}
    edges = _edges(names, packages)
    paths = shortest_paths(direct, edges, names)
    scopes = reached_scopes([(scope, [i for i, s in direct.items() if s is scope]) for scope in _ORDER], edges)
    for index, (line, package) in enumerate(rows):
        source = _source(package)
        gathering.add(
            names[index],
            package.get("version", None if source is Source.REGISTRY else ""),
            line,
            source=source,
            direct=None if wanted is None else index in direct,
            path=paths.get(index, ()),
            scope=_scope(package, scopes.get(index)),
        )
    return gathering.parsed()


SPEC = LockfileSpec(id="pdm_lock", patterns=("pdm.lock",), parse=parse)
