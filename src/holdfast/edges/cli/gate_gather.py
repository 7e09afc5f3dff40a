"""What a gate decides on: a path and its base, read and judged by one state of the advisories."""

import os
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime
from pathlib import Path

from holdfast.edges.cli.gate_base import Base, GateTools, read_trusted
from holdfast.edges.cli.gate_reports import Report
from holdfast.edges.cli.gate_tools import read_reports
from holdfast.edges.cli.output import say
from holdfast.edges.cli.scan import ScanAdvisories, ScanRequest, Told, max_age_of, reader_of
from holdfast.edges.cli.vex import judgeable, read_vex_trusted
from holdfast.facts.composition import read_composition
from holdfast.gate.levels import Levels
from holdfast.loop.fix_asks import tell_asks
from holdfast.loop.gate import GateInput
from holdfast.loop.gate_reported import Sources
from holdfast.loop.scan import ScanReport, scan, wanted_ecosystems
from holdfast.model.build import Basis
from holdfast.model.component import Sbom
from holdfast.model.frozen import frozen
from holdfast.ports.tree import Tree


@frozen
class GateOptions:
    """What a decision was asked for with."""

    policy: Path | None
    base: str | None
    service: str | None
    feed: str | None
    offline: bool
    data: Path
    style: str
    reports: tuple[Report, ...] = ()
    environment: str = ""
    server: str | None = None
    on_unavailable: str | None = None
    findings: tuple[Path, ...] = ()
    artifact: str | None = None
    tools: tuple[str, ...] = ()
    vex: tuple[Path, ...] = ()
    products: tuple[str, ...] = ()
    accept_inherited: bool = False


@frozen
class Gathered:
    """All that a decision rests on. `again` judges another composition, or a tree's, by the same advisories."""

    given: GateInput
    now: datetime
    base: str | None
    tree: Tree
    again: Callable[[Sbom, Tree], ScanReport]


def gather(tools: GateTools, path: Path, options: GateOptions, levels: Levels | None = None) -> Gathered | None:
    """Read and scan a path and its base; `None` when there is nothing to scan. Raises: HoldfastError.

    `levels`, where given, count instead of the repository's own policy.
    """
    now = tools.now()
    tree, paths = tools.tree(path)
    base = Base.find(tools, path, options.base, os.environ)
    trusted = read_trusted(tools, path, tree, base, options.policy, options.service)
    levels = levels or trusted.levels()
    judged = judgeable(options.products)
    vex, altered = read_vex_trusted(tools, path, base, options.vex, judged, levels.vex_keys if options.vex else ())
    notes = [*trusted.notes, *altered]
    there = base.tree(tools, path) if base else None
    sbom = told_apart(read_composition(tree, paths), tree, there)
    before = base.composition(tools, path) if base else None
    reports, again = _scan([sbom, *([before] if before else [])], tools, tree, options, now, levels)
    if reports[0].is_empty and (len(reports) < 2 or reports[1].is_empty) and not options.findings and not options.tools:
        return None
    basis = Basis.NOTHING if base is None else Basis.CHANGE
    if base is None:
        notes.append("there is no base: everything counts as added (`--base origin/main`, or an SBOM)")
    looked, beside = read_reports(tools, path, tree, options.findings, options.tools)
    notes.extend(beside)
    given = GateInput(
        reports[0],
        reports[1] if before else None,
        basis,
        levels,
        trusted.stated,
        notes=tuple(notes),
        reports=looked,
        sources=Sources(tree, there, before),
        base_is_tree=base is not None and base.commit is not None,
        vex=vex,
    )
    return Gathered(
        given,
        now,
        base.name if base else None,
        tree,
        lambda composed, read: again(told_apart(composed, read, there), read),
    )


def told_apart(sbom: Sbom, tree: Tree, before: Tree | None) -> Sbom:
    """Return a composition whose gaps are others than the base's where a change alters what nobody could read."""
    if before is None or not sbom.unparsed:
        return sbom
    from holdfast.loop.gate_altered import mark_altered  # most trees are read as a whole

    return mark_altered(sbom, tree, before)


def _scan(
    compositions: Sequence[Sbom], tools: GateTools, tree: Tree, options: GateOptions, now: datetime, levels: Levels
) -> tuple[list[ScanReport], Callable[[Sbom, Tree], ScanReport]]:
    """Judge head and base by one state of the advisories; returns as well what judges another by the same."""
    kev, epss, ssvc = (os.environ.get(f"HOLDFAST_{name}") or None for name in ("KEV", "EPSS", "SSVC"))
    feed = None if options.feed in {"", "none"} else options.feed
    wanted = tuple(sorted({name for one in compositions for name in wanted_ecosystems(one)}))
    offline = options.offline or options.feed == "none"
    request = ScanRequest(wanted, options.data, feed, offline, kev, epss, ssvc)
    max_age = min(levels.max_age, max_age_of(os.environ.get("HOLDFAST_FEED_MAX_AGE"), levels.max_age))

    def judge(sbom: Sbom, given: ScanAdvisories, read: Tree | None) -> ScanReport:
        read_line = reader_of(read) if read is not None else lambda _place: None
        report = scan(
            sbom,
            given.lookup,
            now,
            max_age=max_age,
            problems=found.problems,
            checked=found.checked,
            read_line=read_line,
        )
        return report if read is None else tell_asks(report, read)

    def again(sbom: Sbom, read: Tree) -> ScanReport:
        with tools.advisories(replace(request, offline=True), now, Told()) as same:
            return judge(sbom, same, read)

    with tools.advisories(request, now, Told()) as found:
        for name, because in sorted(found.problems.items()):
            say(f"no new advisories for {name}: {because}")
        for note in found.notes:
            say(note)
        return [judge(sbom, found, None if number else tree) for number, sbom in enumerate(compositions)], again
