"""What a gate compares a build with, and whose word about it counts.

Rules:

1. A base is a commit (the merge base with what was named) or a file with an SBOM; a revision is looked for first.
2. Policy, waivers, tier and exposure are read from the base, where there is a commit; what a change says of them counts
   once it is merged, and that is told. Without one they are read as they are.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from holdfast.edges.cli.scan import ScanTools
from holdfast.errors import HoldfastError, UsageError
from holdfast.facts.composition import read_composition
from holdfast.findings.waiver_read import FILE as WAIVER_FILE
from holdfast.gate.levels import Levels
from holdfast.gate.policy_read import FILE as POLICY_FILE
from holdfast.gate.policy_read import read_policy
from holdfast.loop.gate import Stated, read_stated
from holdfast.model.component import Sbom
from holdfast.ports.api import Api
from holdfast.ports.tree import Tree

_MOST_BYTES = 1 << 20


@dataclass(frozen=True, slots=True)
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

    def revision(self, path: Path, commit: str) -> tuple[Tree, Sequence[str]]:
        """Return the same path as it was in a commit, as a tree, and the paths in it to read. Raises: FactError."""
        ...

    def top_of(self, path: Path, commit: str) -> Tree:
        """Return the whole repository as it was in a commit. Raises: FactError."""
        ...

    def commit_of(self, path: Path) -> str | None:
        """Return the commit that is checked out; `None` without one."""
        ...

    def api(self, server: str, token: str, timeout_s: float) -> Api:
        """Return the API of a server."""
        ...


@dataclass(frozen=True, slots=True)
class Base:
    """What a build is compared with: a commit, or a file with an SBOM."""

    name: str
    commit: str | None = None
    sbom: Path | None = None

    @classmethod
    def find(cls, tools: GateTools, path: Path, named: str | None) -> "Base | None":
        """Return what `named` is: a revision first, then a file."""
        if not named:
            return None
        file = Path(named)
        if tools.place(path) is None and not file.is_file():
            raise UsageError(
                f"`{named[:80]}` is no file, and `{path}` lies in no Git repository",
                hint="give an SBOM, or run where the repository is",
            )
        if tools.place(path) is not None:
            try:
                commit = tools.base_of(path, named)
            except UsageError:
                if not file.is_file():
                    raise
            else:
                return cls(commit[:12], commit=commit)
        return cls(named, sbom=file)

    def tree(self, tools: GateTools, path: Path) -> Tree | None:
        """Return the same path as it was in the base's commit; `None` where the base is an SBOM."""
        return tools.revision(path, self.commit)[0] if self.commit is not None else None

    def composition(self, tools: GateTools, path: Path) -> Sbom:
        """Return what the base is made of."""
        if self.commit is not None:
            return read_composition(*tools.revision(path, self.commit))
        return read_composition(*tools.tree(self.sbom or path))


_CI_BRANCHES = ("GITHUB_BASE_REF", "CI_MERGE_REQUEST_TARGET_BRANCH_NAME", "CHANGE_TARGET",
                "BITBUCKET_PR_DESTINATION_BRANCH")  # fmt: skip


def base_in_ci(variables: Mapping[str, str]) -> str | None:
    """Return the target that a continuous-integration system names for a change; `None` where it names none."""
    commit = variables.get("CI_MERGE_REQUEST_DIFF_BASE_SHA")
    if commit:
        return commit
    azure = variables.get("SYSTEM_PULLREQUEST_TARGETBRANCH", "").removeprefix("refs/heads/")
    branch = next((name for one in _CI_BRANCHES if (name := variables.get(one))), azure)
    return f"origin/{branch}" if branch else None


@dataclass(frozen=True, slots=True)
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
    top = tools.top_of(path, base.commit) if base and base.commit else tools.tree(place.top)[0]
    stated = read_stated(top, place.prefix or ".", service)
    return Trusted(text, _content(top, WAIVER_FILE) or b"", stated, tuple(notes))


def _policy(
    tools: GateTools, path: Path, policy: Path | None, base: Base | None, notes: list[str]
) -> tuple[bytes, str] | None:
    """Return the policy whose word counts: the base's, where there is one; else the file as it is."""
    place = tools.place(path)
    inside = _inside(policy, place)
    if place is None or base is None or base.commit is None or inside is None:
        file = policy or (place.top if place else _folder(path)) / POLICY_FILE
        if file.is_file():
            return file.read_bytes(), str(policy or POLICY_FILE)
        if policy is not None:
            raise UsageError("there is no such policy", where=str(policy))
        return None
    trusted = _content(tools.top_of(path, base.commit), inside)
    file = place.top / inside
    here = file.read_bytes() if file.is_file() else None
    if policy is not None and trusted is None and here is None:
        raise UsageError("there is no such policy", where=str(policy))
    if here != trusted:
        notes.append(f"this change alters `{inside}`: what it says counts once it is merged")
    return None if trusted is None else (trusted, inside)


def _folder(path: Path) -> Path:
    return path if path.is_dir() else path.parent


def _inside(policy: Path | None, place: Place | None) -> str | None:
    """Return where a policy lies in the repository; `None` when it lies outside of it."""
    if place is None or policy is None:
        return POLICY_FILE if place is not None else None
    try:
        return policy.resolve().relative_to(place.top.resolve()).as_posix()
    except ValueError:
        return None


def _content(tree: Tree, path: str) -> bytes | None:
    try:
        return tree.read(path, _MOST_BYTES)
    except HoldfastError:
        return None
