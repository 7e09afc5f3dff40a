"""What `holdfast gate` prints, and the files it writes beside: the outputs of `gate.outputs`.

Rules:

1. A file is written whole or not at all. One that can't be written is named, the others are still written, the decision
   is printed as it is, and the exit code is 4, whatever the verdict: what was asked for is not there.
2. `json` is the document `holdfast.gate/1`; it and the table need none of the other outputs loaded.
"""

from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any

import click
import msgspec

from holdfast.edges.cli.reading import write_output
from holdfast.errors import UsageError
from holdfast.gate.decide import Decision
from holdfast.gate.outputs import OutputContext, OutputSpec
from holdfast.model.frozen import frozen
from holdfast.registry import load_room

KINDS = (
    "cyclonedx",
    "github",
    "gl-code-quality",
    "gl-dependency-scanning",
    "json",
    "junit",
    "markdown",
    "openvex",
    "sarif",
)
"""What help names; a plug-in may bring more."""
TABLE, JSON = "table", "json"


@frozen
class Report:
    """One file to write; `kind` is an output's name or `json`."""

    kind: str
    file: Path


class _Style(click.ParamType[str]):
    name = "style"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str:
        if value not in {TABLE, JSON} and value not in _outputs():
            self.fail(f"`{str(value)[:80]}` is none of {TABLE}, {', '.join(_names())}", param, ctx)
        return str(value)


class _Report(click.ParamType[Report]):
    name = "report"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Report:
        if isinstance(value, Report):
            return value
        kind, equals, file = str(value).partition("=")
        if not equals or not Path(file).name or "\0" in file:
            self.fail(f"expected KIND=FILE, got `{str(value)[:80]}`", param, ctx)
        if kind != JSON and kind not in _outputs():
            self.fail(f"`{kind[:80]}` is none of {', '.join(_names())}", param, ctx)
        return Report(kind, Path(file))


def _check_twice(context: click.Context, param: click.Parameter, value: tuple[Report, ...]) -> tuple[Report, ...]:
    places = [one.file.absolute() for one in value]
    twice = next((one.file for one in value if places.count(one.file.absolute()) > 1), None)
    if twice is not None:
        raise click.BadParameter(f"two reports would go to `{twice}`", ctx=context, param=param)
    return value


def report_options(command: "click.decorators.FC") -> "click.decorators.FC":
    """Give a command `--format`, as `style`, and `--report`, as `reports`."""
    style = click.option(
        "--format",
        "style",
        type=_Style(),
        metavar="KIND",
        default=TABLE,
        show_default=True,
        help=f"What to print: {TABLE}, {', '.join(KINDS)}.",
    )
    reports = click.option(
        "--report",
        "reports",
        type=_Report(),
        metavar="KIND=FILE",
        multiple=True,
        callback=_check_twice,
        help="Write a file as well, in any kind but a table; may be given several times.",
    )
    return style(reports(command))


@cache
def _outputs() -> Mapping[str, OutputSpec]:
    return {spec.name: spec for spec in load_room("gate.outputs")}


def _names() -> list[str]:
    return sorted({JSON, *_outputs()})


def render(kind: str, decision: Decision, document: Mapping[str, Any], context: OutputContext) -> str:
    """Return a decision as text; `document` is its JSON."""
    if kind == JSON:
        return msgspec.json.format(msgspec.json.encode(document), indent=2).decode() + "\n"
    return _outputs()[kind].render(decision, context)


def write_reports(
    reports: Sequence[Report], decision: Decision, document: Mapping[str, Any], context: OutputContext
) -> list[str]:
    """Write every file; return in words what could not be written."""
    problems = []
    for one in reports:
        try:
            if one.file.exists() and not one.file.is_file():
                raise UsageError("it is no file, and would be replaced", where=str(one.file))
            write_output(one.file, render(one.kind, decision, document, context))
        except UsageError as error:
            problems.append(f"the report `{one.kind}` is missing: {error}")
        except OSError as error:
            problems.append(f"the report `{one.kind}` is missing: {one.file}: {error.strerror}")
    return problems
