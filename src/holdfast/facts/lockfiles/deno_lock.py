"""`deno.lock`, of versions 1 to 5.

Rules:

1. npm packages count as npm's; JSR packages as `purl:jsr`, of which no feed speaks; modules loaded from an address are
   named with source `url`, one component for all the modules of an address with the same version in it.
2. A specifier is direct when the workspace lists it or no JSR package asks for it. The lock knows no scopes.
3. Something that is asked for and not in the file is told.

Source: denoland/deno_lockfile.
"""

import re
from collections.abc import Iterator
from typing import Any

from holdfast.facts.gather import Gathering
from holdfast.facts.lockfiles._graph import shortest_paths
from holdfast.facts.lockfiles._json import JsonObject, load_json_object, objects_of, texts_of
from holdfast.facts.lockfiles._spec import LockfileSpec
from holdfast.model.component import ParsedFile, Source
from holdfast.ports.tree import Tree

_KNOWN_VERSIONS = ("1", "2", "3", "4", "5")
_KEY = re.compile(r"((?:@[^/@]+/)?[^/@]+)@([^_]+)(?:_.*)?", re.DOTALL)
_ADDRESS = re.compile(r"https?://([^?#@]+)@([^/?#]+)(?:[/?#].*)?\Z", re.DOTALL)
_ECOSYSTEMS = {"npm": "npm", "jsr": "purl:jsr"}


class _Lock:
    """The npm and JSR packages as a graph, keyed `npm:name@version` and `jsr:name@version`."""

    def __init__(self, document: JsonObject, gathering: Gathering) -> None:
        self.gathering = gathering
        packages = document.get("packages")
        inner: dict[str, Any] = packages if isinstance(packages, dict) else document
        npm = inner.get("npm")
        if isinstance(npm, dict) and isinstance(npm.get("packages"), dict):  # version 2
            specifiers = {f"npm:{key}": f"npm:{to}" for key, to in texts_of(npm.get("specifiers")).items()}
            tables = {"npm": npm["packages"]}
        else:
            specifiers = texts_of(inner.get("specifiers"))
            tables = {"npm": npm, "jsr": inner.get("jsr")}
        self.specifiers = specifiers
        self.entries: list[tuple[str, str, JsonObject]] = []
        for kind, table in tables.items():
            self.entries.extend((kind, key, entry) for key, entry in objects_of(table).items())
            self._tell_others(table, kind)
        self._index = {f"{kind}:{key}": number for number, (kind, key, _) in enumerate(self.entries)}
        self._named: dict[str, list[int]] = {}
        for number, (kind, key, _) in enumerate(self.entries):
            self._named.setdefault(f"{kind}:{self.name(key)}", []).append(number)

    def _tell_others(self, table: object, kind: str) -> None:
        if table is not None and not isinstance(table, JsonObject):
            self.gathering.skip(1, f"expected `{kind}` to be an object")
        elif table is not None:
            for key in table.keys() - objects_of(table).keys():
                self.gathering.skip(table.line, f"expected an object for `{key}`, got {table[key]!r}")

    @staticmethod
    def name(key: str) -> str:
        found = _KEY.fullmatch(key)
        return found[1] if found else key

    def resolve(self, specifier: str) -> int | None:
        """Return the entry of a specifier, or of one without its range where there is only one of that name."""
        to = self.specifiers.get(specifier)
        kind, _, rest = specifier.partition(":")
        if to is not None:
            key = to if to.startswith(f"{kind}:") else f"{kind}:{self.name(rest)}@{to}"
            return self._index.get(key)
        named = self._named.get(specifier, ())
        return self._index.get(specifier, named[0] if len(named) == 1 else None)

    def children(self, kind: str, entry: JsonObject) -> Iterator[int]:
        for table in ("dependencies", "optionalDependencies"):
            asked = entry.get(table)
            wanted = asked.values() if isinstance(asked, dict) else asked if isinstance(asked, list) else ()
            for one in wanted:
                if isinstance(one, str):
                    specifier = one if kind == "jsr" else f"npm:{one.partition('@npm:')[2] or one}"
                    number = self.resolve(specifier)
                    if number is not None:
                        yield number
                    elif table == "dependencies":
                        self.gathering.skip(entry.line, f"`{one}` is asked for and not in the file")


def _listed(workspace: object) -> Iterator[str]:
    """Yield the specifiers that a workspace, and each member of it, lists."""
    if not isinstance(workspace, dict):
        return
    for project in (workspace, *objects_of(workspace.get("members")).values()):
        package = project.get("packageJson")
        for lists in (project, package if isinstance(package, dict) else {}):
            found = lists.get("dependencies")
            yield from (one for one in found if isinstance(one, str)) if isinstance(found, list) else ()


def _direct(document: JsonObject, lock: _Lock) -> set[int]:
    asked = {
        number
        for kind, _, entry in lock.entries
        if kind == "jsr" and isinstance(entry.get("dependencies"), list)
        for number in (lock.resolve(one) for one in entry["dependencies"] if isinstance(one, str))
    }
    by_code = {lock.resolve(specifier) for specifier in lock.specifiers} - asked
    listed = {lock.resolve(specifier) for specifier in _listed(document.get("workspace"))}
    return {number for number in by_code | listed if number is not None}


def _add_packages(document: JsonObject, gathering: Gathering) -> None:
    lock = _Lock(document, gathering)
    edges = [list(lock.children(kind, entry)) for kind, _, entry in lock.entries]
    direct = _direct(document, lock)
    paths = shortest_paths(direct, edges, [lock.name(key) for _, key, _ in lock.entries])
    for number, (kind, key, entry) in enumerate(lock.entries):
        found = _KEY.fullmatch(key)
        if found is None:
            gathering.skip(entry.line, f"`{key}` has no version")
            continue
        gathering.ecosystem = _ECOSYSTEMS[kind]
        known = (number in direct) if number in paths else None
        gathering.add(found[1], found[2], entry.line, direct=known, path=paths.get(number, ()))


def _add_modules(remote: object, line: int, gathering: Gathering) -> None:
    """Add modules by address; those of one package, `address@version/…`, are one component."""
    gathering.ecosystem = "purl:generic"
    if remote is not None and not isinstance(remote, dict):
        gathering.skip(line, "expected `remote` to be an object")
        return
    addresses = (_ADDRESS.match(address) or address for address in remote or ())
    named = {(one.partition("://")[2], "") if isinstance(one, str) else (one[1], one[2]) for one in addresses}
    for name, version in sorted(named):
        gathering.add(name, version, line, source=Source.URL)


def parse(file: str, data: bytes, _tree: Tree) -> ParsedFile:
    """Return the packages and modules of a `deno.lock`.

    Raises:
        FactError: not JSON, or not an object.
    """
    document = load_json_object(file, data)
    gathering = Gathering(file, SPEC.id, "npm")
    version = document.get("version")
    if version is None and all(isinstance(one, str) for one in document.values()):  # version 1: addresses alone
        _add_modules(document, 1, gathering)
        return gathering.parsed()
    if version not in _KNOWN_VERSIONS:
        gathering.skip(1, f"expected `version` 1 to 5, got {version!r}")
    _add_packages(document, gathering)
    remote = document.get("remote")
    _add_modules(remote, remote.line if isinstance(remote, JsonObject) else 1, gathering)
    return gathering.parsed()


SPEC = LockfileSpec(id="deno_lock", patterns=("deno.lock",), parse=parse)
