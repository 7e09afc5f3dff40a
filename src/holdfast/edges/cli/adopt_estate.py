"""What an estate is made of: checkouts below a folder, or what a file names; and the services in each.

Rules:

1. Nothing of a checkout is run: it is told by its `.git`, and read as the gate reads it, so that what is inherited is
   what a gate finds there. A service with one folder is read from there, as `holdfast gate FOLDER` does.
2. Folders are looked into four levels deep, links are not followed. A bare repository, and a second working tree of one
   that is there too, are named and left out.
3. What a repository says of itself is the last word asked: the source's team and tier come first.
4. What a file of a repository names never leads out of the folder; a list is the operator's own, and may.
"""

import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from holdfast.edges.cli.options import Machine
from holdfast.edges.cli.reading import read_input
from holdfast.errors import FactError, UsageError
from holdfast.facts.estate import MAX_ESTATE_BYTES, EstateSpec, Member, Owners, clean_name, parse_owners
from holdfast.facts.estate.backstage import SPEC as BACKSTAGE
from holdfast.facts.manifest import MANIFEST_NAMES
from holdfast.facts.manifest_brief import read_brief
from holdfast.model.frozen import frozen
from holdfast.model.plan import ServiceManifest
from holdfast.ports.tree import Tree
from holdfast.registry import load_room

DEEPEST, MOST_FOLDERS, MOST_CHECKOUTS = 4, 50_000, 5000
OWNER_FILES = ("CODEOWNERS", ".github/CODEOWNERS", ".gitlab/CODEOWNERS", "docs/CODEOWNERS")
_BESIDE = {".github", ".gitlab", "docs"}
_NEVER = {"node_modules", ".venv", "__pycache__"}


@frozen
class Place:
    """One folder to adopt; `root`, where it is given, is what it must not lead out of."""

    path: Path
    member: Member
    root: Path | None = None


@dataclass(slots=True)
class FoundEstate:
    """What is there; `skipped` are (path, why) of what is left out on purpose, `problems` what a file has wrong."""

    places: list[Place] = field(default_factory=list)
    groups: tuple[tuple[str, str], ...] = ()
    skipped: list[tuple[str, str]] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)


@frozen
class FoundService:
    """One service of a checkout: what is known of it, and the paths in its tree that are its own."""

    name: str
    team: str
    group: str
    tier: int | None
    exposure: str
    folder: Path
    paths: tuple[str, ...]
    """Below `folder`; `.` is all of it."""


def find_estate(machine: Machine, source: Path) -> FoundEstate:
    """Return what a folder or file says there is.

    Raises:
        UsageError: there is no such file, or nobody can read it as an estate.
    """
    if source.is_dir():
        return _find_checkouts(source)
    data = read_input(source, MAX_ESTATE_BYTES)
    specs: Sequence[EstateSpec] = load_room("facts.estate")
    spec = next((one for one in specs if one.is_for(source.name, data)), None)
    if spec is None:
        known = "; ".join(one.title for one in specs)
        raise UsageError("it says of no estate that is read here", where=str(source), hint=f"a folder, or {known}")
    is_list = spec.id == "listing"
    root = source.resolve().parent
    if spec.id == "codeowners" and root.name in _BESIDE:
        root = root.parent
    tree = machine.open_tree(root)[0]
    estate = spec.read(source.resolve().relative_to(root).as_posix(), data, tree)
    places = [Place(root / one.path, one, None if is_list else root) for one in estate.members]
    return FoundEstate(places, estate.groups, [], list(estate.problems))


def _find_checkouts(folder: Path) -> FoundEstate:
    found = FoundEstate()
    waiting, looked = [(folder, 0)], 0
    while waiting:
        here, depth = waiting.pop()
        looked += 1
        if looked > MOST_FOLDERS or len(found.places) >= MOST_CHECKOUTS:
            found.problems.append(
                f"over {MOST_FOLDERS} folders or {MOST_CHECKOUTS} checkouts; the rest is not looked at"
            )
            break
        if (here / ".git").exists():
            found.places.append(Place(here, Member(".", place=str(here))))
        elif _is_bare(here):
            found.skipped.append((str(here), "a bare repository: nothing of it is checked out"))
        elif depth < DEEPEST:
            waiting += [(one, depth + 1) for one in _folders(here, found)]
    _leave_second_trees(found)
    found.places.sort(key=lambda one: str(one.path))
    return found


def _folders(here: Path, found: FoundEstate) -> Iterator[Path]:
    try:
        with os.scandir(here) as entries:
            for one in sorted(entries, key=lambda entry: entry.name):
                if one.is_dir(follow_symlinks=False) and one.name not in _NEVER:
                    yield here / one.name
    except OSError as error:
        found.skipped.append((str(here), f"it can't be looked into: {error.strerror}"))


def _is_bare(here: Path) -> bool:
    return (here / "HEAD").is_file() and (here / "objects").is_dir() and (here / "refs").is_dir()


def _leave_second_trees(found: FoundEstate) -> None:
    """Leave out working trees of repositories that are there as well: they would be the same services again."""
    tops = {os.path.realpath(one.path) for one in found.places}
    for one in list(found.places):
        first = _first_tree(one.path)
        if first is not None and first in tops:
            found.places.remove(one)
            found.skipped.append((str(one.path), f"another working tree of `{Path(first).name}`"))


def _first_tree(path: Path) -> str | None:
    """Return the folder of the repository that a path is a further working tree of; `None` where it is none."""
    link = path / ".git"
    try:
        text = link.read_bytes()[:4096] if link.is_file() and link.stat().st_size < 4096 else b""
    except OSError:
        return None
    target = text.decode("utf-8", "surrogateescape").strip().removeprefix("gitdir: ")
    top, mark, _ = target.partition("/.git/worktrees/")
    return os.path.realpath(path / top) if mark else None


def find_services(machine: Machine, place: Place) -> list[FoundService]:
    """Return the services of one place: those of its `holdfast.yaml`, else the place itself.

    Raises:
        FactError: the folder is not there or leads out, or its `holdfast.yaml` can't be read.
    """
    path, member = place.path, place.member
    if not path.is_dir():
        raise FactError("there is no such folder", where=member.place or str(path))
    if place.root is not None and not path.resolve().is_relative_to(place.root.resolve()):
        raise FactError("it leads out of the folder, so it is not read", where=member.place)
    tree, _ = machine.open_tree(path)
    owners = _owners(tree)
    declared = _declared(tree)
    chosen = [one for one in declared if one.name == member.name] or ([] if member.name and declared else declared)
    if not chosen:
        brief = ServiceManifest(
            member.name or clean_name(path.resolve().name), (".",), None, None, "unknown", (), (), (), 1
        )
        chosen = [brief]
    return [_service(place, one, _team(tree, owners, member, one)) for one in chosen]


def _service(place: Place, said: ServiceManifest, team: str) -> FoundService:
    name, folder, paths = said.name, place.path, said.paths
    if not name or clean_name(name) != name:
        raise FactError(f"a service can't be called `{name[:80]}`", hint="give it a name: a list has a column for it")
    if len(paths) == 1 and paths[0].strip("./"):
        folder, paths = place.path / paths[0], (".",)
        if not folder.resolve().is_relative_to(place.path.resolve()) or not folder.is_dir():
            raise FactError(f"`{said.paths[0][:200]}` is no folder of it", where=f"{said.name}.paths")
    member = place.member
    return FoundService(name, team, member.group, member.tier or said.tier, said.reach, folder, paths)


def _team(tree: Tree, owners: Owners, member: Member, said: ServiceManifest) -> str:
    first = said.paths[0].removeprefix("./").strip("/") or "."
    return member.team or clean_name(said.team or "") or owners.team_of(first) or _catalog_team(tree)


def _declared(tree: Tree) -> Sequence[ServiceManifest]:
    for name in MANIFEST_NAMES:
        data = _content(tree, name)
        if data is not None:
            return read_brief(data, file=name).services
    return ()


def _owners(tree: Tree) -> Owners:
    for name in OWNER_FILES:
        data = _content(tree, name)
        if data is not None:
            return parse_owners(name, data)
    return Owners(())


def _catalog_team(tree: Tree) -> str:
    """Return the owner that a checkout's own catalog file gives its first component."""
    data = _content(tree, "catalog-info.yaml")
    members = BACKSTAGE.read("catalog-info.yaml", data, tree).members if data is not None else ()
    return members[0].team if members else ""


def _content(tree: Tree, name: str) -> bytes | None:
    """Return a file's content; `None` where there is none. Raises: FactError: it is there, and can't be read."""
    try:
        return tree.read(name, MAX_ESTATE_BYTES)
    except FactError as error:
        if error.message == "no such file":
            return None
        raise
