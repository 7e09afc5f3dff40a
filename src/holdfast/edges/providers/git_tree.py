"""A revision of a Git repository as a tree, read from its objects: nothing is checked out, nothing of it is run.

Rules:

1. Only plumbing is asked (`rev-parse`, `merge-base`, `ls-tree`, `cat-file`), which runs no hook, filter or editor;
   nothing is fetched, and what the repository's own configuration could start is turned off.
2. The same folders are left out as on disk, so that two readings of one state are equal.
3. A link inside the tree is followed to a file; one that leads out, or in a circle, is an error where it is read.
"""

import os
import posixpath
import subprocess
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from holdfast.edges.providers.local_tree import LEFT_OUT, VIRTUAL_ENVIRONMENT_MARK
from holdfast.errors import FactError, UsageError

TIMEOUT_S = 60.0
NO_FILE = "no such file"
_MOST_LINKS = 8
_LINK, _FILES = "120000", frozenset({"100644", "100755", "120000"})
_QUIET = (
    *("-c", "core.fsmonitor=false", "-c", "core.hooksPath=/dev/null", "-c", "protocol.allow=never"),
    *("-c", "core.pager=cat", "--no-optional-locks", "--no-replace-objects"),
)
_ENVIRONMENT = {
    "GIT_CONFIG_NOSYSTEM": "1",
    "GIT_TERMINAL_PROMPT": "0",
    "GIT_NO_LAZY_FETCH": "1",
    "GIT_ADVICE": "0",
    "LC_ALL": "C",
}


@dataclass(frozen=True, slots=True)
class _Blob:
    mode: str
    name: str
    size: int


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
            answer = _git(folder, "rev-parse", "--show-toplevel")
        except (UsageError, OSError):
            return None
        top = Path(answer.decode("utf-8", "surrogateescape").rstrip("\n"))
        inside = place_in(top, path)
        return None if inside is None else cls(top, "" if inside == "." else inside)

    def resolve(self, revision: str) -> str:
        """Return the commit that a revision names.

        Raises:
            UsageError: there is no such commit here.
        """
        if revision.startswith("-"):
            raise UsageError(f"`{revision[:80]}` is no revision", where=str(self.top))
        # branches come first: whoever may push a tag must not decide what `origin/main` is
        for name in (f"refs/remotes/{revision}", f"refs/heads/{revision}", revision):
            try:
                answer = _git(self.top, "rev-parse", "--verify", "--quiet", "--end-of-options", f"{name}^{{commit}}")
            except UsageError:
                continue
            return answer.decode().strip()
        branch = revision.removeprefix("refs/remotes/").removeprefix("origin/")
        hint = f"fetch it: `git fetch origin {branch[:80]}`; a shallow clone needs its history"
        raise UsageError(f"there is no revision `{revision[:80]}`", where=str(self.top), hint=hint)

    def merge_base(self, revision: str) -> str:
        """Return the commit at which `HEAD` and a revision parted.

        Raises:
            UsageError: there is no such revision, or they share no history here.
        """
        commit = self.resolve(revision)
        try:
            return _git(self.top, "merge-base", "HEAD", commit).decode().split("\n", 1)[0].strip()
        except UsageError:
            because = f"`HEAD` and `{revision[:80]}` share no history here"
            hint = "in a shallow clone fetch more of it: `git fetch --unshallow`, or `fetch-depth: 0` in the workflow"
            raise UsageError(because, where=str(self.top), hint=hint) from None

    def tree(self, commit: str, only: str | None = None) -> "GitTree":
        """Return a commit's tree below `prefix`; with `only`, whose neighbours may be read, one file of it."""
        return GitTree(self.top, commit, self.prefix if only is None else posixpath.dirname(self.prefix), only)


class GitTree:
    """Reads files of one commit below a folder. Raises: FactError: its tree can't be listed."""

    def __init__(self, top: Path, commit: str, folder: str = "", only: str | None = None) -> None:
        self._top = top
        self._only = only
        self._blobs = _list(top, commit, folder)

    @property
    def paths(self) -> tuple[str, ...]:
        """What to read of it: everything, or the one file."""
        return (".",) if self._only is None else (self._only,)

    def walk(self) -> Iterator[str]:
        """Yield the paths of files and of links to files, sorted."""
        if self._only is not None:
            yield from [self._only] if self._only in self._blobs else []
            return
        environments = {
            folder
            for path in self._blobs
            if posixpath.basename(path) == VIRTUAL_ENVIRONMENT_MARK and (folder := posixpath.dirname(path))
        }
        for path in sorted(self._blobs):
            folders = path.split("/")[:-1]
            above = {"/".join(folders[: depth + 1]) for depth in range(len(folders))}
            if LEFT_OUT.isdisjoint(folders) and environments.isdisjoint(above):
                yield path

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
        try:
            return _git(self._top, "cat-file", "blob", blob.name)
        except UsageError as error:
            raise FactError(f"could not be read: {error.message}", where=path) from None


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


def _list(top: Path, commit: str, folder: str) -> dict[str, _Blob]:
    try:
        listed = _git(top, "ls-tree", "-r", "-z", "-l", "--full-tree", f"{commit}:{folder}" if folder else commit)
    except UsageError as error:
        if folder and _git(top, "ls-tree", "-z", "--full-tree", commit, "--", folder) == b"":
            return {}  # the folder is not there yet in that commit
        because = f"the tree of `{commit[:12]}` could not be listed: {error.message}"
        hint = "a partial clone lacks files: clone it whole, or `git fetch --refetch --no-filter`"
        raise FactError(because, where=str(top), hint=hint) from None
    out = {}
    for entry in listed.split(b"\0"):
        head, tab, name = entry.partition(b"\t")
        if not tab:
            continue
        mode, _kind, digest, size = head.decode().split()
        if mode in _FILES:
            out[name.decode("utf-8", "surrogateescape")] = _Blob(mode, digest, int(size))
    return out


def _git(folder: Path, *arguments: str) -> bytes:
    """Run Git and return what it wrote. Raises: UsageError: it failed, or is not there."""
    passed = {name: value for name in ("PATH", "HOME", "TMPDIR") if (value := os.environ.get(name))}
    command: Sequence[str] = ("git", *_QUIET, *arguments)
    try:
        done = subprocess.run(
            command, cwd=folder, env=passed | _ENVIRONMENT, stdin=subprocess.DEVNULL, capture_output=True,
            timeout=TIMEOUT_S, check=False,
        )  # fmt: skip
    except FileNotFoundError:
        raise UsageError("there is no `git` here", hint="install Git, or give an SBOM as base") from None
    except subprocess.TimeoutExpired:
        raise UsageError(f"Git did not answer within {TIMEOUT_S:.0f} s", where=str(folder)) from None
    if done.returncode != 0:
        told = done.stderr.decode("utf-8", "replace").strip().splitlines()
        raise UsageError(told[-1] if told else f"Git failed with {done.returncode}", where=str(folder))
    return done.stdout
