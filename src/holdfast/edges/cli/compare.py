"""`holdfast compare`: why another tool's report on the same input differs from ours. Needs no server and no store.

Exit codes: 0 compared, whatever differs · 2 usage, or a report that is none · 3 nothing to scan · 4 failed.
"""

import os
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import click

from holdfast.edges.cli.gate_tools import read_report_file
from holdfast.edges.cli.options import (
    ANY_IMAGE,
    EXIT_NOTHING,
    EXIT_PASS,
    ImageWish,
    data_option,
    format_option,
    image_options,
)
from holdfast.edges.cli.output import markdown_cell, print_answer, printable, say
from holdfast.edges.cli.scan import ScanRequest, ScanTools, Told, max_age_of
from holdfast.errors import FactError, UsageError
from holdfast.facts.composition import read_composition
from holdfast.loop.compare import REPORTS, CompareRow, Standing, compare
from holdfast.loop.scan import scan, wanted_ecosystems
from holdfast.model.frozen import frozen
from holdfast.model.reported import Report

_COLUMNS = [
    ("Finding", "standing"),
    ("Package", "package"),
    ("Version", "version"),
    ("Ours", "our_ids"),
    ("Theirs", "theirs"),
    ("Why", "why"),
]
_EXAMPLES = """\b
Examples:
  holdfast compare grype.json
  holdfast compare trivy.json services/pay --feed ./osv
  holdfast compare osv-scanner.json pay.tar --format json
"""


@frozen
class _Options:
    feed: str | None
    offline: bool
    data: Path
    style: str
    image: ImageWish = ANY_IMAGE
    comprehensive: bool = False


def make_compare(open_tools: Callable[[], ScanTools]) -> click.Command:
    """Return the command; `open_tools` is called when it runs."""

    @click.command("compare", epilog=_EXAMPLES)
    @click.argument("report", type=click.Path(path_type=Path))
    @click.argument("path", type=click.Path(path_type=Path), default=".")
    @click.option("--feed", envvar="HOLDFAST_FEED", help="Advisories: a folder, a zip, a bucket's URL, or `none`.")
    @click.option("--offline", is_flag=True, help="Ask nothing of the network; use what was synced.")
    @click.option("--comprehensive", is_flag=True, help="Judge what came with the distribution by itself as well.")
    @image_options
    @data_option
    @format_option
    @click.pass_context
    def command(context: click.Context, /, report: Path, path: Path, **options: Any) -> None:
        """Explain, finding by finding, why REPORT differs from what we find in PATH.

        REPORT is the JSON of Grype, Trivy or osv-scanner on the same folder, file or image.
        """
        context.exit(_run(open_tools(), report, path, _Options(**options)))

    return command


def _run(tools: ScanTools, file: Path, path: Path, options: _Options) -> int:
    """Compare, print, and return the exit code. Raises: HoldfastError."""
    if options.offline and options.image.reference is not None:
        raise UsageError("an image of a registry, and nothing may be asked of the network", where="--offline")
    report = _read(file)
    now = tools.now()
    tree, paths = tools.tree(path, options.image)
    sbom = read_composition(tree, paths)
    feed = None if options.feed in {"", "none"} else options.feed
    offline = options.offline or options.feed == "none"
    max_age = max_age_of(os.environ.get("HOLDFAST_FEED_MAX_AGE"))
    request = ScanRequest(wanted_ecosystems(sbom), options.data, feed, offline, None)
    with tools.advisories(request, now, Told()) as found:
        for name, because in sorted(found.problems.items()):
            say(f"no new advisories for {name}: {because}")
        for note in found.notes:
            say(note)
        scanned = scan(
            sbom,
            found.lookup,
            now,
            max_age=max_age,
            problems=found.problems,
            checked=found.checked,
            comprehensive=options.comprehensive,
        )
        rows = () if scanned.is_empty else compare(report, scanned, found.lookup)
    if scanned.is_empty:
        say("Nothing to scan: no dependency file was found.")
        return EXIT_NOTHING
    _print(report, rows, [f"{gap.file}: {gap.because}" for gap in sbom.unparsed], options.style)
    return EXIT_PASS


def _read(file: Path) -> Report:
    """Return the report. Raises: UsageError."""
    if not file.is_file():  # a pipe would wait for ever, a folder is no report
        raise UsageError("there is no such report", where=str(file), hint="name a file of JSON")
    try:
        report = read_report_file(file)
    except FactError as error:
        raise UsageError(error.message, where=error.where, hint=error.hint) from None
    if report.format not in REPORTS:
        hint = "such as `grype -o json`, `trivy --format json`, `osv-scanner --format json`"
        raise UsageError(f"reports of `{report.format}` are not compared", where=str(file), hint=hint)
    return report


def _print(report: Report, rows: Sequence[CompareRow], gaps: Sequence[str], style: str) -> None:
    unread = sorted({one.because for one in report.unparsed})
    counts = Counter(row.standing for row in rows)
    document = {
        "tool": report.tool,
        "tool_version": report.version,
        "counts": {str(one): counts[one] for one in Standing},
        "rows": [_to_json(row) for row in rows],
        "unread": unread,
        "unparsed": sorted(gaps),
    }
    shown = [{**_to_json(row), "our_ids": ", ".join(row.ours), "why": row.because} for row in rows]
    print_answer(style, "compare", document, shown, _COLUMNS, empty="neither side found anything")
    if style == "json":
        return
    lines = [
        f"{report.tool} {report.version}".strip() + ": " + ", ".join(f"{counts[one]} {one}" for one in Standing) + ".",
        *(f"Not read in their report: {because}" for because in unread),
        *(f"Not read by us: {gap}" for gap in sorted(gaps)),
    ]
    print()
    for line in lines:
        print(markdown_cell(line) + "  " if style == "markdown" else printable(line))


def _to_json(row: CompareRow) -> dict[str, Any]:
    return {
        "standing": str(row.standing),
        "reason": str(row.reason),
        "because": row.because,
        "ecosystem": row.ecosystem or None,
        "package": row.package or None,
        "version": row.version or None,
        "ours": list(row.ours),
        "theirs": row.theirs or None,
        "fixed_in": list(row.fixed_in),
    }
