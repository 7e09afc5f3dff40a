"""`holdfast scan`: what is in this folder, and what is wrong with it. Needs no server and no store.

Exit codes: 0 scanned, findings or not · 1 findings at or above `--fail-on` · 2 usage · 3 nothing to scan · 4 failed ·
5 could not tell (only with `--fail-on`). With `--format json` there is JSON on stdout whatever the exit code.
"""

import os
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import field
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

import click
import msgspec

from holdfast.edges.cli.options import (
    ANY_IMAGE,
    EXIT_BLOCKED,
    EXIT_FAILED,
    EXIT_NOTHING,
    EXIT_PASS,
    EXIT_UNKNOWN,
    EXIT_USAGE,
    ImageWish,
    data_option,
    format_option,
    image_options,
    json_command,
)
from holdfast.edges.cli.output import Progress, print_json, say
from holdfast.edges.cli.vex import vex_key_option, vex_options
from holdfast.errors import FactError, HoldfastError, UsageError
from holdfast.facts.composition import read_composition
from holdfast.loop.scan import DEFAULT_MAX_AGE, ScanReport, scan, wanted_ecosystems
from holdfast.loop.scan_json import error_to_json, report_to_json
from holdfast.model.component import Location
from holdfast.model.frozen import frozen
from holdfast.ports.lookup import AdvisoryLookup
from holdfast.ports.tree import Tree

if TYPE_CHECKING:  # only a scan that takes VEX documents needs it
    from holdfast.edges.cli.scan_spoken import SpokenScan

LEVELS = {"any": 0.0, "low": 0.1, "medium": 4.0, "high": 7.0, "critical": 9.0}
UNSCORED = 7.0
"""What a finding without a score counts, the careful side."""
_MAX_LINES_BYTES = 8 << 20


@frozen
class ScanRequest:
    """Which advisories a scan needs, and from where. Locations are `None` where none is named."""

    ecosystems: tuple[str, ...]
    data: Path
    feed: str | None
    offline: bool
    known_exploited: str | None
    epss: str | None = None
    ssvc: str | None = None


@frozen
class ScanAdvisories:
    """The advisories to scan against; see `loop.scan.scan` for `checked` and `problems`."""

    lookup: AdvisoryLookup
    checked: frozenset[str] = frozenset()
    problems: Mapping[str, str] = field(default_factory=dict)
    skipped: Sequence[str] = ()
    notes: Sequence[str] = ()


class ScanTools(Protocol):
    """What the wiring lends to a scan."""

    def now(self) -> datetime:
        """Return the present instant."""
        ...

    def tree(self, path: Path, image: ImageWish = ANY_IMAGE) -> tuple[Tree, Sequence[str]]:
        """Return a folder, a file or an image as a tree, and the paths in it to read. Raises: UsageError, FactError."""
        ...

    def advisories(
        self, request: ScanRequest, now: datetime, progress: Callable[[str, int, int | None], None]
    ) -> AbstractContextManager[ScanAdvisories]:
        """Give the advisories while the context is open. Raises: HoldfastError."""
        ...


def make_scan(open_tools: Callable[[], ScanTools]) -> click.Command:
    """Return the command; `open_tools` is called when it runs."""

    @click.command("scan", cls=json_command(error_to_json), epilog=_EXAMPLES)
    @click.argument("path", type=click.Path(path_type=Path), default=".")
    @click.option("--feed", envvar="HOLDFAST_FEED", help="Advisories: a folder, a zip, a bucket's URL, or `none`.")
    @click.option("--fail-on", type=click.Choice([*LEVELS, "known-exploited"]), help="Exit 1 at such findings.")
    @click.option("--offline", is_flag=True, help="Ask nothing of the network; use what was synced.")
    @click.option("--comprehensive", is_flag=True, help="Judge what came with the distribution by itself as well.")
    @vex_options
    @vex_key_option
    @image_options
    @data_option
    @format_option
    @click.pass_context
    def command(context: click.Context, /, path: Path, **options: Any) -> None:
        """Scan PATH for known vulnerabilities: the dependency files of a folder, one file, or a container image.

        An image is an OCI layout or what `docker save` writes; `--image` takes one from a registry.
        """
        context.exit(_run(open_tools(), path, _Options(**options)))

    return command


_EXAMPLES = """\b
Examples:
  holdfast scan
  holdfast scan services/pay --fail-on high
  holdfast scan uv.lock --feed ./osv --format json
  holdfast scan pay.tar --platform linux/arm64
  holdfast scan --image registry.example/pay:1.4.2
  holdfast scan pay.tar --vex ../vendor/pay.openvex.json --product pkg:oci/pay@1.4.2
"""


@frozen
class _Options:
    feed: str | None
    fail_on: str | None
    offline: bool
    data: Path
    style: str
    image: ImageWish = ANY_IMAGE
    comprehensive: bool = False
    vex: tuple[Path, ...] = ()
    products: tuple[str, ...] = ()
    vex_keys: tuple[Path, ...] = ()


def _run(tools: ScanTools, path: Path, options: _Options) -> int:
    """Scan, print, and return the exit code."""
    try:
        spoken = _read_vex(path, options) if options.vex or options.products else None
        report = _scan(tools, path, options)
    except HoldfastError as error:
        if options.style == "json":
            print_json(error_to_json(error.message, error.where, error.hint))
        say(str(error))
        return EXIT_USAGE if isinstance(error, UsageError) else EXIT_FAILED
    if spoken is not None:
        report = spoken.take(report, tools.now())
    if options.style == "json":
        _write(report, spoken.document() if spoken else {})
    else:
        from holdfast.edges.cli.scan_output import print_report

        print_report(report, options.style)
        if spoken is not None:
            spoken.print(options.style)
    return exit_code(report, options.fail_on)


def _read_vex(path: Path, options: _Options) -> "SpokenScan":
    """Read what documents say, before anything is scanned. Raises: UsageError, FactError."""
    from holdfast.edges.cli.scan_spoken import SpokenScan  # loads what a scan can do without
    from holdfast.edges.cli.vex import judgeable, read_vex_outside

    judged = judgeable(options.products, options.image.reference)
    return SpokenScan(read_vex_outside(options.vex, path, judged, options.vex_keys))


def _write(report: ScanReport, spoken: Mapping[str, Any]) -> None:
    """Print the JSON of a report; a large one at the speed of msgspec."""
    text = msgspec.json.format(msgspec.json.encode({**report_to_json(report), **spoken}), indent=2)
    click.echo(text.decode())


def _scan(tools: ScanTools, path: Path, options: _Options) -> ScanReport:
    now = tools.now()
    if options.offline and options.image.reference is not None:
        raise UsageError("an image of a registry, and nothing may be asked of the network", where="--offline")
    tree, paths = tools.tree(path, options.image)
    sbom = read_composition(tree, paths)
    kev = os.environ.get("HOLDFAST_KEV") or None
    max_age = max_age_of(os.environ.get("HOLDFAST_FEED_MAX_AGE"))
    feed = None if options.feed in {"", "none"} else options.feed
    offline = options.offline or options.feed == "none"
    request = ScanRequest(wanted_ecosystems(sbom), options.data, feed, offline, kev)
    with tools.advisories(request, now, Told()) as found:
        for name, because in sorted(found.problems.items()):
            say(f"no new advisories for {name}: {because}")
        for note in found.notes:
            say(note)
        if found.skipped:
            say(f"{len(found.skipped)} records of the feed could not be read, the first: {found.skipped[0]}")
        return scan(
            sbom,
            found.lookup,
            now,
            max_age=max_age,
            problems=found.problems,
            checked=found.checked,
            read_line=reader_of(tree),
            comprehensive=options.comprehensive,
        )


def max_age_of(hours: str | None, usual: timedelta = DEFAULT_MAX_AGE) -> timedelta:
    """Return how old a feed may be, `usual` where nothing is set.

    Raises:
        UsageError: not a number of hours.
    """
    try:
        return timedelta(hours=float(hours)) if hours else usual
    except (ValueError, OverflowError):
        raise UsageError(f"expected hours in HOLDFAST_FEED_MAX_AGE, got `{hours}`") from None


class Told:
    """Progress of a sync on stderr, an ecosystem at a time."""

    def __init__(self) -> None:
        self._progress: dict[str, Progress] = {}

    def __call__(self, ecosystem: str, read: int, expected: int | None) -> None:
        """Show how far it is."""
        self._progress.setdefault(ecosystem, Progress(f"reading advisories of {ecosystem}"))(read, expected)


def reader_of(tree: Tree) -> Callable[[Location], str | None]:
    """Return what gives the text of a place's line in a tree, `None` where there is none."""
    return _Lines(tree).read


class _Lines:
    """Lines of files in a tree, each file read once."""

    def __init__(self, tree: Tree) -> None:
        self._tree = tree
        self._files: dict[str, list[str]] = {}

    def read(self, place: Location) -> str | None:
        """Return the text of a line; `None` where there is none."""
        if place.line is None:
            return None
        if place.file not in self._files:
            try:
                text = self._tree.read(place.file, _MAX_LINES_BYTES).decode("utf-8")
            except (FactError, UnicodeDecodeError):  # without the line, the fix names the bare pin
                text = ""
            self._files[place.file] = text.splitlines()
        lines = self._files[place.file]
        return lines[place.line - 1] if 0 < place.line <= len(lines) else None


def exit_code(report: ScanReport, fail_on: str | None) -> int:
    """Return the exit code of a report: blocked beats could-not-tell beats pass.

    A distribution past its end of life is a finding that nobody gave a score. A malicious package is above every bar.
    """
    if report.is_empty:
        return EXIT_NOTHING
    if fail_on is None:
        return EXIT_PASS
    if any(one.malicious for one in report.findings):
        return EXIT_BLOCKED
    if fail_on == "known-exploited":
        if any(one.known_exploited for one in report.findings):
            return EXIT_BLOCKED
        cannot_tell = any(one.known_exploited is None for one in report.findings)
    else:
        scores = [one.severity.score if one.severity else None for one in report.findings]
        scores += [None for _ in report.ended]
        if any((UNSCORED if score is None else score) >= LEVELS[fail_on] for score in scores):
            return EXIT_BLOCKED
        cannot_tell = False
    return EXIT_UNKNOWN if cannot_tell or report.unknown or report.sbom.unparsed else EXIT_PASS
