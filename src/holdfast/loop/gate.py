"""The gate over two scans: what a tree is made of, against what it is compared with."""

from collections.abc import Sequence
from dataclasses import field, replace
from datetime import datetime

from holdfast.errors import HoldfastError
from holdfast.facts.manifest import MANIFEST_NAMES, find_service_for
from holdfast.facts.manifest_brief import read_brief
from holdfast.facts.manifest_rules import normalize_path
from holdfast.findings.vex import Vex
from holdfast.findings.waiver_read import FILE as WAIVER_FILE
from holdfast.findings.waiver_read import WaiverFile, read_waivers
from holdfast.gate.decide import Bound, Decision, Question, decide
from holdfast.gate.levels import Levels
from holdfast.loop.gate_reported import Sources, add_reports
from holdfast.loop.gate_side import find_vanished, side_of
from holdfast.loop.scan import ScanReport
from holdfast.model.build import Basis
from holdfast.model.frozen import frozen
from holdfast.model.inventory import Reach
from holdfast.model.plan import Manifest, ServiceManifest
from holdfast.model.reported import Report
from holdfast.model.waiver import Waiver
from holdfast.ports.tree import Tree

_MOST_BYTES = 1 << 20


@frozen
class Stated:
    """What a trusted revision says of itself; `notes` are what could not be read of it.

    `folders` are (folder, service) of all its services, relative to what is built, `services` what those are.
    """

    bound: Bound
    waivers: tuple[Waiver, ...]
    notes: tuple[str, ...] = ()
    folders: tuple[tuple[str, str], ...] = ()
    services: tuple[Bound, ...] = ()


def read_stated(tree: Tree, path: str = ".", service: str | None = None) -> Stated:
    """Read service, tier, exposure and waivers from a tree whose word counts.

    `path` is what is built, relative to the tree; `service` chooses one by name.
    """
    notes: list[str] = []
    manifest = _manifest(tree, notes)
    bound = _bound(manifest, path, service)
    data = _read(tree, WAIVER_FILE)
    file = read_waivers(data) if data is not None else WaiverFile()
    notes += [f"a waiver that can't be read waives nothing: {problem}" for problem in file.problems]
    every = tuple(_bound_of(one) for one in manifest.services) if manifest else ()
    return Stated(bound, file.waivers, tuple(notes), _folders(manifest, path), every)


def _folders(manifest: Manifest | None, path: str) -> tuple[tuple[str, str], ...]:
    """Return (folder, service), relative to `path`; what lies elsewhere is left out.

    Of services whose folders lie around what is built only the innermost has it.
    """
    prefix = "" if path == "." else f"{path}/"
    named = (
        (normalize_path(folder), one.name) for one in (manifest.services if manifest else ()) for folder in one.paths
    )
    every = [(f"{folder}/" if folder else "", name) for folder, name in named if folder is not None]
    inside = [(start.removeprefix(prefix).rstrip("/"), name) for start, name in every if start.startswith(prefix)]
    around = [(len(start), name) for start, name in every if prefix.startswith(start) and start != prefix]
    if around and all(folder for folder, _ in inside):
        inside.append(("", max(around, key=lambda one: one[0])[1]))
    return tuple(inside)


def _bound(manifest: Manifest | None, path: str, service: str | None) -> Bound:
    if manifest is None:
        return Bound(service=service or "")
    named = [one for one in manifest.services if one.name == service]
    found = named[0] if named else None if service else find_service_for(manifest, path)
    if found is None and service is None and len(manifest.services) == 1:
        found = manifest.services[0]
    if found is None:
        return Bound(service=service or "")
    return _bound_of(found)


def _bound_of(one: ServiceManifest) -> Bound:
    return Bound(service=one.name, team=one.team or "", tier=one.tier, reach=Reach(one.reach))


def _manifest(tree: Tree, notes: list[str]) -> Manifest | None:
    for name in MANIFEST_NAMES:
        data = _read(tree, name)
        if data is not None:
            try:
                return read_brief(data, file=name)
            except HoldfastError as error:
                notes.append(f"what is built is not known, and counts as internet-facing: {error}")
    return None


def _read(tree: Tree, path: str) -> bytes | None:
    try:
        return tree.read(path, _MOST_BYTES)
    except HoldfastError:
        return None


@frozen
class GateInput:
    """All that a local decision rests on."""

    head: ScanReport
    base: ScanReport | None
    basis: Basis
    levels: Levels
    stated: Stated
    environment: str = ""
    environment_reach: Reach | None = None
    notes: Sequence[str] = ()
    reports: Sequence[Report] = ()
    sources: Sources | None = None
    """Where the lines that reports name are looked up; needed where there are reports."""
    base_is_tree: bool = False
    """Whether the base's places are places of the same tree; those of an SBOM are not."""
    vex: Vex = field(default_factory=Vex)


def run_gate(given: GateInput, now: datetime) -> Decision:
    """Return the decision about a scan."""
    head = side_of(given.head)
    base = None
    if given.base is not None:
        base = side_of(given.base)
        head = replace(head, gaps=(*head.gaps, *find_vanished(given.head, given.base)))
    if given.reports and given.sources is not None:
        head, base = add_reports(head, base, given.reports, given.sources)
    bound = replace(given.stated.bound, environment=given.environment, environment_reach=given.environment_reach)
    notes = (*given.notes, *given.stated.notes)
    folders = given.stated.folders if given.base_is_tree else ()
    stated = given.stated
    asked = Question(
        head, base, given.basis, bound, given.levels, stated.waivers, notes=notes, folders=folders, vex=given.vex
    )
    return decide(asked, now)
