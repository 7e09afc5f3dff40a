"""Runs tools of this room over one tree and takes what they say.

Rules:

1. A program is looked for in absolute folders of `PATH`, and never run where it lies in the tree that is judged; nor do
   settings count that lie there.
2. Whatever keeps a tool from a whole answer is a gap that names it: not there, failed, too slow, no report.
3. Suppressions in a report of a tool that we run count nothing: all of them come from the tree.
"""

import os
import shutil
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path

from holdfast.edges.providers.processes import run_program
from holdfast.edges.providers.scanners._copied import Copied, copy_tree, mentioned, relative_to
from holdfast.edges.providers.scanners._spec import Places, ScannerSpec
from holdfast.errors import FactError, HoldfastError
from holdfast.facts.gather import readable
from holdfast.facts.reported import read_report_parts
from holdfast.model.component import Unparsed
from holdfast.model.frozen import frozen
from holdfast.model.reported import Report, ReportedFinding
from holdfast.ports.tree import Tree

TIMEOUT_S = 600.0
_NOWHERE = "http://127.0.0.1:9"


@frozen
class Looked:
    """What tools said of a tree, one report each, and what is to be told beside."""

    reports: tuple[Report, ...]
    notes: tuple[str, ...] = ()


def look(
    specs: Sequence[ScannerSpec],
    tree: Tree,
    top: Path,
    variables: Mapping[str, str],
    timeout_s: float = TIMEOUT_S,
) -> Looked:
    """Run tools over a tree that lies in `top`; `variables` are those of our own process."""
    ready = {spec.id: _ready(spec, top, variables) for spec in specs}
    able = [spec for spec in specs if isinstance(ready[spec.id], _Ready)]
    with tempfile.TemporaryDirectory(prefix="holdfast-tools-") as folder:
        room = Path(folder).resolve()
        try:
            copied = _copy(able, tree, room)
        except FactError as error:
            return Looked(tuple(_failed(spec, error.message) for spec in specs))
        reports = []
        for spec in specs:
            found = ready[spec.id]
            reports.append(_run(spec, found, room, copied, timeout_s) if isinstance(found, _Ready) else found)
    told = ", ".join(f"`{readable(path)}`" for path in sorted(set(copied.steering))[:5])
    return Looked(tuple(reports), (f"tools were not shown what would steer them: {told}",) if told else ())


@frozen
class _Ready:
    """A tool that can be run."""

    program: str
    settings: Path | None
    path: str


def _ready(spec: ScannerSpec, top: Path, variables: Mapping[str, str]) -> "_Ready | Report":
    """Return what is needed to run a tool, or the gap that it is."""
    folders = [one for one in variables.get("PATH", os.defpath).split(os.pathsep) if os.path.isabs(one)]
    outside = [one for one in folders if not _lies_in(Path(one), top)]
    program = shutil.which(spec.program, path=os.pathsep.join(outside))
    if program is None:
        if shutil.which(spec.program, path=os.pathsep.join(folders)):
            return _failed(spec, "it lies in what is judged, and nothing of that is run; install it elsewhere")
        return _failed(spec, f"it is not installed; try `{spec.install}`")
    if _lies_in(Path(program), top):
        return _failed(spec, "it leads into what is judged, and nothing of that is run; install it elsewhere")
    named = variables.get(spec.setting or "")
    if not named:
        if spec.needs_setting:
            return _failed(spec, f"it needs rules of yours: name their file or folder in {spec.setting}")
        return _Ready(program, None, os.pathsep.join(outside))
    settings = Path(named).absolute()
    if not settings.exists():
        return _failed(spec, f"{spec.setting} names nothing that is there: `{named}`")
    if _lies_in(settings, top):
        return _failed(spec, f"{spec.setting} lies in what is judged: keep it outside of the checkout")
    return _Ready(program, settings, os.pathsep.join(outside))


def _lies_in(path: Path, top: Path) -> bool:
    """Whether a path, as it is written or where it leads, lies in a folder."""
    return any(one.is_relative_to(top.resolve()) for one in (Path(os.path.abspath(path)), path.resolve()))


def _copy(specs: Sequence[ScannerSpec], tree: Tree, room: Path) -> Copied:
    copy = room / "tree"
    copy.mkdir()
    steered_by = frozenset[str]().union(*(spec.steered_by for spec in specs))
    wanted = lambda path: any(spec.looks_at(path) for spec in specs)  # noqa: E731
    copied = copy_tree(tree, copy, wanted, steered_by) if specs else Copied()
    for name, content in (one for spec in specs for one in spec.own_files):
        (copy / name).write_text(content)
    return copied


def _run(spec: ScannerSpec, ready: _Ready, room: Path, copied: Copied, timeout_s: float) -> Report:
    own = room / spec.id
    for name in ("empty", "home", "tmp"):
        (own / name).mkdir(parents=True)
    places = Places(room / "tree", own / "empty", own / "report.sarif", ready.settings)
    variables = {name: str(own / "home") for name in ("HOME", "XDG_CONFIG_HOME", "XDG_CACHE_HOME")}
    variables |= {"TMPDIR": str(own / "tmp"), "PATH": ready.path, "PYTHONSAFEPATH": "1"}
    variables |= dict.fromkeys(("HTTP_PROXY", "HTTPS_PROXY", "http_proxy", "https_proxy", "ALL_PROXY"), _NOWHERE)
    try:
        ended = run_program(
            [ready.program, *spec.argv(places)], timeout_s=timeout_s, variables=variables, folder=str(places.empty)
        )
        if ended.status not in spec.good:
            return _failed(spec, f"it ended with status {ended.status}: {ended.last_line}")
        report = _read(places.report, spec)
    except HoldfastError as error:
        return _failed(spec, error.message)
    missed = [gap for gap in copied.gaps if not gap.file or spec.looks_at(gap.file)]
    return _of_tree(report, places, missed)


def _read(file: Path, spec: ScannerSpec) -> Report:
    """Return what a tool wrote. Raises: FactError: nothing, or no report."""
    try:
        with file.open("rb") as opened:
            size = os.fstat(opened.fileno()).st_size
            part = partial(os.pread, opened.fileno())
            return read_report_parts(spec.id, size, lambda start, count: part(count, start))
    except OSError as error:
        raise FactError(f"it wrote no report: {error.strerror}") from None


def _of_tree(report: Report, places: Places, missed: Sequence[Unparsed]) -> Report:
    """Return a report with the places of the tree instead of those of its copy."""
    relative = relative_to(places.tree, places.empty)

    def moved(one: ReportedFinding) -> ReportedFinding:
        locations = tuple(replace(place, file=relative(place.file)) for place in one.locations)
        return replace(one, locations=locations, message=_without(one.message, places), suppressed=False)

    gaps = [_gap_of(gap, places, relative(gap.file)) for gap in report.unparsed]
    findings = tuple(moved(one) for one in report.findings)
    return replace(report, findings=findings, unparsed=tuple(dict.fromkeys([*gaps, *missed])))


def _gap_of(gap: Unparsed, places: Places, file: str) -> Unparsed:
    named = next(mentioned(gap.because, places.tree), "")
    known = file if (places.tree / file).is_file() else named
    return Unparsed(known, gap.line, _without(gap.because, places))


def _without(text: str, places: Places) -> str:
    return text.replace(f"{places.tree}/", "").replace(str(places.tree), ".")


def _failed(spec: ScannerSpec, because: str) -> Report:
    return Report("sarif", spec.id, "", (), (Unparsed("", None, readable(f"asked for, and not run whole: {because}")),))
