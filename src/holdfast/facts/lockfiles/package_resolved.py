"""`Package.resolved` of Swift, of versions 1 to 3.

Rules:

1. A package is its repository: named by its address without scheme, user and `.git`, as OSV spells `SwiftURL`.
2. A pin to a version counts as a registry's, for tags are the registry; one to a branch or revision has source `vcs`,
   a local repository source `path`. Packages of a Swift registry have no address: `purl:swift`, unknown to every feed.
3. `Package.swift` is a program, which is not run: direct is unknown.

Source: swiftlang/swift-package-manager, `ResolvedPackagesStore`.
"""

import re

from holdfast.facts.gather import Gathering
from holdfast.facts.lockfiles._json import JsonObject, load_json_object
from holdfast.facts.lockfiles._spec import LockfileSpec
from holdfast.model.component import ParsedFile, Source
from holdfast.ports.tree import Tree

_KNOWN_VERSIONS = (1, 2, 3)
_ADDRESS = re.compile(r"(?:[a-z+]+://)(?:[^/@]*@)?([^/:]+)(?::\d+)?/+(.+)", re.IGNORECASE | re.DOTALL)
_SHORT = re.compile(r"(?:[^/@:]+@)?([^/:]+):(?!//)/*(.+)", re.DOTALL)


def repository_name(address: str) -> str | None:
    """Return `host/path` of a repository's address, without `.git`; `None` for what is no address of another host."""
    found = _ADDRESS.fullmatch(address) or _SHORT.fullmatch(address)
    if found is None or address.lower().startswith("file:"):
        return None
    return f"{found[1].lower()}/{found[2].rstrip('/').removesuffix('.git')}"


def _add(pin: JsonObject, gathering: Gathering) -> None:
    address = pin.get("repositoryURL", pin.get("location"))
    identity = pin.get("package", pin.get("identity"))
    state = pin.get("state")
    state = state if isinstance(state, JsonObject) else JsonObject()
    version, revision = state.get("version"), state.get("revision")
    name = repository_name(address) if isinstance(address, str) else None
    gathering.ecosystem = "SwiftURL"
    if pin.get("kind") == "registry":
        gathering.ecosystem = "purl:swift"
        gathering.add(identity, version, pin.line)
    elif name is None:
        gathering.add(identity, version if isinstance(version, str) else "", pin.line, source=Source.PATH)
    elif isinstance(version, str):
        gathering.add(name, version, pin.line)
    else:
        gathering.add(name, revision, pin.line, source=Source.VCS)


def parse(file: str, data: bytes, _tree: Tree) -> ParsedFile:
    """Return the pins of a `Package.resolved`.

    Raises:
        FactError: not JSON, or not an object.
    """
    document = load_json_object(file, data)
    gathering = Gathering(file, SPEC.id, "SwiftURL")
    version, inner = document.get("version"), document.get("object")
    if version not in _KNOWN_VERSIONS or isinstance(version, bool):
        gathering.skip(1, f"expected `version` 1, 2 or 3, got {version!r}")
    pins = inner.get("pins") if isinstance(inner, JsonObject) else document.get("pins")
    if not isinstance(pins, list):
        gathering.skip(1, "no `pins` in it: not a whole file")
        return gathering.parsed()
    for pin in pins:
        if isinstance(pin, JsonObject):
            _add(pin, gathering)
        else:
            gathering.skip(None, f"expected an object in `pins`, got {pin!r}")
    return gathering.parsed()


SPEC = LockfileSpec(id="package_resolved", patterns=("Package.resolved",), parse=parse)
