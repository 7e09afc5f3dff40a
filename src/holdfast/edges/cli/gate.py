"""`holdfast gate`: may this ship? Decides here, without a server.

Exit codes: 0 pass · 1 blocked by policy · 2 usage · 3 nothing to scan · 4 failed · 5 could not tell. 1 beats 5 beats 0.
With `--format json` there is JSON on stdout whatever the exit code.
"""

import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from itertools import pairwise
from pathlib import Path
from typing import Any, Protocol

import click

from holdfast.edges.cli.gate_output import print_decision
from holdfast.edges.cli.gate_reports import JSON, TABLE, Report, render, report_options, write_reports
from holdfast.edges.cli.options import (
    EXIT_BLOCKED,
    EXIT_FAILED,
    EXIT_NOTHING,
    EXIT_PASS,
    EXIT_UNKNOWN,
    EXIT_USAGE,
    data_option,
)
from holdfast.edges.cli.output import print_json, say
from holdfast.edges.cli.scan import ScanAdvisories, ScanRequest, ScanTools, Told, max_age_of, reader_of
from holdfast.errors import HoldfastError, UsageError
from holdfast.facts.composition import read_composition
from holdfast.gate.levels import Levels
from holdfast.gate.outputs import OutputContext
from holdfast.gate.policy_read import FILE as POLICY_FILE
from holdfast.gate.policy_read import read_policy
from holdfast.loop.gate import GateInput, Stated, read_stated, run_gate
from holdfast.loop.gate_json import decision_to_json, error_to_json
from holdfast.loop.scan import ScanReport, scan, wanted_ecosystems
from holdfast.model.build import Answer, Basis
from holdfast.model.component import Sbom
from holdfast.ports.tree import Tree

EXITS = {Answer.PASS: EXIT_PASS, Answer.BLOCKED: EXIT_BLOCKED, Answer.UNKNOWN: EXIT_UNKNOWN}
_MOST_POLICY_BYTES = 1 << 20


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


class _GateCommand(click.Command):
    """Answers in JSON even to a usage error, when JSON was asked for."""

    def make_context(
        self, info_name: str | None, args: list[str], parent: click.Context | None = None, **extra: Any
    ) -> click.Context:
        wants_json = "--format=json" in args or ("--format", "json") in pairwise(args)
        try:
            return super().make_context(info_name, args, parent, **extra)
        except click.UsageError as error:
            if wants_json:
                print_json(error_to_json(error.format_message(), None, "holdfast gate --help"))
            raise


def make_gate(open_tools: Callable[[], GateTools]) -> click.Command:
    """Return the command; `open_tools` is called when it runs."""

    @click.command("gate", cls=_GateCommand, epilog=_EXAMPLES)
    @click.argument("path", type=click.Path(path_type=Path), default=".")
    @click.option("--policy", type=click.Path(path_type=Path), help=f"The policy; by default `{POLICY_FILE}`.")
    @click.option("--base", help="What to compare with: a revision (its merge base counts), or an SBOM file.")
    @click.option("--service", help="The service that is built, by its name in `holdfast.yaml`.")
    @click.option("--feed", envvar="HOLDFAST_FEED", help="Advisories: a folder, a zip, a bucket's URL, or `none`.")
    @click.option("--offline", is_flag=True, help="Ask nothing of the network; use what was synced.")
    @data_option
    @report_options
    @click.pass_context
    def command(context: click.Context, /, path: Path, **options: Any) -> None:
        """Decide whether what is in PATH (a folder or a file) may ship.

        Only what the change adds is judged by the rules. In a continuous-integration system the base is the target
        branch that it names; without a base everything counts as added.
        """
        context.exit(_run(open_tools(), path, GateOptions(**options)))

    return command


_EXAMPLES = """\b
Examples:
  holdfast gate --base origin/main
  holdfast gate services/pay --policy security/policy.yaml --format json
  holdfast gate . --base last-release.cdx.json
  holdfast gate . --report sarif=gate.sarif --report markdown=gate.md
"""


@dataclass(frozen=True, slots=True)
class GateOptions:
    """What a decision was asked for with."""

    policy: Path | None
    base: str | None
    service: str | None
    feed: str | None
    offline: bool
    data: Path
    style: str
    reports: tuple[Report, ...] = ()


def _run(tools: GateTools, path: Path, options: GateOptions) -> int:
    try:
        found = gather(tools, path, options)
        decision = None if found is None else run_gate(found.given, found.now)
    except HoldfastError as error:
        if options.style == JSON:
            print_json(error_to_json(error.message, error.where, error.hint))
        say(str(error))
        return EXIT_USAGE if isinstance(error, UsageError) else EXIT_FAILED
    if found is None or decision is None:
        if options.style == JSON:
            print_json(error_to_json("nothing to scan: no dependency file was found", str(path), None))
        say("Nothing to scan: no dependency file was found.")
        return EXIT_NOTHING
    document = decision_to_json(decision, found.given.levels.digests, found.given.head.snapshots, found.base)
    context = _context(tools, path, found)
    problems = write_reports(options.reports, decision, document, context)
    if options.style == TABLE:
        print_decision(decision, options.style)
    else:
        click.echo(render(options.style, decision, document, context), nl=False)
    for problem in problems:
        say(problem)
    return EXIT_FAILED if problems else EXITS[decision.answer]


def _context(tools: GateTools, path: Path, found: "Gathered") -> OutputContext:
    place = tools.place(path)
    prefix = place.prefix if place else ""
    root = prefix if path.is_dir() else prefix.rpartition("/")[0]  # places are told below the folder of a file
    return OutputContext(found.now, found.given.stated.bound.service, root, found.base, found.given.head.sbom)


@dataclass(frozen=True, slots=True)
class Gathered:
    """All that a decision rests on. `again` judges another composition, or a tree's, by the same advisories."""

    given: GateInput
    now: datetime
    base: str | None
    tree: Tree
    again: Callable[[Sbom, Tree], ScanReport]


def gather(tools: GateTools, path: Path, options: GateOptions) -> Gathered | None:
    """Read and scan a path and its base; `None` when there is nothing to scan. Raises: HoldfastError."""
    now = tools.now()
    tree, paths = tools.tree(path)
    base = _Base.find(tools, path, options.base or _base_in_ci(os.environ))
    notes: list[str] = []
    levels = _levels(tools, path, options.policy, base, notes)
    stated = _stated(tools, path, options.service, base, tree)
    sbom = read_composition(tree, paths)
    before = base.composition(tools, path) if base else None
    reports, again = _scan([sbom, *([before] if before else [])], tools, tree, options, now, levels)
    if reports[0].is_empty and (len(reports) < 2 or reports[1].is_empty):
        return None
    basis = Basis.NOTHING if base is None else Basis.CHANGE
    if base is None:
        notes.append("there is no base: everything counts as added (`--base origin/main`, or an SBOM)")
    given = GateInput(reports[0], reports[1] if before else None, basis, levels, stated, notes=tuple(notes))
    return Gathered(given, now, base.name if base else None, tree, again)


@dataclass(frozen=True, slots=True)
class _Base:
    """What a build is compared with: a commit, or a file with an SBOM."""

    name: str
    commit: str | None = None
    sbom: Path | None = None

    @classmethod
    def find(cls, tools: GateTools, path: Path, named: str | None) -> "_Base | None":
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

    def composition(self, tools: GateTools, path: Path) -> Sbom:
        """Return what the base is made of."""
        if self.commit is not None:
            return read_composition(*tools.revision(path, self.commit))
        return read_composition(*tools.tree(self.sbom or path))


_CI_BRANCHES = ("GITHUB_BASE_REF", "CI_MERGE_REQUEST_TARGET_BRANCH_NAME", "CHANGE_TARGET",
                "BITBUCKET_PR_DESTINATION_BRANCH")  # fmt: skip


def _base_in_ci(variables: Mapping[str, str]) -> str | None:
    """Return the target that a continuous-integration system names for a change; `None` where it names none."""
    commit = variables.get("CI_MERGE_REQUEST_DIFF_BASE_SHA")
    if commit:
        return commit
    azure = variables.get("SYSTEM_PULLREQUEST_TARGETBRANCH", "").removeprefix("refs/heads/")
    branch = next((name for one in _CI_BRANCHES if (name := variables.get(one))), azure)
    return f"origin/{branch}" if branch else None


def _levels(tools: GateTools, path: Path, policy: Path | None, base: _Base | None, notes: list[str]) -> Levels:
    """Return the policy whose word counts: the base's, where there is one; else the file as it is."""
    place = tools.place(path)
    inside = _inside(policy, place)
    if place is None or base is None or base.commit is None or inside is None:
        file = policy or (place.top if place else _folder(path)) / POLICY_FILE
        if not file.is_file():
            if policy is not None:
                raise UsageError("there is no such policy", where=str(policy))
            return Levels()
        return Levels([read_policy(file.read_bytes(), file=str(policy or POLICY_FILE))])
    trusted = _content(tools.top_of(path, base.commit), inside)
    file = place.top / inside
    now = file.read_bytes() if file.is_file() else None
    if policy is not None and trusted is None and now is None:
        raise UsageError("there is no such policy", where=str(policy))
    if now != trusted:
        notes.append(f"this change alters `{inside}`: what it says counts once it is merged")
    return Levels([read_policy(trusted, file=inside)] if trusted is not None else ())


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
        return tree.read(path, _MOST_POLICY_BYTES)
    except HoldfastError:
        return None


def _stated(tools: GateTools, path: Path, service: str | None, base: _Base | None, tree: Tree) -> Stated:
    """Return what counts of what the repository says of itself: the base's word, where there is one."""
    place = tools.place(path)
    if place is None:
        return read_stated(tree, ".", service)
    top = tools.top_of(path, base.commit) if base and base.commit else tools.tree(place.top)[0]
    return read_stated(top, place.prefix or ".", service)


def _scan(
    compositions: Sequence[Sbom], tools: GateTools, tree: Tree, options: GateOptions, now: datetime, levels: Levels
) -> tuple[list[ScanReport], Callable[[Sbom, Tree], ScanReport]]:
    """Judge head and base by one state of the advisories; returns as well what judges another by the same."""
    kev, epss, ssvc = (os.environ.get(f"HOLDFAST_{name}") or None for name in ("KEV", "EPSS", "SSVC"))
    feed = None if options.feed in {"", "none"} else options.feed
    wanted = tuple(sorted({name for one in compositions for name in wanted_ecosystems(one)}))
    offline = options.offline or options.feed == "none"
    request = ScanRequest(wanted, options.data, feed, offline, kev, epss, ssvc)
    max_age = min(levels.max_age, max_age_of(os.environ.get("HOLDFAST_FEED_MAX_AGE"), levels.max_age))

    def judge(sbom: Sbom, given: ScanAdvisories, read: Tree | None) -> ScanReport:
        read_line = reader_of(read) if read is not None else lambda _place: None
        return scan(
            sbom,
            given.lookup,
            now,
            max_age=max_age,
            problems=found.problems,
            checked=found.checked,
            read_line=read_line,
        )

    def again(sbom: Sbom, read: Tree) -> ScanReport:
        with tools.advisories(replace(request, offline=True), now, Told()) as same:
            return judge(sbom, same, read)

    with tools.advisories(request, now, Told()) as found:
        for name, because in sorted(found.problems.items()):
            say(f"no new advisories for {name}: {because}")
        for note in found.notes:
            say(note)
        return [judge(sbom, found, None if number else tree) for number, sbom in enumerate(compositions)], again
