"""`CODEOWNERS` of one repository: a service per folder that a line names, and that has dependency files.

Where the repository has a `holdfast.yaml`, that says which services there are; the owners are this file's. Of folders
that lie in each other the inner ones count. Where no line names a folder, the repository is one service.
"""

from collections.abc import Iterable, Iterator
from itertools import islice

from holdfast.facts.composition import is_asked_for
from holdfast.facts.estate._owners import OwnerRule, Owners, parse_owners
from holdfast.facts.estate._spec import MAX_MEMBERS, Estate, EstateSpec, Member, clean_name
from holdfast.facts.manifest import MANIFEST_NAMES
from holdfast.ports.tree import Tree

DEEPEST, MOST_FOLDERS = 4, 2000
MOST_TRIES = 100_000
"""How often a folder is held against a pattern that may name several places."""


def _is_for(name: str, _: bytes) -> bool:
    return name.rpartition("/")[2].upper() == "CODEOWNERS"


def read_codeowners(name: str, data: bytes, tree: Tree) -> Estate:
    """Return the services that a CODEOWNERS file tells apart, with their teams."""
    owners = parse_owners(name, data)
    files = [path for path in tree.walk() if is_asked_for(path)]
    if any(path in MANIFEST_NAMES for path in tree.walk()):
        return Estate((Member(".", place=name),), problems=owners.problems)
    most = min(MOST_FOLDERS, MOST_TRIES // max(1, sum(not rule.place for rule in owners.rules)))
    folders = list(islice(_folders(files), most + 1))
    told = list(owners.problems)
    if len(folders) > most:
        told.append(f"{name}: only the first {most} folders with dependency files are held against its lines")
    chosen = _innermost(_named(owners.rules, folders[:most]))
    if not chosen:
        return Estate((Member(".", team=owners.team_of("."), place=name),), problems=tuple(told))
    members = [_member(name, folder, rule, owners) for folder, rule in sorted(chosen.items())]
    left = [path for path in files if chosen.keys().isdisjoint(_folders([path]))]
    if left:
        told.append(f"{name}: {len(left)} dependency files lie in no folder that it names, such as `{left[0]}`")
    return Estate(tuple(members[:MAX_MEMBERS]), problems=tuple(told))


def _member(name: str, folder: str, rule: OwnerRule, owners: Owners) -> Member:
    called = clean_name(folder.rpartition("/")[2])
    return Member(folder, called, owners.team_of(f"{folder}/x"), place=f"{name}:{rule.line}")


def _folders(files: Iterable[str]) -> Iterator[str]:
    seen: set[str] = set()
    for path in files:
        parts = path.split("/")[:-1]
        for depth in range(1, min(len(parts), DEEPEST) + 1):
            folder = "/".join(parts[:depth])
            if folder not in seen:
                seen.add(folder)
                yield folder


def _named(rules: Iterable[OwnerRule], folders: Iterable[str]) -> dict[str, OwnerRule]:
    """Return the folders that a rule names itself, not only by what is above them; not by a rule for everything."""
    useful = [(at, rule) for at, rule in enumerate(rules) if set("".join(rule.parts)) - {"*"}]
    plain = {rule.place: (at, rule) for at, rule in useful if rule.place}
    wide = [(at, rule) for at, rule in useful if not rule.place]
    found: dict[str, OwnerRule] = {}
    for folder in folders:
        named = [plain[folder]] if folder in plain else []
        named += [(at, rule) for at, rule in wide if rule.is_for(folder) and not _is_above(rule, folder)]
        if named:
            found[folder] = max(named, key=lambda one: one[0])[1]
    return found


def _is_above(rule: OwnerRule, folder: str) -> bool:
    """Whether a rule speaks of the folder that another lies in."""
    return "/" in folder and rule.is_for(folder.rpartition("/")[0])


def _innermost(named: dict[str, OwnerRule]) -> dict[str, OwnerRule]:
    return {
        folder: rule for folder, rule in named.items() if not any(other.startswith(f"{folder}/") for other in named)
    }


SPEC = EstateSpec("codeowners", "CODEOWNERS of GitHub and GitLab", _is_for, read_codeowners)
