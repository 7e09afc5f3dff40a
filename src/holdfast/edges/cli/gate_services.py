"""`holdfast gate` on a tree of several services: each is judged by itself, and one table says how they stand.

Rules:

1. Services and their folders are those of the trusted revision's `holdfast.yaml`: a change can't take files from one.
2. With `--service`, or an SBOM as base, which says of no service what it has, all is judged as one.
3. A service of which nothing was read on either side is told, and not judged.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from holdfast.edges.cli.gate_gather import GateOptions, Gathered
from holdfast.edges.cli.gate_output import WORDS, print_decision
from holdfast.edges.cli.output import print_rows, printable, say
from holdfast.gate.decide import Bound, Decision
from holdfast.gate.levels import Levels
from holdfast.loop.gate import Stated
from holdfast.loop.gate_services import (
    Owner,
    Verdict,
    find_services,
    folders_of,
    owner_of,
    split_reports,
    split_sbom,
    split_scan,
)
from holdfast.model.component import Sbom
from holdfast.model.frozen import frozen
from holdfast.model.reported import Report

_COLUMNS = [("Service", "service"), ("Verdict", "verdict"), ("Score", "score"), ("Base", "base"), ("At least", "bar"),
            ("Block", "blocking"), ("Warn", "warnings"), ("Not told", "unknown"), ("Before", "existing")]  # fmt: skip
_NOTHING = Sbom(())


@frozen
class Part:
    """One service of a tree: what it is, and what it is made of on both sides."""

    bound: Bound
    sbom: Sbom
    before: Sbom | None


def services_of(path: Path, stated: Stated, *, is_tree: bool) -> tuple[Bound, ...]:
    """Return the services to judge each by itself; none where all is judged as one. Raises: UsageError.

    `is_tree` says that the base, where there is one, is a tree too.
    """
    if not path.is_dir():
        return ()
    found = find_services(stated)
    if found and not is_tree:
        say("an SBOM does not say which service has what: all is compared as one (`--service NAME` names one)")
        return ()
    return found


def parts_of(
    services: Sequence[Bound], owner: Owner, sbom: Sbom, before: Sbom | None, *, keep_empty: bool
) -> list[Part]:
    """Return the parts of a tree; what has nothing on either side only with `keep_empty`, where tools looked too."""
    heads, bases = split_sbom(sbom, owner), split_sbom(before, owner) if before is not None else {}
    out = []
    for one in services:
        head, base = heads.get(one.service, _NOTHING), bases.get(one.service, _NOTHING)
        if keep_empty or head.files or head.unparsed or base.files or base.unparsed:
            out.append(Part(one, head, base if before is not None else None))
    if missing := sorted({one.service for one in services} - {part.bound.service for part in out}):
        say(f"nothing to scan in {', '.join(missing[:20])}{', …' if len(missing) > 20 else ''}: not judged")
    return out


def reports_of(parts: Sequence[Part], owner: Owner, reports: Sequence[Report]) -> Mapping[str, tuple[Report, ...]]:
    """Return what other tools report of each part."""
    return split_reports(reports, owner, {part.bound.service: part.sbom for part in parts})


def split_gathered(
    found: Gathered, services: Sequence[Bound], options: GateOptions, levels: Mapping[str, Levels]
) -> list[Gathered]:
    """Return what each service's decision rests on; `levels`, by service, count before what is there."""
    given, stated = found.given, found.given.stated
    owner = owner_of(stated)
    before = given.base.sbom if given.base is not None else None
    keep = bool(options.findings or options.tools)
    parts = parts_of(services, owner, given.head.sbom, before, keep_empty=keep)
    bases = split_scan(given.base, owner) if given.base is not None else {}
    reports = reports_of(parts, owner, given.reports)
    out = []
    for part in parts:
        name = part.bound.service
        base = None
        if given.base is not None:
            base = bases.get(name) or replace(given.base, sbom=_NOTHING, findings=(), unjudged=())
        own = replace(
            given,
            head=found.again(part.sbom, found.tree),
            base=base,
            levels=levels.get(name, given.levels),
            stated=replace(stated, bound=part.bound, folders=()),
            reports=reports.get(name, ()),
            sources=replace(given.sources, base_sbom=part.before) if given.sources else None,
            base_is_tree=False,
        )
        out.append(replace(found, given=own))
    return out


def verdict_of(part: Bound, stated: Stated, decision: Decision, document: Mapping[str, Any]) -> Verdict:
    """Return what was decided of a service."""
    return Verdict(part.service, folders_of(stated, part.service), decision, document)


def print_services(said: Sequence[Verdict], all_of_them: Decision, now: Any) -> None:
    """Print each service's decision, where there is something to say of it, then how they stand, then the verdict."""
    for one in said:
        if one.decision.judged or one.decision.gaps or one.decision.reasons:
            print(f"== {printable(one.service)} ({', '.join(printable(folder) or '.' for folder in one.folders)})\n")
            print_decision(one.decision, "table", one.document.get("snapshot", ()), now)
            print()
    print_rows([_row(one) for one in said], _COLUMNS, "table")
    print(f"\n{WORDS[all_of_them.answer]}: the worst of {len(said)} services.")


def _row(one: Verdict) -> dict[str, Any]:
    found = one.decision
    return {
        "service": one.service,
        "verdict": WORDS[found.answer] if found.answer is found.would_be else f"{WORDS[found.answer]} ({found.mode})",
        "score": f"{found.score.value:.1f}",
        "base": f"{found.base_score.value:.1f}" if found.base_score else "",
        "bar": f"{found.bar:g}",
        "blocking": len(found.blocking),
        "warnings": len(found.warnings),
        "unknown": len(found.gaps),
        "existing": found.existing,
    }
