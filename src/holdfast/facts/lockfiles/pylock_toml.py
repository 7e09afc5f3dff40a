"""`pylock.toml` and `pylock.<name>.toml`: the lock file of PEP 751.

Rules:

1. The lock does not name what is asked for directly: that is known only with a `pyproject.toml` beside it. Paths follow
   `dependencies`, which is optional in the format.
2. A package whose marker asks for nothing but extras is optional, for nothing but dependency groups development; any
   other is runtime, whatever its marker says of machines.
3. `vcs`, `directory` and `archive` packages are named with their source.

Source: the Python packaging specifications, "pylock.toml Specification".
"""

import re
from typing import Any

from holdfast.facts.gather import Gathering
from holdfast.facts.lockfiles._graph import shortest_paths
from holdfast.facts.lockfiles._pyproject import read_direct_names
from holdfast.facts.lockfiles._spec import LockfileSpec
from holdfast.facts.lockfiles._toml import load_toml, table_of, tables_of
from holdfast.model.component import ParsedFile, Scope, Source
from holdfast.model.purl import normalize_pypi
from holdfast.ports.tree import Tree

_ASKED = re.compile(r"\(?[\"'][^\"']+[\"'] in (extras|dependency_groups)\)?\Z")


def _source(package: dict[str, Any]) -> Source:
    if "vcs" in package:
        return Source.VCS
    if "directory" in package:
        return Source.PATH
    archive = package.get("archive")
    if archive is not None:
        return Source.PATH if "path" in table_of(archive) else Source.URL
    return Source.REGISTRY


def _scope(marker: object) -> Scope:
    if not isinstance(marker, str):
        return Scope.RUNTIME
    parts = [_ASKED.match(part) for part in " ".join(marker.split()).split(" or ")]
    kinds = {part[1] if part else "" for part in parts}
    if kinds == {"dependency_groups"}:
        return Scope.DEVELOPMENT
    return Scope.OPTIONAL if kinds <= {"dependency_groups", "extras"} else Scope.RUNTIME


def _edges(names: list[str], packages: list[dict[str, Any]]) -> list[list[int]]:
    by_name: dict[str, list[int]] = {}
    for index, name in enumerate(names):
        by_name.setdefault(name, []).append(index)
    wanted = (
        [normalize_pypi(str(one.get("name"))) for one in tables_of(each.get("dependencies"))] for each in packages
    )
    return [[index for name in each for index in by_name.get(name, [])] for each in wanted]


def parse(file: str, data: bytes, tree: Tree) -> ParsedFile:
    """Return the packages of a `pylock.toml`; the tree gives the `pyproject.toml` beside it.

    Raises:
        FactError: not TOML.
    """
    document = load_toml(file, data, "packages")
    gathering = Gathering(file, SPEC.id, "PyPI")
    version = document.root.get("lock-version")
    if not isinstance(version, str) or version.partition(".")[0] != "1":
        gathering.skip(None, f"expected `lock-version` 1, got {version!r}: parts may be read wrongly")
    if not isinstance(document.root.get("packages"), list):
        gathering.skip(None, "no `[[packages]]` in it: not a whole lock file")
    rows = document.packages()
    packages = [package for _, package in rows]
    names = [normalize_pypi(str(package.get("name", ""))) for package in packages]
    wanted = read_direct_names(file[: file.rfind("/") + 1], tree)
    direct = {index for index, name in enumerate(names) if wanted and name in wanted}
    paths = shortest_paths(direct, _edges(names, packages), names)
    for index, (line, package) in enumerate(rows):
        source = _source(package)
        gathering.add(
            names[index],
            package.get("version", None if source is Source.REGISTRY else ""),
            line,
            source=source,
            direct=None if wanted is None else index in direct,
            path=paths.get(index, ()),
            scope=_scope(package.get("marker")),
        )
    return gathering.parsed()


SPEC = LockfileSpec(id="pylock_toml", patterns=("pylock.toml", "pylock.*.toml"), parse=parse)
