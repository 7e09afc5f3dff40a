"""The smallest set of upgrades that clears the gate, and what the gate says after it.

Rules:

1. One upgrade a component, to the smallest version that no known advisory of it touches.
2. What a rule blocks has to go: its upgrade is in the set. Where the score still fails, the worst risks follow until it
   does not, and whatever turns out not to be needed is dropped again.
3. Upgrades that don't bring the score to the bar are not in the set: that they don't is told, with the score that all
   of them would give.
4. The score after it is decided anew, on the composition with the upgrades in it.
5. What can't be cleared is listed with why. Everything is sorted: the same inputs give the same plan.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime

from holdfast.facts.scope import merge_occurrences
from holdfast.gate.decide import Decision, Judged, describe, is_failing
from holdfast.gate.score import Entry, tally
from holdfast.loop.gate import GateInput, run_gate
from holdfast.loop.scan import ScanReport
from holdfast.loop.scan_findings import ReadLine
from holdfast.model.component import Component, Occurrence, Sbom
from holdfast.model.finding import Finding, Kind
from holdfast.model.fix import Fix
from holdfast.model.frozen import frozen
from holdfast.remediations.suggest import suggest_steps

ReadFile = Callable[[str], bytes | None]
"""Gives a file's content; `None` where it can't."""


@frozen
class Raised:
    """One upgrade: a component to a version, the findings it ends (ids, sorted), and a step for each file."""

    occurrence: Occurrence
    version: str
    ends: tuple[str, ...]
    steps: tuple[Fix, ...]
    is_blocking: bool

    @property
    def component(self) -> Component:
        """What is raised."""
        return self.occurrence.component


@frozen
class Stuck:
    """Something that keeps the gate shut and that no upgrade clears."""

    what: str
    because: str


@frozen
class FixPlan:
    """The upgrades, what they leave, and the decisions before and after them."""

    raised: tuple[Raised, ...]
    stuck: tuple[Stuck, ...]
    before: Decision
    after: Decision


def plan_fixes(
    given: GateInput,
    now: datetime,
    judge: Callable[[Sbom], ScanReport],
    read_line: ReadLine,
    read_file: ReadFile = lambda _file: None,
) -> FixPlan:
    """Return the plan for what a gate would decide about; `judge` scans a composition by the same advisories."""
    before = run_gate(given, now)
    needed = {one.finding.component for one in before.blocking if _is_fixable(one.finding)}
    chosen, reach = _choose(before, {one for one in needed if one is not None})
    findings = [one.finding for one in before.judged if one.finding.component in chosen and _is_fixable(one.finding)]
    formats = {file: format_id for file, format_id, _ in given.head.sbom.files}

    def steps_of(occurrence: Occurrence, version: str) -> tuple[Fix, ...]:
        return suggest_steps(occurrence, version, formats, read_line, read_file)

    raised = _raised(findings, chosen, needed, steps_of)
    head = judge(apply_upgrades(given.head.sbom, {one.component: one.version for one in raised})) if raised else None
    after = run_gate(replace(given, head=head), now) if head is not None else before
    return FixPlan(raised, _stuck(before, after, reach), before, after)


def apply_upgrades(sbom: Sbom, versions: Mapping[Component, str]) -> Sbom:
    """Return a composition with components at other versions."""
    moved = (
        replace(one, component=_at(one.component, versions[one.component])) if one.component in versions else one
        for one in sbom.occurrences
    )
    return replace(sbom, occurrences=merge_occurrences(moved))


def _at(component: Component, version: str) -> Component:
    source = version if component.source_version else ""
    return replace(component, version=version, source_version=source)


def _is_fixable(finding: Finding) -> bool:
    return finding.fix is not None and finding.component is not None and finding.kind is not Kind.LICENSE


def _choose(before: Decision, needed: set[Component]) -> tuple[set[Component], float | None]:
    """Return what to raise, and, where the score can't be brought to the bar, what everything raised would give."""
    chosen = set(needed)
    ledger = before.score.ledger

    def fails(raised: set[Component]) -> bool:
        return is_failing(tally(_left(ledger, raised)), before.base_score, before.bar, before.basis)

    if not fails(chosen):
        return chosen, None
    added = []
    for component in _worst_first(ledger, chosen):
        chosen.add(component)
        added.append(component)
        if not fails(chosen):
            break
    else:
        return set(needed), tally(_left(ledger, chosen)).value
    for component in added:
        if not fails(chosen - {component}):
            chosen.discard(component)
    return chosen, None


def _left(ledger: Iterable[Entry], raised: set[Component]) -> list[Entry]:
    return [one for one in ledger if one.finding.component not in raised or not _is_fixable(one.finding)]


def _worst_first(ledger: Sequence[Entry], chosen: set[Component]) -> list[Component]:
    risks: dict[Component, list[float]] = {}
    for one in ledger:
        component = one.finding.component
        if component is not None and component not in chosen and one.risk > 0 and _is_fixable(one.finding):
            risks.setdefault(component, []).append(one.risk)
    return sorted(risks, key=lambda one: (-max(risks[one]), -sum(risks[one]), one.purl))


def _raised(
    findings: Sequence[Finding],
    chosen: set[Component],
    needed: set[Component | None],
    steps_of: Callable[[Occurrence, str], tuple[Fix, ...]],
) -> tuple[Raised, ...]:
    out = []
    for component in sorted(chosen, key=lambda one: one.purl):
        here = [one for one in findings if one.component == component]
        first = here[0]
        if first.fix is None or first.occurrence is None:
            continue
        version = first.fix.version
        steps = steps_of(first.occurrence, version) or (first.fix,)
        ends = tuple(sorted({one.id for one in here}))
        out.append(Raised(first.occurrence, version, ends, steps, component in needed))
    return tuple(out)


def _stuck(before: Decision, after: Decision, reach: float | None) -> tuple[Stuck, ...]:
    out = [Stuck(describe(one.finding), _why(one)) for one in after.blocking]
    out += [Stuck(gap.place or gap.id, f"could not tell: {gap.because}") for gap in after.gaps]
    if after.score_fails:
        all_of_them = before.score.value if reach is None else reach
        because = f"every known fix together gives {all_of_them:.1f}; at least {after.bar:g} is asked for"
        out.append(Stuck("the score", because))
    return tuple(out)


def _why(one: Judged) -> str:
    finding = one.finding
    if finding.kind is Kind.LICENSE:
        return "a licence: another package, or a waiver"
    if finding.component is None:
        return "it is in no package: change the place itself"
    if finding.fix is None:
        return "no version is known that no advisory touches"
    return f"{finding.fix.version} is touched as well"
