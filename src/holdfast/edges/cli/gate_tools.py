"""What other tools say, for a gate: their reports, and those that it runs itself."""

import os
import stat
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import click

from holdfast.edges.cli.gate_base import GateTools
from holdfast.errors import UsageError
from holdfast.model.component import Location
from holdfast.model.reported import Report
from holdfast.ports.tree import Tree


def read_report_file(file: Path) -> Report:
    """Return another tool's report, whatever its size. Raises: UsageError, FactError."""
    from holdfast.facts.reported import read_report, read_report_parts
    from holdfast.facts.reports import MAX_REPORT_BYTES

    try:
        with file.open("rb") as opened:
            known = os.fstat(opened.fileno())
            if not stat.S_ISREG(known.st_mode):  # a pipe has no size, and can be read once
                return read_report(str(file), opened.read(MAX_REPORT_BYTES + 1))
            return read_report_parts(
                str(file), known.st_size, lambda start, count: os.pread(opened.fileno(), count, start)
            )
    except OSError as error:
        raise UsageError(f"the report can't be read: {error.strerror}", where=str(file)) from None


def read_reports(
    tools: GateTools, path: Path, tree: Tree, files: Sequence[Path], names: Sequence[str]
) -> tuple[tuple[Report, ...], tuple[str, ...]]:
    """Return the reports in `files` and of the tools of these names, and what is to be told of running them.

    Raises:
        UsageError: there is no such report, or no such tool.
        FactError: a report can't be read.
    """
    looked, beside = tools.look_with(names, path, tree) if names else ((), ())
    place = tools.place(path) if files else None
    given = tuple(placed(read_report_file(file), path, place.prefix if place else "") for file in files)
    return (*given, *looked), tuple(beside)


def placed(report: Report, path: Path, prefix: str) -> Report:
    """Return a report with places below `path` as the tree names them.

    Some tools write whole paths of the machine, and those that ran above `path`, at the top of its repository, write
    `prefix` before it; the same place is the same, whoever names it.
    """
    folder = path if path.is_dir() else path.parent
    tops = tuple({f"{name}/" for name in (os.path.abspath(folder), os.path.realpath(folder))})
    below = f"{prefix}/" if prefix and path.is_dir() else None

    def relative(file: str) -> str:
        for top in tops:
            if file.startswith(top):
                return file.removeprefix(top)
        is_above = below is not None and file.startswith(below) and not (folder / file).exists()
        return file[len(prefix) + 1 :] if is_above else file

    def moved(places: tuple[Location, ...]) -> tuple[Location, ...]:
        return tuple(replace(place, file=relative(place.file)) for place in places)

    findings = tuple(replace(one, locations=moved(one.locations)) for one in report.findings)
    gaps = tuple(replace(gap, file=relative(gap.file)) for gap in report.unparsed)
    return replace(report, findings=findings, unparsed=gaps)


def _names(context: click.Context, parameter: click.Parameter, value: tuple[str, ...]) -> tuple[str, ...]:
    named = [name.strip() for one in value for name in one.split(",")]
    if not all(named):
        raise click.BadParameter("expected names of tools, such as `bandit,gitleaks`", ctx=context, param=parameter)
    return tuple(dict.fromkeys(named))


def with_option(command: "click.decorators.FC") -> "click.decorators.FC":
    """Give a command `--with`, as `tools`."""
    return click.option(
        "--with",
        "tools",
        multiple=True,
        metavar="TOOL[,TOOL]",
        callback=_names,
        help="Tools to run as well: bandit, gitleaks, semgrep (by the rules that HOLDFAST_SEMGREP_RULES names).",
    )(command)
