"""`Podfile.lock` of CocoaPods.

Rules:

1. Subspecs (`Texture/Core`) count as their pod, which is one component with all their places.
2. OSV has no name for CocoaPods: the ecosystem is `purl:cocoapods`, of which no feed speaks.
3. Pods of `EXTERNAL SOURCES` are named: `path`, `vcs`, or `url` for a podspec's address.
4. What stands in `DEPENDENCIES` is direct; a pod that is asked for and not in the file is told.

Source: CocoaPods/Core, `Pod::Lockfile`.
"""

import re
from collections.abc import Iterator

from holdfast.facts.gather import Gathering
from holdfast.facts.lockfiles._graph import shortest_paths
from holdfast.facts.lockfiles._json import objects_of
from holdfast.facts.lockfiles._spec import LockfileSpec
from holdfast.facts.lockfiles._yaml import YamlList, YamlObject, items_of, load_yaml_object
from holdfast.model.component import ParsedFile, Source
from holdfast.model.frozen import frozen
from holdfast.ports.tree import Tree

_POD = re.compile(r"([^\s()]+(?: [^\s()]+)*) \(([^()]+)\)")
_EXTERNAL = (
    (":path", Source.PATH),
    (":git", Source.VCS),
    (":hg", Source.VCS),
    (":svn", Source.VCS),
    (":http", Source.URL),
    (":podspec", Source.URL),
)
_MAX_CHARACTERS = 2_000


@frozen
class _Pod:
    """One spec or subspec, with the names it asks for."""

    line: int
    name: str
    version: str
    asks: tuple[str, ...]

    @property
    def root(self) -> str:
        return self.name.partition("/")[0]


def _name_of(asked: object) -> str | None:
    return asked.partition(" (")[0].strip() if isinstance(asked, str) else None


def _pods(root: YamlObject, gathering: Gathering) -> Iterator[_Pod]:
    listed = root.get("PODS")
    if not isinstance(listed, YamlList):
        gathering.skip(root.lines.get("PODS", 1), "no list of `PODS` in it: not a whole lock file")
        return
    for line, item in items_of(listed):
        entries = item.items() if isinstance(item, YamlObject) else [(item, None)]
        for written, asked in entries:
            found = _POD.fullmatch(written) if isinstance(written, str) and len(written) <= _MAX_CHARACTERS else None
            if found is None:
                gathering.skip(line, f"expected a pod as `name (version)`, got {written!r}")
                continue
            names = (_name_of(one) for _, one in items_of(asked))
            yield _Pod(line, found[1], found[2], tuple(name for name in names if name))


def _sources(root: YamlObject) -> dict[str, Source]:
    found: dict[str, Source] = {}
    for name, external in objects_of(root.get("EXTERNAL SOURCES")).items():
        kinds = [source for key, source in _EXTERNAL if key in external]
        found[name.partition("/")[0]] = kinds[0] if kinds else Source.URL
    return found


def _find(by_name: dict[str, int], name: str, line: int, told: set[str], gathering: Gathering) -> int | None:
    number = by_name.get(name)
    if number is None and name not in told:
        told.add(name)
        gathering.skip(line, f"`{name}` is asked for and not in the file")
    return number


def parse(file: str, data: bytes, _tree: Tree) -> ParsedFile:
    """Return the pods of a `Podfile.lock`.

    Raises:
        FactError: not YAML, or not a mapping.
    """
    root, gaps = load_yaml_object(file, data)
    gathering = Gathering(file, SPEC.id, "purl:cocoapods")
    gathering.skip_all(gaps)
    pods = list(_pods(root, gathering))
    by_name = {pod.name: number for number, pod in enumerate(pods)}
    told: set[str] = set()
    found = [[_find(by_name, name, pod.line, told, gathering) for name in pod.asks] for pod in pods]
    edges = [[number for number in each if number is not None] for each in found]
    asked = [(line, _name_of(item)) for line, item in items_of(root.get("DEPENDENCIES"))]
    roots = [_find(by_name, name, line, told, gathering) for line, name in asked if name]
    direct = {number for number in roots if number is not None}
    paths = shortest_paths(direct, edges, [pod.root for pod in pods])
    sources = _sources(root)
    for number, pod in enumerate(pods):
        known = (number in direct) if number in paths else None
        source = sources.get(pod.root, Source.REGISTRY)
        gathering.add(pod.root, pod.version, pod.line, source=source, direct=known, path=paths.get(number, ()))
    return gathering.parsed()


SPEC = LockfileSpec(id="podfile_lock", patterns=("Podfile.lock",), parse=parse)
