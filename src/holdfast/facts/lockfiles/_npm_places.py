"""The `packages` of npm lock files of versions 2 and 3: places in `node_modules`."""

from collections.abc import Iterator

from holdfast.facts.gather import Gathering
from holdfast.facts.licenses import license_texts
from holdfast.facts.lockfiles._graph import shortest_paths
from holdfast.facts.lockfiles._json import JsonObject, objects_of, texts_of
from holdfast.facts.lockfiles._npm_source import source_of
from holdfast.model.component import Scope, Source

_MODULES = "node_modules/"
_MAX_PLACE_CHARACTERS = 8_192
_ASKED = ("dependencies", "optionalDependencies", "peerDependencies")
_ASKED_BY_PROJECT = ("devDependencies", "peerDependencies", "optionalDependencies", "dependencies")


def _scope(entry: JsonObject) -> Scope:
    if entry.get("dev") is True:
        return Scope.DEVELOPMENT
    return Scope.OPTIONAL if entry.get("optional") is True or entry.get("devOptional") is True else Scope.RUNTIME


def _asked(entry: JsonObject, *, by_project: bool) -> dict[str, str]:
    """Return name → written range of everything an entry asks for."""
    keys = _ASKED_BY_PROJECT if by_project else _ASKED
    return {name: wanted for key in keys for name, wanted in texts_of(entry.get(key)).items()}


def _candidates(place: str, name: str) -> Iterator[str]:
    """Yield the places where Node looks for `name` from `place`, nearest first; from too long a path, the top alone."""
    while place and len(place) <= _MAX_PLACE_CHARACTERS:
        if place.rpartition("/")[2] != "node_modules":
            yield f"{place}/{_MODULES}{name}"
        place = place.rpartition("/")[0]
    yield f"{_MODULES}{name}"


class _Places:
    """The entries as a graph; a link leads on to its target."""

    def __init__(self, packages: JsonObject) -> None:
        self.entries = objects_of(packages)
        self.keys = list(self.entries)
        self.index = {key: number for number, key in enumerate(self.keys)}
        self.asked_as: dict[int, str] = {}
        self.missing: list[tuple[int, str]] = []

    def _miss(self, key: str, name: str, wanted: str) -> None:
        """Note what must be there: not optional and peer dependencies, nor what a linked folder elsewhere asks for."""
        entry = self.entries[key]
        must = name in texts_of(entry.get("dependencies")) and name not in texts_of(entry.get("optionalDependencies"))
        if must and (not key or _MODULES in key):
            self.missing.append((entry.line, f"`{name}` {wanted} is asked for and not in the file"))

    def is_project(self, key: str) -> bool:
        """Whether the entry is the project or a workspace member, not something installed."""
        return _MODULES not in f"{key}/" and key != "node_modules"

    def name(self, key: str) -> str:
        entry = self.entries[key]
        given = entry.get("name")
        return given if isinstance(given, str) and given else key.rpartition(_MODULES)[2]

    def target(self, key: str) -> str:
        entry = self.entries[key]
        resolved = entry.get("resolved")
        return resolved if entry.get("link") is True and isinstance(resolved, str) else key

    def children(self, key: str) -> list[int]:
        found: list[int] = []
        for name, wanted in _asked(self.entries[key], by_project=self.is_project(key)).items():
            place = next((place for place in _candidates(key, name) if place in self.index), None)
            if place is None:
                self._miss(key, name, wanted)
                continue
            found.append(self.index[place])
            self.asked_as.setdefault(self.index[place], wanted)
        linked = self.target(key)
        if linked != key and linked in self.index:
            found.append(self.index[linked])
        return found


def read_places(packages: JsonObject, gathering: Gathering) -> None:
    """Add every entry of `packages` but the project itself."""
    places = _Places(packages)
    edges = [places.children(key) for key in places.keys]
    for line, because in places.missing:
        gathering.skip(line, because)
    roots = [number for number, key in enumerate(places.keys) if places.is_project(key)]
    direct = {child for number in roots for child in edges[number]}
    paths = shortest_paths(direct, edges, [places.name(key) for key in places.keys])
    linked = {places.target(key) for key in places.keys if places.target(key) != key}
    for number, key in enumerate(places.keys):
        if key == "" or key in linked:
            continue
        known = (number in direct) if number in paths else None
        _add(places, key, gathering, known, paths.get(number, ()))
    for key in packages.keys() - places.entries.keys():
        gathering.skip(packages.line, f"expected an object for `{key}`, got {packages[key]!r}")


def _add(places: _Places, key: str, gathering: Gathering, direct: bool | None, path: tuple[str, ...]) -> None:
    entry = places.entries[key]
    target = places.entries.get(places.target(key), entry)
    alias = ""
    if target is not entry or entry.get("link") is True or places.is_project(key):
        name = target.get("name") if isinstance(target.get("name"), str) else places.name(key)
        source, version = Source.PATH, target.get("version", "")
    else:
        name, version = places.name(key), entry.get("version")
        installed = key.rpartition(_MODULES)[2]
        alias = installed if installed != name else ""
        source = source_of(str(entry.get("resolved", "")), places.asked_as.get(places.index[key], ""))
    if version is None and source is not Source.REGISTRY:
        version = ""
    if version is None:
        gathering.skip(entry.line, f"`{name}` has no version")
        return
    gathering.add(
        name,
        version,
        entry.line,
        source=source,
        direct=direct,
        path=path,
        scope=_scope(entry),
        alias=alias,
        licenses=license_texts([target.get("license")]),
    )
