"""`holdfast fix --all`: the smallest set of upgrades that clears the gate, and the score after it.

Rules:

1. Without `--apply` nothing is written. With it manifests are edited, all or none, and the tree is scanned again: only
   what that scan does not find any more, with a lock file that changed where one stands for the manifest, is fixed.
2. Lock commands run with `--lock` alone, and only those that run nothing of the tree.
3. What was written stays written, whatever the second scan says, and is told.

Exit codes: as `gate` for the state after it; with `--apply` 1 as long as something is not fixed, 4 when what was
written did not help.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, Protocol

import click
import msgspec

from holdfast.edges.cli.fix_output import applied_to_json, plan_to_json, print_applied, print_plan
from holdfast.edges.cli.gate import EXITS
from holdfast.edges.cli.gate_base import GateTools
from holdfast.edges.cli.gate_gather import GateOptions, Gathered, gather
from holdfast.edges.cli.options import EXIT_BLOCKED, EXIT_FAILED, EXIT_NOTHING, EXIT_PASS
from holdfast.edges.cli.output import say
from holdfast.edges.cli.rewrite import rewrite
from holdfast.edges.cli.scan import reader_of
from holdfast.errors import HoldfastError
from holdfast.facts.composition import read_composition
from holdfast.gate.decide import Decision
from holdfast.loop.fix_asks import file_reader_of
from holdfast.loop.fix_edits import Deed, EditPlan, plan_edits
from holdfast.loop.fix_plan import FixPlan, Raised, plan_fixes
from holdfast.loop.gate import run_gate
from holdfast.model.component import Sbom
from holdfast.model.frozen import frozen
from holdfast.remediations.locks import Lock

LOCK_TIMEOUT_S = 300.0


class FixTools(GateTools, Protocol):
    """What the wiring lends to a fix of everything."""

    def lock(self, lock: Lock, folder: Path, timeout_s: float) -> None:
        """Run a lock command without scripts and credentials. Raises: HoldfastError, when it did not end well."""
        ...


@frozen
class Wishes:
    """Whether to write, and whether to run lock commands."""

    is_applied: bool
    is_locked: bool


@frozen
class Outcome:
    """What became of an upgrade: `fixed`, `edited, not locked`, `still found` or `not edited`."""

    raised: Raised
    state: str
    files: tuple[str, ...]
    run: tuple[str, ...]
    because: tuple[str, ...]


def fix_all(tools: FixTools, path: Path, options: GateOptions, wishes: Wishes) -> int:
    """Plan, print, maybe write, and return the exit code. Raises: HoldfastError."""
    found = gather(tools, path, options)
    if found is None:
        say("Nothing to scan: no dependency file was found.")
        return EXIT_NOTHING
    plan = _plan(found)
    if not wishes.is_applied:
        _print_json(plan_to_json(plan)) if options.style == "json" else print_plan(plan, options.style)
        return EXITS[plan.after.answer]
    folder = path if path.is_dir() else path.parent
    edits = plan_edits(plan.raised, found.given.head.sbom, found.tree)
    before = _held(folder, edits)
    rewrite(folder, edits.changes)
    problems = _lock(tools, folder, edits) if wishes.is_locked else {}
    left, decision = _scan_again(tools, path, found)
    changed = {file for file, data in _held(folder, edits).items() if data != before[file]}
    outcomes = [_outcome(one, edits, left, changed, problems) for one in plan.raised]
    if options.style == "json":
        _print_json(applied_to_json(plan, decision, outcomes))
    else:
        print_applied(plan, decision, outcomes, options.style)
    return _exit(outcomes, decision)


def _plan(found: Gathered) -> FixPlan:
    def judge(sbom: Sbom) -> Any:
        return found.again(sbom, found.tree)

    return plan_fixes(found.given, found.now, judge, reader_of(found.tree), file_reader_of(found.tree))


def _print_json(document: Mapping[str, Any]) -> None:
    click.echo(msgspec.json.format(msgspec.json.encode(document), indent=2).decode())


def _held(folder: Path, edits: EditPlan) -> dict[str, bytes | None]:
    """What the lock files hold that have to change."""
    return {one.lock_file: _content(folder / one.lock_file) for one in edits.deeds if one.lock_file is not None}


def _content(file: Path) -> bytes | None:
    try:
        return file.read_bytes() if file.is_file() and not file.is_symlink() else None
    except OSError:
        return None


def _lock(tools: FixTools, folder: Path, edits: EditPlan) -> dict[tuple[str, str], str]:
    """Run the lock commands, each once a folder; returns (folder, command) → why it did not end well."""
    problems: dict[tuple[str, str], str] = {}
    done: set[tuple[str, str]] = set()
    for deed in edits.deeds:
        if deed.lock is None or deed.lock_file is None or _key(deed) in done:
            continue
        done.add(_key(deed))
        holding = find_program_settings(folder, deed.lock_file, deed.lock)
        if holding is not None:
            problems[_key(deed)] = f"not run: `{holding}` of the tree could name programs"
            continue
        say(f"running `{deed.lock.text}` in {(folder / deed.lock_file).parent}")
        try:
            tools.lock(deed.lock, (folder / deed.lock_file).parent, LOCK_TIMEOUT_S)
        except HoldfastError as error:
            problems[_key(deed)] = str(error)
    return problems


def _key(deed: Deed) -> tuple[str, str]:
    return str(Path(deed.lock_file or "").parent), deed.lock.text if deed.lock else ""


def find_program_settings(folder: Path, lock_file: str, lock: Lock) -> str | None:
    """Return a file of the tree, or above it, that could name programs to the tool."""
    place, home = (folder / lock_file).parent.resolve(), Path.home().resolve()
    for above in (place, *place.parents):
        if above == home and not lock.is_home_read:  # a person's own settings, of which the tool sees none
            return None
        for name in lock.unless:
            if (above / name).exists() or (above / name).is_symlink():
                return str(above / name)
    return None


def _scan_again(tools: FixTools, path: Path, found: Gathered) -> tuple[frozenset[str], Decision]:
    """Read and judge the tree as it is now; returns what is affected still, by purl, and the decision."""
    tree, paths = tools.tree(path)
    report = found.again(read_composition(tree, paths), tree)
    decision = run_gate(replace(found.given, head=report), found.now)
    return frozenset(purl for one in report.findings for purl in one.purls), decision


def _outcome(
    raised: Raised,
    edits: EditPlan,
    left: frozenset[str],
    changed: set[str],
    problems: Mapping[tuple[str, str], str],
) -> Outcome:
    deeds = [one for one in edits.deeds if one.raised is raised]
    files = tuple(dict.fromkeys(file for one in deeds for file in one.files))
    open_deeds = [one for one in deeds if not _is_done(one, changed, problems)]
    because = [f"{one.step.location}: {one.because}" for one in open_deeds if one.because]
    because += [problems[_key(one)] for one in open_deeds if one.lock and _key(one) in problems]
    run = tuple(dict.fromkeys(one.command for one in open_deeds if one.command))
    if deeds and not open_deeds:
        state = "still found" if raised.component.purl in left else "fixed"
    else:
        state = "edited, not locked" if files else "not edited"
    return Outcome(raised, state, files, run, tuple(dict.fromkeys(because)))


def _is_done(deed: Deed, changed: set[str], problems: Mapping[tuple[str, str], str]) -> bool:
    """Whether everything was done that a step asks for: its files, and its lock file where one stands for them."""
    if deed.lock_file is None:
        return bool(deed.files)
    return deed.lock_file in changed and not (deed.lock and _key(deed) in problems)


def _exit(outcomes: Sequence[Outcome], decision: Decision) -> int:
    if any(one.state == "still found" for one in outcomes):
        return EXIT_FAILED
    code = EXITS[decision.answer]
    return EXIT_BLOCKED if code == EXIT_PASS and any(one.state != "fixed" for one in outcomes) else code
