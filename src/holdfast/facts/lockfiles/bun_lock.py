"""`bun.lock`, the text lock file of Bun, of versions 0 and 1.

Rules:

1. Every entry of `packages` is a component but the project itself; an alias counts under its real name.
2. What a member of the workspace asks for is direct, and gives the scope; members are named with source `path`.
3. A dependency is looked for where Bun puts it: below the package that asks, below each one above it, at the top.
4. Something asked for that is not in the file is told; optional and peer dependencies need not be there.

Source: oven-sh/bun, `src/install/lockfile/bun.lock.zig`.
"""

import re
from collections.abc import Iterator
from typing import Any

from holdfast.facts.gather import Gathering
from holdfast.facts.lockfiles._graph import reached_scopes, shortest_paths
from holdfast.facts.lockfiles._json import objects_of, texts_of
from holdfast.facts.lockfiles._jsonc import load_jsonc_object
from holdfast.facts.lockfiles._package_json import asked_by
from holdfast.facts.lockfiles._spec import LockfileSpec
from holdfast.model.component import ParsedFile, Scope, Source
from holdfast.model.frozen import frozen
from holdfast.ports.tree import Tree

_KNOWN_VERSIONS = (0, 1)
_RESOLVED = re.compile(r"((?:@[^/@]+/)?[^/@]+)@(.*)", re.DOTALL)
_PARTS = re.compile(r"@[^/]*/[^/]*|[^/]+")
_VCS = re.compile(r"git[+@:]|github:|gitlab:|bitbucket:|ssh:")
_ARCHIVE = re.compile(r"[^:]*\.(?:tgz|tar\.gz)")
_PATHS = ("workspace:", "file:", "link:", "./", "../", "/")
_MAX_DEPTH = 64
_TABLES = ("dependencies", "optionalDependencies", "peerDependencies")


@frozen
class _Entry:
    """One entry of `packages`; `asks` has the table of dependencies that must be there, `may` those that may."""

    key: str
    line: int | None
    name: str
    reference: str
    asks: dict[str, str]
    may: dict[str, str]

    @property
    def source(self) -> Source | None:
        if self.reference[:1].isdigit():
            return Source.REGISTRY
        if self.reference.startswith(_PATHS) or (
            self.reference.endswith((".tgz", ".tar.gz")) and "://" not in self.reference
        ):
            return Source.PATH
        if _VCS.match(self.reference):
            return Source.VCS
        return Source.URL if self.reference.startswith(("https:", "http:")) else None


def _entries(packages: object, lines: dict[str, int], gathering: Gathering) -> Iterator[_Entry]:
    if not isinstance(packages, dict):
        gathering.skip(1, "no `packages` in it: not a whole lock file")
        return
    for key, listed in packages.items():
        resolved = listed[0] if isinstance(listed, list) and listed else None
        found = _RESOLVED.fullmatch(resolved) if isinstance(resolved, str) else None
        if found is None:
            gathering.skip(lines.get(key), f"expected a list that begins with `name@version` for `{key}`")
            continue
        info = next((one for one in listed if isinstance(one, dict)), {})
        asks, *may = (texts_of(info.get(table)) for table in _TABLES)
        yield _Entry(key, lines.get(key), found[1], found[2], asks, {**may[1], **may[0]})


def _places(place: str) -> list[str]:
    """Return the keys below which a dependency of the package at `place` is looked for, nearest first."""
    parts = _PARTS.findall(place)[:_MAX_DEPTH]
    return ["/".join(parts[:end]) + "/" for end in range(len(parts), 0, -1)] + [""]


class _Lock:
    def __init__(self, entries: list[_Entry]) -> None:
        self.entries = entries
        self._index = {entry.key: number for number, entry in enumerate(entries)}

    def find(self, place: str, name: str) -> int | None:
        found = (self._index.get(f"{above}{name}") for above in _places(place))
        return next((number for number in found if number is not None), None)

    def edges(self, gathering: Gathering) -> list[list[int]]:
        edges: list[list[int]] = []
        for entry in self.entries:
            children = [self.find(entry.key, name) for name in (*entry.asks, *entry.may)]
            for (name, wanted), child in zip(entry.asks.items(), children, strict=False):
                if child is None:
                    gathering.skip(entry.line, f"`{name}` {wanted} is asked for and not in the file")
            edges.append([child for child in children if child is not None])
        return edges

    def roots(self, workspaces: object) -> dict[Scope, list[int]]:
        roots: dict[Scope, list[int]] = {scope: [] for scope in (Scope.RUNTIME, Scope.OPTIONAL, Scope.DEVELOPMENT)}
        for member in objects_of(workspaces).values():
            place = member.get("name")
            for name, _, scope in asked_by(member):
                number = self.find(place if isinstance(place, str) else "", name)
                if number is not None:
                    roots[scope].append(number)
        return roots


def _version(entry: _Entry, source: Source, workspaces: dict[str, Any]) -> str:
    """An address is no version; a member of the workspace may have one of its own."""
    if source is Source.REGISTRY:
        return entry.reference
    member = workspaces.get(entry.reference.removeprefix("workspace:"))
    version = member.get("version") if member else None
    return version if isinstance(version, str) else entry.reference.rpartition("#")[2] if "#" in entry.reference else ""


def parse(file: str, data: bytes, _tree: Tree) -> ParsedFile:
    """Return the packages of a `bun.lock`.

    Raises:
        FactError: not JSON (comments and trailing commas are), or not an object.
    """
    document, lines = load_jsonc_object(file, data)
    gathering = Gathering(file, SPEC.id, "npm")
    version = document.get("lockfileVersion")
    if version not in _KNOWN_VERSIONS or isinstance(version, bool):
        gathering.skip(1, f"expected `lockfileVersion` 0 or 1, got {version!r}")
    lock = _Lock(list(_entries(document.get("packages"), lines.get("packages", {}), gathering)))
    edges, roots = lock.edges(gathering), lock.roots(document.get("workspaces"))
    direct = {number for numbers in roots.values() for number in numbers}
    paths = shortest_paths(direct, edges, [entry.name for entry in lock.entries])
    scopes = reached_scopes(list(roots.items()), edges)
    workspaces = objects_of(document.get("workspaces"))
    for number, entry in enumerate(lock.entries):
        if entry.reference.startswith("root:"):
            continue
        source = entry.source
        if source is None:
            gathering.skip(entry.line, f"`{entry.name}` has a source that is not known: `{entry.reference}`")
            continue
        installed = _PARTS.findall(entry.key)[-1:]
        gathering.add(
            entry.name,
            _version(entry, source, workspaces),
            entry.line,
            source=source,
            direct=(number in direct) if number in paths else None,
            path=paths.get(number, ()),
            scope=scopes.get(number, Scope.RUNTIME),
            alias="" if installed in ([], [entry.name]) else installed[0],
        )
    return gathering.parsed()


SPEC = LockfileSpec(id="bun_lock", patterns=("bun.lock",), parse=parse)
