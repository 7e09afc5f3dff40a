"""What a gate compares a build with, and whose word about it counts.

Rules:

1. A base is a commit (the merge base with what was named) or a file with an SBOM; a revision is looked for first.
2. Policy, waivers, tier and exposure are read from what was named as it is now, not from where the change parted from
   it: a change that starts at an old commit would choose the policy of that day. So where a commit is named, and the
   pipeline says which branch the change goes to, that branch counts. What a change says of them counts once it is
   merged, and that is told. Without a commit they are read as they are.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Protocol

from holdfast.edges.cli.reading import read_input
from holdfast.edges.cli.scan import ScanTools
from holdfast.errors import FactError, PolicyError, UsageError
from holdfast.facts.composition import read_composition
from holdfast.facts.manifest import MANIFEST_NAMES
from holdfast.findings.waiver_read import FILE as WAIVER_FILE
from holdfast.gate.levels import Levels
from holdfast.gate.policy_read import FILE as POLICY_FILE
from holdfast.gate.policy_read import read_policy
from holdfast.loop.gate import Stated, read_stated
from holdfast.model.component import Sbom
from holdfast.model.frozen import frozen
from holdfast.model.reported import Report
from holdfast.ports.api import Api
from holdfast.ports.http import Http
from holdfast.ports.tree import Tree

_MOST_BYTES = 1 << 20
_COMMIT = re.compile(r"[0-9a-fA-F]{7,64}")


@frozen
class Place:
    """Where a path lies in a repository: its top, and the path below it (`""` for the top itself)."""

    top: Path
    prefix: str


class GateTools(ScanTools, Protocol):
    """What the wiring lends to a gate."""

    def place(self, path: Path) -> Place | None:
        """Return the repository that a path lies in; `None` without one."""
        ...

    def base_of(self, path: Path, revision: str) -> str:
        """Return the commit at which what is checked out and a revision parted. Raises: UsageError."""
        ...

    def tip_of(self, path: Path, revision: str) -> str | None:
        """Return the commit that a revision names; `None` where it is not here."""
        ...

    def revision(self, path: Path, commit: str) -> tuple[Tree, Sequence[str]]:
        """Return the same path as it was in a commit, as a tree, and the paths in it to read. Raises: FactError."""
        ...

    def top_of(self, path: Path, commit: str) -> Tree:
        """Return the whole repository as it was in a commit. Raises: FactError."""
        ...

    def inside(self, top: Path, path: Path) -> str | None:
        """Return where a path lies below a folder, as it is written, links in it not followed; `None` outside."""
        ...

    def commit_of(self, path: Path) -> str | None:
        """Return the commit that is checked out; `None` without one."""
        ...

    def look_with(self, names: Sequence[str], path: Path, tree: Tree) -> tuple[Sequence[Report], Sequence[str]]:
        """Run other tools over a path that is read as a tree; return what they say, and notes. Raises: UsageError."""
        ...

    def api(self, server: str, token: str, timeout_s: float) -> Api:
        """Return the API of a server."""
        ...

    def http(self) -> Http:
        """Return what asks for a pipeline's identity, and exchanges it."""
        ...


@frozen
class Base:
    """What a build is compared with: a commit, or a file with an SBOM.

    `trusted` is the commit whose word counts, `parted` the one that the change starts from; both `None` without one.
    `notes` are what is to be told of them.
    """

    name: str
    commit: str | None = None
    sbom: Path | None = None
    trusted: str | None = None
    parted: str | None = None
    notes: tuple[str, ...] = ()

    @classmethod
    def find(cls, tools: GateTools, path: Path, named: str | None, variables: Mapping[str, str]) -> "Base | None":
        """Return what `named` is, a revision first, then a file; else the target that the pipeline names.

        Raises:
            UsageError: it is neither, or a file that the change itself brings.
        """
        target = base_in_ci(variables)
        place = tools.place(path)
        if not named:
            if target is None:
                return None
            commit = tools.base_of(path, target)  # a pipeline names revisions: no file of that name counts
            return cls(commit[:12], commit, None, *_trust(tools, path, branch_in_ci(variables) or target, commit))
        file = _file(named)
        if place is None and file is None:
            raise UsageError(
                f"`{named[:80]}` is no file, and `{path}` lies in no Git repository",
                hint="give an SBOM, or run where the repository is",
            )
        if place is not None:
            try:
                commit = tools.base_of(path, named)
            except UsageError:
                if file is None:
                    raise
            else:
                judge = (branch_in_ci(variables) if _COMMIT.fullmatch(named) else None) or named
                return cls(commit[:12], commit, None, *_trust(tools, path, judge, commit))
        if file is None or (place is not None and tools.inside(place.top, file) is not None):
            raise UsageError(
                f"`{named[:80]}` lies in the repository: it is what the change says of itself",
                hint="keep the SBOM of the base outside of the checkout, or name a revision",
            )
        if place is None or not target:
            return cls(named, sbom=file)
        parted = tools.base_of(path, target)
        return cls(named, None, file, *_trust(tools, path, branch_in_ci(variables) or target, parted))

    def tree(self, tools: GateTools, path: Path) -> Tree | None:
        """Return the same path as it was in the base's commit; `None` where the base is an SBOM."""
        return tools.revision(path, self.commit)[0] if self.commit is not None else None

    def composition(self, tools: GateTools, path: Path) -> Sbom:
        """Return what the base is made of."""
        if self.commit is not None:
            return read_composition(*tools.revision(path, self.commit))
        return replace(read_composition(*tools.tree(self.sbom or path)), files=())  # it stands for no file of the tree


_CI_BRANCHES = ("GITHUB_BASE_REF", "CI_MERGE_REQUEST_TARGET_BRANCH_NAME", "CHANGE_TARGET",
                "BITBUCKET_PR_DESTINATION_BRANCH")  # fmt: skip


def base_in_ci(variables: Mapping[str, str]) -> str | None:
    """Return the target that a continuous-integration system names for a change; `None` where it names none."""
    return variables.get("CI_MERGE_REQUEST_DIFF_BASE_SHA") or branch_in_ci(variables)


def branch_in_ci(variables: Mapping[str, str]) -> str | None:
    """Return the branch that a change goes to, as a continuous-integration system names it."""
    azure = variables.get("SYSTEM_PULLREQUEST_TARGETBRANCH", "").removeprefix("refs/heads/")
    branch = next((name for one in _CI_BRANCHES if (name := variables.get(one))), azure)
    return f"refs/remotes/origin/{branch}" if branch else None


def _trust(tools: GateTools, path: Path, revision: str, parted: str) -> tuple[str, str, tuple[str, ...]]:
    """Return the commit whose word counts, the one that the change starts from, and what is to be told of them."""
    tip = tools.tip_of(path, revision)
    if tip is not None:
        return tip, parted, ()
    branch = revision.removeprefix("refs/remotes/origin/")
    told = f"`{branch[:80]}` is not fetched: policy and waivers are those of {parted[:12]}, where the change starts"
    return parted, parted, (told,)


def _file(named: str) -> Path | None:
    try:
        return Path(named) if Path(named).is_file() else None
    except (OSError, ValueError):  # too long for a name, or with a NUL
        return None


@frozen
class Trusted:
    """What counts of what a repository says of itself. `policy` is its text and its name, `None` where it has none."""

    policy: tuple[bytes, str] | None
    waivers: bytes
    stated: Stated
    notes: tuple[str, ...] = ()

    def levels(self) -> Levels:
        """Return its policy, or the built-in one. Raises: PolicyError: it can't be read."""
        return Levels([read_policy(self.policy[0], file=self.policy[1])] if self.policy else ())


def read_trusted(
    tools: GateTools, path: Path, tree: Tree, base: Base | None, policy: Path | None, service: str | None
) -> Trusted:
    """Read the policy, the waivers and the declaration whose word counts.

    Raises:
        UsageError: there is no such policy.
    """
    place = tools.place(path)
    notes: list[str] = []
    text = _policy(tools, path, policy, base, notes)
    if place is None:
        return Trusted(text, _content(tree, WAIVER_FILE) or b"", read_stated(tree, ".", service), tuple(notes))
    here = tools.tree(place.top)[0]
    top = tools.top_of(path, base.trusted) if base and base.trusted else here
    if base is not None and base.trusted:
        notes += base.notes
        notes += _altered(tools, path, base, (WAIVER_FILE, *MANIFEST_NAMES), here)
    if base is not None and not base.trusted:
        notes.append("an SBOM says nothing of policy, waivers and tier: they are read as they are here")
    stated = read_stated(top, place.prefix or ".", service)
    return Trusted(text, _content(top, WAIVER_FILE) or b"", stated, tuple(notes))


def _policy(
    tools: GateTools, path: Path, policy: Path | None, base: Base | None, notes: list[str]
) -> tuple[bytes, str] | None:
    """Return the policy whose word counts: the base's, where there is one; else the file as it is."""
    place = tools.place(path)
    inside = tools.inside(place.top, policy) if place and policy else (POLICY_FILE if place else None)
    if place is None or base is None or base.trusted is None or inside is None:
        file = policy or (place.top if place else _folder(path)) / POLICY_FILE
        if file.is_file():
            return read_input(file, _MOST_BYTES), str(policy or POLICY_FILE)
        if policy is not None:
            raise UsageError("there is no such policy", where=str(policy))
        return None
    trusted = _content(tools.top_of(path, base.trusted), inside)
    here = _content(tools.tree(place.top)[0], inside)
    if policy is not None and trusted is None and here is None:
        raise UsageError("there is no such policy", where=str(policy))
    notes += _altered(tools, path, base, (inside,), tools.tree(place.top)[0])
    return None if trusted is None else (trusted, inside)


def _altered(tools: GateTools, path: Path, base: Base, names: Sequence[str], here: Tree) -> list[str]:
    """Return what is to be told of files that a change alters and that judge it; what the target altered is not."""
    others = [tools.top_of(path, commit) for commit in dict.fromkeys((base.trusted, base.parted)) if commit]
    altered = [name for name in names if _content(here, name) not in {_content(other, name) for other in others}]
    return [f"this change alters `{name}`: what it says counts once it is merged" for name in altered]


def _folder(path: Path) -> Path:
    return path if path.is_dir() else path.parent


def _content(tree: Tree, path: str) -> bytes | None:
    """Return a file's content, `None` when there is none. Raises: PolicyError: it is there, and can't be read."""
    try:
        return tree.read(path, _MOST_BYTES)
    except FactError as error:
        if error.message == "no such file":
            return None
        raise PolicyError(f"what judges this change can't be read: {error.message}", where=path) from None
