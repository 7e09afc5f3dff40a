"""`holdfast flags lint`: kill switches that would not kill, and flags that nobody reads or declares.

Exit codes: 0 nothing found · 1 found · 2 usage · 5 could not tell everything; 1 beats 5. With `--format json` and
`--format sarif` there is a document on stdout in each of them but 2.
"""

import json
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from holdfast.edges.cli.addresses import address
from holdfast.edges.cli.options import EXIT_BLOCKED, EXIT_PASS, EXIT_UNKNOWN, open_api, terminal_of
from holdfast.edges.cli.output import print_json, print_rows, say
from holdfast.edges.cli.reading import read_input, read_json
from holdfast.edges.cli.sarif import SarifRegion, SarifResult, SarifRule, sarif_document
from holdfast.errors import FactError, ManifestError, UsageError
from holdfast.facts.flag_sources import FlagSources, Unread, read_flag_sources
from holdfast.facts.manifest import MANIFEST_NAMES, parse_manifest
from holdfast.facts.manifest_places import DeclaredFlag, PlannedFlag, find_flags
from holdfast.mitigations.flag_lint import Declared, LintResult, Rule, lint_flags
from holdfast.mitigations.plan import matches_glob
from holdfast.model.frozen import frozen

if TYPE_CHECKING:
    from holdfast.ports.tree import Tree

_MAX_MANIFEST_BYTES = 1 << 20
_COLUMNS = [("", "sign"), ("Place", "place"), ("Rule", "rule"), ("Flag", "flag"), ("What", "what"), ("Fix", "fix")]
_RULES = (
    SarifRule(Rule.DANGEROUS_DEFAULT, "The code's default is not what the safe variant serves", "error"),
    SarifRule(Rule.WRONG_TYPE, "A flag is asked for as a type that it does not have", "error"),
    SarifRule(Rule.UNDEFINED, "A plan forces a flag that no environment has", "error"),
    SarifRule(Rule.NEVER_READ, "A declared flag that no code reads", "warning"),
    SarifRule(Rule.UNDECLARED, "A flag that code reads and no feature declares", "warning"),
    SarifRule(Rule.UNKNOWN, "Something that could not be told", None),
)


@frozen
class _Options:
    style: str
    manifest: Path | None
    flags: Path | None
    server: str | None
    data: Path | None
    exclude: tuple[str, ...]


@click.command("lint")
@click.argument("path", type=click.Path(path_type=Path), default=".")
@click.option(
    "--manifest", type=click.Path(path_type=Path), help="The manifest, instead of each `holdfast.yaml` in PATH."
)
@click.option("--flags", type=click.Path(path_type=Path), help="Definitions: a flagd JSON file.")
@click.option("--server", envvar="HOLDFAST_SERVER", help="Definitions: a server's URL; its token is in HOLDFAST_TOKEN.")
@click.option("--data", type=click.Path(path_type=Path, file_okay=False), help="Definitions: a data folder.")
@click.option(
    "--exclude", multiple=True, metavar="GLOB", help="Paths to leave out, such as `tests/**`. May be repeated."
)
@click.option(
    "--format", "style", type=click.Choice(["table", "json", "sarif", "markdown"]), default="table", show_default=True
)
@click.pass_context
def lint(context: click.Context, /, path: Path, **options: Any) -> None:
    """Find kill switches that would not kill, in the sources in PATH.

    It reads Python, JavaScript and TypeScript that use OpenFeature. What can't be told is named, and never counts as
    fine. Exit codes: 0 nothing found, 1 found, 2 usage, 5 could not tell everything.

    \b
    Examples:
      holdfast flags lint
      holdfast flags lint services/pay --flags flags.json --exclude 'tests/**'
      holdfast flags lint --server https://holdfast.example --format sarif > flags.sarif
    """
    context.exit(_run(context, path, _Options(**options)))


def _run(context: click.Context, path: Path, options: _Options) -> int:
    tree, _ = terminal_of(context).machine.open_tree(path)
    declared, problems = _manifests(tree, options)
    keys = {one.flag for one in declared.flags}
    sources = read_flag_sources(tree, keys, _excluded(options.exclude))
    if not declared.flags and sources.reads:
        say("no manifest declares a flag here: `--manifest` names one")
    definitions = _definitions(context, options)
    results = lint_flags(
        FlagSources(sources.reads, (*problems, *sources.unread), sources.files, sources.mentions),
        Declared(declared.flags, declared.planned, definitions),
    )
    _print(results, sources, options.style)
    return _exit_code(results)


def _excluded(globs: Sequence[str]) -> Callable[[str], bool]:
    return lambda path: any(matches_glob(glob, path) for glob in globs)


def _exit_code(results: Sequence[LintResult]) -> int:
    if any(one.rule is not Rule.UNKNOWN for one in results):
        return EXIT_BLOCKED
    return EXIT_UNKNOWN if results else EXIT_PASS


def _manifests(tree: "Tree", options: _Options) -> tuple[Declared, list[Unread]]:
    """Return what the manifests declare; one that is wrong is named, and the others are taken."""
    if options.manifest is not None:
        texts = {str(options.manifest): read_input(options.manifest, _MAX_MANIFEST_BYTES)}
        problems: list[Unread] = []
    else:
        texts, problems = _found_manifests(tree, _excluded(options.exclude))
    flags: list[DeclaredFlag] = []
    planned: list[PlannedFlag] = []
    for file, data in texts.items():
        try:
            parse_manifest(data, file=file)
        except ManifestError as error:
            line, column = _numbers(error.where or "")
            problems.append(
                Unread(file, line, column, f"the manifest is not in order: {error.message.splitlines()[0]}")
            )
            continue
        more_flags, more_planned = find_flags(data, file=file)
        flags += more_flags
        planned += more_planned
    return Declared(flags, planned), problems


def _found_manifests(tree: "Tree", is_excluded: Callable[[str], bool]) -> tuple[dict[str, bytes], list[Unread]]:
    texts, problems = dict[str, bytes](), list[Unread]()
    for path in tree.walk():
        if path.rpartition("/")[2] in MANIFEST_NAMES and not is_excluded(path):
            try:
                texts[path] = tree.read(path, _MAX_MANIFEST_BYTES)
            except FactError as error:
                problems.append(Unread(path, 1, 1, error.message))
    return texts, problems


def _numbers(where: str) -> tuple[int, int]:
    parts = [int(part) for part in where.rsplit(":", 2)[1:] if part.isdecimal()]
    return (parts[0], parts[1]) if len(parts) == 2 else (1, 1)


def _definitions(context: click.Context, options: _Options) -> dict[str, dict[str, str]] | None:
    """Return environment → key → flagd's JSON text; `None` when none were asked for.

    Raises:
        UsageError: the file is no flagd document.
    """
    found: dict[str, dict[str, str]] = {}
    if options.flags is not None:
        found[str(options.flags)] = _flags_of_file(options.flags)
    if options.server or options.data is not None:
        api = open_api(context, options.data or Path(), options.server)
        try:
            for environment in [str(one["name"]) for one in api.pages("/environments")]:
                listed = api.pages(address("flags", environment))
                found[environment] = {str(one["key"]): json.dumps(one["definition"]) for one in listed}
        finally:
            api.close()
    return found if options.flags is not None or options.server or options.data is not None else None


def _flags_of_file(path: Path) -> dict[str, str]:
    try:
        document = read_json(path)
    except FactError as error:
        raise UsageError(error.message, where=error.where, hint=error.hint) from None
    flags = document.get("flags", document) if isinstance(document, dict) else None
    bare = flags is document  # the map of keys itself, as `flags import` takes it
    if not isinstance(flags, dict) or (
        bare and not all(isinstance(one, dict) and "variants" in one for one in flags.values())
    ):
        raise UsageError("expected a flagd document with `flags`", where=str(path))
    shared = None if bare else document.get("$evaluators")
    return {
        key: json.dumps({**flag, "$evaluators": shared} if _shares(flag, shared) else flag)
        for key, flag in flags.items()
    }


def _shares(flag: Any, shared: Any) -> bool:
    return isinstance(flag, dict) and isinstance(shared, dict) and "$evaluators" not in flag


def _print(results: Sequence[LintResult], sources: FlagSources, style: str) -> None:
    counts = Counter(one.rule for one in results)
    if style == "json":
        print_json(_document(results, sources, counts))
    elif style == "sarif":
        print_json(sarif_document(_RULES, [_sarif(one) for one in results]))
    else:
        print_rows([_row(one) for one in results], _COLUMNS, style, empty="nothing found")
        unknown = counts.pop(Rule.UNKNOWN, 0)
        say(
            f"{len(sources.reads)} evaluations in {sources.files} source files: "
            f"{counts.total()} found, {unknown} could not be told"
        )


def _row(one: LintResult) -> Mapping[str, object]:
    return {
        "sign": "?" if one.rule is Rule.UNKNOWN else "◆",
        "place": f"{one.file}:{one.line}:{one.column}",
        "rule": one.rule.value,
        "flag": one.flag,
        "what": one.message,
        "fix": one.fix,
    }


def _document(results: Sequence[LintResult], sources: FlagSources, counts: Mapping[Rule, int]) -> dict[str, Any]:
    return {
        "schema": "holdfast.flags-lint/1",
        "files": sources.files,
        "evaluations": len(sources.reads),
        "counts": {rule.value: counts.get(rule, 0) for rule in Rule},
        "results": [_json(one) for one in results],
    }


def _json(one: LintResult) -> dict[str, Any]:
    replacement = one.replacement and {
        "line": one.replacement.at.line,
        "column": one.replacement.at.column,
        "end_line": one.replacement.at.end_line,
        "end_column": one.replacement.at.end_column,
        "text": one.replacement.text,
    }
    return {
        "rule": one.rule.value,
        "flag": one.flag,
        "file": one.file,
        "line": one.line,
        "column": one.column,
        "message": one.message,
        "fix": one.fix,
        "replacement": replacement,
    }


def _sarif(one: LintResult) -> SarifResult:
    change = None
    if one.replacement is not None:
        at = one.replacement.at
        change = (SarifRegion(at.line, at.column, at.end_line, at.end_column), one.replacement.text)
    return SarifResult(one.rule.value, one.message, one.file, SarifRegion(one.line, one.column), one.fix, change)
