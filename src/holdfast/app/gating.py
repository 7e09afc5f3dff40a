"""Wires `holdfast gate`: what a scan has, and the repository that a path lies in."""

import os
from collections.abc import Sequence
from functools import cache
from pathlib import Path

from holdfast.app.scanning import LocalScan
from holdfast.edges.cli.gate import Place, make_gate
from holdfast.edges.cli.options import ANY_IMAGE, ImageWish
from holdfast.edges.providers.git_tracked import read_tracked
from holdfast.edges.providers.git_tree import Repository, place_in
from holdfast.edges.providers.local_tree import LocalTree, Tracked
from holdfast.errors import UsageError
from holdfast.model.reported import Report
from holdfast.ports.api import Api
from holdfast.ports.http import Http
from holdfast.ports.tree import Tree
from holdfast.registry import load_room


@cache
def _repository(path: Path) -> Repository | None:
    return Repository.find(path)


@cache
def _whole(top: Path, commit: str) -> Tree:
    """A commit's tree, listed once: policy, waivers and declaration are all read from it."""
    return Repository(top, "").tree(commit)


@cache
def _tracked(top: Path, prefix: str) -> Tracked:
    """What a repository tracks, listed once: its top is opened anew for policy, waivers and declaration."""
    return read_tracked(top, prefix)


def _here(path: Path) -> Repository:
    found = _repository(path)
    if found is None:
        raise UsageError("it lies in no Git repository", where=str(path))
    return found


class LocalGate(LocalScan):
    """Decides on this machine."""

    def tree(self, path: Path, image: ImageWish = ANY_IMAGE) -> tuple[Tree, Sequence[str]]:
        """Return a folder, a file or an image as a tree; of a repository, all that it tracks is in it.

        Raises: UsageError, FactError.
        """
        found, paths = super().tree(path, image)
        repository = _repository(path) if path.is_dir() and isinstance(found, LocalTree) else None
        if repository is None:
            return found, paths
        whole = LocalTree(path, _tracked(repository.top, repository.prefix))
        return whole, whole.paths

    def place(self, path: Path) -> Place | None:
        """Return the repository that a path lies in."""
        found = _repository(path)
        return Place(found.top, found.prefix) if found else None

    def base_of(self, path: Path, revision: str) -> str:
        """Return the commit at which what is checked out and a revision parted. Raises: UsageError."""
        return _here(path).merge_base(revision)

    def tip_of(self, path: Path, revision: str) -> str | None:
        """Return the commit that a revision names; `None` where it is not here."""
        try:
            return _here(path).resolve(revision)
        except UsageError:
            return None

    def revision(self, path: Path, commit: str) -> tuple[Tree, Sequence[str]]:
        """Return the same path as it was in a commit. Raises: FactError."""
        found = _here(path).tree(commit, path.name if path.is_file() else None)
        return found, found.paths

    def top_of(self, path: Path, commit: str) -> Tree:
        """Return the whole repository as it was in a commit. Raises: FactError."""
        return _whole(_here(path).top, commit)

    def inside(self, top: Path, path: Path) -> str | None:
        """Return where a path lies below a folder, links in it not followed; `None` outside."""
        return place_in(top, path)

    def commit_of(self, path: Path) -> str | None:
        """Return the commit that is checked out; `None` without one."""
        found = _repository(path)
        try:
            return found.resolve("HEAD") if found else None
        except UsageError:  # nothing was committed yet
            return None

    def look_with(self, names: Sequence[str], path: Path, tree: Tree) -> tuple[Sequence[Report], Sequence[str]]:
        """Run other tools over a path that is read as a tree. Raises: UsageError: one is not known."""
        from holdfast.edges.providers.scanners._running import look  # only where they are asked for

        known = {spec.id: spec for spec in load_room("edges.providers.scanners")}
        unknown = next((name for name in names if name not in known), None)
        if unknown is not None:
            hint = f"known are {', '.join(sorted(known))}; take another tool's report with `--findings`"
            raise UsageError(f"`--with` knows no tool `{unknown[:60]}`", hint=hint)
        place = self.place(path)
        top = place.top if place else path if path.is_dir() else path.parent
        looked = look([known[name] for name in dict.fromkeys(names)], tree, top, os.environ)
        return looked.reports, looked.notes

    def api(self, server: str, token: str, timeout_s: float) -> Api:
        """Return the API of a server."""
        from holdfast.edges.providers.api_client import HttpApi  # only where a server judges

        return HttpApi(server, token, timeout_s=timeout_s)

    def http(self) -> Http:
        """Return what asks for a pipeline's identity, and exchanges it."""
        from holdfast.edges.providers.http import HttpxHttp  # only where no token is set

        return HttpxHttp()


gate = make_gate(LocalGate)
