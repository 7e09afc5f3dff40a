"""`packages.lock.json`: what NuGet locked, per target framework.

Rules:

1. `Direct` is direct; `Transitive` and `CentralTransitive` are not. The same package of several frameworks is one
   component. A `Project` of the solution is named with source `path`.
2. Paths lead from what is direct, or from a project, along `dependencies`; names are compared without letter case.

Source: NuGet documentation, "PackageReference in project files", "Locking dependencies".
"""

from holdfast.facts.gather import Gathering
from holdfast.facts.lockfiles._graph import shortest_paths
from holdfast.facts.lockfiles._json import JsonObject, load_json_object, objects_of, texts_of
from holdfast.facts.lockfiles._spec import LockfileSpec
from holdfast.model.component import ParsedFile, Source
from holdfast.ports.tree import Tree

_KNOWN_VERSIONS = (1, 2)
_DIRECT = {"Direct": True, "Transitive": False, "CentralTransitive": False, "Project": None}


def _add_framework(packages: dict[str, JsonObject], gathering: Gathering) -> None:
    names = list(packages)
    index = {name.lower(): number for number, name in enumerate(names)}
    wanted = [texts_of(packages[name].get("dependencies")) for name in names]
    edges = [[index[name.lower()] for name in each if name.lower() in index] for each in wanted]
    kinds = [str(packages[name].get("type")) for name in names]
    paths = shortest_paths([n for n, kind in enumerate(kinds) if kind in {"Direct", "Project"}], edges, names)
    for number, (name, entry) in enumerate(packages.items()):
        kind = kinds[number]
        if kind not in _DIRECT:
            gathering.skip(entry.line, f"`{name}` is of a type that is not known: `{kind[:80]}`")
        elif kind == "Project":
            gathering.add(name, "", entry.line, source=Source.PATH, direct=None)
        else:
            path = paths.get(number, ())
            gathering.add(name, entry.get("resolved"), entry.line, direct=_DIRECT[kind], path=path)


def parse(file: str, data: bytes, tree: Tree) -> ParsedFile:
    """Return the packages of every framework; the tree is not needed.

    Raises:
        FactError: not JSON, or not an object.
    """
    document = load_json_object(file, data)
    gathering = Gathering(file, SPEC.id, "NuGet")
    version = document.get("version")
    if version not in _KNOWN_VERSIONS or isinstance(version, bool):
        gathering.skip(1, f"expected `version` 1 or 2, got {version!r}")
    frameworks = document.get("dependencies")
    if not isinstance(frameworks, JsonObject):
        gathering.skip(1, "no `dependencies` in it: not a whole lock file")
    for name, packages in objects_of(frameworks).items():
        _add_framework(objects_of(packages), gathering)
        for package in packages.keys() - objects_of(packages).keys():
            gathering.skip(packages.line, f"expected an object for `{package}` of `{name}`")
    return gathering.parsed()


SPEC = LockfileSpec(id="packages_lock_json", patterns=("packages.lock.json",), parse=parse)
