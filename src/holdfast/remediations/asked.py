"""Who asks for a component, and with which range, as far as a lock file records it.

Rules:

1. Only ranges that stand in the lock file count. Cargo.lock, uv.lock, pnpm-lock.yaml and pubspec.lock record none.
2. Where several versions of a package are locked, only what asks for this one counts: resolved as the tool does.
3. What can't be read gives nothing; the reader of that format has said so already.
"""

import json
import re
import tomllib
from collections.abc import Callable, Iterator, Mapping
from functools import lru_cache
from typing import Any

from holdfast.model.component import Component
from holdfast.model.frozen import frozen
from holdfast.model.purl import normalize_pypi
from holdfast.remediations.allowed import allows

PROJECT = "the project"
_MOST_ASKS = 10_000


@frozen
class Ask:
    """A range that something asks for a component with; `allows` tells of the wanted version, `None` is unknown."""

    by: str
    written: str
    allows: bool | None


def find_asks(format_id: str | None, data: bytes, component: Component, version: str) -> tuple[Ask, ...]:
    """Return who asks for a component, and whether that allows a version; empty where the format does not record it."""
    reader = _READERS.get(format_id or "")
    if reader is None:
        return ()
    try:
        found = list(zip(reader(data, component), range(_MOST_ASKS), strict=False))
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError):  # no such document: its reader told
        return ()
    asks = {(by, written) for (by, written), _ in found}
    return tuple(Ask(by, written, _answer(component, written, version)) for by, written in sorted(asks))


def _answer(component: Component, written: str, version: str) -> bool | None:
    """Whether a range allows the version; one that forbids what is locked was overridden, and tells nothing."""
    if allows(component.ecosystem, written, component.version) is False:
        return None
    return allows(component.ecosystem, written, version)


@lru_cache(maxsize=2)
def _json(data: bytes) -> Any:
    """The document, which nobody changes: many components of one file are asked about."""
    return json.loads(data)


@lru_cache(maxsize=2)
def _toml(data: bytes) -> dict[str, Any]:
    return tomllib.loads(data.decode())


def _npm(data: bytes, component: Component) -> Iterator[tuple[str, str]]:
    packages: dict[str, dict[str, Any]] = _json(data)["packages"]
    for place, entry in packages.items():
        is_project = "node_modules/" not in f"{place}/"
        kinds = (
            "dependencies",
            "optionalDependencies",
            "peerDependencies",
            *(["devDependencies"] if is_project else []),
        )
        for kind in kinds:
            for name, written in entry.get(kind, {}).items():
                if name != component.name and not written.startswith("npm:"):
                    continue
                target = next((one for one in _node_places(place, name) if one in packages), None)
                if target is None:
                    continue
                held = packages[target]
                if held.get("name", target.rpartition("node_modules/")[2]) != component.name:
                    continue
                if held.get("version") == component.version:
                    shown = f"{entry.get('name', place.rpartition('node_modules/')[2])} {entry.get('version', '')}"
                    yield PROJECT if is_project else shown.strip(), written


def _node_places(place: str, name: str) -> Iterator[str]:
    """Where Node looks for a package from a place, nearest first."""
    while place:
        if place.rpartition("/")[2] != "node_modules":
            yield f"{place}/node_modules/{name}"
        place = place.rpartition("/")[0]
    yield f"node_modules/{name}"


_YARN_ASK = re.compile(r'    "?((?:@[^/"\s]+/)?[^@"\s:]+)"?:?\s+"?([^"]+)"?\s*\Z')


def _yarn(data: bytes, component: Component) -> Iterator[tuple[str, str]]:
    """Yield what asks by a descriptor that stands over this version; one that no package has is the project's."""
    descriptors: set[str] = set()
    asked: list[tuple[str, str]] = []
    for head, version, wanted in _yarn_blocks(data.decode()):
        names = [one.strip().strip('"') for one in head.removesuffix(":").split(",")]
        name, ranges = names[0].rpartition("@")[0], {one.rpartition("@")[2].removeprefix("npm:") for one in names}
        if name == component.name and version == component.version:
            descriptors |= ranges
        asked += [(f"{name} {version}", written) for other, written in wanted if other == component.name]
    own = [(by, written) for by, written in asked if written in descriptors]
    yield from own
    yield from ((PROJECT, written) for written in descriptors - {written for _, written in own})


def _yarn_blocks(text: str) -> Iterator[tuple[str, str, list[tuple[str, str]]]]:
    head, version, wanted, is_asking = "", "", list[tuple[str, str]](), False
    for line in [*text.splitlines(), "end:"]:
        if line and not line[0].isspace() and not line.startswith("#"):
            if head and version:
                yield head, version, wanted
            head, version, wanted = line, "", []
        elif line.startswith("  ") and not line.startswith("   "):
            key, _, value = line.strip().replace(": ", " ", 1).partition(" ")
            is_asking = key.rstrip(":") in {"dependencies", "optionalDependencies"}
            version = value.strip('"') if key == "version" else version
        elif is_asking and (found := _YARN_ASK.match(line)):
            wanted.append((found[1], found[2].removeprefix("npm:")))


def _poetry(data: bytes, component: Component) -> Iterator[tuple[str, str]]:
    for package in _toml(data).get("package", []):
        for name, asked in package.get("dependencies", {}).items():
            if normalize_pypi(name) == component.name:
                for one in asked if isinstance(asked, list) else [asked]:
                    written = one if isinstance(one, str) else one["version"]
                    yield f"{package['name']} {package['version']}", written


_REQUIREMENT = re.compile(r"\s*([A-Za-z0-9._-]+)\s*(?:\[[^\]]*\])?\s*([^;@]*)(?:;.*)?\Z", re.DOTALL)


def _pdm(data: bytes, component: Component) -> Iterator[tuple[str, str]]:
    for package in _toml(data).get("package", []):
        for text in package.get("dependencies", []):
            found = _REQUIREMENT.match(text)
            if found and normalize_pypi(found[1]) == component.name:
                yield f"{package['name']} {package['version']}", found[2].strip()


_GEM = re.compile(r"    ([^\s(]+) \(([^)]+)\)\Z")
_GEM_ASK = re.compile(r"      ([^\s(]+)(?: \(([^)]+)\))?\Z")
_GEM_OWN = re.compile(r"  ([^\s(!]+)(?: \(([^)]+)\))?!?\Z")


def _gems(data: bytes, component: Component) -> Iterator[tuple[str, str]]:
    by, section = "", ""
    for line in data.decode().splitlines():
        if line and not line[0].isspace():
            section = line
        elif section == "DEPENDENCIES" and (own := _GEM_OWN.match(line)):
            if own[1] == component.name:
                yield PROJECT, own[2] or ""
        elif gem := _GEM.match(line):
            by = f"{gem[1]} {gem[2]}"
        elif (ask := _GEM_ASK.match(line)) and ask[1] == component.name:
            yield by, ask[2] or ""


def _composer(data: bytes, component: Component) -> Iterator[tuple[str, str]]:
    document = _json(data)
    for package in [*document.get("packages", []), *document.get("packages-dev", [])]:
        for name, written in package.get("require", {}).items():
            if name.lower() == component.name:
                yield f"{package['name']} {package['version']}", written


_READERS: Mapping[str, Callable[[bytes, Component], Iterator[tuple[str, str]]]] = {
    "package_lock_json": _npm,
    "yarn_lock": _yarn,
    "poetry_lock": _poetry,
    "pdm_lock": _pdm,
    "gemfile_lock": _gems,
    "composer_lock": _composer,
}
