"""`*.versions.toml`: the version catalog of a Gradle build.

Rules:

1. Libraries are what the build may ask for by itself: direct, runtime. Plugins count under their marker module,
   `<id>:<id>.gradle.plugin`, and are development. A bundle adds nothing but must name libraries that are there.
2. A version is one that is written in full, alone or as `strictly`, `require` or `prefer`; where a range stands beside
   `prefer`, the preferred version is it. A range alone, `1.+` and `latest.release` are unparsed.
3. A library without a version gets it from a platform that is not in the file: it is unparsed.
4. What the libraries depend on, and the version that a conflict ends with, is in a `gradle.lockfile`.

Source: Gradle documentation, "Version Catalogs", "Declaring Rich Versions".
"""

import re
from typing import Any

from holdfast.errors import FactError
from holdfast.facts.gather import Gathering
from holdfast.facts.lockfiles._lines import key_lines
from holdfast.facts.lockfiles._spec import LockfileSpec
from holdfast.facts.lockfiles._text import decode
from holdfast.facts.lockfiles._toml import load_toml, table_of
from holdfast.model.component import ParsedFile, Scope
from holdfast.ports.tree import Tree

_MOVING = re.compile(r"[\[(\])].*|.*\+|latest\..*|.*,.*", re.IGNORECASE)
_EXACT = re.compile(r"\[\s*([^,\[\]()\s]+)\s*\]\Z")


def _one(text: object) -> str | None:
    """One version, or `None` when the text is none or names several."""
    if not isinstance(text, str) or not text.strip():
        return None
    exact = _EXACT.match(text.strip())
    if exact is not None:
        return exact[1]
    return None if _MOVING.fullmatch(text.strip()) else text.strip()


def _version(value: object, versions: dict[str, Any]) -> str:
    """Return the version that an entry fixes.

    Raises:
        FactError: none, several, or a reference to nothing.
    """
    reference = table_of(value).get("ref")
    if isinstance(reference, str):
        if reference not in versions:
            raise FactError(f"`version.ref` names `{reference[:80]}`, which is not in `[versions]`")
        value = versions[reference]
    stated = [value] if isinstance(value, str) else [table_of(value).get(k) for k in ("prefer", "strictly", "require")]
    found = next((one for one in map(_one, stated) if one is not None), None)
    if found is not None:
        return found
    shown = [text for text in stated if isinstance(text, str)]
    if shown:
        raise FactError(f"`{shown[0][:80]}` names no single version: which one is taken is not known")
    raise FactError("it has no version in the catalog: a platform, or the build, gives it one")


def _library(entry: object, versions: dict[str, Any]) -> tuple[str, str]:
    if isinstance(entry, str):
        group, _, rest = entry.partition(":")
        name, _, stated = rest.partition(":")
        return f"{group}:{name}", _version(stated, versions)
    table = table_of(entry)
    module = table.get("module", f"{table.get('group', '')}:{table.get('name', '')}")
    if not isinstance(module, str) or module.count(":") != 1 or module.startswith(":") or module.endswith(":"):
        raise FactError("expected `module`, or `group` and `name`")
    return module, _version(table.get("version"), versions)


def _plugin(entry: object, versions: dict[str, Any]) -> tuple[str, str]:
    if isinstance(entry, str):
        named, _, stated = entry.partition(":")
        return f"{named}:{named}.gradle.plugin", _version(stated, versions)
    table = table_of(entry)
    identifier = table.get("id")
    if not isinstance(identifier, str) or not identifier:
        raise FactError("expected `id`")
    return f"{identifier}:{identifier}.gradle.plugin", _version(table.get("version"), versions)


def _alias(name: str) -> str:
    return re.sub(r"[-_.]", ".", name)


def _bundles(bundles: dict[str, Any], libraries: dict[str, Any]) -> list[tuple[str, str]]:
    """Return (bundle, library) of each library that a bundle names and that is not there."""
    known = {_alias(name) for name in libraries}
    listed = [(bundle, one) for bundle, names in bundles.items() for one in (names if isinstance(names, list) else [])]
    return [(bundle, one) for bundle, one in listed if isinstance(one, str) and _alias(one) not in known]


def parse(file: str, data: bytes, tree: Tree) -> ParsedFile:
    """Return the libraries and plugins of a catalog; the tree is not needed.

    Raises:
        FactError: not TOML.
    """
    root = load_toml(file, data).root
    lines = key_lines(decode(file, data).replace("\r\n", "\n"))
    gathering = Gathering(file, SPEC.id, "Maven")
    versions, libraries = table_of(root.get("versions")), table_of(root.get("libraries"))
    kinds = (("libraries", _library, Scope.RUNTIME), ("plugins", _plugin, Scope.DEVELOPMENT))
    for section, read, scope in kinds:
        for alias, entry in table_of(root.get(section)).items():
            line = lines.get((section, alias))
            try:
                name, version = read(entry, versions)
            except FactError as error:
                gathering.skip(line, f"`{alias}`: {error.message}")
                continue
            gathering.add(name, version, line, direct=True, scope=scope)
    for bundle, library in _bundles(table_of(root.get("bundles")), libraries):
        line = lines.get(("bundles", bundle))
        gathering.skip(line, f"the bundle `{bundle}` names `{library}`, which is not in `[libraries]`")
    return gathering.parsed()


SPEC = LockfileSpec(id="versions_toml", patterns=("*.versions.toml",), parse=parse)
