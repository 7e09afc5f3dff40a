"""`*.deps.json`: what a built .NET application loads.

Rules:

1. Every library is a component: a `package`, or a `runtimepack`, which is the runtime itself under its package's name.
   What a `project` or `reference` brought is named with source `path`.
2. The application is the project that nothing depends on: what it asks for is direct. It is no component of itself.

Source: dotnet/sdk documentation, "runtime configuration files".
"""

from holdfast.facts.gather import Gathering
from holdfast.facts.lockfiles._graph import shortest_paths
from holdfast.facts.lockfiles._json import JsonObject, load_json_object, objects_of, texts_of
from holdfast.facts.lockfiles._spec import LockfileSpec
from holdfast.model.component import ParsedFile, Source
from holdfast.ports.tree import Tree

_PACKAGES = {"package", "runtimepack"}
_LOCAL = {"project", "reference", "referenceassembly"}


def _edges(keys: list[str], targets: object) -> list[list[int]]:
    """What each library asks for, in any of the targets, by index."""
    index = {key.lower(): number for number, key in enumerate(keys)}
    edges: list[list[int]] = [[] for _ in keys]
    for target in objects_of(targets).values():
        for key, entry in objects_of(target).items():
            wanted = texts_of(entry.get("dependencies")).items()
            found = [index[each] for name, version in wanted if (each := f"{name}/{version}".lower()) in index]
            if key.lower() in index:
                edges[index[key.lower()]] += found
    return edges


def _add(key: str, entry: JsonObject, gathering: Gathering, direct: bool | None, path: tuple[str, ...]) -> None:
    name, _, version = key.rpartition("/")
    kind = entry.get("type")
    if kind not in _PACKAGES | _LOCAL or not name:
        gathering.skip(entry.line, f"`{key}` is of a type that is not known: {kind!r}")
        return
    source = Source.REGISTRY if kind in _PACKAGES else Source.PATH
    shown = name.removeprefix("runtimepack.") if kind == "runtimepack" else name
    gathering.add(shown, version, entry.line, source=source, direct=direct, path=path)


def parse(file: str, data: bytes, tree: Tree) -> ParsedFile:
    """Return the libraries of an application; the tree is not needed.

    Raises:
        FactError: not JSON, or not an object.
    """
    document = load_json_object(file, data)
    gathering = Gathering(file, SPEC.id, "NuGet")
    if not isinstance(document.get("libraries"), JsonObject):
        gathering.skip(1, "no `libraries` in it: not a whole file")
    libraries = objects_of(document.get("libraries"))
    keys = list(libraries)
    edges = _edges(keys, document.get("targets"))
    asked_for = {child for each in edges for child in each}
    roots = [n for n, key in enumerate(keys) if libraries[key].get("type") == "project" and n not in asked_for]
    direct = {child for root in roots for child in edges[root]}
    paths = shortest_paths(direct, edges, [key.rpartition("/")[0] for key in keys])
    for number, key in enumerate(keys):
        if number not in roots:
            known = (number in direct) if number in paths else None
            _add(key, libraries[key], gathering, known, paths.get(number, ()))
    return gathering.parsed()


def sniff(file: str, data: bytes) -> bool:
    """Return whether it is what the .NET SDK writes."""
    return b'"runtimeTarget"' in data or b'"libraries"' in data


SPEC = LockfileSpec(id="deps_json", patterns=("*.deps.json",), parse=parse, sniff=sniff)
