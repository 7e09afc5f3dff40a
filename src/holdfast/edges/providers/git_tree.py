"""A revision of a Git repository as a tree, read from its objects: nothing is checked out, nothing of it is run.

Rules:

1. Only plumbing is asked (`git_process`), which runs no hook, filter or editor; nothing is fetched.
2. What is committed is read, also in folders that are left out on disk: a commit holds no caches by accident.
3. A submodule is read at the commit that the revision names, where it is checked out; else it is a folder that can't
   be listed.
4. What lies in a submodule belongs to the repository around it: that one's base and words count, or a change that puts
   a submodule in the place of a folder would bring both along.
5. A link inside the tree is followed to a file; one that leads out, or in a circle, is an error where it is read.
"""

import os
import posixpath
import re
from bisect import bisect_right
from collections.abc import Iterator, Mapping
from functools import cached_property
from itertools import islice
from pathlib import Path

from holdfast.edges.providers.git_process import read_blobs, run_git
from holdfast.errors import FactError, UsageError
from holdfast.model.frozen import frozen

NO_FILE = "no such file"
SUBMODULE = "160000"
_MOST_AHEAD, _MOST_AHEAD_BYTES = 500, 1 << 16
_MOST_LINKS, _MOST_SUBMODULES_DEEP = 8, 8
_WHOLE = re.compile(r"(?:[A-Z]+_)?HEAD|[0-9a-f]{40}|[0-9a-f]{64}")
_OF_A_REFERENCE = re.compile(r"[~^:]|@\{")
_LINK, _FILES = "120000", frozenset({"100644", "100755", "120000"})


@frozen
class _Blob:
    mode: str
    name: str
    size: int
    repository: Path


class Repository:
    """The repository that a path lies in. `prefix` is the path's own place in it, `""` for its top."""

    def __init__(self, top: Path, prefix: str) -> None:
        self.top = top
        self.prefix = prefix

    @classmethod
    def find(cls, path: Path) -> "Repository | None":
        """Return the repository that a file or folder lies in; `None` where there is none, or no Git."""
        folder = path if path.is_dir() else path.parent
        try:
            answer = run_git(folder, "rev-parse", "--show-toplevel")
        except (UsageError, OSError):
            return None
        top = _outermost(_path_of(answer))
        inside = place_in(top, path)
        return None if inside is None else cls(top, "" if inside == "." else inside)

    def resolve(self, revision: str) -> str:
        """Return the commit that a revision names.

        Raises:
            UsageError: there is no such commit here.
        """
        if revision.startswith("-"):
            raise UsageError(f"`{revision[:80]}` is no revision", where=str(self.top))
        for name in self._names(revision):
            try:
                answer = run_git(self.top, "rev-parse", "--verify", "--quiet", "--end-of-options", f"{name}^{{commit}}")
            except UsageError:
                continue
            return answer.decode().strip()
        branch = revision.removeprefix("refs/remotes/").removeprefix("origin/")
        hint = f"fetch it: `git fetch origin {branch[:80]}`; a shallow clone needs its history"
        raise UsageError(f"there is no revision `{revision[:80]}`", where=str(self.top), hint=hint)

    def _names(self, revision: str) -> Iterator[str]:
        """Yield what a revision may stand for, branches first: who may push a tag must not say what `origin/main` is.

        A whole name, a commit's and `HEAD` stand for themselves alone: a branch may be called like any of them. Git
        is asked for a reference of just that name, for it looks for tags and branches *called* `refs/…` as well.
        """
        if _WHOLE.fullmatch(revision):
            yield revision
            return
        name = _OF_A_REFERENCE.split(revision, maxsplit=1)[0]
        places = ("",) if name.startswith("refs/") else ("refs/remotes/", "refs/heads/")
        for place in places:
            try:
                run_git(self.top, "show-ref", "--verify", "--quiet", "--", f"{place}{name}")
            except UsageError:
                continue
            yield f"{place}{revision}"
        if not name.startswith("refs/"):
            yield revision

    def merge_base(self, revision: str) -> str:
        """Return the commit at which `HEAD` and a revision parted.

        Raises:
            UsageError: there is no such revision, or they share no history here.
        """
        commit = self.resolve(revision)
        try:
            return run_git(self.top, "merge-base", "HEAD", commit).decode().split("\n", 1)[0].strip()
        except UsageError:
            because = f"`HEAD` and `{revision[:80]}` share no history here"
            hint = "in a shallow clone fetch more of it: `git fetch --unshallow`, or `fetch-depth: 0` in the workflow"
            raise UsageError(because, where=str(self.top), hint=hint) from None

    def tree(self, commit: str, only: str | None = None) -> "GitTree":
        """Return a commit's tree below `prefix`; with `only`, whose neighbours may be read, one file of it."""
        return GitTree(self.top, commit, self.prefix if only is None else posixpath.dirname(self.prefix), only)


def _path_of(answer: bytes) -> Path:
    return Path(answer.decode("utf-8", "surrogateescape").rstrip("\n"))


def _outermost(top: Path) -> Path:
    """Return the repository around all those that a repository is a submodule of."""
    for _ in range(_MOST_SUBMODULES_DEEP):
        try:
            around = run_git(top, "rev-parse", "--show-superproject-working-tree")
        except UsageError:
            break
        if not around.strip(b"\n"):
            break
        top = _path_of(around)
    return top


class GitTree:
    """Reads files of one commit below a folder. Raises: FactError: its tree can't be listed."""

    def __init__(self, top: Path, commit: str, folder: str = "", only: str | None = None) -> None:
        self._only = only
        self._blobs, self._gaps = _list(top, commit, folder)
        self._ahead: dict[str, bytes] = {}

    @property
    def gaps(self) -> Mapping[str, str]:
        """Submodules that could not be read, each with a `/` at the end, and why."""
        return self._gaps

    @property
    def paths(self) -> tuple[str, ...]:
        """What to read of it: everything, or the one file."""
        return (".",) if self._only is None else (self._only,)

    def walk(self) -> Iterator[str]:
        """Yield the paths of files and of links to files, sorted."""
        if self._only is not None:
            yield from [self._only] if self._only in self._blobs else []
            return
        yield from sorted((*self._blobs, *self._gaps))

    def read(self, path: str, limit_bytes: int) -> bytes:
        """Return a file's content.

        Raises:
            FactError: it is not there, is not a regular file inside the tree, or is over `limit_bytes`.
        """
        blob = self._follow(posixpath.normpath(path))
        if blob.size > limit_bytes:
            raise FactError(f"expected at most {limit_bytes} bytes, got {blob.size}", where=path)
        return self._content(blob, path)

    def read_part(self, path: str, start: int, count: int) -> bytes:
        """Return at most `count` bytes of a file from the offset `start`. Raises: FactError."""
        return self._content(self._follow(posixpath.normpath(path)), path)[start : start + count]

    def has(self, path: str) -> bool:
        """Whether there is a file."""
        return posixpath.normpath(path) in self._blobs

    def _follow(self, path: str) -> _Blob:
        place = path
        for _ in range(_MOST_LINKS):
            link = self._link_in(place)
            if link is None:
                if place not in self._blobs:
                    raise FactError(NO_FILE, where=path)
                return self._blobs[place]
            target = self._content(self._blobs[link], path).decode("utf-8", "surrogateescape")
            place = posixpath.normpath(posixpath.join(posixpath.dirname(link), target, place[len(link) + 1 :]))
            if target.startswith("/") or place == ".." or place.startswith("../"):
                raise FactError("it leads out of the tree, so it is not read", where=path)
        raise FactError("links that lead to links without end", where=path)

    def _link_in(self, path: str) -> str | None:
        """Return the first part of a path that is a link; `None` when none is."""
        parts = path.split("/")
        every = ("/".join(parts[: depth + 1]) for depth in range(len(parts)))
        return next((one for one in every if one in self._blobs and self._blobs[one].mode == _LINK), None)

    def _content(self, blob: _Blob, path: str) -> bytes:
        if blob.name not in self._ahead:
            names = [blob.name, *islice(self._alike(blob, path), _MOST_AHEAD)]
            try:
                self._ahead = read_blobs(blob.repository, names)
            except UsageError as error:
                raise FactError(f"could not be read: {error.message}", where=path) from None
        if blob.name not in self._ahead:
            raise FactError("could not be read: Git lacks its content", where=path)
        return self._ahead[blob.name]

    def _alike(self, blob: _Blob, path: str) -> Iterator[str]:
        """Yield small blobs of files of the same name that come after a path: whoever reads one reads these next."""
        name = posixpath.basename(path)
        for other in self._named.get(name, [])[bisect_right(self._named.get(name, []), path) :]:
            found = self._blobs[other]
            if found.repository == blob.repository and found.size <= _MOST_AHEAD_BYTES:
                yield found.name

    @cached_property
    def _named(self) -> dict[str, list[str]]:
        """The paths of each name, sorted."""
        found: dict[str, list[str]] = {}
        for path in sorted(self._blobs):
            found.setdefault(posixpath.basename(path), []).append(path)
        return found


def place_in(top: Path, path: Path) -> str | None:
    """Return where a path lies below a folder, as it is written: what a link in the folder leads to is not its place.

    `None` when it lies outside. `.` is the folder itself.
    """
    written = (os.path.abspath(path), os.path.normpath(os.path.join(os.path.realpath(os.curdir), path)))
    for one in (*written, os.path.realpath(path)):
        for folder in (top, Path(os.path.realpath(top))):
            if Path(one).is_relative_to(folder):
                return Path(one).relative_to(folder).as_posix()
    return None


def unread_submodule(commit: str) -> str:
    """Return why a submodule is a gap: one of another commit is another gap."""
    return f"a submodule at {commit[:12]} that is not here, so nothing in it was read (`git submodule update --init`)"


def _list(top: Path, commit: str, folder: str) -> tuple[dict[str, _Blob], dict[str, str]]:
    """Return what lies in a folder of a commit by its path, and the submodules that could not be read."""
    try:
        listed = _list_tree(top, f"{commit}:{folder}" if folder else commit)
    except UsageError as error:
        submodule = _find_submodule(top, commit, folder) if folder else None
        if submodule is not None:
            return _list_below(top / submodule[0], submodule[1], folder[len(submodule[0]) + 1 :])
        if folder and run_git(top, "ls-tree", "-z", "--full-tree", commit, "--", folder) == b"":
            return {}, {}  # the folder is not there yet in that commit
        because = f"the tree of `{commit[:12]}` could not be listed: {error.message}"
        hint = "a partial clone lacks files: clone it whole, or `git fetch --refetch --no-filter`"
        raise FactError(because, where=str(top), hint=hint) from None
    found = _Listing()
    found.add(listed, (top, top / folder))
    return found.blobs, found.gaps


def _find_submodule(top: Path, commit: str, folder: str) -> tuple[str, str] | None:
    """Return the submodule that a folder is, or lies in, and its commit; `None` where it lies in none."""
    parts = folder.split("/")
    every = ["/".join(parts[: depth + 1]) for depth in range(len(parts))]
    for entry in run_git(top, "ls-tree", "-z", "--full-tree", commit, "--", *every).split(b"\0"):
        head, tab, name = entry.partition(b"\t")
        if tab and head.startswith(SUBMODULE.encode()):
            return name.decode("utf-8", "surrogateescape"), head.decode().split()[2]
    return None


def _list_below(place: Path, commit: str, folder: str) -> tuple[dict[str, _Blob], dict[str, str]]:
    """Return what lies in a folder of a submodule; all of it is a gap where that commit is not here."""
    gap: tuple[dict[str, _Blob], dict[str, str]] = {}, {"./": unread_submodule(commit)}
    if not is_checked_out(place):
        return gap
    try:
        return _list(place, commit, folder)
    except (FactError, UsageError, OSError):
        return gap


def is_checked_out(submodule: Path) -> bool:
    """Whether a submodule is here: otherwise Git, asked in its folder, would answer for the repository around it."""
    return not submodule.is_symlink() and os.path.lexists(submodule / ".git")


class _Listing:
    """Sorts what Git listed into files and submodules, and what these hold likewise."""

    def __init__(self) -> None:
        self.blobs: dict[str, _Blob] = {}
        self.gaps: dict[str, str] = {}

    def add(self, listed: bytes, place: tuple[Path, Path], prefix: str = "", depth: int = 0) -> None:
        """Add what was listed; `place` is whose objects they are, and the folder on disk that it is of."""
        repository, folder = place
        for mode, digest, size, name in _entries(listed):
            path, here = prefix + name, folder / name
            if mode in _FILES:
                self.blobs[path] = _Blob(mode, digest, int(size), repository)
            elif mode == SUBMODULE:
                inside = _list_submodule(here, digest) if depth < _MOST_SUBMODULES_DEEP else None
                if inside is None:
                    self.gaps[f"{path}/"] = unread_submodule(digest)
                else:
                    self.add(inside, (here, here), f"{path}/", depth + 1)


def _entries(listed: bytes) -> Iterator[tuple[str, str, str, str]]:
    for entry in listed.split(b"\0"):
        head, tab, name = entry.partition(b"\t")
        if tab:
            mode, _kind, digest, size = head.decode().split()
            yield mode, digest, size, name.decode("utf-8", "surrogateescape")


def _list_tree(folder: Path, name: str) -> bytes:
    return run_git(folder, "ls-tree", "-r", "-z", "-l", "--full-tree", name)


def _list_submodule(folder: Path, commit: str) -> bytes | None:
    """Return what a submodule holds at a commit; `None` where it is not checked out, or lacks that commit."""
    if not is_checked_out(folder):
        return None
    try:
        return _list_tree(folder, commit)
    except (UsageError, OSError):
        return None
