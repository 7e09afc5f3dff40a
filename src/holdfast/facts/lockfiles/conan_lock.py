"""`conan.lock`: the graph of Conan 1, and the lists of Conan 2.

Rules:

1. A reference is `name/version`, then maybe `@user/channel`, `#revision`, `:package`, `%time`: the first two are the
   component. One with a user and channel is a recipe of somebody else's under the same name: it counts like any other.
2. Of a graph, the node that is the consumer (without a reference, or with the path of its recipe) is no component; what
   it requires is direct, and so is what nobody requires where there is no consumer. The host's part of it is runtime,
   what is required for building alone is development.
3. The lists do not say what is direct. `requires` is runtime, `build_requires`, `python_requires` and
   `config_requires` are development.

Source: Conan documentation, "Lockfiles", of versions 1 and 2.
"""

import re

from holdfast.facts.gather import Gathering
from holdfast.facts.lockfiles._graph import reached_scopes, shortest_paths
from holdfast.facts.lockfiles._json import JsonObject, load_json_object, objects_of
from holdfast.facts.lockfiles._lines import string_lines
from holdfast.facts.lockfiles._spec import LockfileSpec
from holdfast.facts.lockfiles._text import decode
from holdfast.model.component import ParsedFile, Scope
from holdfast.ports.tree import Tree

_REFERENCE = re.compile(r"([^/@#:%\s]+)/([^/@#:%\s\[\]]+)(?:@[^#:%\s]*)?(?:#[^:%\s]*)?(?::[^%\s]*)?(?:%\S*)?\Z")
_LISTS = {
    "requires": Scope.RUNTIME,
    "build_requires": Scope.DEVELOPMENT,
    "python_requires": Scope.DEVELOPMENT,
    "config_requires": Scope.DEVELOPMENT,
}


class _Graph:
    """The nodes of a Conan 1 lock, by number."""

    def __init__(self, nodes: dict[str, JsonObject]) -> None:
        self.nodes = list(nodes.values())
        self._index = {key: number for number, key in enumerate(nodes)}
        self.requires = [self._targets(node.get("requires")) for node in self.nodes]
        self.builds = [self._targets(node.get("build_requires")) for node in self.nodes]
        self.edges = [own + other for own, other in zip(self.requires, self.builds, strict=True)]
        found = [_REFERENCE.match(str(node.get("ref", ""))) for node in self.nodes]
        self.names = [one[1] if one else "" for one in found]
        self.versions = [one[2] if one else "" for one in found]

    def _targets(self, keys: object) -> list[int]:
        listed = keys if isinstance(keys, list) else []
        return [self._index[key] for key in listed if isinstance(key, str) and key in self._index]

    def is_consumer(self, number: int) -> bool:
        node = self.nodes[number]
        return "ref" not in node or bool(node.get("path"))


def _add_graph(nodes: dict[str, JsonObject], gathering: Gathering) -> None:
    graph = _Graph(nodes)
    every = range(len(graph.nodes))
    consumers = [number for number in every if graph.is_consumer(number)]
    asked_for = {child for each in graph.edges for child in each}
    roots = consumers or [number for number in every if number not in asked_for]
    direct = {child for root in roots for child in graph.edges[root]} if consumers else set(roots)
    paths = shortest_paths(direct, graph.edges, graph.names)
    hosted = [n for n in roots if graph.nodes[n].get("context") != "build"]
    scopes = reached_scopes([(Scope.RUNTIME, hosted)], graph.requires)
    for number in every:
        node, reference = graph.nodes[number], graph.nodes[number].get("ref")
        if number in consumers:
            continue
        if not graph.names[number]:
            gathering.skip(node.line, f"not a reference: {reference!r}")
            continue
        gathering.add(
            graph.names[number],
            graph.versions[number],
            node.line,
            direct=(number in direct) if number in paths else None,
            path=paths.get(number, ()),
            scope=scopes.get(number, Scope.DEVELOPMENT),
        )


def _add_lists(document: JsonObject, lines: dict[str, int], gathering: Gathering) -> None:
    for key, scope in _LISTS.items():
        listed = document.get(key, [])
        for reference in listed if isinstance(listed, list) else [listed]:
            found = _REFERENCE.match(reference) if isinstance(reference, str) else None
            line = lines.get(reference) if isinstance(reference, str) else None
            if found is None:
                gathering.skip(line, f"not a reference in `{key}`: {reference!r}")
                continue
            gathering.add(found[1], found[2], line, scope=scope)


def parse(file: str, data: bytes, tree: Tree) -> ParsedFile:
    """Return the recipes of a lock file; the tree is not needed.

    Raises:
        FactError: not JSON, or not an object.
    """
    document = load_json_object(file, data)
    gathering = Gathering(file, SPEC.id, "ConanCenter")
    graph = document.get("graph_lock")
    if isinstance(graph, JsonObject):
        _add_graph(objects_of(graph.get("nodes")), gathering)
    elif any(key in document for key in _LISTS):
        _add_lists(document, string_lines(decode(file, data)), gathering)
    else:
        gathering.skip(1, "neither `graph_lock` nor `requires` in it: not a whole lock file")
    return gathering.parsed()


SPEC = LockfileSpec(id="conan_lock", patterns=("conan.lock",), parse=parse)
