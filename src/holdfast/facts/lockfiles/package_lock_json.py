"""`package-lock.json` and `npm-shrinkwrap.json`, of lock file versions 1 to 3.

Rules:

1. Versions 2 and 3 are read from `packages`, where a key is the place in `node_modules`; version 1 from `dependencies`.
2. An alias counts under its real name; a link under its target, with source `path`. The project itself is no component.
3. What the project or a workspace member asks for is direct. Version 1 does not say: a `package.json` beside it does.
4. Scope comes from npm's own marks: `dev` development, `optional` and `devOptional` optional, else runtime.
5. In versions 2 and 3, what is asked for and not in the file is told; optional and peer dependencies need not be there.
6. Sources follow the `resolved` address and the way the dependency is written; the host of a registry never matters.

Source: npm documentation, "package-lock.json".
"""

from holdfast.facts.gather import Gathering
from holdfast.facts.lockfiles._json import JsonObject, load_json_object
from holdfast.facts.lockfiles._npm_nested import read_nested
from holdfast.facts.lockfiles._npm_places import read_places
from holdfast.facts.lockfiles._spec import LockfileSpec
from holdfast.model.component import ParsedFile
from holdfast.ports.tree import Tree

_KNOWN_VERSIONS = (1, 2, 3)


def parse(file: str, data: bytes, tree: Tree) -> ParsedFile:
    """Return the packages of an npm lock file; the tree gives the `package.json` beside a version 1 lock.

    Raises:
        FactError: not JSON, or not an object.
    """
    document = load_json_object(file, data)
    gathering = Gathering(file, SPEC.id, "npm")
    version = document.get("lockfileVersion")
    if version not in _KNOWN_VERSIONS or isinstance(version, bool):
        gathering.skip(1, f"expected `lockfileVersion` 1, 2 or 3, got {version!r}")
    packages, nested = document.get("packages"), document.get("dependencies")
    if isinstance(packages, JsonObject):
        read_places(packages, gathering)
    elif isinstance(nested, JsonObject):
        read_nested(nested, gathering, tree)
    elif packages is not None or nested is not None or version != 1:
        gathering.skip(1, "neither `packages` nor `dependencies` in it: not a whole lock file")
    return gathering.parsed()


SPEC = LockfileSpec(id="package_lock_json", patterns=("package-lock.json", "npm-shrinkwrap.json"), parse=parse)
