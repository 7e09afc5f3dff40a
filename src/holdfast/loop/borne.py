"""What the waivers that a server keeps say of what runs: the same evaluator as the gate has.

Rules:

1. An exposure is waived where every version of it that runs is, each by a waiver that covers all of its CVEs, or by
   several together. Which of them ends first is told.
2. A waiver names the package, or the one that a gate shows for all that was built from its source.
3. How long one may last, and what voids it, is said by the policies of the service as they are now.
4. Doubt never waives: a waiver that does not hold is told with why, and the exposure stays as it is.

A waiver is for a service; machines have none. Those in a team's repository are read by the gate, from the base of each
change: what runs does not know of them.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from holdfast.findings.borne import bear
from holdfast.findings.context import AdvisoryFacts
from holdfast.findings.history import covers, group_spans
from holdfast.findings.lifecycle import Transition
from holdfast.findings.waivers import Limits, Waived, find_waiver
from holdfast.loop.advisory_facts import component_of
from holdfast.loop.policies import levels_of, waiver_limits
from holdfast.loop.running_findings import RunningFindings
from holdfast.loop.scan_findings import is_built
from holdfast.loop.turn import Turn
from holdfast.model.component import Component
from holdfast.model.exposure import DEPLOYMENT, Exposure, Span, Waiving
from holdfast.model.naming import cves_of
from holdfast.model.waiver import Waiver

MOST_CHARACTERS = 1000
"""How much of a waiver's statement is kept with an exposure; the waiver has the rest."""
_Group = tuple[str, str, str, str]
"""(service, environment, release, cluster): what may be one finding of a gate."""


def bear_waivers(
    turn: Turn, exposures: Sequence[Exposure], spans: Sequence[Span], facts: Mapping[str, AdvisoryFacts]
) -> list[Transition]:
    """Return what the waivers that are kept make of live exposures.

    `spans` is all of their running history, `facts` what is known of each cluster.
    """
    live = [one for one in exposures if one.is_live and one.drill is None and _may_be_waived(one)]
    kept: dict[str, list[Waiver]] = {}
    for one in turn.tx.waivers.of_services({each.subject.id for each in live}) if live else ():
        if one.waiver.approved_by:  # one that is asked for is nobody's word yet
            kept.setdefault(one.service_id, []).append(one.waiver)
    asked = [one for one in live if one.waiver is not None or _about(one, kept.get(one.subject.id, ()))]
    if not asked:
        return []
    places = {(one.subject.id, one.cluster) for one in asked}
    running = [span for span in spans if (span.subject.id, span.cluster) in places and covers(span, turn.now)]
    bearing = _Bearing(turn, kept, facts, running, RunningFindings(turn.tx, (one for one in asked if _is_several(one))))
    groups = group_spans(running)
    out = []
    for exposure in asked:
        if mine := groups.get(exposure.fingerprint):  # of what nobody sees running now, nothing new can be said
            step = bear(exposure, bearing.of(exposure, mine), turn.now)
            out += [step] if step is not None else []
    return out


def _may_be_waived(exposure: Exposure) -> bool:
    return exposure.subject.kind == "service" and exposure.kind != DEPLOYMENT


def _is_several(exposure: Exposure) -> bool:
    return len(cves_of(exposure.advisories)) > 1


def _about(exposure: Exposure, waivers: Iterable[Waiver]) -> list[Waiver]:
    names = frozenset(exposure.advisories)
    return [one for one in waivers if not names.isdisjoint((one.finding, *one.ids))]


@dataclass(slots=True)
class _Bearing:
    """Answers for exposures in one transaction; the policies of a service are read once."""

    turn: Turn
    kept: Mapping[str, Sequence[Waiver]]
    facts: Mapping[str, AdvisoryFacts]
    running: Sequence[Span]
    findings: RunningFindings
    _limits: dict[str, Limits] = field(default_factory=dict)
    _groups: dict[_Group, dict[Component, None]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for span in self.running:
            self._groups.setdefault(_group(span), {})[component_of(span)] = None

    def of(self, exposure: Exposure, running: Sequence[Span]) -> Waiving | None:
        """Return the waiver that speaks of all of an exposure that runs; `None` where none speaks of it."""
        waivers = _about(exposure, self.kept.get(exposure.subject.id, ()))
        if not waivers:
            return None
        ours = [replace(one, service=exposure.subject.id) for one in waivers]  # whatever it was called at signing
        pairs = dict.fromkeys((component_of(span), self._lead(span)) for span in running)
        found = _together([self._find(exposure, ours, component, lead) for component, lead in pairs])
        return _waiving(found) if found is not None else None

    def _find(
        self, exposure: Exposure, waivers: Sequence[Waiver], component: Component, lead: Component
    ) -> Waived | None:
        """Return the waiver of a component, by its own name or by that which a gate shows."""
        limits, first = self._limits_of(exposure.subject.id), None
        known = self.facts[exposure.cluster]
        for one in dict.fromkeys((component, lead)):
            risk = known.risk(one.ecosystem, one.name, (one.version,), exposure.risk.reach)
            finding = self.findings.of(exposure, one, risk)
            said = find_waiver(finding, waivers, service=exposure.subject.id, limits=limits, now=self.turn.now)
            if said is not None and said.holds:
                return said
            first = first or said
        return first

    def _lead(self, span: Span) -> Component:
        """Return what a gate shows for all that was built from the same source."""
        one = component_of(span)
        if not is_built(one):
            return one
        origin = one.ecosystem, one.source_name, one.shared_version
        every = self._groups[_group(span)]
        same = [each for each in every if (each.ecosystem, each.source_name, each.shared_version) == origin]
        return min(same, key=lambda each: (each.name != each.source_name, each.purl))

    def _limits_of(self, service_id: str) -> Limits:
        if service_id not in self._limits:
            tx = self.turn.tx
            self._limits[service_id] = waiver_limits(levels_of(tx, tx.services.get(service_id)))
        return self._limits[service_id]


def _group(span: Span) -> _Group:
    return span.subject.id, span.environment, span.release_id, span.cluster


def _together(found: Sequence[Waived | None]) -> Waived | None:
    """Return what holds for all that runs: one that does not hold, else the one that ends first."""
    spoken = [one for one in found if one is not None]
    void = [one for one in spoken if not one.holds]
    if void:
        return max(void, key=lambda one: (one.waiver.signed_at, one.waiver.id))
    first = min(spoken, key=lambda one: (one.waiver.expires_at, one.waiver.id), default=None)
    if first is not None and len(spoken) < len(found):
        return replace(first, void=(f"it is for {len(spoken)} of the {len(found)} versions that run",))
    return first


def _waiving(said: Waived) -> Waiving:
    one = said.waiver
    return Waiving(
        one.id,
        one.status,
        one.reason,
        one.owner,
        one.approved_by,
        one.signed_at,
        one.expires_at,
        one.statement[:MOST_CHARACTERS],
        said.void,
    )
