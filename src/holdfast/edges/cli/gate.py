"""`holdfast gate`: may this ship? Decides here, or lets a server judge.

Exit codes: 0 pass · 1 blocked by policy · 2 usage · 3 nothing to scan · 4 failed · 5 could not tell. 1 beats 5 beats 0.
With `--format json` there is JSON on stdout whatever the exit code.
"""

import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import cache, partial, reduce
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
from holdfast.gate.decide import Bound, Decision
from holdfast.gate.levels import Levels, stricter_away
from holdfast.gate.outputs import OutputContext
from holdfast.gate.policy_read import FILE as POLICY_FILE
from holdfast.loop.gate import Stated, run_gate
from holdfast.loop.gate_json import decision_to_json, error_to_json
from holdfast.loop.gate_reported import Sources, read_reported
from holdfast.model.build import Answer
from holdfast.model.frozen import frozen

if TYPE_CHECKING:  # only a gate that asks a server, or of several services, needs them
    from holdfast.edges.cli.gate_server import Asked
    from holdfast.loop.gate_services import Verdict

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


@frozen
class _Said:
    """A decision, its document, and what outputs need beside it; `parts` are those of several services."""

    decision: Decision
    document: dict[str, Any]
    context: OutputContext
    parts: tuple["Verdict", ...] = ()


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
    if options.style == TABLE and said.parts:
        from holdfast.edges.cli.gate_services import print_services

        print_services(said.parts, said.decision, said.context.now)
    elif options.style == TABLE:
        print_decision(said.decision, options.style, said.document.get("snapshot", ()), said.context.now)
    else:
        click.echo(render(options.style, said.decision, said.document, said.context), nl=False)
    for problem in problems:
        say(problem)
    return EXIT_FAILED if problems else EXITS[said.decision.answer]


def _decide(
    tools: GateTools,
    path: Path,
    options: GateOptions,
    levels: Levels | None = None,
    by_service: Mapping[str, Levels] | None = None,
) -> _Said | None:
    """Decide here; by `levels`, where they are given, instead of the repository's own policy.

    `by_service` are those of each service where there are several.
    """
    found = gather(tools, path, options, levels)
    if found is None:
        return None
    services = _services_of(path, found.given.stated, options, is_tree=found.base is None or found.given.base_is_tree)
    if not services:
        return _Said(*_decided(found), _context(tools, path, found))
    from holdfast.edges.cli.gate_services import split_gathered, verdict_of

    said = []
    for part in split_gathered(found, services, options, by_service or {}):
        bound = part.given.stated.bound
        said.append(verdict_of(bound, found.given.stated, *_decided(part)))
    return _united(said, replace(_context(tools, path, found), service=""))


def _decided(found: Gathered) -> tuple[Decision, dict[str, Any]]:
    decision = run_gate(found.given, found.now)
    document = decision_to_json(decision, found.given.levels.digests, found.given.head.snapshots, found.base)
    return decision, document


def _services_of(path: Path, stated: Stated, options: GateOptions, *, is_tree: bool) -> tuple[Bound, ...]:
    """Return the services to judge each by itself; none where all is judged as one."""
    if options.service or len({name for _, name in stated.folders}) < 2:
        return ()
    from holdfast.edges.cli.gate_services import services_of

    return services_of(path, stated, is_tree=is_tree)


def _united(said: "Sequence[Verdict]", context: OutputContext) -> _Said | None:
    """Return the verdicts of several services as one; `None` where none had anything to scan."""
    from holdfast.loop.gate_services import unite

    if not said:
        return None
    return _Said(*unite(said), context, tuple(said))


def _ask(tools: GateTools, path: Path, options: GateOptions) -> _Said | None:
    """Let the server decide; where it is away, what was asked for with `--on-unavailable`."""
    from holdfast.edges.cli.ci_login import ForkError
    from holdfast.edges.cli.gate_server import Asked, AwayError, ask_server, cached_levels, log_in

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
    reports = cache(partial(read_reports, tools, path, tree, options.findings, options.tools))
    is_tree = base is None or base.commit is not None
    services = _services_of(path, trusted.stated, options, is_tree=is_tree)
    whole = Asked(
        options.server or "",
        options.service or trusted.stated.bound.service,
        sbom,
        before,
        base,
        trusted,
        options.environment,
        options.data,
        options.accept_inherited,
        options.artifact,
        lambda: (read_reported(reports()[0], Sources(tree, there, before)), reports()[1]),
    )
    every = [whole]
    if services:
        from holdfast.edges.cli.gate_asked import split_asked

        every = split_asked(whole, services, options, Sources(tree, there), reports)
    elif not whole.service:
        raise UsageError("the server needs to know which service it is", hint="name it: `--service NAME`")
    try:
        login = log_in(tools, whole.server)
        answers = [ask_server(tools, path, one, login) for one in every]
    except AwayError as away:
        return _without_server(tools, path, options, every, away)
    except ForkError as fork:
        kept = {one.service: found[0] for one in every if (found := cached_levels(one))}
        return _noted(_decide(tools, path, options, kept.get(whole.service), kept), f"{fork.message}: decided here")
    place = tools.place(path)
    root = _root(path, place.prefix if place else "")
    context = OutputContext(tools.now(), "" if services else whole.service, root, base.name if base else None, sbom)
    if not services:
        return _Said(*answers[0], context)
    from holdfast.edges.cli.gate_services import verdict_of

    said = zip(every, answers, strict=True)
    return _united([verdict_of(one.trusted.stated.bound, trusted.stated, *each) for one, each in said], context)


def _without_server(
    tools: GateTools, path: Path, options: GateOptions, every: "Sequence[Asked]", away: HoldfastError
) -> _Said | None:
    from holdfast.edges.cli.gate_server import cached_levels, leave_behind

    kept = {one.service: found for one in every if (found := cached_levels(one)) is not None}
    wanted = [options.on_unavailable, *(one.on_unavailable for one, _ in kept.values() if one.says_away)]
    word = reduce(stricter_away, [word for word in wanted if word] or ["fail"])  # an org's word is not loosened here
    if word == "fail":
        for one in every:
            leave_behind(one, word, "failed", tools.now())
        raise away
    if word == "cached" and len(kept) < len(every):
        for one in every:
            leave_behind(one, word, "failed", tools.now())
        hint = f"a gate that reached it once keeps them in the data folder, here {options.data}"
        raise HoldfastError(f"{away.message}, and its policies were never seen here", hint=hint)
    levels = {name: one for name, (one, _) in kept.items()} if word == "cached" else {}
    seen = min((at for _, at in kept.values()), default="")
    said = _decide(tools, path, options, levels.get(every[0].service, Levels()), levels)
    if said is None:
        return None
    note = f"the server did not answer ({away.message}): "
    answer = said.decision.answer
    if word == "cached":
        note += f"decided here, by its policies of {seen}"
    else:
        note += f"let pass unjudged; the built-in policy would have said `{answer}`"
        answer = Answer.PASS
    for one in every:
        leave_behind(one, word, answer.value, tools.now())
    return _noted(said, note, answer)


def _noted(said: _Said | None, note: str, answer: Answer | None = None) -> _Said | None:
    """Return a decision with what is to be told beside it, and another answer where one is given."""
    if said is None:
        return None
    say(note)
    decision = replace(said.decision, answer=answer or said.decision.answer, notes=(*said.decision.notes, note))
    document = said.document | {"verdict": decision.answer.value, "notes": list(decision.notes)}
    return _Said(decision, document, said.context, said.parts)


def _context(tools: GateTools, path: Path, found: Gathered) -> OutputContext:
    place = tools.place(path)
    root = _root(path, place.prefix if place else "")
    return OutputContext(found.now, found.given.stated.bound.service, root, found.base, found.given.head.sbom)


def _root(path: Path, prefix: str) -> str:
    """Return where places are told below: the folder, or that of the one file."""
    return prefix if path.is_dir() else prefix.rpartition("/")[0]
