"""`holdfast gate`: may this ship? Decides here, or lets a server judge.

Exit codes: 0 pass · 1 blocked by policy · 2 usage · 3 nothing to scan · 4 failed · 5 could not tell. 1 beats 5 beats 0.
With `--format json` there is JSON on stdout whatever the exit code.
"""

import os
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from holdfast.edges.cli.gate_base import Base, GateTools, Place, read_trusted
from holdfast.edges.cli.gate_gather import GateOptions, Gathered, gather, told_apart
from holdfast.edges.cli.gate_output import print_decision
from holdfast.edges.cli.gate_reports import JSON, TABLE, render, report_options, write_reports
from holdfast.edges.cli.gate_tools import read_reports, with_option
from holdfast.edges.cli.options import (
    EXIT_BLOCKED,
    EXIT_FAILED,
    EXIT_NOTHING,
    EXIT_PASS,
    EXIT_UNKNOWN,
    EXIT_USAGE,
    data_option,
    json_command,
)
from holdfast.edges.cli.output import print_json, say
from holdfast.edges.cli.vex import refuse_with_server, vex_options
from holdfast.errors import HoldfastError, UsageError
from holdfast.facts.composition import read_composition
from holdfast.gate.decide import Decision
from holdfast.gate.levels import Levels, stricter_away
from holdfast.gate.outputs import OutputContext
from holdfast.gate.policy_read import FILE as POLICY_FILE
from holdfast.loop.gate import run_gate
from holdfast.loop.gate_json import decision_to_json, error_to_json
from holdfast.loop.gate_reported import Reported, Sources, read_reported
from holdfast.model.build import Answer

if TYPE_CHECKING:  # only a gate that asks a server needs it
    from holdfast.edges.cli.gate_server import Asked

EXITS = {Answer.PASS: EXIT_PASS, Answer.BLOCKED: EXIT_BLOCKED, Answer.UNKNOWN: EXIT_UNKNOWN}
__all__ = ["EXITS", "Place", "make_gate"]


def make_gate(open_tools: Callable[[], GateTools]) -> click.Command:
    """Return the command; `open_tools` is called when it runs."""

    @click.command("gate", cls=json_command(error_to_json), epilog=_EXAMPLES)
    @click.argument("path", type=click.Path(path_type=Path), default=".")
    @click.option("--policy", type=click.Path(path_type=Path), help=f"The policy; by default `{POLICY_FILE}`.")
    @click.option("--base", help="What to compare with: a revision (its merge base counts), or an SBOM file.")
    @click.option("--service", help="The service that is built, by its name in `holdfast.yaml`.")
    @click.option(
        "--findings",
        "findings",
        multiple=True,
        type=click.Path(path_type=Path, dir_okay=False),
        help="Another tool's report, judged like our own: SARIF, Trivy, Grype, osv-scanner or CycloneDX JSON.",
    )
    @vex_options
    @with_option
    @click.option("--artifact", help="The digest of what is built (`sha256:…`): ties the verdict to it, on a server.")
    @click.option("--environment", default="", help="Where a release is bound for; the server compares with what runs.")
    @click.option("--server", envvar="HOLDFAST_SERVER", help="Let a server judge; by HOLDFAST_TOKEN, or who it is.")
    @click.option(
        "--on-unavailable",
        "on_unavailable",
        type=click.Choice(["fail", "pass", "cached"]),
        envvar="HOLDFAST_ON_UNAVAILABLE",
        help="Where the server does not answer: fail, pass, or decide by its policies as they were last seen.",
    )
    @click.option(
        "--accept-inherited",
        is_flag=True,
        help="Let the server keep what is here as what was there before, for builds without a base. Once a service.",
    )
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
  holdfast gate . --base ../kept/last-release.cdx.json
  holdfast gate . --report sarif=gate.sarif --report markdown=gate.md
"""


@dataclass(frozen=True, slots=True)
class _Said:
    """A decision, its document, and what outputs need beside it."""

    decision: Decision
    document: dict[str, Any]
    context: OutputContext


def _run(tools: GateTools, path: Path, options: GateOptions) -> int:
    try:
        if options.accept_inherited and not options.server:
            raise UsageError("`--accept-inherited` is for a server to keep", hint="name it: `--server URL`")
        said = _ask(tools, path, options) if options.server else _decide(tools, path, options)
    except HoldfastError as error:
        if options.style == JSON:
            print_json(error_to_json(error.message, error.where, error.hint))
        say(str(error))
        return EXIT_USAGE if isinstance(error, UsageError) else EXIT_FAILED
    if said is None:
        if options.style == JSON:
            print_json(error_to_json("nothing to scan: no dependency file was found", str(path), None))
        say("Nothing to scan: no dependency file was found.")
        return EXIT_NOTHING
    problems = write_reports(options.reports, said.decision, said.document, said.context)
    if options.style == TABLE:
        print_decision(said.decision, options.style, said.document.get("snapshot", ()), said.context.now)
    else:
        click.echo(render(options.style, said.decision, said.document, said.context), nl=False)
    for problem in problems:
        say(problem)
    return EXIT_FAILED if problems else EXITS[said.decision.answer]


def _decide(tools: GateTools, path: Path, options: GateOptions, levels: Levels | None = None) -> _Said | None:
    """Decide here; by `levels`, where they are given, instead of the repository's own policy."""
    found = gather(tools, path, options, levels)
    if found is None:
        return None
    decision = run_gate(found.given, found.now)
    document = decision_to_json(decision, found.given.levels.digests, found.given.head.snapshots, found.base)
    return _Said(decision, document, _context(tools, path, found))


def _ask(tools: GateTools, path: Path, options: GateOptions) -> _Said | None:
    """Let the server decide; where it is away, what was asked for with `--on-unavailable`."""
    from holdfast.edges.cli.ci_login import ForkError
    from holdfast.edges.cli.gate_server import Asked, AwayError, ask_server, cached_levels

    refuse_with_server(options.vex, options.products)
    tree, paths = tools.tree(path)
    base = Base.find(tools, path, options.base, os.environ)
    if base is not None and options.accept_inherited:
        raise UsageError("a change is not what was there before", hint="accept what is on the branch it goes into")
    trusted = read_trusted(tools, path, tree, base, options.policy, options.service)
    there = base.tree(tools, path) if base else None
    sbom = told_apart(read_composition(tree, paths), tree, there)
    before = base.composition(tools, path) if base else None
    is_empty = not (sbom.files or sbom.unparsed or (before is not None and (before.files or before.unparsed)))
    if is_empty and not options.findings and not options.tools:
        return None
    service = options.service or trusted.stated.bound.service
    if not service:
        raise UsageError("the server needs to know which service it is", hint="name it: `--service NAME`")

    def look() -> tuple[Reported, tuple[str, ...]]:
        reports, beside = read_reports(tools, path, tree, options.findings, options.tools)
        return read_reported(reports, Sources(tree, there, before)), beside

    asked = Asked(
        options.server or "",
        service,
        sbom,
        before,
        base,
        trusted,
        options.environment,
        options.data,
        options.accept_inherited,
        options.artifact,
        look,
    )
    try:
        decision, document = ask_server(tools, path, asked)
    except AwayError as away:
        return _without_server(tools, path, options, asked, away)
    except ForkError as fork:
        kept = cached_levels(asked)
        return _noted(_decide(tools, path, options, kept[0] if kept else None), f"{fork.message}: decided here")
    place = tools.place(path)
    root = _root(path, place.prefix if place else "")
    return _Said(decision, document, OutputContext(tools.now(), service, root, base.name if base else None, sbom))


def _without_server(
    tools: GateTools, path: Path, options: GateOptions, asked: "Asked", away: HoldfastError
) -> _Said | None:
    from holdfast.edges.cli.gate_server import cached_levels, leave_behind

    kept = cached_levels(asked)
    wanted = [options.on_unavailable, kept[0].on_unavailable if kept and kept[0].says_away else None]
    named = [word for word in wanted if word] or ["fail"]
    word = named[0] if len(named) == 1 else stricter_away(named[0], named[1])  # an org's word is not loosened here
    if word == "fail":
        leave_behind(asked, word, "failed", tools.now())
        raise away
    if word == "cached" and kept is None:
        leave_behind(asked, word, "failed", tools.now())
        hint = f"a gate that reached it once keeps them in the data folder, here {asked.data}"
        raise HoldfastError(f"{away.message}, and its policies were never seen here", hint=hint)
    levels, seen = kept if word == "cached" and kept is not None else (Levels(), "")
    said = _decide(tools, path, options, levels)
    if said is None:
        return None
    note = f"the server did not answer ({away.message}): "
    answer = said.decision.answer
    if word == "cached":
        note += f"decided here, by its policies of {seen}"
    else:
        note += f"let pass unjudged; the built-in policy would have said `{answer}`"
        answer = Answer.PASS
    leave_behind(asked, word, answer.value, tools.now())
    return _noted(said, note, answer)


def _noted(said: _Said | None, note: str, answer: Answer | None = None) -> _Said | None:
    """Return a decision with what is to be told beside it, and another answer where one is given."""
    if said is None:
        return None
    say(note)
    decision = replace(said.decision, answer=answer or said.decision.answer, notes=(*said.decision.notes, note))
    document = said.document | {"verdict": decision.answer.value, "notes": list(decision.notes)}
    return _Said(decision, document, said.context)


def _context(tools: GateTools, path: Path, found: Gathered) -> OutputContext:
    place = tools.place(path)
    root = _root(path, place.prefix if place else "")
    return OutputContext(found.now, found.given.stated.bound.service, root, found.base, found.given.head.sbom)


def _root(path: Path, prefix: str) -> str:
    """Return where places are told below: the folder, or that of the one file."""
    return prefix if path.is_dir() else prefix.rpartition("/")[0]
