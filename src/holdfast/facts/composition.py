"""The composition of a tree: every dependency file in it, read or named.

Rules:

1. One bad file never stops the others: what can't be read is unparsed, with its line where it has one.
2. A file that is recognized by name and not read yet is unparsed. A manifest is so too, unless a lock file beside it
   or in a folder above stands for it; for a `package.json`, what is installed in `node_modules` does, too.
3. A component that occurs in several files is one occurrence with all its places. A file that brings it from a file of
   another folder is one of them: what it is installed with may be another service.
4. Places in files that a distribution's package owns name that package.
5. A restriction to paths never drops a lock file above them that stands for a manifest among them.
6. A lock file stands for no more than what it has: what a manifest asks for beyond that is a gap (`unlocked`).
"""

import posixpath
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from functools import cache

from holdfast.errors import FactError
from holdfast.facts.databases import find_database, find_unread_database, mark_owned, read_database
from holdfast.facts.executables import read_executable
from holdfast.facts.gather import readable, unparsed_of
from holdfast.facts.lockfiles import MAX_FILE_BYTES, LockfileSpec
from holdfast.facts.lockfiles._patterns import PATTERNS
from holdfast.facts.modules import counts, is_installed_module, project_of
from holdfast.facts.recognized import MANIFESTS, RECOGNIZED, Manifest
from holdfast.facts.scope import component_order, merge_occurrences
from holdfast.model.component import Location, Occurrence, ParsedFile, Sbom, Unparsed
from holdfast.ports.tree import HasGaps, Tree
from holdfast.registry import load_room, load_spec, load_third_party, own_names

_ROOM = "facts.lockfiles"
_BESIDE = {"os-release", "package.json", "composer.json"}

UNREAD = "unread"
"""The format of a `ParsedFile` that no reader read; it has no components, and gaps."""


class _Globs:
    """Finds the globs that fit a path: one without `/` fits the name, one with `/` the end of the path."""

    def __init__(self, globs: Iterable[str]) -> None:
        every = list(globs)
        self._exact = {glob.lower(): glob for glob in every if not any(sign in glob for sign in "*?/")}
        # Nearly every file fits none; how a name ends or begins tells that at once, without an expression.
        self._wild = [(*_ends_of(glob), glob) for glob in every if glob.lower() not in self._exact]
        self._ends = tuple({end for _, end, _ in self._wild if end})
        self._starts = tuple({start for start, end, _ in self._wild if not end})

    def find(self, path: str) -> str | None:
        return next(self.find_all(path), None)

    def find_all(self, path: str) -> Iterator[str]:
        """Yield every glob that fits, the exact name first."""
        name = path.rpartition("/")[2].lower()
        exact = self._exact.get(name)
        if exact:
            yield exact
        if not (name.endswith(self._ends) or name.startswith(self._starts)):
            return
        for start, end, glob in self._wild:
            if name.endswith(end) and name.startswith(start) and _compiled(glob).fullmatch(path):
                yield glob


def _ends_of(glob: str) -> tuple[str, str]:
    """Return how every name that fits a glob begins and ends; either may be empty."""
    name = glob.rpartition("/")[2].lower()
    if "*" not in name:
        return ("", "") if "?" in name else (name, name)
    start, end = name.partition("*")[0], name.rpartition("*")[2]
    return "" if "?" in start else start, "" if "?" in end else end


@cache
def _compiled(glob: str) -> re.Pattern[str]:
    return re.compile(f"(?:.*/)?{_translate(glob)}", re.IGNORECASE | re.DOTALL)


def _translate(glob: str) -> str:
    """A glob as a regular expression in which `*` stays within a folder."""
    return "".join("[^/]*" if sign == "*" else "[^/]" if sign == "?" else re.escape(sign) for sign in glob)


@cache
def _formats() -> tuple[_Globs, dict[str, list[str | LockfileSpec]]]:
    """The globs of all formats and who reads each: our own by id, for a reader is loaded when it has a file to read."""
    by_glob: dict[str, list[str | LockfileSpec]] = {}
    for name in own_names(_ROOM):
        for glob in PATTERNS.get(name) or load_spec(_ROOM, name).patterns:
            by_glob.setdefault(glob, []).append(name)
    for spec in load_third_party(_ROOM):
        for glob in spec.patterns:
            by_glob.setdefault(glob, []).append(spec)
    return _Globs(by_glob), by_glob


@cache
def _named() -> tuple[_Globs, _Globs]:
    return _Globs(RECOGNIZED), _Globs(MANIFESTS)


def _specs_of(path: str) -> list[LockfileSpec]:
    """Return the formats whose patterns fit a path; more than one only where content tells them apart."""
    globs, by_glob = _formats()
    readers = [reader for glob in globs.find_all(path) for reader in by_glob[glob]]
    specs = [load_spec(_ROOM, reader) if isinstance(reader, str) else reader for reader in readers]
    return list({spec.id: spec for spec in specs}.values())


def _unread(path: str, because: str) -> ParsedFile:
    return ParsedFile(readable(path), UNREAD, (), (Unparsed(readable(path), None, because),))


def read_file(tree: Tree, path: str) -> ParsedFile | None:
    """Return what one file says; `None` when it is no dependency file.

    Manifests are not looked at here: whether a lock file stands for them depends on the tree.
    """
    specs = _specs_of(path)
    if not specs:
        glob = _named()[0].find(path)
        label = RECOGNIZED[glob] if glob else find_unread_database(path)
        if label is None:
            return read_database(tree, path) or read_executable(tree, path)
        return _unread(path, f"{label}: it is recognized but not read yet")
    if not path.isprintable():
        return _unread(path, "its path is not printable text")
    spec = specs[0]
    try:
        data = tree.read(path, max(one.limit_bytes for one in specs))
        fitting = [one for one in specs if one.sniff is None or one.sniff(path, data)]
        if not fitting:
            return None
        spec = fitting[0]
        return spec.parse(path, data, tree)
    except FactError as error:
        return ParsedFile(path, spec.id, (), (unparsed_of(error, path),))
    except RecursionError:
        return ParsedFile(path, spec.id, (), (Unparsed(path, None, "nested too deeply"),))


def _read_by_content(tree: Tree, path: str) -> ParsedFile:
    """Return what a file says that a person named; one that no format knows by its content is reported."""
    specs = [spec for spec in load_room(_ROOM) if spec.is_told_by_content and spec.sniff is not None]
    try:
        data = tree.read(path, MAX_FILE_BYTES)
        for spec in specs:
            if spec.sniff(path, data):
                parsed: ParsedFile = spec.parse(path, data, tree)
                return parsed
    except FactError as error:
        return ParsedFile(readable(path), UNREAD, (), (unparsed_of(error, readable(path)),))
    except RecursionError:
        return _unread(path, "nested too deeply")
    return _unread(path, "not a dependency file that is known by its name or content")


def _folders_up(path: str) -> Iterator[str]:
    """Yield the folder of a path and all above it; the top is the empty string."""
    folder = posixpath.dirname(path)
    while folder:
        yield folder
        folder = posixpath.dirname(folder)
    yield ""


def _locks_for(path: str, glob: str, files: frozenset[str]) -> list[str]:
    """Return the nearest lock files that stand for a manifest, beside it or above it."""
    manifest = MANIFESTS[glob]
    for folder in _folders_up(path):
        found = [lock for name in manifest.locks if (lock := posixpath.join(folder, name)) in files]
        if found:
            return found
    beside = tuple(posixpath.join(posixpath.dirname(path), name) for name in _beside(path, manifest))
    folders = tuple(name for name in beside if name.endswith("/"))
    within = [file for file in files if _is_text_in(file, folders)] if folders else []
    return sorted({*within, *(file for file in beside if file in files)})


def _beside(path: str, manifest: Manifest) -> tuple[str, ...]:
    stem = posixpath.basename(path).rpartition(".")[0]
    return tuple(name.replace("*", stem) for name in manifest.beside)


def _is_text_in(file: str, folders: tuple[str, ...]) -> bool:
    """Whether a file is a text that lies in one of those names that are folders."""
    return file.endswith(".txt") and f"{posixpath.dirname(file)}/" in folders


def _read_manifest(tree: Tree, path: str, glob: str) -> ParsedFile | None:
    """Return the gap that a manifest without a lock is; `None` when it asks for nothing."""
    try:
        data = tree.read(path, MAX_FILE_BYTES)
    except FactError as error:
        return ParsedFile(path, UNREAD, (), (unparsed_of(error, path),))
    marks = MANIFESTS[glob].marks
    if marks and not any(mark in data for mark in marks):
        return None
    from holdfast.facts.manifest_asks import asks_for_nothing  # only trees with manifests pay for it

    if asks_for_nothing(glob, data):
        return None
    names = MANIFESTS[glob].locks or _beside(path, MANIFESTS[glob])
    locks = " or ".join(f"`{lock}`" for lock in names[:2])
    return _unread(
        path, f"a manifest without a lock file: it is recognized but not read yet; lock it (such as {locks})"
    )


def _within(path: str, roots: Sequence[str]) -> bool:
    return any(root in {".", path} or path.startswith(f"{root}/") for root in roots)


def read_tree(tree: Tree, paths: Sequence[str] = (".",)) -> list[ParsedFile]:
    """Return what every dependency file at or under `paths` says, in order of path; bad and unread ones included.

    A path that names one file is read or reported, whatever its name. A path under which nothing is, is reported.
    """
    roots = [posixpath.normpath(path) for path in paths]
    every = list(tree.walk())
    gaps = tree.gaps if isinstance(tree, HasGaps) else {}
    files = frozenset(every)
    chosen = {path for path in every if _within(path, roots) and counts(path, files, roots)}
    installed = {project_of(path) for path in chosen if is_installed_module(path)}
    found: dict[str, ParsedFile] = {}
    stood_for: list[tuple[str, str, list[str]]] = []
    for path in sorted(chosen):
        if path.endswith("/"):
            found[path] = _unread(path, gaps.get(path, "the folder could not be listed"))
            continue
        parsed = read_file(tree, path)
        glob = _named()[1].find(path) if parsed is None else None
        if glob is not None:
            locks = _locks_for(path, glob, files)
            stands = locks or (glob == "package.json" and not installed.isdisjoint(_folders_up(path)))
            parsed = None if stands else _read_manifest(tree, path, glob)
            found.update({lock: one for lock in locks if lock not in chosen and (one := read_file(tree, lock))})
            stood_for += [(path, glob, locks)] if locks else []
        if parsed is None and path in roots and glob is None:
            parsed = _read_by_content(tree, path)
        if parsed is not None:
            found[path] = parsed
    for root in roots:
        if root != "." and not any(_within(path, (root,)) for path in every):
            found[root] = _unread(root, "there is nothing at this path")
    if stood_for:
        _tell_unlocked(tree, stood_for, found)
    return mark_owned(tree, (found[path] for path in sorted(found)), every)


def _tell_unlocked(tree: Tree, manifests: list[tuple[str, str, list[str]]], found: dict[str, ParsedFile]) -> None:
    from holdfast.facts.unlocked import Unlocked  # only trees with manifests pay for it

    unlocked = Unlocked(tree, dict(found))
    for path, glob, locks in manifests:
        gaps = unlocked.find(path, glob, locks)
        if gaps:
            found[path] = ParsedFile(readable(path), UNREAD, (), gaps)


def compose(parsed: Iterable[ParsedFile]) -> Sbom:
    """Return the composition of files already read: occurrences in order of ecosystem, name and version."""
    every = list(parsed)
    merged = merge_occurrences(one for file in every for one in _brought(file))
    files = tuple((file.file, file.format, len(file.occurrences)) for file in every if file.format != UNREAD)
    gaps = tuple(dict.fromkeys(gap for file in every for gap in file.unparsed))
    return Sbom(tuple(sorted(merged, key=component_order)), files, gaps)


def _brought(file: ParsedFile) -> Iterator[Occurrence]:
    """Yield what a file says, with itself as a place of what stands only in files of other folders, by rule 3."""
    folder = posixpath.dirname(file.file)
    for one in file.occurrences:
        places = one.locations
        is_own = not places or any(
            place.file.startswith(file.file) or posixpath.dirname(place.file) == folder for place in places
        )
        yield one if is_own else replace(one, locations=(*places, Location(file.file)))


def read_composition(tree: Tree, paths: Sequence[str] = (".",)) -> Sbom:
    """Return the composition of a tree, or of the parts of it at `paths` (relative, with `/`)."""
    return compose(read_tree(tree, paths))


def is_asked_for(path: str) -> bool:
    """Whether reading a tree will ask for the file at `path`: for such trees as must know that beforehand.

    Beside files that are dependency files by name or place, it is those that stand beside them.
    """
    folder, _, name = path.rpartition("/")
    if folder.endswith((".dist-info", ".egg-info", "var/lib/dpkg/info")):
        return not name.startswith("RECORD")
    return (
        (name in _BESIDE and "node_modules/" not in path)
        or bool(_specs_of(path))
        or find_database(path) is not None
        or name.endswith(".md5sums")
    )


def is_only_a_manifest(path: str) -> bool:
    """Whether a file asks for dependencies without fixing them, by its name, and no reader reads it."""
    return not _specs_of(path) and _named()[1].find(path) is not None
