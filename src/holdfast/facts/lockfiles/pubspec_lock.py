"""`pubspec.lock` of Dart and Flutter.

Rules:

1. `hosted` packages are a registry's, whatever its address; `git`, `path` and `sdk` ones are named, those that come
   with an SDK as `path`.
2. `direct main`, `direct dev` and `direct overridden` are direct; `direct dev` is development, all else runtime. The
   lock has no graph, so there are no paths.
3. Its last part is `sdks`, whatever is locked: without it the file was cut off, which is a gap.

Source: dart-lang/pub, `lib/src/lock_file.dart`.
"""

from holdfast.facts.gather import Gathering
from holdfast.facts.lockfiles._json import JsonObject
from holdfast.facts.lockfiles._spec import LockfileSpec
from holdfast.facts.lockfiles._yaml import YamlObject, load_yaml_object
from holdfast.model.component import ParsedFile, Scope, Source
from holdfast.ports.tree import Tree

_SOURCES = {"hosted": Source.REGISTRY, "git": Source.VCS, "path": Source.PATH, "sdk": Source.PATH}
_DEPENDENCIES = {"transitive": False, "direct main": True, "direct dev": True, "direct overridden": True}


def _add(name: str, entry: object, line: int, gathering: Gathering) -> None:
    if not isinstance(entry, JsonObject):
        gathering.skip(line, f"expected a mapping for `{name}`, got {entry!r}")
        return
    kind, dependency, description = entry.get("source"), entry.get("dependency"), entry.get("description")
    source = _SOURCES.get(kind) if isinstance(kind, str) else None
    if source is None:
        gathering.skip(line, f"`{name}` has a source that is not known: {kind!r}")
        return
    real = description.get("name") if isinstance(description, JsonObject) else None
    real = real if isinstance(real, str) and source is Source.REGISTRY else name
    gathering.add(
        real,
        entry.get("version"),
        line,
        source=source,
        direct=_DEPENDENCIES.get(dependency) if isinstance(dependency, str) else None,
        scope=Scope.DEVELOPMENT if dependency == "direct dev" else Scope.RUNTIME,
        alias=name if name != real else "",
    )


def parse(file: str, data: bytes, _tree: Tree) -> ParsedFile:
    """Return the packages of a `pubspec.lock`.

    Raises:
        FactError: not YAML, or not a mapping.
    """
    root, gaps = load_yaml_object(file, data)
    gathering = Gathering(file, SPEC.id, "Pub")
    gathering.skip_all(gaps)
    packages = root.get("packages")
    if not isinstance(packages, YamlObject):
        gathering.skip(root.lines.get("packages", 1), "no `packages` in it: not a whole lock file")
        return gathering.parsed()
    for name, entry in packages.items():
        _add(name, entry, packages.lines[name], gathering)
    if "sdks" not in root and "sdk" not in root:
        gathering.skip(None, "no `sdks`, with which Dart ends the file: it may have been cut off")
    return gathering.parsed()


SPEC = LockfileSpec(id="pubspec_lock", patterns=("pubspec.lock",), parse=parse)
