"""`poetry.lock`, of every lock version from 0 to 2.1.

Rules:

1. The lock does not name the project's own dependencies: direct is known only with a `pyproject.toml` beside it.
2. Scope is what the lock says (`groups`, older `category`, `optional`); where it says nothing, it follows from the
   `pyproject.toml`; else runtime.
3. `legacy` sources are package indexes; `git`, `url`, `directory` and `file` sources are named, not matched.

Source: python-poetry/poetry, `poetry.packages.locker`.
"""

from typing import Any

from holdfast.facts.gather import Gathering
from holdfast.facts.lockfiles._graph import reached_scopes, shortest_paths
from holdfast.facts.lockfiles._pyproject import read_direct_names
from holdfast.facts.lockfiles._spec import LockfileSpec
from holdfast.facts.lockfiles._toml import load_toml, table_of
from holdfast.model.component import ParsedFile, Scope, Source
from holdfast.model.purl import normalize_pypi
from holdfast.ports.tree import Tree

_SOURCES = {
    "": Source.REGISTRY,
    "legacy": Source.REGISTRY,
    "pypi": Source.REGISTRY,
    "git": Source.VCS,
    "url": Source.URL,
    "file": Source.PATH,
    "directory": Source.PATH,
}


def _stated_scope(package: dict[str, Any]) -> Scope | None:
    """Return the scope the lock file states, `None` when it states none."""
    groups, category = package.get("groups"), package.get("category")
    if isinstance(groups, list) and groups:
        in_main = "main" in groups
    elif isinstance(category, str):
        in_main = category != "dev"
    else:
        return Scope.OPTIONAL if package.get("optional") is True else None
    if not in_main:
        return Scope.DEVELOPMENT
    return Scope.OPTIONAL if package.get("optional") is True else Scope.RUNTIME


def _edges(names: list[str], packages: list[dict[str, Any]]) -> list[list[int]]:
    by_name: dict[str, list[int]] = {}
    for index, name in enumerate(names):
        by_name.setdefault(name, []).append(index)
    wanted = ([normalize_pypi(name) for name in table_of(package.get("dependencies"))] for package in packages)
    return [[index for name in each for index in by_name.get(name, [])] for each in wanted]


def parse(file: str, data: bytes, tree: Tree) -> ParsedFile:
    """Return the packages of a `poetry.lock`; the tree gives the `pyproject.toml` beside it.

    Raises:
        FactError: not TOML.
    """
    document = load_toml(file, data)
    rows = document.packages()
    gathering = Gathering(file, SPEC.id, "PyPI")
    if "metadata" not in document.root:  # Poetry writes it last: without it the end may be missing
        gathering.skip(None, "no `[metadata]` table: the file may have been cut")
    packages = [package for _, package in rows]
    names = [normalize_pypi(str(package.get("name", ""))) for package in packages]
    wanted = read_direct_names(file.removesuffix("poetry.lock"), tree)
    direct = {index: wanted[name] for index, name in enumerate(names) if name in wanted} if wanted else {}
    edges = _edges(names, packages)
    paths = shortest_paths(direct, edges, names)
    order = (Scope.RUNTIME, Scope.OPTIONAL, Scope.DEVELOPMENT)
    scopes = reached_scopes([(scope, [i for i, s in direct.items() if s is scope]) for scope in order], edges)
    for index, (line, package) in enumerate(rows):
        kind = table_of(package.get("source")).get("type", "")
        source = _SOURCES.get(kind) if isinstance(kind, str) else None
        if source is None:
            gathering.skip(line, f"`{names[index]}` has a source that is not known: {kind!r}")
            continue
        gathering.add(
            names[index],
            package.get("version"),
            line,
            source=source,
            direct=None if wanted is None else index in direct,
            path=paths.get(index, ()),
            scope=_stated_scope(package) or scopes.get(index, Scope.RUNTIME),
        )
    return gathering.parsed()


SPEC = LockfileSpec(id="poetry_lock", patterns=("poetry.lock",), parse=parse)
