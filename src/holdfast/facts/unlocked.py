"""What a manifest asks for and the lock files that stand for it do not have.

Rules:

1. A lock file stands for what it names. A name that the manifest asks for and none of its locks has, or only in other
   versions than the one that is asked for, is a gap: whoever installs gets what nobody judged, or nothing.
2. What a lock already says that it could not read is told once. A lock of which nothing could be read is its own gap.
3. A manifest below its lock whose own name the lock has from a registry is a package that was copied into the tree:
   the lock speaks of it.
4. What is read of locks is read once for all the manifests that they stand for, and of a manifest the first thousand
   names are told: a tree may be full of both.
5. Extras and groups are held only to locks that fix all of them: of uv and Poetry, and of npm and the like. So is what
   only some machines get, by a marker. What none of a project's Pythons gets is asked by nobody.
6. A name whose version the workspace forces is held to be there, in whatever version.
"""

import json
import posixpath
import re
from collections.abc import Mapping, Sequence, Set

from holdfast.errors import FactError
from holdfast.facts.gather import readable, unparsed_of
from holdfast.facts.lockfiles._package_json import find_members, read_manifest, workspace_globs
from holdfast.facts.lockfiles._spec import MAX_FILE_BYTES
from holdfast.facts.manifest_asks import (
    READERS,
    Ask,
    Asking,
    forced_by_package_json,
    forced_by_pyproject,
    names_in,
    read_asks,
    read_toml,
    table_of,
)
from holdfast.model.component import ParsedFile, Source, Unparsed
from holdfast.model.frozen import frozen
from holdfast.model.naming import compared_name
from holdfast.ports.tree import Tree

_ALL_GROUPS = frozenset({"uv_lock", "poetry_lock"})
_MAX_TOLD = 1_000
_MAX_MARKERS = 1_000
_PUB_NAME = re.compile(rb"^name:[ \t]*[\"']?([a-z0-9_]+)", re.MULTILINE | re.IGNORECASE)
_UV_NAME = re.compile(rb'\{ name = "([^"\n]+)"')
_PNPM_FORCED = re.compile(rb"^overrides:[ \t]*\r?\n((?:[ \t]+[^\n]*\n)+)", re.MULTILINE)
_PNPM_LEFT = re.compile(rb"^ignoredOptionalDependencies:[ \t]*\r?\n((?:[ \t]+[^\n]*\n)+)", re.MULTILINE)
_WORD = re.compile(r"[\w@./+-]+")


@frozen
class _Locked:
    """What the lock files that stand for a manifest have.

    `versions` are by name, in the spelling that is compared, aliases too; `elsewhere` are the names that come from no
    registry. `named` are names that stand in the locks without a component: provided by others, left out by the tool,
    projects of a workspace, or told as a gap. `forced` are those whose version the workspace says.
    """

    ecosystem: str
    files: tuple[str, ...]
    versions: Mapping[str, set[str]]
    elsewhere: frozenset[str]
    named: frozenset[str]
    forced: frozenset[str]
    has_all_groups: bool

    def has(self, ask: Ask, name: str) -> bool:
        held = self.versions.get(name)
        if held is None:
            return ask.name in self.named or name in self.named
        if not ask.pin or name in self.elsewhere or ask.name in self.forced or _plain(ask.pin) in held:
            return True
        return self.ecosystem == "PyPI" and _has_python_version(ask.pin, held)


class Unlocked:
    """Compares the manifests of one tree with the lock files that stand for them, as these were read."""

    def __init__(self, tree: Tree, read: Mapping[str, ParsedFile]) -> None:
        self._tree = tree
        self._read = read
        self._locked: dict[tuple[str, ...], _Locked | None] = {}
        self._dart_names: frozenset[str] | None = None

    def find(self, path: str, glob: str, locks: Sequence[str]) -> tuple[Unparsed, ...]:
        """Return a gap for each name that the manifest at `path` asks for and its locks do not have."""
        files = tuple(lock for lock in locks if lock in self._read)
        if glob not in READERS or not files:
            return ()
        try:
            data = self._tree.read(path, MAX_FILE_BYTES)
            asking = read_asks(glob, data)
        except FactError as error:
            return (unparsed_of(error, path),)
        if asking is None or not asking.asks:
            return ()
        if files not in self._locked:
            self._locked[files] = self._held(READERS[glob][0], files)
        locked = self._locked[files]
        return () if locked is None else _gaps(path, data, _missing(READERS[glob][0], path, asking, locked), locked)

    def _held(self, ecosystem: str, files: tuple[str, ...]) -> _Locked | None:
        """Return what those locks have; `None` where one of them could not be read at all."""
        locks = [self._read[file] for file in files]
        if any(lock.unparsed and not lock.occurrences for lock in locks):
            return None
        versions: dict[str, set[str]] = {}
        elsewhere: set[str] = set()
        for one in (one for lock in locks for one in lock.occurrences):
            for name in {one.component.name, one.alias} - {""}:
                spelled = _spelled(ecosystem, name)
                versions.setdefault(spelled, set()).add(_plain(one.component.version))
                if one.component.source is not Source.REGISTRY:
                    elsewhere.add(spelled)
        named = {word for lock in locks for gap in lock.unparsed for word in _WORD.findall(gap.because)}
        forced: set[str] = set()
        for lock in locks:
            named |= self._named_by(lock)
            forced |= self._forced_by(ecosystem, lock)
            for name, real in self._renamed_by(lock).items():
                versions.setdefault(_spelled(ecosystem, name), set()).update(versions.get(real, ()))
        formats = {lock.format for lock in locks}
        has_all = ecosystem != "PyPI" or not formats.isdisjoint(_ALL_GROUPS)
        return _Locked(ecosystem, files, versions, frozenset(elsewhere), frozenset(named), frozenset(forced), has_all)

    def _named_by(self, lock: ParsedFile) -> frozenset[str] | set[str]:
        match lock.format:
            case "composer_lock":
                return _provided(self._bytes(lock.file))
            case "uv_lock":  # uv writes down what it saw and left out, for no machine of the project asks for it
                return {name.decode("utf-8", "replace") for name in _UV_NAME.findall(self._bytes(lock.file))}
            case "yarn_lock":  # Yarn 1 does not write the projects of a workspace into its lock
                folder = posixpath.dirname(lock.file)
                globs = workspace_globs(read_manifest(self._tree, folder) or {})
                members = (
                    read_manifest(self._tree, member) or {} for member in find_members(self._tree, folder, globs)
                )
                return {str(manifest.get("name")) for manifest in members}
            case "pubspec_lock":  # nor does Dart
                return self._dart_workspace()
            case "pnpm_lock_yaml":  # what it was told to leave out
                data = self._bytes(lock.file)
                return _listed(_PNPM_LEFT, data) | _removed(data)
        return frozenset()

    def _forced_by(self, ecosystem: str, lock: ParsedFile) -> frozenset[str]:
        """Return the names of which the lock, or the manifest beside it, says the version for a whole workspace."""
        folder = posixpath.dirname(lock.file)
        if lock.format == "uv_lock":
            return forced_by_pyproject(self._toml(folder, "pyproject.toml"))
        if ecosystem != "npm":
            return frozenset()
        forced = forced_by_package_json(read_manifest(self._tree, folder) or {})
        return forced | (
            _listed(_PNPM_FORCED, self._bytes(lock.file)) if lock.format == "pnpm_lock_yaml" else frozenset()
        )

    def _renamed_by(self, lock: ParsedFile) -> dict[str, str]:
        """Return the names of a Cargo workspace's crates that have others there → the real ones, as compared."""
        if lock.format != "cargo_lock":
            return {}
        root = self._toml(posixpath.dirname(lock.file), "Cargo.toml")
        shared = table_of(table_of(root.get("workspace")).get("dependencies"))
        real = {name: table_of(entry).get("package") for name, entry in shared.items()}
        return {name: _spelled("crates.io", one) for name, one in real.items() if isinstance(one, str)}

    def _toml(self, folder: str, name: str) -> dict[str, object]:
        try:
            return read_toml(self._bytes(posixpath.join(folder, name)))
        except (ValueError, RecursionError):
            return {}  # the file is a gap of its own

    def _dart_workspace(self) -> frozenset[str]:
        if self._dart_names is None:
            every = (path for path in self._tree.walk() if path.rpartition("/")[2] == "pubspec.yaml")
            texts = [data for data in map(self._bytes, every) if b"workspace" in data]
            self._dart_names = frozenset(found[1].decode() for found in map(_PUB_NAME.search, texts) if found)
        return self._dart_names

    def _bytes(self, path: str) -> bytes:
        try:
            return self._tree.read(path, MAX_FILE_BYTES)
        except FactError:
            return b""  # the file is a gap of its own; here it only names nothing


def _spelled(ecosystem: str, name: str) -> str:
    name = compared_name(ecosystem, name)
    return name.replace("_", "-") if ecosystem == "crates.io" else name


def _plain(version: str) -> str:
    """Return a version in the one spelling that is compared here: without `v`, build and trailing zeros."""
    return re.sub(r"(?:\.0)+\Z", "", version.lower().lstrip("v=").partition("+")[0])


def _has_python_version(pin: str, held: Set[str]) -> bool:
    """Whether a version is among others in any spelling: `1.0-beta.1` is `1.0b1`."""
    from packaging.version import InvalidVersion, Version  # most are spelled alike

    try:
        return Version(pin) in {Version(one) for one in held}
    except InvalidVersion:
        return False


def _missing(ecosystem: str, path: str, asking: Asking, locked: _Locked) -> list[Ask]:
    own = _spelled(ecosystem, asking.name)
    is_below = posixpath.dirname(path) != posixpath.dirname(locked.files[0])
    if is_below and own in locked.versions and own not in locked.elsewhere:
        return []
    asked = [(one, _spelled(ecosystem, one.name)) for one in asking.asks if locked.has_all_groups or not one.extra]
    missing = [one for one, name in asked if name != own and not locked.has(one, name)]
    limited = [one for one in missing if one.marker or one.python][:_MAX_MARKERS]
    if not limited:
        return missing
    from holdfast.facts.python_markers import Holds, where_holds  # few manifests need it

    held = {Holds.ALWAYS, Holds.SOMETIMES} if locked.has_all_groups else {Holds.ALWAYS}
    passed = {id(one) for one in limited if where_holds(one.marker, one.python, asking.pythons) not in held}
    return [one for one in missing if id(one) not in passed]


def _listed(block: re.Pattern[bytes], data: bytes) -> frozenset[str]:
    """Return the names in the keys, or the entries, of a block at the top of a `pnpm-lock.yaml`."""
    found = block.search(data)
    lines = found[1].decode("utf-8", "replace").splitlines() if found else []
    return names_in(re.split(r":(?:\s|\Z)", line.strip(" \t-"))[0].strip("\"'") for line in lines)


def _removed(data: bytes) -> frozenset[str]:
    """Return the names that overrides of pnpm take out: those whose version is `-`."""
    found = _PNPM_FORCED.search(data)
    lines = found[1].splitlines(keepends=True) if found else []
    taken = b"".join(line for line in lines if re.search(rb":\s+[\"']?-[\"']?\s*\Z", line))
    return _listed(_PNPM_FORCED, b"overrides:\n" + taken)


def _provided(data: bytes) -> set[str]:
    """Return the names that packages of a `composer.lock` stand for: those that they replace or provide."""
    try:
        document = table_of(json.loads(data))
    except (ValueError, RecursionError):
        return set()
    listed = [document.get(key) for key in ("packages", "packages-dev")]
    packages = [table_of(one) for each in listed if isinstance(each, list) for one in each]
    return {name.lower() for one in packages for key in ("replace", "provide") for name in table_of(one.get(key))}


def _gaps(path: str, data: bytes, missing: list[Ask], locked: _Locked) -> tuple[Unparsed, ...]:
    """Return the gaps, each at the first line on which its name stands as a word."""
    lines: dict[str, int] = {}
    for number, text in enumerate(data.decode("utf-8", "replace").split("\n") if missing else (), 1):
        for word in _WORD.findall(text):
            lines.setdefault(word.lower(), number)
    where = " or ".join(f"`{file}`" for file in locked.files[:2])
    gaps = [
        Unparsed(
            path,
            lines.get(one.name.lower()),
            readable(f"`{one.name}`{f' {one.pin}' if one.pin else ''} is asked for and not in {where}: lock it again"),
        )
        for one in missing[:_MAX_TOLD]
    ]
    if len(missing) > _MAX_TOLD:
        gaps.append(Unparsed(path, None, f"{len(missing) - _MAX_TOLD} more names are asked for and not in {where}"))
    return tuple(gaps)
